"""Write a CDA R2 level 1 document: CI-SIS header and a PDF body.

Source: `cda.md` §1.3, §1.5, §2 (volet structuration minimale, templates of level 1).
"""

from __future__ import annotations

import base64
from datetime import datetime
from zoneinfo import ZoneInfo

from lxml import etree

from banc_segur.formats import xml
from banc_segur.formats.cda import (
    NS,
    TEMPLATE_CISIS,
    TEMPLATE_HL7FR,
    TEMPLATE_XDS_SD,
    Concept,
    DocumentCda,
    code_profession,
    jeu,
)
from banc_segur.formats.identite import OID_PS, OID_STRUCTURES, Patient, Professionnel, Structure

MAX_PDF = 7_000_000  # base64 stays under the text node limit of XML parsers
PARIS = ZoneInfo("Europe/Paris")
CONFIDENTIALITE = {"N": "Normal", "R": "Restreint", "V": "Très restreint"}
RENCONTRES = {"I": "IMP", "O": "EXTERNE", "E": "EMER", "R": "SEANCE", "N": "EXTERNE"}

_Element = etree._Element


def write(doc: DocumentCda, pdf: bytes) -> bytes:
    """Return the XML bytes (UTF-8) of a level 1 CDA holding `pdf` in base64, on one line.

    Raises:
        ValueError: the PDF is larger than 7 MB (a base64 body that most XML parsers refuse).
    """
    if len(pdf) > MAX_PDF:
        raise ValueError(f"PDF of {len(pdf)} bytes: a level 1 body holds at most {MAX_PDF}")
    root: _Element = etree.Element(xml.q(NS, "ClinicalDocument"), nsmap={None: NS})  # type: ignore[dict-item]
    _document(root, doc)
    _patient(root, doc.patient)
    _auteur(root, doc)
    _conservateur(root, doc.structure)
    _destinataires(root, doc)
    _authentificateur(root, doc)
    if doc.medecin_traitant:
        _medecin_traitant(root, doc.medecin_traitant)
    _acte(root, doc)
    if doc.remplace:
        parent = _sub(_sub(root, "relatedDocument", typeCode="RPLC"), "parentDocument")
        _sub(parent, "id", root=doc.remplace)
    _rencontre(root, doc)
    body = _sub(_sub(root, "component"), "nonXMLBody")
    text = _sub(body, "text", mediaType="application/pdf", representation="B64")
    text.text = base64.b64encode(pdf).decode("ascii")
    return xml.serialize(root)


def instant_local(value: str) -> str:
    """`AAAAMMJJHHMMSS` in Paris time -> the same with its UTC offset (`+0100` or `+0200`).

    Raises:
        ValueError: not a real date and time.
    """
    moment = datetime.strptime(value[:14].ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=PARIS)
    return moment.strftime("%Y%m%d%H%M%S%z")


def _sub(parent: _Element, tag: str, /, text: str = "", **attributes: str) -> _Element:
    child: _Element = etree.SubElement(parent, xml.q(NS, tag), attrib=attributes)
    if text:
        child.text = text
    return child


def _code(parent: _Element, tag: str, concept: Concept) -> None:
    _sub(parent, tag, code=concept.code, codeSystem=concept.systeme, displayName=concept.libelle)


def _concept(jdv: str, code: str) -> Concept:
    """The concept of the value set; an unknown code is written as given (a defect may ask for it)."""
    concepts = jeu(jdv)
    return concepts.get(code) or Concept(code, next(iter(concepts.values())).systeme, code)


def _document(root: _Element, doc: DocumentCda) -> None:
    _sub(root, "realmCode", code="FR")
    _sub(root, "typeId", root="2.16.840.1.113883.1.3", extension="POCD_HD000040")
    for template in (TEMPLATE_HL7FR, TEMPLATE_CISIS, TEMPLATE_XDS_SD):
        _sub(root, "templateId", root=template)
    _sub(root, "id", root=doc.document_id)
    _sub(root, "code", code=doc.type_code, codeSystem=doc.type_systeme, displayName=doc.type_libelle)
    _sub(root, "title", text=doc.titre)
    if doc.instant:
        _sub(root, "effectiveTime", value=doc.instant)
    _code(
        root,
        "confidentialityCode",
        Concept(doc.confidentialite, "2.16.840.1.113883.5.25", CONFIDENTIALITE.get(doc.confidentialite, "Normal")),
    )
    _sub(root, "languageCode", code="fr-FR")
    _sub(root, "setId", root=doc.set_id)
    _sub(root, "versionNumber", value=str(doc.version))


def _patient(root: _Element, patient: Patient) -> None:
    role = _sub(_sub(root, "recordTarget"), "patientRole")
    if patient.ins:
        _sub(role, "id", root=patient.ins.oid, extension=patient.ins.matricule)
    _sub(role, "id", root=patient.ipp.autorite, extension=patient.ipp.valeur)
    person = _sub(role, "patient", classCode="PSN")
    traits = patient.traits
    name = _sub(person, "name")
    _sub(name, "family", text=traits.nom_naissance, qualifier="BR")
    _sub(name, "given", text=traits.prenoms)
    _sub(name, "given", text=traits.premier_prenom, qualifier="BR")
    _code(person, "administrativeGenderCode", _concept("J143", traits.sexe))
    _sub(person, "birthTime", value=traits.date_naissance.replace("-", ""))
    place = _sub(_sub(_sub(person, "birthplace"), "place"), "addr")
    _sub(place, "county", text=traits.lieu_naissance)


def _personne(parent: _Element, tag: str, ps: Professionnel) -> None:
    name = _sub(_sub(parent, tag), "name")
    _sub(name, "family", text=ps.nom)
    _sub(name, "given", text=ps.prenom)


def _entite(parent: _Element, tag: str, ps: Professionnel) -> _Element:
    """An assigned entity up to its person: id, specialty code, name."""
    entity = _sub(parent, tag)
    _sub(entity, "id", root=OID_PS, extension=ps.id_national)
    _code(entity, "code", _concept("J01", code_profession(ps)))
    _personne(entity, "assignedPerson", ps)
    return entity


def _organisation(parent: _Element, tag: str, structure: Structure) -> _Element:
    organisation = _sub(parent, tag)
    _sub(organisation, "id", root=OID_STRUCTURES, extension=structure.id_national)
    _sub(organisation, "name", text=structure.nom)
    return organisation


def _auteur(root: _Element, doc: DocumentCda) -> None:
    author = _sub(root, "author")
    _sub(author, "time", value=doc.instant)
    entity = _entite(author, "assignedAuthor", doc.auteur)
    _organisation(entity, "representedOrganization", doc.structure)


def _conservateur(root: _Element, structure: Structure) -> None:
    custodian = _sub(_sub(root, "custodian"), "assignedCustodian")
    _organisation(custodian, "representedCustodianOrganization", structure)


def _destinataires(root: _Element, doc: DocumentCda) -> None:
    for ps in doc.destinataires:
        recipient = _sub(_sub(root, "informationRecipient"), "intendedRecipient")
        _sub(recipient, "id", root=OID_PS, extension=ps.id_national)
        if ps.adresse_mss:
            _sub(recipient, "telecom", value=f"mailto:{ps.adresse_mss}")
        _personne(recipient, "informationRecipient", ps)
    if doc.destinataire_patient:
        recipient = _sub(_sub(root, "informationRecipient"), "intendedRecipient")
        name = _sub(_sub(recipient, "informationRecipient"), "name")
        _sub(name, "family", text=doc.patient.traits.nom_naissance)
        _sub(name, "given", text=doc.patient.traits.premier_prenom)


def _authentificateur(root: _Element, doc: DocumentCda) -> None:
    authenticator = _sub(root, "legalAuthenticator")
    _sub(authenticator, "time", value=doc.instant)
    _sub(authenticator, "signatureCode", code="S")
    entity = _entite(authenticator, "assignedEntity", doc.auteur)
    _organisation(entity, "representedOrganization", doc.structure)


def _medecin_traitant(root: _Element, ps: Professionnel) -> None:
    participant = _sub(root, "participant", typeCode="INF")
    function = Concept("PCP", "2.16.840.1.113883.5.88", "Médecin traitant")
    _code(participant, "functionCode", function)
    _sub(participant, "time", nullFlavor="NA")
    entity = _sub(participant, "associatedEntity", classCode="PROV")
    _sub(entity, "id", root=OID_PS, extension=ps.id_national)
    _code(entity, "code", _concept("J01", code_profession(ps)))
    _personne(entity, "associatedPerson", ps)


def _periode(parent: _Element, doc: DocumentCda) -> None:
    period = _sub(parent, "effectiveTime")
    _sub(period, "low", value=instant_local(doc.sejour.debut))
    if doc.sejour.fin:
        _sub(period, "high", value=instant_local(doc.sejour.fin))


def _acte(root: _Element, doc: DocumentCda) -> None:
    event = _sub(_sub(root, "documentationOf"), "serviceEvent")
    _code(event, "code", _concept("J142", RENCONTRES.get(doc.sejour.classe, "IMP")))
    _periode(event, doc)
    performer = _sub(event, "performer", typeCode="PRF")
    entity = _entite(performer, "assignedEntity", doc.auteur)
    organisation = _organisation(entity, "representedOrganization", doc.structure)
    _code(organisation, "standardIndustryClassCode", _concept("J04", doc.cadre))


def _rencontre(root: _Element, doc: DocumentCda) -> None:
    encounter = _sub(_sub(root, "componentOf"), "encompassingEncounter")
    _sub(encounter, "id", root=doc.sejour.nda.autorite, extension=doc.sejour.nda.valeur)
    _code(encounter, "code", _concept("J142", RENCONTRES.get(doc.sejour.classe, "IMP")))
    _periode(encounter, doc)
    facility = _sub(_sub(encounter, "location"), "healthCareFacility")
    _sub(facility, "id", root=OID_STRUCTURES, extension=doc.structure.id_national)
    _code(facility, "code", _concept("J02", doc.structure.secteur))
