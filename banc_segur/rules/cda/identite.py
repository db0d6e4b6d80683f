"""Identity rules of CDA headers: names, INS, traits. Source: `cda.md` §2.3, SM-18; RNIV (`insi.md` §10)."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.cda import CdaLu
from banc_segur.formats.ins import OIDS_INS, cle_juste
from banc_segur.rules.catalogue import regle
from banc_segur.rules.cda.entete import SOURCE, instant_reel
from banc_segur.rules.model import Contexte, Ecart

PATIENT = "recordTarget/patientRole/patient"


@regle(
    "CDA-RT-06",
    "Les noms du patient portent les qualificatifs BR (naissance) ou CL (utilisé)",
    genre="cda",
    source=f"{SOURCE}, RT-06, RT-07",
    remede="Écrire family qualifier=BR pour le nom de naissance, CL pour le nom utilisé ; SP n'est plus admis.",
    exigences=("DOC/va1.08",),
)
def qualificatifs(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """family: BR or CL, always there; given: BR, CL, or none for the whole list."""
    for name in cda.familles:
        if name.qualifieur not in {"BR", "CL"}:
            yield Ecart(f"{name.ou}/@qualifier", "BR ou CL", name.qualifieur or "absent")
    for name in cda.prenoms:
        if name.qualifieur not in {"", "BR", "CL"}:
            yield Ecart(f"{name.ou}/@qualifier", "BR, CL ou absent", name.qualifieur)


@regle(
    "CDA-SM-18",
    "Un INS est accompagné de tous les traits stricts",
    genre="cda",
    source=f"{SOURCE}, SM-18",
    remede="Avec un INS, écrire nom et premier prénom (BR), liste des prénoms, date, lieu (county) et sexe.",
    exigences=("DOC/va1.07",),
)
def traits_de_l_ins(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """The six traits are there when an INS is."""
    if cda.ins is None:
        return
    traits = cda.traits
    wanted = (
        (traits.nom_naissance, "name/family[@qualifier='BR']", "nom_naissance"),
        (traits.premier_prenom, "name/given[@qualifier='BR']", "premier_prenom"),
        (traits.prenoms, "name/given[not(@qualifier)]", "prenoms"),
        (traits.date_naissance, "birthTime/@value", "date_naissance"),
        (traits.lieu_naissance, "birthplace/place/addr/county", "lieu_naissance"),
        (traits.sexe, "administrativeGenderCode/@code", "sexe"),
    )
    for value, place, datum in wanted:
        if not value:
            yield Ecart(f"{PATIENT}/{place}", "présent, car le document porte un INS", "absent", datum)


@regle(
    "CDA-INS-01",
    "Le matricule INS du document a la bonne forme et la bonne clé",
    genre="cda",
    source="Guide d'implémentation de l'identité INS, matricule (15 caractères, clé modulo 97)",
    remede="Recopier le matricule INS tel que le téléservice INSi l'a donné, clé comprise, sans espace.",
    exigences=("DOC/va1.07",),
)
def matricule(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """Stricter than the schematron, which checks neither length nor key (`cda.md` §7)."""
    for found in cda.patient_ids:
        if found.root in OIDS_INS and not cle_juste(found.extension):
            yield Ecart(
                f"{found.ou}/@extension",
                "15 caractères, clé = 97 - (numéro modulo 97)",
                found.extension or "absent",
                "matricule",
            )


@regle(
    "CDA-RT-03",
    "Chaque identifiant du patient a un domaine et une valeur, sans doublon",
    genre="cda",
    source=f"{SOURCE}, RT-02, RT-03, DT-II",
    remede="Écrire chaque id du patient une seule fois, avec @root (OID du domaine) et @extension.",
    exigences=("DOC/va1.08",),
)
def identifiants(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """1..* id, each with root and extension, none twice."""
    if not cda.patient_ids:
        yield Ecart("recordTarget/patientRole/id", "au moins un identifiant", "absent")
    seen = set()
    for found in cda.patient_ids:
        if not found.root or not found.extension:
            yield Ecart(found.ou, "root et extension", f"{found.root} {found.extension}".strip() or "vide")
        if (found.root, found.extension) in seen:
            yield Ecart(found.ou, "un identifiant différent des autres", f"{found.extension} répété")
        seen.add((found.root, found.extension))


@regle(
    "CDA-RT-09",
    "La date de naissance est une date réelle",
    genre="cda",
    source=f"{SOURCE}, RT-09, DT-TS",
    remede="Écrire birthTime/@value en AAAAMMJJ.",
    exigences=("DOC/va1.08",),
)
def naissance(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """A calendar date, without separators; its absence is told by CDA-SM-18 when there is an INS."""
    if cda.naissance and not instant_reel(cda.naissance):
        yield Ecart(f"{PATIENT}/birthTime/@value", "AAAAMMJJ, date réelle", cda.naissance, "date_naissance")
