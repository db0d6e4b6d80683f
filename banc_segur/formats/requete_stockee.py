"""Registry stored query (ITI-18): request and answer of TD3.1, above all the search by reference.

Sources: IHE ITI TF-2a §3.18; ebRS 3.0; `dmp.md` §3.10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from banc_segur.formats import xds_read
from banc_segur.formats import xds_schemas as s
from banc_segur.formats.errors import FormatError
from banc_segur.formats.registry_response import SUCCESS, RegistryError, ajouter_erreurs, read_erreurs, statut
from banc_segur.formats.xml import q, text

GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
UNIQUE_ID = "$XDSDocumentEntryUniqueId"
PATIENT_ID = "$XDSDocumentEntryPatientId"
_LITERAL = re.compile(r"'((?:[^']|'')*)'")


@dataclass(frozen=True, slots=True)
class RequeteStockee:
    """A query: its id, `ObjectRef` or `LeafClass`, parameters name -> values without quotes."""

    id: str
    retour: str
    parametres: Mapping[str, tuple[str, ...]]

    def valeurs(self, nom: str) -> tuple[str, ...]:
        """Values of one parameter; empty when absent."""
        return self.parametres.get(nom, ())


@dataclass(frozen=True, slots=True)
class ReponseStockee:
    """references: entryUUIDs given back, in order (ObjectRef or objects of a LeafClass answer)."""

    reussi: bool
    references: tuple[str, ...] = ()
    errors: tuple[RegistryError, ...] = ()


def par_reference(unique_ids: tuple[str, ...]) -> etree._Element:
    """Return the request of TD3.1b: GetDocuments by uniqueId, answer as ObjectRef."""
    root = etree.Element(q(s.QUERY, "AdhocQueryRequest"), nsmap={"query": s.QUERY, "rim": s.RIM})
    option = {"returnComposedObjects": "true", "returnType": "ObjectRef"}
    etree.SubElement(root, q(s.QUERY, "ResponseOption"), option)
    query = etree.SubElement(root, q(s.RIM, "AdhocQuery"), {"id": GET_DOCUMENTS})
    values = etree.SubElement(etree.SubElement(query, q(s.RIM, "Slot"), {"name": UNIQUE_ID}), q(s.RIM, "ValueList"))
    quoted = ",".join("'" + value.replace("'", "''") + "'" for value in unique_ids)
    etree.SubElement(values, q(s.RIM, "Value")).text = f"({quoted})"
    return root


def read_requete(element: etree._Element | None) -> RequeteStockee:
    """Read a request.

    Raises:
        FormatError: another element, or no AdhocQuery.
    """
    query = None
    if element is not None and element.tag == q(s.QUERY, "AdhocQueryRequest"):
        query = element.find(q(s.RIM, "AdhocQuery"))
    if element is None or query is None:
        raise FormatError("Body", "query:AdhocQueryRequest avec un rim:AdhocQuery", "autre contenu")
    option = element.find(q(s.QUERY, "ResponseOption"))
    parameters: dict[str, tuple[str, ...]] = {}
    for slot in query.findall(q(s.RIM, "Slot")):
        name = slot.get("name", "")
        parameters[name] = tuple(_valeurs(xds_read.valeurs(query, name)))
    retour = "" if option is None else option.get("returnType", "")
    return RequeteStockee(query.get("id", ""), retour, parameters)


def _valeurs(textes: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    for texte in textes:
        literals = [item.replace("''", "'") for item in _LITERAL.findall(texte)]
        found.extend(literals or [texte])
    return found


def write_reponse(references: tuple[str, ...], errors: tuple[RegistryError, ...] = ()) -> etree._Element:
    """Return `query:AdhocQueryResponse` holding ObjectRefs."""
    attributes = {"status": statut(errors), "startIndex": "0", "totalResultCount": str(len(references))}
    root = etree.Element(
        q(s.QUERY, "AdhocQueryResponse"), attributes, nsmap={"query": s.QUERY, "rim": s.RIM, "rs": s.RS}
    )
    ajouter_erreurs(root, errors)
    objects = etree.SubElement(root, q(s.RIM, "RegistryObjectList"))
    for reference in references:
        etree.SubElement(objects, q(s.RIM, "ObjectRef"), {"id": reference})
    return root


def read_reponse(element: etree._Element | None) -> ReponseStockee:
    """Read an answer.

    Raises:
        FormatError: another element.
    """
    if element is None or element.tag != q(s.QUERY, "AdhocQueryResponse"):
        raise FormatError("Body", "query:AdhocQueryResponse", "corps vide" if element is None else text(element))
    objects = element.find(q(s.RIM, "RegistryObjectList"))
    listed = [] if objects is None else objects.findall("*")
    references = tuple(
        item.get("id", "") for item in listed if item.tag in (q(s.RIM, "ObjectRef"), q(s.RIM, "ExtrinsicObject"))
    )
    return ReponseStockee(element.get("status") == SUCCESS, references, read_erreurs(element))
