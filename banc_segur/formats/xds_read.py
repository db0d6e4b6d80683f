"""Read a submission set from ebRIM 3.0, keeping what was seen and naming what reading had to go over.

Tolerant: an unknown scheme, a repeated attribute, a classification outside the ebRIM namespace never stop it; each
gives an `Anomalie` with the check of `dmp.md` §7.3 that it breaks. Only a tree without RegistryObjectList is refused.
Sources: IHE ITI TF-3 §4.2; `dmp.md` §3.1, §7.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from lxml import etree

from banc_segur.formats import xds_schemas as s
from banc_segur.formats.errors import FormatError
from banc_segur.formats.xds_types import SIGNS, Anomalie, Association, Auteur, Code, Entree, Lot
from banc_segur.formats.xml import children, q, text

T = TypeVar("T", Lot, Entree)

MAX_OBJETS = 2000
_LUS = frozenset(q(s.RIM, local) for local in ("Slot", "Name", "Description", "Classification", "ExternalIdentifier"))
_CONNUS = frozenset(
    q(s.RIM, local) for local in ("RegistryPackage", "ExtrinsicObject", "Association", "Classification", "ObjectRef")
)


def read_soumission(element: etree._Element) -> Lot:
    """Read a lot from `lcm:SubmitObjectsRequest` or from any element that holds one.

    Raises:
        FormatError: no RegistryObjectList, or more than 2000 objects in it.
    """
    objects = element if element.tag == q(s.RIM, "RegistryObjectList") else _liste(element)
    return _Lecture().lot(objects)


def read_entree(element: etree._Element) -> Entree:
    """Read one ExtrinsicObject (query answers)."""
    return _Lecture().entree(element)


def _liste(element: etree._Element) -> etree._Element:
    submit = (
        element if element.tag == q(s.LCM, "SubmitObjectsRequest") else element.find(q(s.LCM, "SubmitObjectsRequest"))
    )
    objects = None if submit is None else submit.find(q(s.RIM, "RegistryObjectList"))
    if objects is None:
        raise FormatError(
            "SubmitObjectsRequest/RegistryObjectList", "une liste d'objets ebRIM 3.0", etree.QName(element).localname
        )
    return objects


def valeurs(element: etree._Element, name: str) -> tuple[str, ...]:
    """The values of the slot `name` of an object; empty when it has none."""
    return tuple(
        text(value)
        for slot in element.findall(q(s.RIM, "Slot"))
        if slot.get("name") == name
        for value in slot.iterfind(f"{q(s.RIM, 'ValueList')}/{q(s.RIM, 'Value')}")
    )


def libelle(element: etree._Element, local: str) -> str:
    """The text of Name or Description."""
    found = element.find(f"{q(s.RIM, local)}/{q(s.RIM, 'LocalizedString')}")
    return "" if found is None else found.get("value", "")


class _Lecture:
    def __init__(self) -> None:
        self.anomalies: list[Anomalie] = []

    def note(self, code: str, ou: str, attendu: str, observe: str) -> None:
        self.anomalies.append(Anomalie(code, ou, attendu, observe[:200]))

    def lot(self, objects: etree._Element) -> Lot:
        parts = children(objects)
        if len(parts) > MAX_OBJETS:
            raise FormatError("RegistryObjectList", f"au plus {MAX_OBJETS} objets", str(len(parts)))
        for part in parts:
            if part.tag not in _CONNUS:
                self.note("M01", "RegistryObjectList", "des objets ebRIM 3.0", etree.QName(part).localname)
        packages = objects.findall(q(s.RIM, "RegistryPackage"))
        package = self._paquet(objects, packages)
        entrees = tuple(self.entree(item) for item in objects.findall(q(s.RIM, "ExtrinsicObject")))
        associations = tuple(_association(item) for item in objects.findall(q(s.RIM, "Association")))
        signature = _signature(entrees, associations)
        lot = Lot("") if package is None else self._remplir(Lot(package.get("id", "")), package, _CHAMPS_LOT)
        return replace(
            lot,
            entrees=tuple(entree for entree in entrees if entree is not signature),
            signature=signature,
            associations=associations,
            anomalies=tuple(self.anomalies),
        )

    def _paquet(self, objects: etree._Element, packages: list[etree._Element]) -> etree._Element | None:
        classed = {
            item.get("classifiedObject", "")
            for item in objects.iterfind(f".//{q(s.RIM, 'Classification')}")
            if item.get("classificationNode") == s.NOEUD_LOT
        }
        lots = [package for package in packages if package.get("id", "") in classed]
        if len(lots) != 1:
            self.note(
                "M01", "RegistryPackage", f"un seul lot de soumission, classé par le nœud {s.NOEUD_LOT}", f"{len(lots)}"
            )
        return (lots or packages or [None])[0]  # type: ignore[list-item]

    def entree(self, element: etree._Element) -> Entree:
        entree = Entree(element.get("id", ""), mime_type=element.get("mimeType", ""), status=element.get("status", ""))
        if element.get("objectType") != s.TYPE_DOCUMENT:
            self.note("M01", f"{entree.id}/@objectType", s.TYPE_DOCUMENT, element.get("objectType", "absent"))
        return self._remplir(entree, element, _CHAMPS_ENTREE)

    def _remplir(self, cible: T, element: etree._Element, champs: _Champs) -> T:
        nom = element.get("id", "")
        for child in children(element):
            if child.tag not in _LUS and child.tag != q(s.RIM, "VersionInfo"):
                self.note("M03", f"{nom}/{etree.QName(child).localname}", f"un élément de {s.RIM}", str(child.tag))
        fields: dict[str, Any] = {"title": libelle(element, "Name"), "comments": libelle(element, "Description")}
        fields |= self._slots(element, nom, champs.slots)
        fields |= self._classements(element, nom, champs)
        fields |= self._identifiants(element, nom, champs.identifiants)
        return replace(cible, **fields)

    def _slots(self, element: etree._Element, nom: str, slots: Mapping[str, str]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, attribute in slots.items():
            found = valeurs(element, name)
            if attribute in s.SLOTS_MULTIPLES:
                fields[attribute] = found
                continue
            if len(found) > 1:
                self.note("M02", f"{nom}/{name}", "une seule valeur", " | ".join(found))
            fields[attribute] = found[0] if found else ""
        return fields

    def _classements(self, element: etree._Element, nom: str, champs: _Champs) -> dict[str, Any]:
        authors: list[Auteur] = []
        codes: dict[str, list[Code]] = {}
        for item in element.findall(q(s.RIM, "Classification")):
            scheme = item.get("classificationScheme", "")
            if item.get("classificationNode") and not scheme:
                continue
            self._parent(item, nom, "classifiedObject")
            if scheme == champs.auteur:
                authors.append(_auteur(item))
            elif scheme in champs.codes:
                codes.setdefault(champs.codes[scheme][0], []).append(self._code(item, nom, champs.codes[scheme][1]))
            else:
                self.note("M03", f"{nom}/Classification/@classificationScheme", "un schéma XDS connu", scheme)
        fields: dict[str, Any] = {"authors": tuple(authors)}
        for attribute, name in champs.codes.values():
            found = codes.get(attribute, [])
            if attribute in s.CODES_MULTIPLES:
                fields[attribute] = tuple(found)
                continue
            if len(found) > 1:
                self.note("M02", f"{nom}/{name}", "une seule valeur", " | ".join(code.code for code in found))
            fields[attribute] = found[0] if found else None
        return fields

    def _code(self, item: etree._Element, nom: str, name: str) -> Code:
        systems = valeurs(item, "codingScheme")
        if len(systems) != 1:
            self.note("M04", f"{nom}/{name}/codingScheme", "un codingScheme", f"{len(systems)} valeur(s)")
        return Code(item.get("nodeRepresentation", ""), systems[0] if systems else "", libelle(item, "Name"))

    def _identifiants(
        self, element: etree._Element, nom: str, schemes: Mapping[str, tuple[str, str]]
    ) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for item in element.findall(q(s.RIM, "ExternalIdentifier")):
            scheme = item.get("identificationScheme", "")
            self._parent(item, nom, "registryObject")
            if scheme not in schemes:
                self.note("M03", f"{nom}/ExternalIdentifier/@identificationScheme", "un schéma XDS connu", scheme)
                continue
            attribute, name = schemes[scheme]
            if attribute in fields:
                self.note("M02", f"{nom}/{name}", "un seul identifiant", item.get("value", ""))
                continue
            fields[attribute] = item.get("value", "")
        return fields

    def _parent(self, item: etree._Element, nom: str, attribute: str) -> None:
        if item.get(attribute, "") != nom:
            local = etree.QName(item).localname
            self.note("M15", f"{nom}/{local}/@{attribute}", nom, item.get(attribute, "absent"))


class _Champs:
    """Where the attributes of one kind of object land."""

    def __init__(
        self,
        slots: Mapping[str, str],
        auteur: str,
        codes: Mapping[str, tuple[str, str]],
        identifiants: Mapping[str, tuple[str, str]],
    ) -> None:
        self.slots, self.auteur, self.codes, self.identifiants = slots, auteur, codes, identifiants


_CHAMPS_LOT = _Champs(s.SLOTS_LOT, s.AUTEUR_LOT, s.CODES_LOT, s.IDENTIFIANTS_LOT)
_CHAMPS_ENTREE = _Champs(s.SLOTS_ENTREE, s.AUTEUR_ENTREE, s.CODES_ENTREE, s.IDENTIFIANTS_ENTREE)


def _signature(entrees: tuple[Entree, ...], associations: tuple[Association, ...]) -> Entree | None:
    """The signature of the lot: the one with a `signs` association first (documents may be signed too)."""
    signing = {link.source for link in associations if link.type == SIGNS}
    found = sorted((item for item in entrees if item.est_signature), key=lambda item: item.id not in signing)
    return found[0] if found else None


def _auteur(item: etree._Element) -> Auteur:
    persons = valeurs(item, "authorPerson")
    return Auteur(
        persons[0] if persons else "",
        valeurs(item, "authorInstitution"),
        valeurs(item, "authorRole"),
        valeurs(item, "authorSpecialty"),
    )


def _association(item: etree._Element) -> Association:
    statuses = valeurs(item, "SubmissionSetStatus")
    return Association(
        item.get("associationType", ""),
        item.get("sourceObject", ""),
        item.get("targetObject", ""),
        statuses[0] if statuses else "",
    )
