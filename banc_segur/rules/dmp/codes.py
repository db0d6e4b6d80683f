"""Rules of the coded attributes of a deposit: M04, M05, M06. Source of the ids: `dmp.md` §7.3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from banc_segur.formats import xds
from banc_segur.formats.xds_types import Code
from banc_segur.rules.catalogue import regle
from banc_segur.rules.dmp.paquet import GENRE
from banc_segur.rules.dmp.sujets import Soumission
from banc_segur.rules.model import Contexte, Ecart, Severite
from banc_segur.tables import lire

# field -> (XDS attribute, value set)
JEUX = {
    "class_code": ("classCode", "jdv_j57"),
    "type_code": ("typeCode", "jdv_j66"),
    "format_code": ("formatCode", "jdv_j60"),
    "healthcare_facility_type_code": ("healthcareFacilityTypeCode", "jdv_j61"),
    "practice_setting_code": ("practiceSettingCode", "jdv_j62"),
}


def _codes(sujet: Soumission) -> Iterator[tuple[str, str, Code]]:
    """(place, value set, code) of every coded attribute of the lot and its documents, signature left out."""
    if sujet.lot.content_type_code:
        yield f"{sujet.lot.id}/contentTypeCode", "jdv_j59", sujet.lot.content_type_code
    for entree in sujet.entrees:
        for attribut, (nom, jeu) in JEUX.items():
            code = getattr(entree, attribut)
            if code is not None:
                yield f"{entree.id}/{nom}", jeu, code
        for code in entree.confidentiality_codes:
            yield f"{entree.id}/confidentialityCode", "jdv_j58", code


def _lignes(jeu: str, code: str) -> list[dict[str, str]]:
    return [row for row in lire(jeu) if row["code"] == code]


@regle(
    "DMP-M04",
    "Les codes appartiennent aux jeux de valeurs du DMP (J57 à J62, J66)",
    genre=GENRE,
    source="ANS, JDV_J57, J58, J59, J60, J61, J62, J66",
    remede="Prendre le code et son système dans le jeu de valeurs en vigueur (27899-4, 11493-4… sont retirés).",
    refus=True,
)
def jeux_de_valeurs(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Code and coding scheme; a code system whose OID the source does not give is not compared."""
    for ou, attendu, observe in sujet.anomalies("M04"):
        yield Ecart(ou, attendu, observe)
    for ou, jeu, code in _codes(sujet):
        rows = _lignes(jeu, code.code)
        systems = [row["codeSystem"] for row in rows]
        if not rows:
            yield Ecart(ou, f"un code de {jeu.upper()}", code.code)
        elif code.systeme not in systems and not any(item.startswith("TRE_") for item in systems):
            yield Ecart(f"{ou}/codingScheme", " ou ".join(systems), code.systeme)


@regle(
    "DMP-M04-LIBELLE",
    "Les libellés des codes sont ceux des jeux de valeurs",
    genre=GENRE,
    source="ANS, JDV_J57 à J62, J66 ; SEL-MP-037",
    remede="Recopier le displayName du jeu de valeurs en vigueur.",
    severite=Severite.AVERTISSEMENT,
)
def libelles(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Display names of known codes, compared without case."""
    for ou, jeu, code in _codes(sujet):
        labels = [row["displayName"] for row in _lignes(jeu, code.code) if row["codeSystem"] == code.systeme]
        if labels and code.libelle.casefold() not in [label.casefold() for label in labels]:
            yield Ecart(f"{ou}/Name", labels[0], code.libelle or "absent")


@regle(
    "DMP-M05",
    "Le classCode est celui que la table X16 associe au typeCode",
    genre=GENRE,
    source="ANS, ASS_X16 Correspondance Type-Classe DMP",
    remede="Déduire classCode de typeCode par la table X16 (18748-4 donne 31, pas 10).",
)
def classe(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """classCode = X16(typeCode); a type outside X16 is left to M04."""
    for entree in sujet.entrees:
        expected = xds.code_classe(entree.type_code.code) if entree.type_code else None
        if expected and entree.class_code and entree.class_code.code != expected.code:
            yield Ecart(f"{entree.id}/classCode", f"{expected.code} ({expected.libelle})", entree.class_code.code)


@regle(
    "DMP-M06",
    "Le formatCode correspond au corps du document",
    genre=GENRE,
    source="ANS, ASS_A11 ; JDV_J60",
    remede="CDA niveau 1 PDF : urn:ihe:iti:xds-sd:pdf:2008 ; niveau 3 : le formatCode du volet (templateId).",
)
def format_code(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """formatCode against media type or templateIds.

    A level 3 document whose templates our table does not know may carry any code of J60 but those of other bodies.
    """
    known = {row["formatCode"] for row in lire("format_cda")}
    for entree, cda in sujet.paires():
        expected = xds.code_format(cda).code
        if not entree.format_code or entree.format_code.code == expected:
            continue
        if expected != xds.HORS_PROFILS or cda.corps.sorte == "nonXMLBody" or entree.format_code.code in known:
            yield Ecart(f"{entree.id}/formatCode", expected, entree.format_code.code)
