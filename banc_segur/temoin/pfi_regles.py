"""What the witness PFI refuses at its door: the checks that the volet or the safety of the patient demand.

Source: CI-SIS, volet Transmission de documents CDA R2 en HL7v2 2.1 (`hl7v2.md` §2.1, §2.6, §2.12, §5.4).
Deletion (T04) and two documents in one ORU are refused too: this witness does not play them.
"""

from __future__ import annotations

from banc_segur.formats import cda_read
from banc_segur.formats.ack import Erreur
from banc_segur.formats.cda import CdaLu
from banc_segur.formats.er7 import Message
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Patient
from banc_segur.formats.ins import OIDS_INS
from banc_segur.formats.mdm import ACTIONS, DocumentMdm

_SUFFIXE_PATIENT = "@patient.mssante.fr"


def refuser_profil(message: Message) -> Erreur | None:
    """Refuse what is not a document for a PFI: other delimiters, other message types, the profile PFI -> LPS."""
    delimiters = message.segments[0].brut(2)
    if delimiters != "^~\\&":
        return Erreur("102", f"MSH-2 « {delimiters} » : les séparateurs ^~\\& sont attendus", "MSH^1^2")
    if message.code not in ("MDM", "ORU"):
        return Erreur("200", f"Unsupported message type: {message.code}", "MSH^1^9^1^1")
    if "HL7_LPS" in message.get("MSH-21.2"):
        return Erreur("200", "Profil de transmission au LPS : message destiné à un logiciel de soins", "MSH^1^21")
    return None


def refuser(message: Message, doc: DocumentMdm, connu: Patient | None = None) -> Erreur | None:
    """Return the first reason to refuse the message (AE), None when the PFI takes charge of it.

    connu: what the identity flow last said of the patient of that IPP, None when it said nothing.
    """
    asked = _action(message, doc) or _document(message, doc) or _destinations(doc) or _non_joue(message, doc)
    return asked or _flux_identite(doc, connu)


def _action(message: Message, doc: DocumentMdm) -> Erreur | None:
    orc, statut = message.get("ORC-1"), message.get("OBX-11")
    expected = ACTIONS.get(doc.action)
    if expected is None:
        return Erreur("201", f"Unsupported event code: {doc.action}", "MSH^1^9^1^2")
    version_2_1 = message.get("MSH-21").strip() == "2.1"
    orc_known = version_2_1 or orc in {code for code, _ in ACTIONS.values()}
    if statut != expected[1] or (orc_known and orc != expected[0]):
        label = f"ORC-1 « {orc} », OBX-11 « {statut} » et événement {doc.action} incohérents"
        return Erreur("103", label, "ORC^1^1")
    return None


def _non_joue(message: Message, doc: DocumentMdm) -> Erreur | None:
    if sum(obx.get("2") == "ED" and obx.get("5.3") == "XML" for obx in message.tous("OBX")) > 1:
        return Erreur("198", "Plusieurs documents dans un message : non pris en charge", "OBX^2")
    if doc.action == "T04":
        return Erreur("201", "Suppression d'un document non prise en charge (T04)", "MSH^1^9^1^2")
    return None


def _destinations(doc: DocumentMdm) -> Erreur | None:
    if doc.demande("DESTDMP"):
        if doc.patient.statut != "qualifiee":
            return Erreur("101", "Dépôt DMP demandé sans INS qualifiée (PID-3, PID-32)", "PID^1^3")
        if not doc.structure.id_national:
            return Erreur("101", "Dépôt DMP demandé sans structure dans le PRT SB", "PRT^1^8")
    if doc.demande("INVISIBLE_PATIENT") and doc.demande("DESTMSSANTEPAT"):
        return Erreur("103", "Document non visible par le patient et destiné au patient", "OBX^1^5")
    return _adresses(doc)


def _flux_identite(doc: DocumentMdm, connu: Patient | None) -> Erreur | None:
    """FLX-04, FLX-18: nothing leaves with an INS that the identity flow withdrew or never gave.

    Hypothèse on the answer (AE 207): the volet fixes none. Without identity flow for that IPP the message is believed.
    """
    if connu is None or not (doc.demande("DESTDMP") or doc.demande("DESTMSSANTEPAT")):
        return None
    if connu.statut != "qualifiee":
        return Erreur("207", "Le flux d'identité ne donne pas (ou plus) cette identité pour qualifiée", "PID^1^32")
    if connu.ins != doc.patient.ins:
        return Erreur("207", "L'INS du message n'est pas celle du flux d'identité", "PID^1^3")
    return None


def _adresses(doc: DocumentMdm) -> Erreur | None:
    for code, patient in (("DESTMSSANTEPAT", True), ("DESTMSSANTEPS", False)):
        wanted = [d for d in doc.destinataires if (d.patient is not None) == patient]
        if doc.demande(code) and not wanted:
            return Erreur("101", f"{code} demandé sans PRT RCT correspondant", "PRT^1^15")
        if doc.demande(code) and not all("@" in d.adresse for d in wanted):
            return Erreur("102", "Adresse MSSanté absente ou mal formée dans un PRT RCT", "PRT^1^15^1^4")
    ins = doc.patient.ins
    for destinataire in doc.destinataires:
        local = destinataire.adresse.removesuffix(_SUFFIXE_PATIENT)
        if doc.demande("DESTMSSANTEPAT") and destinataire.patient and (ins is None or local != ins.matricule):
            label = f"L'adresse du patient ne porte pas son INS : {destinataire.adresse}"
            return Erreur("103", label, "PRT^1^15^1^4")
    return None


def _document(message: Message, doc: DocumentMdm) -> Erreur | None:
    try:
        cda = cda_read.read(doc.cda)
    except FormatError as error:
        return Erreur("102", f"Le document n'est pas un CDA lisible ({error.ou})", "OBX^1^5^1^5")
    return _identite(message, cda)


def _identite(message: Message, cda: CdaLu) -> Erreur | None:
    """PID and recordTarget are one person: same INS, no authority with two values, no INS in the CDA alone."""
    in_cda = {(item.root, item.extension) for item in cda.patient_ids}
    in_pid = {(cx.get(4, 2), cx.get(1)) for cx in message.repetitions("PID-3") if cx.get(5) != "NH"}
    ins_cda, ins_pid = ({pair for pair in pairs if pair[0] in OIDS_INS} for pairs in (in_cda, in_pid))
    if ins_cda and not ins_pid:
        return Erreur("103", "Le CDA porte une INS que le PID n'a pas", "PID^1^3")
    if ins_cda and not ins_cda & ins_pid:
        return Erreur("103", "Le patient du CDA n'est pas celui du PID : INS différentes", "PID^1^3")
    shared = {root for root, _ in in_cda} & {root for root, _ in in_pid if root} - OIDS_INS
    if any((root, value) not in in_cda for root, value in in_pid if root in shared):
        return Erreur("103", "Le patient du CDA n'est pas celui du PID : IPP différents", "PID^1^3")
    return None
