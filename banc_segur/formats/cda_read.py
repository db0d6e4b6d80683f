"""Read any CI-SIS CDA leniently: what is there is taken with its place, what is absent stays empty.

Source: `cda.md` §1.1 (special roots), §2 (header), §1.3 (level 1 body).
"""

from __future__ import annotations

import base64
import binascii
from collections import Counter
from functools import lru_cache

from lxml import etree

from banc_segur.formats import xml
from banc_segur.formats.cda import (
    NS,
    ActeLu,
    CdaLu,
    CodeLu,
    CorpsLu,
    IdLu,
    IntervenantLu,
    NomLu,
    RencontreLue,
)
from banc_segur.formats.errors import FormatError

MAX_REPETITIONS = 200
RETENU = 2_000_000  # bytes of a document that is remembered

_Element = etree._Element


def read(data: bytes) -> CdaLu:
    """Read a CDA R2 document, bare, signed (`ds:Signature` root) or auto-présentable (`xsl:stylesheet` root).

    The last few are remembered by their bytes: one document is met in its message, its deposit and its mails.

    Raises:
        FormatError: not well-formed, DOCTYPE, too large, or without any ClinicalDocument.
    """
    return _read_once(data) if len(data) <= RETENU else _read(data)


@lru_cache(maxsize=4)
def _read_once(data: bytes) -> CdaLu:
    return _read(data)


def _read(data: bytes) -> CdaLu:
    root = xml.parse(data, ou="CDA")
    tag = xml.q(NS, "ClinicalDocument")
    document = root if root.tag == tag else next(root.iter(tag), None)
    if document is None:
        raise FormatError("CDA", "un élément ClinicalDocument (urn:hl7-org:v3)", str(root.tag))
    patient_role = _chemin(document, "recordTarget/patientRole")
    patient = _chemin(patient_role, "patient")
    type_id = _chemin(document, "typeId")
    return CdaLu(
        type_id=(_attr(type_id, "root"), _attr(type_id, "extension")),
        realm=_attr(_chemin(document, "realmCode"), "code"),
        modeles=_ids(document, "", "templateId"),
        ids=_ids(document, "", "id"),
        code=_code(document, "code", ""),
        titre=xml.text(_chemin(document, "title")),
        temps=_attr(_chemin(document, "effectiveTime"), "value"),
        confidentialite=_code(document, "confidentialityCode", ""),
        langue=_attr(_chemin(document, "languageCode"), "code"),
        set_ids=_ids(document, "", "setId"),
        version=_attr(_chemin(document, "versionNumber"), "value"),
        patient_ids=_ids(patient_role, "recordTarget/patientRole"),
        familles=_noms(patient, "family"),
        prenoms=_noms(patient, "given"),
        sexe=_code(patient, "administrativeGenderCode", "recordTarget/patientRole/patient"),
        naissance=_attr(_chemin(patient, "birthTime"), "value"),
        lieu_naissance=xml.text(_chemin(patient, "birthplace/place/addr/county")),
        auteurs=_intervenants(document, "author", "assignedAuthor"),
        authentificateurs=_intervenants(document, "legalAuthenticator", "assignedEntity"),
        conservateur=_conservateur(document),
        destinataires=_intervenants(document, "informationRecipient", "intendedRecipient"),
        actes=_actes(document),
        rencontre=_rencontre(document),
        remplaces=_remplaces(document),
        corps=_corps(document),
        comptes=dict(Counter(_nom(c) for c in xml.children(document) if not c.get("nullFlavor"))),
        nuls=frozenset(_nom(c) for c in xml.children(document) if c.get("nullFlavor")),
    )


def _nom(element: _Element) -> str:
    return str(etree.QName(element).localname)


def _attr(element: _Element | None, name: str) -> str:
    return "" if element is None else (element.get(name) or "")


def _chemin(element: _Element | None, path: str) -> _Element | None:
    """The first element of a slash-separated path of child names; None-safe."""
    for name in path.split("/"):
        if element is None:
            return None
        element = element.find(xml.q(NS, name))
    return element


def _tous(element: _Element | None, name: str) -> list[_Element]:
    return [] if element is None else element.findall(xml.q(NS, name))[:MAX_REPETITIONS]


def _place(parent: str, name: str, rank: int, total: int) -> str:
    own = f"{name}[{rank}]" if total > 1 else name
    return f"{parent}/{own}" if parent else own


def _ids(element: _Element | None, ou: str, name: str = "id") -> tuple[IdLu, ...]:
    found = _tous(element, name)
    return tuple(
        IdLu(_attr(e, "root"), _attr(e, "extension"), _place(ou, name, rank, len(found)))
        for rank, e in enumerate(found, 1)
        if not e.get("nullFlavor")
    )


def _code(parent: _Element | None, name: str, ou: str) -> CodeLu | None:
    element = _chemin(parent, name)
    if element is None or element.get("nullFlavor"):
        return None
    place = _place(ou, name, 1, 1)
    return CodeLu(_attr(element, "code"), _attr(element, "codeSystem"), _attr(element, "displayName"), place)


def _noms(patient: _Element | None, tag: str) -> tuple[NomLu, ...]:
    found = _tous(_chemin(patient, "name"), tag)
    ou = "recordTarget/patientRole/patient/name"
    return tuple(
        NomLu(xml.text(e), _attr(e, "qualifier"), _place(ou, tag, rank, len(found))) for rank, e in enumerate(found, 1)
    )


def _intervenants(parent: _Element | None, role: str, entity: str, ou: str = "") -> tuple[IntervenantLu, ...]:
    found = _tous(parent, role)
    return tuple(_intervenant(e, entity, role, _place(ou, role, rank, len(found))) for rank, e in enumerate(found, 1))


def _premier(element: _Element | None, *paths: str) -> _Element | None:
    return next((e for e in (_chemin(element, p) for p in paths) if e is not None), None)


def _intervenant(element: _Element, entity: str, role: str, ou: str) -> IntervenantLu:
    who = _chemin(element, entity)
    place = f"{ou}/{entity}"
    name = _premier(who, "assignedPerson/name", "informationRecipient/name", "associatedPerson/name")
    organisation = _premier(who, "representedOrganization", "receivedOrganization")
    branch = f"{place}/{_nom(organisation)}" if organisation is not None else place
    return IntervenantLu(
        role=role,
        ou=ou,
        type=element.get("typeCode") or _attr(_chemin(element, "signatureCode"), "code"),
        temps=_attr(_chemin(element, "time"), "value"),
        ids=_ids(who, place),
        nom=xml.text(_chemin(name, "family")),
        prenom=xml.text(_chemin(name, "given")),
        code=_code(who, "code", place),
        fonction=_code(element, "functionCode", ou),
        organisation_ids=_ids(organisation, branch),
        organisation_nom=xml.text(_chemin(organisation, "name")),
        cadre=_code(organisation, "standardIndustryClassCode", branch),
    )


def _conservateur(document: _Element) -> IntervenantLu | None:
    ou = "custodian/assignedCustodian/representedCustodianOrganization"
    organisation = _chemin(document, ou)
    if organisation is None:
        return None
    return IntervenantLu(
        role="custodian",
        ou=ou,
        organisation_ids=_ids(organisation, ou),
        organisation_nom=xml.text(_chemin(organisation, "name")),
    )


def _actes(document: _Element) -> tuple[ActeLu, ...]:
    found = _tous(document, "documentationOf")
    actes = []
    for rank, element in enumerate(found, 1):
        ou = _place("", "documentationOf", rank, len(found)) + "/serviceEvent"
        event = _chemin(element, "serviceEvent")
        if event is None:
            continue
        actes.append(
            ActeLu(
                ou=ou,
                code=_code(event, "code", ou),
                debut=_attr(_chemin(event, "effectiveTime/low"), "value"),
                fin=_attr(_chemin(event, "effectiveTime/high"), "value"),
                executants=_intervenants(event, "performer", "assignedEntity", ou),
            )
        )
    return tuple(actes)


def _rencontre(document: _Element) -> RencontreLue | None:
    ou = "componentOf/encompassingEncounter"
    encounter = _chemin(document, ou)
    if encounter is None:
        return None
    facility = _chemin(encounter, "location/healthCareFacility")
    return RencontreLue(
        ou=ou,
        ids=_ids(encounter, ou),
        code=_code(encounter, "code", ou),
        debut=_attr(_chemin(encounter, "effectiveTime/low"), "value"),
        fin=_attr(_chemin(encounter, "effectiveTime/high"), "value"),
        etablissement=_code(facility, "code", f"{ou}/location/healthCareFacility"),
    )


def _remplaces(document: _Element) -> tuple[tuple[str, IdLu], ...]:
    found = _tous(document, "relatedDocument")
    pairs = []
    for rank, element in enumerate(found, 1):
        ou = _place("", "relatedDocument", rank, len(found)) + "/parentDocument"
        pairs += [(_attr(element, "typeCode"), i) for i in _ids(_chemin(element, "parentDocument"), ou)]
    return tuple(pairs)


def _corps(document: _Element) -> CorpsLu:
    if _chemin(document, "component/structuredBody") is not None:
        return CorpsLu("structuredBody", "component/structuredBody")
    if _chemin(document, "component/nonXMLBody") is None:
        return CorpsLu()
    ou = "component/nonXMLBody/text"
    text = _chemin(document, ou)
    media_type, representation = _attr(text, "mediaType"), _attr(text, "representation")
    content, error = _decoder(xml.text(text))
    return CorpsLu("nonXMLBody", ou, media_type, representation, content, error)


def _decoder(encoded: str) -> tuple[bytes | None, str]:
    """Strict base64 after removal of white space (`cda.md` §1.3): the bytes, or None and why."""
    if not encoded:
        return None, "corps vide"
    try:
        return base64.b64decode("".join(encoded.split()).encode("ascii"), validate=True), ""
    except UnicodeEncodeError:
        return None, "caractères hors de l'alphabet base64"
    except binascii.Error as error:
        return None, f"base64 invalide ({error})"
