"""Header rules of CDA documents. Source: `cda.md` §2 (volet structuration minimale, SM and DT rules).

Only the rules that guard the journey; the whole schematron stays the user's (ANS pack).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from banc_segur.formats.cda import TEMPLATE_CISIS, TEMPLATE_HL7FR, CdaLu, CodeLu, jeu
from banc_segur.formats.identite import OID_STRUCTURES
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart

SOURCE = "CI-SIS, structuration minimale de documents de santé, schématron 1.16"
CONFORMITE = ("DOC/va1.08",)
TYPE_ID = ("2.16.840.1.113883.1.3", "POCD_HD000040")
UNIQUES = (
    "id",
    "code",
    "title",
    "effectiveTime",
    "confidentialityCode",
    "languageCode",
    "setId",
    "versionNumber",
    "recordTarget",
    "custodian",
    "componentOf",
)
OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
INSTANT = re.compile(r"(\d{4}|\d{6}|\d{8}|\d{10}|\d{12}|\d{14})(\.\d+)?([+-]\d{3,4})?")
CONSERVATEUR_DMP = "1.2.250.1.213.4.1"


@regle(
    "CDA-SM-00",
    "Le document se déclare CDA R2 (typeId)",
    genre="cda",
    source=f"{SOURCE}, SM-00, SM-06",
    remede="Écrire typeId root=2.16.840.1.113883.1.3 extension=POCD_HD000040.",
    exigences=CONFORMITE,
)
def type_id(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """The official schematron then checks nothing at all; we fail the document itself."""
    if cda.type_id != TYPE_ID:
        yield Ecart("typeId", " ".join(TYPE_ID), " ".join(cda.type_id).strip() or "absent")


@regle(
    "CDA-SM-05",
    "Le domaine d'application est la France (realmCode FR)",
    genre="cda",
    source=f"{SOURCE}, SM-05",
    remede="Écrire realmCode code=FR.",
    exigences=CONFORMITE,
)
def realm(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """Exactly one realmCode, FR."""
    if cda.realm != "FR" or cda.comptes.get("realmCode") != 1:
        yield Ecart("realmCode/@code", "FR, une fois", cda.realm or "absent")


@regle(
    "CDA-SM-07",
    "Le document déclare ses modèles : HL7 France, CI-SIS et au moins un autre",
    genre="cda",
    source=f"{SOURCE}, SM-07",
    remede=f"Déclarer une fois {TEMPLATE_HL7FR}, une fois {TEMPLATE_CISIS}, et le modèle du volet ou XDS-SD.",
    exigences=CONFORMITE,
)
def modeles(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """One of each of the two generic templateIds, one or more others."""
    roots = [model.root for model in cda.modeles]
    for wanted in (TEMPLATE_HL7FR, TEMPLATE_CISIS):
        if roots.count(wanted) != 1:
            yield Ecart("templateId", f"{wanted}, une fois", f"{roots.count(wanted)} fois")
    if not set(roots) - {TEMPLATE_HL7FR, TEMPLATE_CISIS}:
        yield Ecart("templateId", "au moins un autre modèle (volet, ou XDS-SD pour un niveau 1)", "aucun autre")


@regle(
    "CDA-SM-08",
    "Les éléments obligatoires de l'en-tête sont présents une fois, sans nullFlavor",
    genre="cda",
    source=f"{SOURCE}, SM-08",
    remede="Ajouter l'élément manquant, dans l'ordre du schéma CDA.",
    exigences=CONFORMITE,
)
def obligatoires(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """1..1 of each mandatory child of ClinicalDocument."""
    for name in UNIQUES:
        count = cda.comptes.get(name, 0)
        if count != 1 or name in cda.nuls:
            yield Ecart(name, "un élément, sans nullFlavor", _compte(count, name in cda.nuls))


def _compte(count: int, null: bool) -> str:
    if null:
        return "nullFlavor"
    return "absent" if count == 0 else f"{count} éléments"


@regle(
    "CDA-SM-09",
    "Le document a un auteur, un responsable (legalAuthenticator) et un acte documenté",
    genre="cda",
    source=f"{SOURCE}, SM-09",
    remede="Écrire au moins un author, un legalAuthenticator avec signatureCode S, et au moins un documentationOf.",
    exigences=CONFORMITE,
)
def acteurs(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """author 1..*, legalAuthenticator[signatureCode=S] 1..1, documentationOf 1..*."""
    if not cda.comptes.get("author"):
        yield Ecart("author", "au moins un auteur", "absent")
    signed = [who for who in cda.authentificateurs if who.type == "S"]
    if len(signed) != 1:
        yield Ecart("legalAuthenticator", "un responsable avec signatureCode S", f"{len(signed)} responsable")
    if not cda.actes:
        yield Ecart("documentationOf/serviceEvent", "au moins un acte documenté", "absent")


@regle(
    "CDA-SM-02",
    "L'acte principal est le premier, avec son exécutant et ses dates",
    genre="cda",
    source=f"{SOURCE}, SM-02, DO-04",
    remede="Placer en premier le documentationOf principal, avec un performer PRF et effectiveTime/low.",
    exigences=CONFORMITE,
)
def acte_principal(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """First serviceEvent: exactly one performer, an effectiveTime with low (source of the XDS serviceStartTime)."""
    if not cda.actes:
        return  # told by CDA-SM-09
    first = cda.actes[0]
    if len(first.executants) != 1:
        yield Ecart(f"{first.ou}/performer", "un exécutant", f"{len(first.executants)}")
    elif first.executants[0].type != "PRF":
        yield Ecart(f"{first.ou}/performer/@typeCode", "PRF", first.executants[0].type or "absent")
    if not instant_reel(first.debut):
        yield Ecart(f"{first.ou}/effectiveTime/low", "une date AAAAMMJJ…", first.debut or "absente")


@regle(
    "CDA-SM-10",
    "L'identifiant du document est un OID seul",
    genre="cda",
    source=f"{SOURCE}, SM-10 ; guide d'intégration DMP (uniqueId sans extension)",
    remede="Écrire l'identifiant complet dans id/@root, sous l'OID de l'établissement, sans @extension.",
    exigences=CONFORMITE,
)
def identifiant(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """An OID (or a UUID, as the schematron allows) in @root. The extension is judged with the deposit (DMP)."""
    for found in cda.ids:
        if not (OID.fullmatch(found.root) or _est_uuid(found.root)):
            yield Ecart(f"{found.ou}/@root", "un OID", found.root or "absent", "document")


def _est_uuid(value: str) -> bool:
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", value) is not None


@regle(
    "CDA-SM-11",
    "Le type de document appartient au jeu de valeurs JDV_J07",
    genre="cda",
    source=f"{SOURCE}, SM-11 ; JDV_J07_XdsTypeCode_CISIS",
    remede="Choisir le code dans JDV_J07 et recopier code, codeSystem et displayName.",
    exigences=CONFORMITE,
)
def type_document(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """code, codeSystem and displayName are there; code in J07."""
    yield from _du_jeu(cda.code, "code", "J07")


@regle(
    "CDA-SM-13",
    "La date du document est une date réelle",
    genre="cda",
    source=f"{SOURCE}, SM-13, DT-TS",
    remede="Écrire effectiveTime/@value en AAAAMMJJHHMMSS+ZZZZ.",
    exigences=CONFORMITE,
)
def date_document(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """A calendar date in HL7 form. Its absence is told by CDA-SM-08."""
    if "effectiveTime" in cda.comptes and not instant_reel(cda.temps):
        yield Ecart("effectiveTime/@value", "AAAAMMJJHHMMSS+ZZZZ, date réelle", cda.temps or "absent")


def instant_reel(value: str) -> bool:
    """True for an HL7 time, from the year to the second, that exists in the calendar."""
    match = INSTANT.fullmatch(value)
    if not match:
        return False
    digits = match[1]
    try:
        datetime.strptime(digits.ljust(4) + "20000101000000"[len(digits) :], "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True


@regle(
    "CDA-LA-02",
    "Le responsable du document est identifié et daté",
    genre="cda",
    source=f"{SOURCE}, LA-01, LA-02",
    remede="Écrire dans legalAuthenticator un time et un seul id (root 1.2.250.1.71.4.2.1, extension PS_IdNat).",
    exigences=CONFORMITE,
)
def responsable(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """time, and exactly one id with root and extension."""
    for who in cda.authentificateurs:
        if not instant_reel(who.temps):
            yield Ecart(f"{who.ou}/time/@value", "une date AAAAMMJJ…", who.temps or "absente")
        ids = [i for i in who.ids if i.root and i.extension]
        if len(who.ids) != 1 or len(ids) != 1:
            yield Ecart(f"{who.ou}/assignedEntity/id", "un identifiant, root et extension", f"{len(ids)}")


@regle(
    "CDA-AU-06",
    "Chaque auteur est daté, identifié, et sa profession appartient à JDV_J01",
    genre="cda",
    source=f"{SOURCE}, AU-03, AU-04, AU-05, AU-06",
    remede="Écrire author/time, l'id du professionnel et son code de profession et spécialité (JDV_J01).",
    exigences=CONFORMITE,
)
def auteur(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """time, id; code optional but in J01 when there."""
    for who in cda.auteurs:
        if not instant_reel(who.temps):
            yield Ecart(f"{who.ou}/time/@value", "une date AAAAMMJJ…", who.temps or "absente")
        if not any(i.root and i.extension for i in who.ids):
            yield Ecart(f"{who.ou}/assignedAuthor/id", "un identifiant, root et extension", "absent")
        if who.code:
            yield from _du_jeu(who.code, who.code.ou, "J01")


@regle(
    "CDA-CU-03",
    "La structure conservatrice du document est identifiée",
    genre="cda",
    source=f"{SOURCE}, CU-02, CU-03",
    remede=f"Écrire l'id de la structure : root {OID_STRUCTURES}, extension Struct_IdNat (1 suivi du FINESS).",
    exigences=CONFORMITE,
)
def conservateur(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """One id whose root is that of structures, or of the DMP for the patient's own documents."""
    if cda.conservateur is None:
        return  # told by CDA-SM-08
    roots = [i.root for i in cda.conservateur.organisation_ids]
    if len(roots) != 1 or roots[0] not in {OID_STRUCTURES, CONSERVATEUR_DMP}:
        yield Ecart(f"{cda.conservateur.ou}/id/@root", OID_STRUCTURES, ", ".join(roots) or "absent")


@regle(
    "CDA-DO-07",
    "Le cadre d'exercice de l'exécutant appartient à JDV_J04",
    genre="cda",
    source=f"{SOURCE}, DO-05, DO-07 ; JDV_J04_XdsPracticeSettingCode_CISIS",
    remede="Écrire performer/…/standardIndustryClassCode avec un code de JDV_J04 (ETABLISSEMENT…).",
    exigences=CONFORMITE,
)
def cadre(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """standardIndustryClassCode 1..1 in J04: the XDS practiceSettingCode comes from it."""
    for acte in cda.actes:
        for who in acte.executants:
            place = f"{who.ou}/assignedEntity/representedOrganization/standardIndustryClassCode"
            yield from _du_jeu(who.cadre, place, "J04")


@regle(
    "CDA-CO-05",
    "Le secteur d'activité de l'établissement appartient à JDV_J02",
    genre="cda",
    source=f"{SOURCE}, CO-05 ; JDV_J02_XdsHealthcareFacilityTypeCode_CISIS",
    remede="Écrire location/healthCareFacility/code avec un code de JDV_J02 (SA01 pour un hôpital public).",
    exigences=CONFORMITE,
)
def etablissement(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """healthCareFacility/code 1..1 in J02: the XDS healthcareFacilityTypeCode comes from it."""
    if cda.rencontre is not None:
        place = f"{cda.rencontre.ou}/location/healthCareFacility/code"
        yield from _du_jeu(cda.rencontre.etablissement, place, "J02")


def _du_jeu(code: CodeLu | None, ou: str, jdv: str) -> Iterable[Ecart]:
    """The coded element is there with its three attributes and its code is in the value set."""
    if code is None:
        yield Ecart(ou, f"un code de JDV_{jdv}", "absent")
        return
    for value, attribute in ((code.code, "@code"), (code.systeme, "@codeSystem"), (code.libelle, "@displayName")):
        if not value:
            yield Ecart(f"{code.ou}/{attribute}", "présent", "absent")
    if code.code and code.code not in jeu(jdv):
        yield Ecart(f"{code.ou}/@code", f"un code de JDV_{jdv}", code.code)
