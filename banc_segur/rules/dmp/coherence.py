"""The metadata against the CDA: rule D02. Source of the id: `dmp.md` §7.4, derivations §3.3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from banc_segur.formats import xds
from banc_segur.formats.xds import utc
from banc_segur.formats.xds_types import Entree, Xcn
from banc_segur.rules.catalogue import regle
from banc_segur.rules.dmp.metadonnees import identite
from banc_segur.rules.dmp.paquet import GENRE
from banc_segur.rules.dmp.sujets import Soumission
from banc_segur.rules.model import Contexte, Ecart, NonEvaluable
from banc_segur.tables import index

TITRE_MAX = 128  # IHE ITI TF-3
# field -> (XDS attribute, datum)
DERIVES = {
    "unique_id": ("uniqueId", "document"),
    "title": ("title", ""),
    "patient_id": ("patientId", "matricule"),
    "creation_time": ("creationTime", ""),
    "service_start_time": ("serviceStartTime", ""),
    "service_stop_time": ("serviceStopTime", ""),
    "language_code": ("languageCode", ""),
}
# field, XDS attribute, value set; a code of the CI-SIS that the DMP does not know (ESSMS) is left to the PFI
ETABLISSEMENT = (
    ("healthcare_facility_type_code", "healthcareFacilityTypeCode", "jdv_j61"),
    ("practice_setting_code", "practiceSettingCode", "jdv_j62"),
)


@regle(
    "DMP-D02",
    "Les métadonnées sont celles de l'en-tête du CDA",
    genre=GENRE,
    source="ANS, correspondance CDA–XDS (volet Transmission de documents en HL7v2)",
    remede="Dériver chaque métadonnée de l'en-tête du CDA transmis, dates converties en UTC.",
    exigences=("SBX-DMP-03",),
)
def coherence(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Every derivation whose two ends are there."""
    if not sujet.cdas:
        raise NonEvaluable("aucun CDA lisible dans le dépôt")
    for entree, cda in sujet.paires():
        expected = xds.derive(cda, b"", entree=entree.id)
        for attribut, (nom, donnee) in DERIVES.items():
            wanted, found = getattr(expected, attribut), getattr(entree, attribut)
            if attribut == "patient_id":
                wanted, found = "^".join(identite(wanted)), "^".join(identite(found))
            if wanted and found and not _egaux(nom, wanted, found):
                yield Ecart(f"{entree.id}/{nom}", f"{wanted} (CDA)", found, donnee)
        yield from _derives_composes(entree, expected)


def _egaux(nom: str, wanted: str, found: str) -> bool:
    """Equal, or lawfully so: a title cut at 128 characters or more, a time completed to the second."""
    if nom == "title":
        wanted, found = " ".join(wanted.split()), " ".join(found.split())
        return wanted == found or (len(found) >= TITRE_MAX - 1 and wanted.startswith(found))
    if not nom.endswith("Time") or len(found) <= len(wanted):
        return wanted == found
    if len(wanted) == len("AAAAMMJJ"):  # a day of Paris starts the evening before in UTC
        return wanted in (found[:8], utc(f"{found}-0100")[:8], utc(f"{found}-0200")[:8])
    return found.startswith(wanted)


def _derives_composes(entree: Entree, expected: Entree) -> Iterator[Ecart]:
    if entree.type_code and expected.type_code and entree.type_code.code != expected.type_code.code:
        yield Ecart(f"{entree.id}/typeCode", f"{expected.type_code.code} (CDA)", entree.type_code.code)
    for attribut, nom, jeu in ETABLISSEMENT:
        wanted_code, found_code = getattr(expected, attribut), getattr(entree, attribut)
        known = wanted_code is not None and wanted_code.code in index(jeu, "code")
        if known and found_code and wanted_code.code != found_code.code:
            yield Ecart(f"{entree.id}/{nom}", f"{wanted_code.code} (CDA)", found_code.code)
    codes = [code.code for code in entree.confidentiality_codes]
    if expected.confidentiality_codes and expected.confidentiality_codes[0].code not in codes:
        first = expected.confidentiality_codes[0].code
        yield Ecart(f"{entree.id}/confidentialityCode", f"{first} (CDA)", ", ".join(codes) or "absent")
    wanted = {Xcn.read(author.personne).identifiant for author in expected.authors}
    found = {Xcn.read(author.personne).identifiant for author in entree.authors}
    if wanted and found and wanted != found:
        yield Ecart(f"{entree.id}/authorPerson", f"{_noms(wanted)} (CDA)", _noms(found))
    signer, signed = (Xcn.read(item.legal_authenticator).identifiant for item in (expected, entree))
    if signer and signed and signer != signed:
        yield Ecart(f"{entree.id}/legalAuthenticator", f"{signer} (CDA)", signed)


def _noms(values: set[str]) -> str:
    return ", ".join(sorted(values))
