"""Documents to the PFI: MDM^T02/T10/T04 of the volet 2.1 (written and read), ORU^R01 and older forms (read).

Source: CI-SIS, volet Transmission de documents CDA R2 en HL7v2 2.1.3 (`hl7v2.md` §2.1-2.6, §2.11).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from banc_segur.formats import xml
from banc_segur.formats.er7 import Brut, Message, Segment, composer
from banc_segur.formats.errors import FormatError
from banc_segur.formats.hl7_segments import (
    AUTORITE_PS,
    AUTORITE_ST,
    EnteteHl7,
    hd,
    lire_patient,
    lire_sejour,
    msh,
    pid,
)
from banc_segur.formats.identite import Patient, Professionnel, Sejour, Structure
from banc_segur.tables import lire

VERSION = "2.6"
PROFIL = "2.1^CISIS_CDA_HL7_V2"
# Event of an MDM -> ORC-1, OBX-11 of the document (volet 2.1, table of actions).
ACTIONS = {"T02": ("NW", "F"), "T10": ("RO", "C"), "T04": ("CA", "D")}
INDICATEURS = tuple(row["code"] for row in lire("hl7_metadonnees") if row["obligatoire"] == "1")
_LIBELLES = {row["code"]: row["libelle"] for row in lire("hl7_metadonnees")}
_ANCIENS_CODES = {
    "INVISIBLE_REPRESENTANTS_LEGAUX": "INVISIBLE_REP_LEGAUX",
    "MODIF_CONFIDENTIALITYCODE": "MODIF_CONF_CODE",
}
_PARTICIPATIONS = {"SB": "Send by", "RCT": "Result Copies To", "REPLY": "Reply To"}
_CDA = "urn:hl7-org:v3"


@dataclass(frozen=True, slots=True)
class Destinataire:
    """One MSSanté recipient (PRT RCT): its address and who it is, at most one of the three."""

    adresse: str
    professionnel: Professionnel | None = None
    patient: Patient | None = None
    structure: Structure | None = None

    @property
    def identifiant(self) -> str:
        """PS_IdNat, matricule or Struct_IdNat, empty when unknown: OBX-4 of a Z02."""
        if self.professionnel:
            return self.professionnel.id_national
        if self.patient:
            return self.patient.ins.matricule if self.patient.ins else ""
        return self.structure.id_national if self.structure else ""


@dataclass(frozen=True, slots=True)
class DocumentMdm:
    """A document and what the PFI must do with it.

    action: T02 (initial), T10 (replacement of `remplace`), T04 (deletion). document_id: CDA id as one OID, or
    `root^extension`. indicateurs: code of `INDICATEURS` -> Y; a missing code is N. emetteur, structure: PRT SB.
    patient_fin: the patient may not answer (NTE FIN). adresse_reponse: PRT REPLY.
    """

    action: str
    patient: Patient
    sejour: Sejour | None
    document_id: str
    type_code: str
    type_libelle: str
    cda: bytes
    emetteur: Professionnel
    structure: Structure
    destinataires: tuple[Destinataire, ...] = ()
    indicateurs: Mapping[str, bool] = field(default_factory=dict)
    corps_ps: str = ""
    corps_patient: str = ""
    patient_fin: bool = False
    adresse_reponse: str = ""
    remplace: str = ""
    type_systeme: str = "LN"

    def demande(self, code: str) -> bool:
        """True when the metadata `code` (DESTDMP, ACK_RECEPTION…) is Y."""
        return self.indicateurs.get(code, False)


def write(doc: DocumentMdm, entete: EnteteHl7) -> Message:
    """Build the MDM in the form of volet 2.1.

    Raises:
        ValueError: the action is not T02, T10 or T04 (programming error).
    """
    if doc.action not in ACTIONS:
        raise ValueError(f"unknown action {doc.action}")
    orc, statut = ACTIONS[doc.action]
    kind = composer(doc.type_code, doc.type_libelle, doc.type_systeme)
    segments = [
        msh(entete, f"MDM^{doc.action}^MDM_T02", VERSION, PROFIL),
        Segment.neuf("EVN", {2: entete.instant}),
        pid(doc.patient, sejour=doc.sejour),
        _pv1(doc.sejour),
        Segment.neuf("ORC", {1: orc}),
        Segment.neuf("OBR", {1: "1", 4: kind}),
        _txa(doc),
    ]
    content = Brut(f"^text^XML^Base64^{base64.b64encode(doc.cda).decode('ascii')}")
    segments.append(Segment.neuf("OBX", {1: "1", 2: "ED", 3: kind, 5: content, 11: statut}))
    return Message(segments + _participations(doc) + _metadonnees(doc))


def _pv1(sejour: Sejour | None) -> Segment:
    if sejour is None:
        return Segment.neuf("PV1", {1: "1", 2: "N"})
    venue = composer(sejour.venue, "", "", hd(sejour.nda), "VN")
    return Segment.neuf("PV1", {1: "1", 2: sejour.classe, 19: venue, 44: sejour.debut, 45: sejour.fin})


def _txa(doc: DocumentMdm) -> Segment:
    fields = {1: "1", 2: doc.type_code, 3: "TEXT", 12: _ei(doc.document_id), 17: "AU"}
    return Segment.neuf("TXA", {**fields, 13: _ei(doc.remplace)})


def _ei(document_id: str) -> Brut:
    """TXA-12: the root alone, or `extension^^root^ISO`."""
    root, _, extension = document_id.partition("^")
    return composer(extension, "", root, "ISO") if extension else composer(root)


def _participations(doc: DocumentMdm) -> list[Segment]:
    segments = [_prt("SB", doc.emetteur, doc.structure)]
    for recipient in doc.destinataires:
        who = recipient.professionnel or recipient.patient
        segments.append(_prt("RCT", who, recipient.structure, recipient.adresse))
    if doc.adresse_reponse:
        segments.append(_prt("REPLY", adresse=doc.adresse_reponse))
    return segments


def _prt(
    role: str, personne: Professionnel | Patient | None = None, structure: Structure | None = None, adresse: str = ""
) -> Segment:
    organisation = (
        composer(structure.nom, "", "", "", "", AUTORITE_ST, "IDNST", "", "", structure.id_national)
        if (structure)
        else ""
    )
    return Segment.neuf(
        "PRT",
        {
            2: "UC",
            4: composer(role, _PARTICIPATIONS[role], "participation"),
            5: _xcn(personne),
            8: organisation,
            15: composer("", "", "X.400", adresse) if adresse else "",
        },
    )


def _xcn(personne: Professionnel | Patient | None) -> Brut:
    if isinstance(personne, Professionnel):
        who = (personne.id_national, personne.nom, personne.prenom)
        return composer(*who, "", "", "", "", "", AUTORITE_PS, "D", "", "", "IDNPS")
    if personne is None or personne.ins is None:
        return Brut("")
    who = (personne.ins.matricule, personne.traits.nom_naissance, personne.traits.premier_prenom)
    return composer(*who, "", "", "", "", "", ("ASIP-SANTE-INS-NIR", personne.ins.oid, "ISO"), "L", "", "", "INS")


def _metadonnees(doc: DocumentMdm) -> list[Segment]:
    segments: list[Segment] = []
    for rank, code in enumerate(INDICATEURS, 2):
        answer = Brut(f"{'Y' if doc.demande(code) else 'N'}^^expandedYes-NoIndicator")
        segments.append(_obx(rank, "CWE", code, answer))
        if code == "DESTMSSANTEPAT" and doc.patient_fin:
            segments.append(Segment.neuf("NTE", {1: "1", 4: "FIN"}))
    rank = len(INDICATEURS) + 2
    for code, body in (("CORPSMAIL_PS", doc.corps_ps), ("CORPSMAIL_PATIENT", doc.corps_patient)):
        if body:
            encoded = base64.b64encode(body.encode()).decode("ascii")
            segments.append(_obx(rank, "ED", code, Brut(f"^text^^Base64^{encoded}")))
            rank += 1
    return segments


def _obx(rank: int, nature: str, code: str, value: str) -> Segment:
    observed = composer(code, _LIBELLES[code], "MetaDMPMSS")
    return Segment.neuf("OBX", {1: str(rank), 2: nature, 3: observed, 5: value, 11: "F"})


def read(message: Message) -> DocumentMdm:
    """Understand an MDM (volet 1.2 to 2.1, LPS) or an ORU^R01, leniently; the first document when there are two.

    Raises:
        FormatError: neither MDM nor ORU; no PID; no document OBX of type ED; its Base64 cannot be decoded.
    """
    if message.code not in ("MDM", "ORU"):
        raise FormatError("MSH-9", "un message MDM ou ORU", message.code)
    patient = lire_patient(message)
    cda = document(message)
    texts, flags = _lire_metadonnees(message)
    sender = _participation(message, "SB")
    reply = _participation(message, "REPLY")
    person = _professionnel(sender) if sender else None
    organisation = _structure(sender) if sender else None
    obx = message.tous("OBX")[0]
    return DocumentMdm(
        action=_action(message),
        patient=patient,
        sejour=lire_sejour(message),
        document_id=document_id(message, 12) or id_cda(cda),
        type_code=obx.get("3.1"),
        type_libelle=obx.get("3.2"),
        type_systeme=obx.get("3.3"),
        cda=cda,
        emetteur=person or Professionnel("", "", ""),
        structure=organisation or Structure("", ""),
        destinataires=tuple(_destinataire(prt, patient) for prt in message.tous("PRT") if prt.get("4") == "RCT"),
        indicateurs=flags,
        corps_ps=texts.get("CORPSMAIL_PS", ""),
        corps_patient=texts.get("CORPSMAIL_PATIENT", ""),
        patient_fin=any(nte.get("4") == "FIN" for nte in message.tous("NTE")),
        adresse_reponse=reply.get("15.4") if reply else "",
        remplace=document_id(message, 13),
    )


def document(message: Message) -> bytes:
    """The bytes of the first document (OBX-5.5 decoded; missing padding is forgiven).

    Raises:
        FormatError: no OBX of type ED, nothing in it, or bad Base64.
    """
    obx = message.premier("OBX")
    if obx is None or obx.get("2") != "ED":
        raise FormatError("OBX-2", "un premier OBX de type ED qui porte le document", obx.get("2") if obx else "absent")
    return _octets(obx)


def documents(message: Message) -> list[bytes]:
    """The bytes of every document that can be decoded: an ORU may carry two (CDA level 1 and level 3)."""
    found = []
    for obx in message.tous("OBX"):
        if obx.get("2") == "ED" and not obx.get("3").startswith("CORPSMAIL_"):
            with suppress(FormatError):  # the first is judged by its own rule
                found.append(_octets(obx))
    return found


def _octets(obx: Segment) -> bytes:
    text = obx.get("5.5")
    if not text:
        raise FormatError("OBX-5.5", "un document en Base64", "vide")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError("OBX-5.5", "un document en Base64", str(error)) from None


def document_id(message: Message, champ: int) -> str:
    """TXA-12 or TXA-13 as `root` or `root^extension`, empty when absent."""
    root = message.get(f"TXA-{champ}.3")
    first = message.get(f"TXA-{champ}.1")
    return f"{root}^{first}" if root and first else first or root


def id_cda(cda: bytes) -> str:
    """ClinicalDocument/id as `root` or `root^extension` (an ORU has no TXA); empty when the document is no CDA."""
    try:
        identifier = xml.parse(cda).find(xml.q(_CDA, "id"))
    except FormatError:
        return ""
    if identifier is None:
        return ""
    root, extension = identifier.get("root", ""), identifier.get("extension", "")
    return f"{root}^{extension}" if extension else root


def _action(message: Message) -> str:
    if message.code == "MDM":
        return message.evenement
    by_order = {orc: action for action, (orc, _statut) in ACTIONS.items()}
    by_status = {statut: action for action, (_orc, statut) in ACTIONS.items()}
    return by_order.get(message.get("ORC-1")) or by_status.get(message.get("OBX-11"), "T02")


def _participation(message: Message, role: str) -> Segment | None:
    return next((prt for prt in message.tous("PRT") if prt.get("4") == role), None)


def _professionnel(prt: Segment) -> Professionnel | None:
    if not prt.brut(5):
        return None
    return Professionnel(prt.get("5.1"), prt.get("5.2"), prt.get("5.3"), adresse_mss=prt.get("15.4"))


def _structure(prt: Segment) -> Structure | None:
    """PRT-8; the prefix `1` is put back before a bare FINESS (types FINEG, FINEJ), blanks around it dropped."""
    if not prt.brut(8):
        return None
    identifier = prt.get("8.10").strip()
    bare = prt.get("8.7") in ("FINEG", "FINEJ") and len(identifier) == 9
    return Structure(f"1{identifier}" if bare else identifier, prt.get("8.1"))


def _destinataire(prt: Segment, patient: Patient) -> Destinataire:
    address = prt.get("15.4")
    if prt.get("5.13") == "INS" or address.endswith("@patient.mssante.fr"):
        return Destinataire(address, patient=patient)
    return Destinataire(address, professionnel=_professionnel(prt), structure=_structure(prt))


def _lire_metadonnees(message: Message) -> tuple[dict[str, str], dict[str, bool]]:
    """(mail bodies by code, indicators by code)."""
    texts: dict[str, str] = {}
    flags: dict[str, bool] = {}
    for obx in message.tous("OBX")[1:]:
        code = _ANCIENS_CODES.get(obx.get("3"), obx.get("3"))
        if code.startswith("CORPSMAIL_"):
            texts[code] = _texte(obx.get("5.5"))
        elif obx.get("2") in ("CE", "CWE"):
            flags[code] = obx.get("5") == "Y"
    return texts, flags


def _texte(encoded: str) -> str:
    """A mail body; a broken end of Base64, seen in official examples, is dropped."""
    try:
        return base64.b64decode(encoded[: len(encoded) // 4 * 4]).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
