"""Write a submission set as ebRIM 3.0: the METADATA.XML of an XDM and the body of an ITI-41.

Element order is the one of the ebRIM schema (Slot, Name, Description, Classification, ExternalIdentifier).
Sources: IHE ITI TF-3 §4.2; `dmp.md` §3.1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count

from lxml import etree

from banc_segur.formats import xds_schemas as s
from banc_segur.formats.xds_types import Association, Auteur, Code, Entree, Lot
from banc_segur.formats.xml import q

NSMAP = {"rim": s.RIM, "lcm": s.LCM}


def _sub(parent: etree._Element, local: str, attributes: Mapping[str, str] | None = None) -> etree._Element:
    return etree.SubElement(parent, q(s.RIM, local), dict(attributes or {}))


def _slot(parent: etree._Element, name: str, values: Sequence[str]) -> None:
    if values:
        value_list = _sub(_sub(parent, "Slot", {"name": name}), "ValueList")
        for value in values:
            _sub(value_list, "Value").text = value


def _texte(parent: etree._Element, local: str, value: str) -> None:
    if value:
        attributes = {"charset": "UTF8", q(s.XML, "lang"): "FR", "value": value}
        _sub(_sub(parent, local), "LocalizedString", attributes)


class _Redaction:
    """Writes the objects of one lot; numbers the ids of classifications and identifiers."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def _id(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers)}"

    def slots(self, element: etree._Element, source: Lot | Entree, names: Mapping[str, str]) -> None:
        for name, attribute in names.items():
            value = getattr(source, attribute)
            _slot(element, name, value if isinstance(value, tuple) else (value,) * bool(value))

    def auteurs(self, element: etree._Element, scheme: str, auteurs: Sequence[Auteur]) -> None:
        for auteur in auteurs:
            classification = self._classification(element, scheme, "")
            _slot(classification, "authorPerson", (auteur.personne,) * bool(auteur.personne))
            _slot(classification, "authorInstitution", auteur.institutions)
            _slot(classification, "authorRole", auteur.roles)
            _slot(classification, "authorSpecialty", auteur.specialites)

    def _classification(self, element: etree._Element, scheme: str, node: str) -> etree._Element:
        attributes = {
            "id": self._id("c"),
            "classificationScheme": scheme,
            "classifiedObject": element.get("id", ""),
            "nodeRepresentation": node,
        }
        return _sub(element, "Classification", attributes)

    def codes(self, element: etree._Element, source: Lot | Entree, schemes: Mapping[str, tuple[str, str]]) -> None:
        for scheme, (attribute, _) in schemes.items():
            value = getattr(source, attribute)
            for code in value if isinstance(value, tuple) else (value,):
                if code is not None:
                    self._code(element, scheme, code)

    def _code(self, element: etree._Element, scheme: str, code: Code) -> None:
        classification = self._classification(element, scheme, code.code)
        _slot(classification, "codingScheme", (code.systeme,))
        _texte(classification, "Name", code.libelle)

    def identifiants(
        self, element: etree._Element, source: Lot | Entree, schemes: Mapping[str, tuple[str, str]]
    ) -> None:
        for scheme, (attribute, name) in schemes.items():
            value = getattr(source, attribute)
            if value:
                attributes = {
                    "id": self._id("e"),
                    "identificationScheme": scheme,
                    "registryObject": element.get("id", ""),
                    "value": value,
                }
                _texte(_sub(element, "ExternalIdentifier", attributes), "Name", name)

    def lot(self, parent: etree._Element, lot: Lot) -> None:
        element = _sub(parent, "RegistryPackage", {"id": lot.id})
        self.slots(element, lot, s.SLOTS_LOT)
        _texte(element, "Name", lot.title)
        _texte(element, "Description", lot.comments)
        self.auteurs(element, s.AUTEUR_LOT, lot.authors)
        self.codes(element, lot, s.CODES_LOT)
        node = {"id": self._id("c"), "classifiedObject": lot.id, "classificationNode": s.NOEUD_LOT}
        _sub(element, "Classification", node)
        self.identifiants(element, lot, s.IDENTIFIANTS_LOT)

    def entree(self, parent: etree._Element, entree: Entree) -> None:
        attributes = {"id": entree.id, "mimeType": entree.mime_type, "objectType": s.TYPE_DOCUMENT}
        if entree.status:
            attributes["status"] = entree.status
        element = _sub(parent, "ExtrinsicObject", attributes)
        self.slots(element, entree, s.SLOTS_ENTREE)
        _texte(element, "Name", entree.title)
        _texte(element, "Description", entree.comments)
        self.auteurs(element, s.AUTEUR_ENTREE, entree.authors)
        self.codes(element, entree, s.CODES_ENTREE)
        self.identifiants(element, entree, s.IDENTIFIANTS_ENTREE)

    def association(self, parent: etree._Element, link: Association) -> None:
        attributes = {
            "id": self._id("a"),
            "associationType": link.type,
            "sourceObject": link.source,
            "targetObject": link.cible,
        }
        element = _sub(parent, "Association", attributes)
        _slot(element, "SubmissionSetStatus", (link.statut,) * bool(link.statut))


def write_soumission(lot: Lot) -> etree._Element:
    """Return `lcm:SubmitObjectsRequest`; empty attributes are left out, nothing is added nor checked."""
    root = etree.Element(q(s.LCM, "SubmitObjectsRequest"), nsmap=NSMAP)
    objects = _sub(root, "RegistryObjectList")
    redaction = _Redaction()
    redaction.lot(objects, lot)
    for entree in lot.toutes:
        redaction.entree(objects, entree)
    for link in lot.associations:
        redaction.association(objects, link)
    return root


def write_entree(entree: Entree) -> etree._Element:
    """Return one `rim:ExtrinsicObject` alone, as a registry keeps it."""
    objects = etree.Element(q(s.RIM, "RegistryObjectList"), nsmap={"rim": s.RIM})
    _Redaction().entree(objects, entree)
    return objects[0]


def write_provide_and_register(lot: Lot, cids: Mapping[str, str]) -> etree._Element:
    """Return `xdsb:ProvideAndRegisterDocumentSetRequest`.

    cids: id of an entry -> Content-ID of its part, without angle brackets; one `Document` per pair, in that order.
    """
    root = etree.Element(q(s.XDSB, "ProvideAndRegisterDocumentSetRequest"), nsmap={"xdsb": s.XDSB})
    root.append(write_soumission(lot))
    for entree, cid in cids.items():
        document = etree.SubElement(root, q(s.XDSB, "Document"), {"id": entree})
        etree.SubElement(document, q(s.XOP, "Include"), {"href": f"cid:{cid}"}, nsmap={"xop": s.XOP})
    return root
