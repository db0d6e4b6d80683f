"""TD0.2, existence test of a DMP: HL7v3 PRPA_IN201307UV02 and PRPA_IN201308UV02.

Sources: GIE SESAM-Vitale samples, HL7 NE2009 schemas; `dmp.md` §1.7, §4.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Traits
from banc_segur.formats.xml import q, text

HL7 = "urn:hl7-org:v3"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DEMANDE = "PRPA_IN201307UV02"
REPONSE = "PRPA_IN201308UV02"
INTERACTIONS = "2.16.840.1.113883.1.6"
OID_DMP = "1.2.250.1.213.4.1.1.1"
MOTIFS = "1.2.250.1.213.1.1.4.11"
TEST_EXISTENCE = "TEST_EXST"
NOM_ABSENT = "NON RENSEIGNE"  # a usual name that is not known (REC_0.2-1020)
_LIBELLE = "Test d'existence de dossier"


@dataclass(frozen=True, slots=True)
class DemandeExistence:
    """A demand. instant: AAAAMMJJHHMMSS; message_id and requete_id: extension under `<oid>.1.1` and `<oid>.2`."""

    ins: Ins
    message_id: str
    requete_id: str
    instant: str
    emetteur_oid: str
    emetteur_nom: str
    motif: str = TEST_EXISTENCE
    traitement: str = "P"


@dataclass(frozen=True, slots=True)
class ReponseExistence:
    """An answer. code: queryResponseCode (`OK`, `NF`); statut: `active`, `terminated` or empty.

    autorisation: `VALIDE`, `INTERDIT`… or empty. acquittement: `AA` or `AE`; details: (code, French text) pairs.
    """

    code: str
    statut: str = ""
    autorisation: str = ""
    medecin_traitant: bool = False
    acquittement: str = "AA"
    details: tuple[tuple[str, str], ...] = ()
    ins: Ins | None = None
    traits: Traits | None = None


def _sub(parent: etree._Element, local: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, q(HL7, local), attributes)


def _ii(parent: etree._Element, local: str, root: str, extension: str = "") -> etree._Element:
    return _sub(parent, local, root=root, **({"extension": extension} if extension else {}))


def _controle(root: etree._Element, message: tuple[str, str], instant: str, codes: tuple[str, str, str]) -> None:
    interaction, traitement, acquittement = codes
    _ii(root, "id", *message)
    _sub(root, "creationTime", value=instant)
    _ii(root, "interactionId", INTERACTIONS, interaction)
    _sub(root, "processingCode", code=traitement)
    _sub(root, "processingModeCode", code="T")
    _sub(root, "acceptAckCode", code=acquittement)


def _appareil(root: etree._Element, local: str, type_code: str, oid: str, nom: str) -> None:
    device = _sub(_sub(root, local, typeCode=type_code), "device", classCode="DEV", determinerCode="INSTANCE")
    _ii(device, "id", oid)
    _sub(device, "softwareName").text = nom


def _racine(local: str) -> etree._Element:
    return etree.Element(q(HL7, local), {"ITSVersion": "XML_1.0"}, nsmap={None: HL7, "xsi": XSI})  # type: ignore[dict-item]


def _acte(root: etree._Element, motif: str) -> etree._Element:
    act = _sub(root, "controlActProcess", classCode="CACT", moodCode="EVN")
    _sub(act, "reasonCode", code=motif, codeSystem=MOTIFS, displayName=_LIBELLE)
    return act


def write_demande(demande: DemandeExistence) -> etree._Element:
    """Return the PRPA_IN201307UV02 element."""
    root = _racine(DEMANDE)
    message = (f"{demande.emetteur_oid}.1.1", demande.message_id)
    _controle(root, message, demande.instant, (DEMANDE, demande.traitement, "AL"))
    _appareil(root, "receiver", "RCV", OID_DMP, "DMP")
    _appareil(root, "sender", "SND", demande.emetteur_oid, demande.emetteur_nom)
    query = _sub(_acte(root, demande.motif), "queryByParameter")
    _ii(query, "queryId", f"{demande.emetteur_oid}.2", demande.requete_id)
    _sub(query, "statusCode", code="new")
    identifier = _sub(_sub(query, "parameterList"), "patientIdentifier")
    _ii(identifier, "value", demande.ins.oid, demande.ins.matricule)
    _sub(identifier, "semanticsText").text = "Patient.id"
    return root


def _un(element: etree._Element, chemin: str) -> etree._Element | None:
    return element.find("/".join(q(HL7, part) for part in chemin.split("/")))


def _attribut(element: etree._Element, chemin: str, nom: str) -> str:
    found = _un(element, chemin)
    return "" if found is None else found.get(nom, "")


def _attendre(element: etree._Element | None, local: str) -> etree._Element:
    if element is None or element.tag != q(HL7, local):
        raise FormatError("Body", local, "corps vide" if element is None else etree.QName(element).localname)
    return element


def read_demande(element: etree._Element | None) -> DemandeExistence:
    """Read a demand, leniently: what is absent is empty.

    Raises:
        FormatError: another element, or no patientIdentifier.
    """
    root = _attendre(element, DEMANDE)
    query = "controlActProcess/queryByParameter"
    identifiers = root.findall(
        "/".join(q(HL7, part) for part in f"{query}/parameterList/patientIdentifier/value".split("/"))
    )
    if len(identifiers) != 1:
        raise FormatError("parameterList/patientIdentifier", "un seul identifiant de patient", str(len(identifiers)))
    return DemandeExistence(
        Ins(identifiers[0].get("extension", ""), identifiers[0].get("root", "")),
        _attribut(root, "id", "extension"),
        _attribut(root, f"{query}/queryId", "extension"),
        _attribut(root, "creationTime", "value"),
        _attribut(root, "sender/device/id", "root"),
        text(_un(root, "sender/device/softwareName")),
        _attribut(root, "controlActProcess/reasonCode", "code"),
        _attribut(root, "processingCode", "code"),
    )


def write_reponse(
    reponse: ReponseExistence, demande: DemandeExistence, message_id: str, instant: str
) -> etree._Element:
    """Return the PRPA_IN201308UV02 element that answers `demande`."""
    root = _racine(REPONSE)
    _controle(root, (message_id, ""), instant, (REPONSE, "P", "NE"))
    _appareil(root, "receiver", "RCV", demande.emetteur_oid, demande.emetteur_nom)
    _appareil(root, "sender", "SND", OID_DMP, "DMP")
    if reponse.autorisation:
        _attention(root, "AUTORISATION", "1.2.250.1.213.4.1.2.6.1", "CV", {
            "code": reponse.autorisation, "codeSystem": "1.2.250.1.213.4.1.2.6.2"
        })  # fmt: skip
        value = {"value": "true" if reponse.medecin_traitant else "false"}
        _attention(root, "STATUT_MT", "1.2.250.1.213.4.1.2.6.3", "BL", value)
    acknowledgement = _sub(root, "acknowledgement", typeCode=reponse.acquittement)
    target = _sub(acknowledgement, "targetMessage")
    _ii(target, "id", f"{demande.emetteur_oid}.1.1", demande.message_id)
    for code, label in reponse.details:
        detail = _sub(acknowledgement, "acknowledgementDetail", typeCode="E")
        _sub(detail, "code", code=code)
        _sub(detail, "text").text = label
    act = _acte(root, demande.motif)
    if reponse.ins:
        _dossier(act, reponse, reponse.ins)
    ack = _sub(act, "queryAck")
    _ii(ack, "queryId", f"{demande.emetteur_oid}.2", demande.requete_id)
    _sub(ack, "queryResponseCode", code=reponse.code)
    return root


def _attention(root: etree._Element, code: str, systeme: str, type_: str, value: Mapping[str, str]) -> None:
    line = _sub(root, "attentionLine")
    _sub(line, "keyWordText", code=code, codeSystem=systeme)
    _sub(line, "value", **value).set(q(XSI, "type"), type_)


def _dossier(act: etree._Element, reponse: ReponseExistence, ins: Ins) -> None:
    subject = _sub(act, "subject", contextConductionInd="false", typeCode="SUBJ")
    event = _sub(subject, "registrationEvent", classCode="REG", moodCode="EVN")
    _sub(event, "statusCode", code="completed")
    patient = _sub(_sub(event, "subject1", typeCode="SBJ"), "patient", classCode="PAT")
    _ii(patient, "id", ins.oid, ins.matricule)
    _sub(patient, "statusCode", code=reponse.statut)
    person = _sub(patient, "patientPerson", classCode="PSN", determinerCode="INSTANCE")
    name = _sub(person, "name")
    if reponse.traits:
        _sub(name, "given").text = reponse.traits.premier_prenom
        _sub(name, "family", qualifier="BR").text = reponse.traits.nom_naissance
        _sub(name, "family", qualifier="SP").text = NOM_ABSENT
        _sub(person, "administrativeGenderCode", code=reponse.traits.sexe)
        _sub(person, "birthTime", value=reponse.traits.date_naissance.replace("-", ""))
    custodian = _sub(_sub(event, "custodian", typeCode="CST"), "assignedEntity", classCode="ASSIGNED")
    _ii(custodian, "id", OID_DMP)


def read_reponse(element: etree._Element | None) -> ReponseExistence:
    """Read an answer, leniently; the identity traits are not taken out (the LPS must not show them, RG_0320).

    Raises:
        FormatError: another element.
    """
    root = _attendre(element, REPONSE)
    lines = {_attribut(line, "keyWordText", "code"): line for line in root.findall(q(HL7, "attentionLine"))}
    ack = _un(root, "acknowledgement")
    details = [] if ack is None else ack.findall(q(HL7, "acknowledgementDetail"))
    patient = _un(root, "controlActProcess/subject/registrationEvent/subject1/patient")
    return ReponseExistence(
        _attribut(root, "controlActProcess/queryAck/queryResponseCode", "code"),
        "" if patient is None else _attribut(patient, "statusCode", "code"),
        _attribut(lines["AUTORISATION"], "value", "code") if "AUTORISATION" in lines else "",
        "STATUT_MT" in lines and _attribut(lines["STATUT_MT"], "value", "value") == "true",
        "" if ack is None else ack.get("typeCode", ""),
        tuple((_attribut(item, "code", "code"), text(_un(item, "text"))) for item in details),
        None if patient is None else _ins(patient),
    )


def _ins(patient: etree._Element) -> Ins | None:
    from_ids = [Ins(item.get("extension", ""), item.get("root", "")) for item in patient.findall(q(HL7, "id"))]
    return next(
        (ins for ins in from_ids if ins.oid.startswith("1.2.250.1.213.1.4.") and len(ins.matricule) == 15), None
    )
