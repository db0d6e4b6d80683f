"""Rules on who acts and for what: sector, role, access mode, user (`dmp.md` §7.2 V05, V06, V09, V10, V13)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from banc_segur import tables
from banc_segur.formats.vihf import HL7, SECTEURS, Code
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart
from banc_segur.rules.vihf.modele import GENRE_VIHF, VihfLu

ACCES = ("normal", "bris_de_glace", "centre_15")
_SPECIALITES = {"10": ("1.2.250.1.71.4.2.5", "un savoir-faire"), "21": ("1.2.250.1.71.4.2.6", "une section de l'Ordre")}
MODES = ("DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE")
_STRUCTURE = re.compile(r"[0-6][0-9AB]{8,15}")  # Struct_IdNat; the OU of a card names a profession
_NAMEID = re.compile(r"8\d{11}|0[0-9AB]{9}|[3-6][0-9AB]+/\S.*")
_SOURCE = "SEL-MP-037, VIHF (dmp.md §2.3, §2.4)"


@regle(
    "DMP-V05",
    "Le secteur d'activité du VIHF est un code du JDV_J61",
    genre=GENRE_VIHF,
    source=_SOURCE,
    remede="Paramétrer dans la PFI le secteur de l'établissement (SA01 pour un hôpital public) sous la forme code^OID.",
)
def secteur(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """`CODE^1.2.250.1.71.4.2.4`."""
    code, _, systeme = lu.vihf.secteur.partition("^")
    row = tables.index("jdv_j61", "code").get(code)
    if row is None or systeme != row["codeSystem"]:
        yield Ecart("Secteur_Activite", f"un code du JDV_J61 suivi de ^{SECTEURS}", lu.vihf.secteur or "absent")


@regle(
    "DMP-V06",
    "Le rôle du VIHF donne la profession et, s'il le faut, la spécialité",
    genre=GENRE_VIHF,
    source=f"{_SOURCE}, JDV_J65",
    remede="Mettre la profession puis la spécialité dans deux AttributeValue du même attribut subject:role.",
    refus=True,
)
def roles(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """First value a profession or AUTOMATE of J65; second mandatory for médecins and pharmaciens; one attribute."""
    found = lu.vihf.roles
    if not found:
        yield Ecart("subject:role", "la profession de l'utilisateur (JDV_J65)", "absent")
        return
    if lu.vihf.attributs_role != 1:
        yield Ecart("subject:role", "un seul attribut à plusieurs valeurs", f"{lu.vihf.attributs_role} attributs")
    for rank, role in enumerate(found[:2], 1):
        if not _connu(role):
            yield Ecart(f"subject:role[{rank}]", "un code du JDV_J65", f"{role.code}^{role.systeme}")
    wanted = _SPECIALITES.get(found[0].code)
    if wanted and (len(found) < 2 or found[1].systeme != wanted[0]):
        observed = f"{found[1].code}^{found[1].systeme}" if len(found) > 1 else "absent"
        yield Ecart("subject:role[2]", f"{wanted[1]} ({wanted[0]})", observed)


def _connu(role: Code) -> bool:
    rows = tables.lire("jdv_j65")
    return any(row["code"] == role.code and row["codeSystem"] == role.systeme for row in rows)


@regle(
    "DMP-V08",
    "Le mode d'authentification du VIHF est permis pour cet appel",
    genre=GENRE_VIHF,
    source=f"{_SOURCE}, PDT-INF-526 et PDT-INF-606 (matrices des droits)",
    remede="Écrire INDIRECTE avec un certificat de structure ; INDIRECTE_RENFORCEE (AIR) ne permet pas le dépôt.",
    refus=True,
)
def mode(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """A known mode, the one of the certificate, allowed for a deposit."""
    found, facts = lu.vihf.mode, lu.certificat_signature
    if found not in MODES:
        yield Ecart(lu.vihf.mode_nom, " | ".join(MODES), found or "absent")
    elif found == "DIRECTE" and facts is not None and _STRUCTURE.fullmatch(facts.ou):
        yield Ecart(lu.vihf.mode_nom, f"INDIRECTE (certificat de la structure {facts.ou})", found)
    elif found == "INDIRECTE_RENFORCEE" and lu.depot:
        yield Ecart(lu.vihf.mode_nom, "INDIRECTE pour un dépôt", found)


@regle(
    "DMP-V09",
    "Le mode d'accès et les rôles du VIHF sont des codes HL7 bien formés",
    genre=GENRE_VIHF,
    source=f"{_SOURCE}, TRE_R248",
    remede="Écrire PurposeOfUse et Role dans l'espace de noms urn:hl7-org:v3 (xsi:type CE) ; code normal au dépôt.",
    refus=True,
)
def acces(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """purposeofuse in TRE_R248; element namespace and type of every coded value."""
    purpose = lu.vihf.purpose
    if purpose is None or purpose.code not in ACCES:
        yield Ecart("purposeofuse", " | ".join(ACCES), purpose.code if purpose else "absent")
    coded = [("purposeofuse", purpose)] if purpose else []
    for ou, code in [*coded, *(("subject:role", role) for role in lu.vihf.roles)]:
        if code.espace != HL7 or code.type != "CE":
            yield Ecart(ou, f"un élément de {HL7} avec xsi:type CE", f"espace « {code.espace} », type « {code.type} »")


@regle(
    "DMP-V10",
    "Le VIHF nomme l'utilisateur",
    genre=GENRE_VIHF,
    source=_SOURCE,
    remede="Remplir subject-id avec le nom et le prénom du professionnel (PRT-5 du message), ou le nom de l'automate.",
)
def utilisateur(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """subject-id not empty in the indirect modes, and not the patient's name."""
    found = lu.vihf.subject_id.strip()
    if lu.vihf.mode != "DIRECTE" and not found:
        yield Ecart("subject-id", "le nom et le prénom de l'utilisateur", "absent")
    if " ".join(found.upper().split()) in lu.noms_patient:
        yield Ecart("subject-id", "le nom de l'utilisateur, pas celui du patient", found)


@regle(
    "DMP-V13",
    "L'identifiant de l'utilisateur est national et complet",
    genre=GENRE_VIHF,
    source="SEL-MP-037, PS_IdNat (dmp.md §2.2)",
    remede="Mettre dans NameID le PS_IdNat : 8 puis le RPPS, ou identifiant interne préfixé par la structure et « / ».",
    exigences=("EX_GEN-1320",),
)
def identifiant(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """8+RPPS, 0+ADELI, or an internal identifier scoped by the structure."""
    if not _NAMEID.fullmatch(lu.vihf.nameid):
        yield Ecart(
            "Subject/NameID", "8 + RPPS (12 chiffres), 0 + ADELI, ou 3 + FINESS/identifiant", lu.vihf.nameid or "absent"
        )
