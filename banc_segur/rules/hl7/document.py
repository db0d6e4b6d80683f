"""Rules of document messages to the PFI: MDM and ORU of the volet 2.1 (older versions where they say the same)."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats import mdm, xml
from banc_segur.formats.er7 import Message, Segment
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import OID_STRUCTURES
from banc_segur.formats.ins import OIDS_INS
from banc_segur.rules.catalogue import regle
from banc_segur.rules.hl7.commun import (
    VOLET,
    Transmission,
    indicateurs,
    ins_retenus,
    porte_ins,
    reponse_codee,
    statuts,
    version_volet,
)
from banc_segur.rules.model import Contexte, Ecart

_CDA = "urn:hl7-org:v3"
_PATIENT = "@patient.mssante.fr"


@regle(
    "HL7-DOC-05",
    "L'action est la même dans l'événement, ORC-1 et OBX-11",
    genre="hl7.mdm",
    source=f"{VOLET}, définition des processus (hl7v2.md DOC-05)",
    remede="T02 : NW et F ; T10 : RO et C ; T04 : CA et D. La PFI rejette toute autre combinaison.",
    refus=True,
)
def action(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """Volet 2.1: event, ORC-1 and OBX-11 tell one action; an ORU has no event for it."""
    message = envoi.message
    if version_volet(message) != "2.1":
        return
    seen = (message.get("ORC-1"), message.get("OBX-11"))
    allowed = [mdm.ACTIONS.get(message.evenement, ("", ""))] if message.code == "MDM" else list(mdm.ACTIONS.values())
    if message.code == "MDM" and message.evenement not in mdm.ACTIONS:
        yield Ecart("MSH-9.2", "T02, T10 ou T04", message.evenement or "vide")
    elif seen not in allowed:
        expected = " ou ".join(f"ORC-1 {orc} et OBX-11 {status}" for orc, status in allowed)
        yield Ecart("ORC-1, OBX-11", f"{expected} pour {message.evenement}", f"ORC-1 {seen[0]} et OBX-11 {seen[1]}")


@regle(
    "HL7-DOC-12",
    "TXA-17 vaut AU",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages (hl7v2.md DOC-12)",
    remede="Écrire AU (authentifié) en TXA-17 : seul un document validé est transmis.",
)
def txa_statut(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """AU since 2.1."""
    message = envoi.message
    if message.code == "MDM" and version_volet(message) == "2.1" and message.get("TXA-17") != "AU":
        yield Ecart("TXA-17", "AU", message.get("TXA-17") or "vide")


@regle(
    "HL7-DOC-13",
    "TXA-12 est l'identifiant du document CDA",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages (hl7v2.md DOC-13)",
    remede="Recopier ClinicalDocument/id en TXA-12 : root seul, ou extension^^root^ISO.",
)
def txa_document(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """Only an MDM has TXA; an unreadable CDA is judged elsewhere."""
    message = envoi.message
    root = envoi.cda
    if message.code != "MDM" or root is None:
        return
    identifier = root.find(xml.q(_CDA, "id"))
    if identifier is None:
        return
    oid, extension = identifier.get("root", ""), identifier.get("extension", "")
    expected = f"{oid}^{extension}" if extension else oid
    seen = mdm.document_id(message, 12)
    if seen != expected:
        yield Ecart("TXA-12", expected, seen or "vide", donnee="document")


@regle(
    "HL7-DOC-22",
    "Le premier OBX porte un document en Base64",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages (hl7v2.md DOC-20, DOC-22)",
    remede="Écrire OBX-2 = ED et OBX-5 = ^text^XML^Base64^<document>, alphabet et remplissage Base64 corrects.",
    refus=True,
)
def base64_lisible(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """The document can be decoded."""
    message, document = envoi.message, envoi.document
    if isinstance(document, FormatError):
        yield Ecart(document.ou, document.attendu, document.observe)
        return
    seen = f"{message.get('OBX-5.3')}^{message.get('OBX-5.4')}"
    if seen != "XML^Base64":
        yield Ecart("OBX-5", "^text^XML^Base64^…", seen)


@regle(
    "HL7-DOC-28",
    "L'INS de PID-3 est celui du patient du CDA",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages (hl7v2.md DOC-28)",
    remede="Ne pas transmettre : le document n'est pas celui du patient annoncé ; revoir le rattachement.",
    refus=True,
)
def meme_patient(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """PID-3 and recordTarget/patientRole/id tell the same INS, number and authority; of a NIR and a NIA, the NIR."""
    message = envoi.message
    root = envoi.cda
    if root is None:
        return
    path = "/".join(xml.q(_CDA, step) for step in ("recordTarget", "patientRole", "id"))
    inside = {e.get("extension", ""): e.get("root", "") for e in root.iterfind(path) if e.get("root") in OIDS_INS}
    for number, cx in ins_retenus(message) if inside else ():
        if cx.get(1) not in inside:
            yield Ecart(f"PID-3[{number}].1", f"{', '.join(sorted(inside))} (CDA)", cx.get(1), donnee="matricule")
        elif cx.get(4, 2) != inside[cx.get(1)]:
            yield Ecart(f"PID-3[{number}].4.2", f"{inside[cx.get(1)]} (CDA)", cx.get(4, 2) or "vide", donnee="oid")


@regle(
    "HL7-DOC-33",
    "Un dépôt au DMP demande une identité qualifiée",
    genre="hl7.mdm",
    source=f"{VOLET}, définition des processus (hl7v2.md DOC-33)",
    remede="Ne mettre DESTDMP à Y que si l'INS est en PID-3 et PID-32 vaut VALI.",
    refus=True,
)
def dmp_qualifie(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """DESTDMP = Y needs the INS and VALI."""
    message = envoi.message
    wanted = indicateurs(message).get("DESTDMP") == "Y"
    if wanted and not (porte_ins(message) and "VALI" in statuts(message)):
        yield Ecart("OBX DESTDMP", "N tant que l'identité n'est pas qualifiée", "Y")


@regle(
    "HL7-DOC-36",
    "PRT SB dit qui demande le traitement",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages ; SC.DMP/CONF.12 (hl7v2.md DOC-36, DOC-37, DOC-39)",
    remede="Ajouter un seul PRT SB : identifiants et autorités du professionnel (ou de l'automate) et de la structure.",
    exigences=("SC.DMP/CONF.12",),
)
def demandeur(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """One SB, needed for the DMP only, with a person or a device, and an organisation; there was none before 2.0."""
    message = envoi.message
    if version_volet(message) == "1.2":
        return
    senders = _prt(message, "SB")
    if not senders and indicateurs(message).get("DESTDMP") != "Y":
        return  # only advised when MSSanté alone is asked
    if len(senders) != 1:
        yield Ecart("PRT", "un seul PRT SB", f"{len(senders)} PRT SB")
        return
    prt = senders[0]
    if not prt.get("5.1") and not prt.get("10"):
        yield Ecart("PRT-5.1", "l'identifiant national du professionnel, ou un automate en PRT-10", "vide")
    if not prt.get("8.10") or prt.get("8.6.2") != OID_STRUCTURES:
        yield Ecart("PRT-8", f"l'identifiant de la structure sous {OID_STRUCTURES}", prt.brut(8) or "vide")


@regle(
    "HL7-DOC-43",
    "Un envoi MSSanté demandé a son destinataire",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages (hl7v2.md DOC-43, DOC-45, DOC-48)",
    remede="Ajouter un PRT RCT par destinataire, adresse MSSanté en PRT-15.4 et X.400 en PRT-15.3.",
)
def destinataires(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """DESTMSSANTEPS and DESTMSSANTEPAT at Y have an RCT of their kind."""
    message = envoi.message
    if version_volet(message) == "1.2":
        return  # recipients were read in the CDA
    flags = indicateurs(message)
    addresses = [prt.get("15.4").casefold() for prt in _prt(message, "RCT") if prt.get("15.3") == "X.400"]
    to_patient = [a for a in addresses if a.endswith(_PATIENT)]
    to_others = [a for a in addresses if a and not a.endswith(_PATIENT)]
    if flags.get("DESTMSSANTEPS") == "Y" and not to_others:
        yield Ecart("PRT-15", "un PRT RCT vers un professionnel, puisque DESTMSSANTEPS = Y", "aucun")
    if flags.get("DESTMSSANTEPAT") == "Y" and not to_patient:
        yield Ecart("PRT-15", f"un PRT RCT vers une adresse {_PATIENT}, puisque DESTMSSANTEPAT = Y", "aucun")


@regle(
    "HL7-DOC-51",
    "Les dix OBX de métadonnées sont présents, dans l'ordre",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages (hl7v2.md DOC-51, DOC-52, DOC-54)",
    remede="Écrire les dix métadonnées une fois chacune, dans l'ordre du volet, de MASQUE_PS à ACK_LECTURE_MSS.",
    exigences=("SBX-TR-01",),
)
def metadonnees(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """Presence, order and unicity of the ten codes (2.1)."""
    message = envoi.message
    if version_volet(message) != "2.1":
        return
    seen = [obx.get("3") for obx in message.tous("OBX") if obx.get("2") in ("CE", "CWE")]
    missing = [code for code in mdm.INDICATEURS if code not in seen]
    if missing:
        yield Ecart("OBX-3", "les dix métadonnées", f"absent : {', '.join(missing)}")
    elif [code for code in seen if code in mdm.INDICATEURS] != list(mdm.INDICATEURS):
        yield Ecart("OBX-3", ", ".join(mdm.INDICATEURS), ", ".join(seen))


@regle(
    "HL7-DOC-56",
    "Une métadonnée vaut Y ou N",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages (hl7v2.md DOC-53, DOC-56)",
    remede="Écrire Y^^expandedYes-NoIndicator ou N^^expandedYes-NoIndicator, système MetaDMPMSS en OBX-3.3.",
)
def oui_non(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """Answer, its system and the system of the code (2.1)."""
    message = envoi.message
    if version_volet(message) != "2.1":
        return
    for rank, obx in enumerate(message.tous("OBX"), 1):
        if obx.get("2") not in ("CE", "CWE"):
            continue
        answers = obx.repetitions(5)
        if not (answers and reponse_codee(answers[0], "expandedYes-NoIndicator")):
            yield Ecart(f"OBX[{rank}]-5", "Y^^expandedYes-NoIndicator ou N^^…", obx.brut(5) or "vide")
        if obx.get("3.3") != "MetaDMPMSS":
            yield Ecart(f"OBX[{rank}]-3.3", "MetaDMPMSS", obx.get("3.3") or "vide")


@regle(
    "HL7-DOC-61",
    "Un document invisible au patient ne lui est pas envoyé",
    genre="hl7.mdm",
    source=f"{VOLET}, profils de messages (hl7v2.md DOC-61)",
    remede="Mettre DESTMSSANTEPAT à N tant que INVISIBLE_PATIENT est à Y.",
    refus=True,
)
def invisible(envoi: Transmission, _contexte: Contexte) -> Iterable[Ecart]:
    """INVISIBLE_PATIENT = Y needs DESTMSSANTEPAT = N, in every version."""
    message = envoi.message
    flags = indicateurs(message)
    if flags.get("INVISIBLE_PATIENT") == "Y" and flags.get("DESTMSSANTEPAT") == "Y":
        yield Ecart("OBX DESTMSSANTEPAT", "N, puisque INVISIBLE_PATIENT = Y", "Y")


def _prt(message: Message, role: str) -> list[Segment]:
    return [prt for prt in message.tous("PRT") if prt.get("4") == role]
