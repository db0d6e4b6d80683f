"""Rules on the patient and on the software that a VIHF names (`dmp.md` §7.2 V07, V11)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from banc_segur.formats import ins
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart
from banc_segur.rules.vihf.modele import GENRE_VIHF, VihfLu

_CX = re.compile(r"(\w{15})\^\^\^&([\d.]+)&ISO\^NH(?:\^\^\d*)?")  # CX-7, a date, was the INS-C's: tolerated
_RESOURCE = "xacml:2.0:resource:resource-id"


@regle(
    "DMP-V07",
    "Le patient du VIHF est celui de la requête, désigné par son INS",
    genre=GENRE_VIHF,
    source="SEL-MP-037, VIHF (dmp.md §2.3, §2.6)",
    remede="Mettre dans resource-id l'INS qualifiée du patient de la requête : matricule^^^&OID&ISO^NH.",
    refus=True,
)
def patient(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """Form of the CX, OID of an INS, same person as the body."""
    value = lu.vihf.resource_id
    if not value and lu.patient_requete is None:
        return  # TD0.4 and TD0.5 name nobody
    match = _CX.fullmatch(value)
    if match is None or not ins.est_matricule(match[1]):
        yield Ecart(_RESOURCE, "<matricule INS>^^^&<OID>&ISO^NH", value or "absent", "matricule")
        return
    if match[2] not in ins.OIDS_INS:
        yield Ecart(_RESOURCE, "l'OID d'une INS (NIR ou NIA)", match[2], "oid")
    if lu.patient_requete is not None:
        parts = lu.patient_requete.split("^")
        if [match[1], f"&{match[2]}&ISO"] != [parts[0], parts[3] if len(parts) > 3 else ""]:
            yield Ecart(_RESOURCE, f"le patient de la requête : {lu.patient_requete}", value, "matricule")


@regle(
    "DMP-V11",
    "Le VIHF nomme le logiciel, sa version et son numéro d'homologation",
    genre=GENRE_VIHF,
    source="SEL-MP-037, EX_GEN-1180, EX_GEN-1490 (dmp.md §2.3)",
    remede="Renseigner LPS_Nom, LPS_Version et LPS_ID_HOMOLOGATION_DMP avec les valeurs du produit installé.",
)
def logiciel(lu: VihfLu, contexte: Contexte) -> Iterable[Ecart]:
    """Present, and equal to what the profile declares about the product."""
    values = {
        "LPS_Nom": lu.vihf.lps_nom,
        "LPS_Version": lu.vihf.lps_version,
        "LPS_ID_HOMOLOGATION_DMP": lu.vihf.lps_homologation,
    }
    for nom, value in values.items():
        expected = contexte.attendus.get(nom, "")
        if not value.strip():
            yield Ecart(nom, expected or "une valeur", "absent")
        elif expected and value != expected:
            yield Ecart(nom, expected, value)
