"""Rules of the existence test (TD0.2). Source: `dmp.md` §1.7, §2.6."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.existence import TEST_EXISTENCE, DemandeExistence
from banc_segur.formats.ins import OIDS_INS, cle_juste
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart

GENRE = "dmp.existence"


@regle(
    "DMP-TD02-INS",
    "Le test d'existence porte sur un INS à la clé juste",
    genre=GENRE,
    source="SEL-MP-037 TD0.2 ; exemples GIE SESAM-Vitale",
    remede="Mettre dans patientIdentifier le matricule INS de 15 caractères et l'OID de son autorité.",
    refus=True,
)
def ins_de_la_demande(demande: DemandeExistence, _contexte: Contexte) -> Iterable[Ecart]:
    """Shape, key, OID; equality with the VIHF is V07's."""
    ins = demande.ins
    if not cle_juste(ins.matricule):
        yield Ecart("patientIdentifier/value/@extension", "un matricule INS à la clé juste", ins.matricule, "matricule")
    if ins.oid not in OIDS_INS:
        yield Ecart("patientIdentifier/value/@root", "un OID d'autorité INS", ins.oid, "oid")


@regle(
    "DMP-TD02-MOTIF",
    "Le motif du test d'existence est TEST_EXST",
    genre=GENRE,
    source="SEL-MP-037 TD0.2 ; exemples GIE SESAM-Vitale",
    remede='Écrire reasonCode/@code="TEST_EXST" ; CNSLT_DATA est la lecture des données (TD1.3a).',
)
def motif(demande: DemandeExistence, _contexte: Contexte) -> Iterable[Ecart]:
    """reasonCode tells TD0.2 from TD1.3a."""
    if demande.motif != TEST_EXISTENCE:
        yield Ecart("controlActProcess/reasonCode/@code", TEST_EXISTENCE, demande.motif or "absent")
