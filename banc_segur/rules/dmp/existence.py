"""Rules of the existence test (TD0.2). Source: `dmp.md` §1.7, §7.2 (V07)."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.existence import TEST_EXISTENCE
from banc_segur.formats.ins import OIDS_INS, cle_juste
from banc_segur.formats.xds_types import Cx
from banc_segur.rules.catalogue import regle
from banc_segur.rules.dmp.sujets import Existence
from banc_segur.rules.model import Contexte, Ecart

GENRE = "dmp.existence"


@regle(
    "DMP-V07-TD02",
    "Le test d'existence porte sur l'INS du patient que nomme le VIHF",
    genre=GENRE,
    source="SEL-MP-037 TD0.2 ; exemples GIE SESAM-Vitale",
    remede="Mettre le même matricule INS et le même OID dans patientIdentifier et dans resource-id.",
    refus=True,
)
def ins_de_la_demande(sujet: Existence, _contexte: Contexte) -> Iterable[Ecart]:
    """Shape, key, OID, equality with the VIHF."""
    ins = sujet.demande.ins
    if not cle_juste(ins.matricule):
        yield Ecart("patientIdentifier/value/@extension", "un matricule INS à la clé juste", ins.matricule, "matricule")
    if ins.oid not in OIDS_INS:
        yield Ecart("patientIdentifier/value/@root", "un OID d'autorité INS", ins.oid, "oid")
    if sujet.vihf is None:
        return
    named = Cx.read(sujet.vihf.resource_id)
    if named.valeur != ins.matricule:
        expected = f"{named.valeur} (VIHF)"
        yield Ecart("patientIdentifier/value/@extension", expected, ins.matricule, "matricule")
    if named.autorite != ins.oid:
        yield Ecart("patientIdentifier/value/@root", f"{named.autorite} (VIHF)", ins.oid, "oid")


@regle(
    "DMP-TD02-MOTIF",
    "Le motif du test d'existence est TEST_EXST",
    genre=GENRE,
    source="SEL-MP-037 TD0.2 ; exemples GIE SESAM-Vitale",
    remede='Écrire reasonCode/@code="TEST_EXST" ; CNSLT_DATA est la lecture des données (TD1.3a).',
)
def motif(sujet: Existence, _contexte: Contexte) -> Iterable[Ecart]:
    """reasonCode tells TD0.2 from TD1.3a."""
    if sujet.demande.motif != TEST_EXISTENCE:
        yield Ecart("controlActProcess/reasonCode/@code", TEST_EXISTENCE, sujet.demande.motif or "absent")
