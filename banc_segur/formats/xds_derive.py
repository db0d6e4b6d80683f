"""From the header of a CDA to its XDS entry: the derivations that a PFI makes and that rule D02 checks.

Sources: ANS mapping (`dmp.md` §3.3, §3.6, §3.8; `hl7v2.md` §2.10). A time without offset is kept as it is written
(hypothèse: the CI-SIS demands the offset).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from banc_segur.formats.cda import CdaLu, CodeLu, IntervenantLu
from banc_segur.formats.identite import OID_PS, OID_STRUCTURES
from banc_segur.formats.xds_types import (
    CLASSE_SIGNATURE,
    FORMAT_SIGNATURE,
    Auteur,
    Code,
    Cx,
    Entree,
    Lot,
    Xcn,
    Xon,
)
from banc_segur.tables import index

VISIBILITE = "1.2.250.1.213.1.1.4.13"
HORS_PROFILS = "urn:asipSante:modelesHorsProfils:2011"
# PV1-2 -> contentTypeCode (TRE_R209)
CONTENT_TYPES = {"I": "03", "O": "07", "E": "07", "R": "19", "N": "97"}
# OBX-3.1 of MetaDMPMSS -> confidentialityCode
MASQUAGES = {
    "MASQUE_PS": "MASQUE_PS",
    "INVISIBLE_PATIENT": "INVISIBLE_PATIENT",
    "INVISIBLE_REP_LEGAUX": "INVISIBLE_REPRESENTANTS_LEGAUX",
}
_TEMPS = re.compile(r"(\d{4,14})(?:\.\d+)?(?:([+-])(\d{2})(\d{2}))?")


def utc(temps: str) -> str:
    """Turn an HL7 time with offset into UTC digits of the same precision, at most the second.

    A time without offset, or without hour, keeps its digits; any other text is returned untouched.
    """
    match = _TEMPS.fullmatch(temps)
    if match is None:
        return temps
    digits, sign, hours, minutes = match.groups()
    if sign is None or len(digits) < 10:
        return digits
    pattern = "%Y%m%d%H%M%S"[: len(digits) - 2]
    offset = timedelta(hours=int(hours), minutes=int(minutes)) * (1 if sign == "+" else -1)
    try:
        return (datetime.strptime(digits, pattern).replace(tzinfo=UTC) - offset).strftime(pattern)
    except (ValueError, OverflowError):
        return temps


def code_jdv(table: str, code: str, systeme: str = "", libelle: str = "") -> Code:
    """The code with the code system and label of its value set; those given when the set does not hold it."""
    row = index(table, "code").get(code)
    return Code(code, row["codeSystem"], row["displayName"]) if row else Code(code, systeme, libelle)


def code_type(code: str, systeme: str = "", libelle: str = "") -> Code:
    """typeCode in JDV_J66."""
    return code_jdv("jdv_j66", code, systeme, libelle)


def code_classe(type_code: str) -> Code | None:
    """classCode = X16(typeCode); None when the type is not in the association."""
    row = index("ass_x16", "typeCode").get(type_code)
    return code_jdv("jdv_j57", row["classCode"]) if row else None


def code_format(cda: CdaLu) -> Code:
    """formatCode: by media type for an N1, by templateId for an N3, else « modèle hors profils »."""
    table = index("format_cda", "origine")
    origins = [cda.corps.media_type] if cda.corps.sorte == "nonXMLBody" else [item.root for item in cda.modeles]
    found = next((table[origin]["formatCode"] for origin in origins if origin in table), HORS_PROFILS)
    return code_jdv("jdv_j60", found)


def content_type(classe: str) -> Code | None:
    """contentTypeCode of a stay from PV1-2; None for a class without correspondence."""
    code = CONTENT_TYPES.get(classe)
    return code_jdv("jdv_j59", code) if code else None


def _personne(intervenant: IntervenantLu) -> str:
    identifiers = sorted(intervenant.ids, key=lambda item: item.root != OID_PS)
    if not identifiers:
        return Xcn("", intervenant.nom, intervenant.prenom).write()
    first = identifiers[0]
    kind = "EI" if "/" in first.extension else "IDNPS"
    return Xcn(first.extension, intervenant.nom, intervenant.prenom, first.root, "D", kind).write()


def _auteur(intervenant: IntervenantLu) -> Auteur:
    numbers = [item.extension for item in intervenant.organisation_ids if item.root == OID_STRUCTURES]
    institution = Xon(intervenant.organisation_nom, numbers[0]).write() if numbers else ""
    code = intervenant.code
    specialty = f"{code.code}^{code.libelle}^{code.systeme}" if code and code.code else ""
    role = intervenant.fonction.libelle if intervenant.fonction else ""
    return Auteur(
        _personne(intervenant), (institution,) * bool(institution), (role,) * bool(role), (specialty,) * bool(specialty)
    )


def _du_jeu(table: str, lu: CodeLu | None) -> Code | None:
    return code_jdv(table, lu.code, lu.systeme, lu.libelle) if lu and lu.code else None


def _confidentialites(cda: CdaLu, masquages: Sequence[str]) -> tuple[Code, ...]:
    first = _du_jeu("jdv_j58", cda.confidentialite)
    others = [code_jdv("jdv_j58", MASQUAGES.get(item, item), VISIBILITE) for item in masquages]
    return (*((first,) if first else ()), *others)


def _patient(cda: CdaLu) -> tuple[str, str, tuple[str, ...]]:
    """patientId, sourcePatientId, sourcePatientInfo."""
    ins, local, traits = cda.ins, cda.ipp, cda.traits
    patient_id = Cx(ins.matricule, ins.oid).write() if ins else ""
    source_id = Cx(local.extension, local.root, "PI").write() if local else patient_id
    sexe = {"UN": "U"}.get(traits.sexe, traits.sexe)
    given = traits.premier_prenom or traits.prenoms
    info = (
        f"PID-5|{traits.nom_naissance}^{given}^^^^^L",
        f"PID-7|{cda.naissance[:8]}",
        f"PID-8|{sexe}",
    )
    return patient_id, source_id, info


def derive(cda: CdaLu, octets: bytes, *, entree: str = "Document01", masquages: Sequence[str] = ()) -> Entree:
    """Derive the entry of a document.

    octets: the very bytes that are sent (hash and size). entree: id of the entry in the lot. masquages: OBX codes
    of MetaDMPMSS set to Y (`MASQUE_PS`, `INVISIBLE_PATIENT`, `INVISIBLE_REP_LEGAUX`).
    """
    acte = cda.actes[0] if cda.actes else None
    performer = acte.executants[0] if acte and acte.executants else None
    authenticators = [item for item in cda.authentificateurs if item.role == "legalAuthenticator"]
    patient_id, source_patient_id, source_patient_info = _patient(cda)
    type_code = cda.code
    return Entree(
        entree,
        unique_id=cda.document_id,
        patient_id=patient_id,
        title=cda.titre,
        authors=tuple(_auteur(item) for item in cda.auteurs),
        class_code=code_classe(type_code.code) if type_code else None,
        type_code=code_type(type_code.code, type_code.systeme, type_code.libelle) if type_code else None,
        format_code=code_format(cda),
        confidentiality_codes=_confidentialites(cda, masquages),
        healthcare_facility_type_code=_du_jeu("jdv_j61", cda.rencontre.etablissement if cda.rencontre else None),
        practice_setting_code=_du_jeu("jdv_j62", performer.cadre if performer else None),
        event_codes=tuple(
            Code(item.code.code, item.code.systeme, item.code.libelle)
            for item in cda.actes
            if item.code and item.code.code
        ),
        creation_time=utc(cda.temps),
        service_start_time=utc(acte.debut) if acte else "",
        service_stop_time=utc(acte.fin) if acte else "",
        language_code=cda.langue,
        legal_authenticator=_personne(authenticators[0]) if authenticators else "",
        source_patient_id=source_patient_id,
        source_patient_info=source_patient_info,
        hash=empreinte(octets),
        size=str(len(octets)),
    )


def empreinte(octets: bytes) -> str:
    """SHA-1 of the bytes, 40 hex digits: the XDS hash (imposed by IHE, not a security measure)."""
    return hashlib.sha1(octets, usedforsecurity=False).hexdigest()


def entree_signature(lot: Lot, unique_id: str, octets: bytes, *, entree: str = "Signature01") -> Entree:
    """The entry of the signature of the lot (`dmp.md` §3.8); author, place and patient as the first document."""
    first = lot.entrees[0]
    return Entree(
        entree,
        unique_id=unique_id,
        patient_id=lot.patient_id,
        title="Source",
        authors=lot.authors,
        class_code=Code(CLASSE_SIGNATURE, "URN", "Digital Signature"),
        type_code=Code("E1762", "ASTM", "Full Document"),
        format_code=Code(FORMAT_SIGNATURE, "URN", "Default Signature Style"),
        confidentiality_codes=tuple(code_jdv("jdv_j58", code) for code in ("N", "MASQUE_PS", "INVISIBLE_PATIENT")),
        healthcare_facility_type_code=first.healthcare_facility_type_code,
        practice_setting_code=first.practice_setting_code,
        event_codes=(Code("1.2.840.10065.1.12.1.14", "1.2.840.10065.1.12", "Source"),),
        creation_time=lot.submission_time,
        service_start_time=lot.submission_time,
        service_stop_time=lot.submission_time,
        language_code="art",
        legal_authenticator=lot.authors[0].personne if lot.authors else first.legal_authenticator,
        source_patient_id=lot.patient_id,
        hash=empreinte(octets),
        size=str(len(octets)),
    )
