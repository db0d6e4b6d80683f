"""A TD2.1 deposit on the wire: multipart/related of an ITI-41 envelope and its documents.

Reading is tolerant where the real service is: what is wrong in the package but readable becomes an `Anomalie` (checks
T03 to T05 of `dmp.md` §7.1). Sources: IHE ITI TF-2b §3.41, W3C XOP 1.0; `dmp.md` §1.5, §1.6.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from banc_segur.formats import mtom, soap, xds_schemas, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.xds_read import read_soumission
from banc_segur.formats.xds_types import Anomalie, Lot
from banc_segur.formats.xds_write import write_provide_and_register
from banc_segur.formats.xml import q

ACTION = "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b"
ACTION_REPONSE = f"{ACTION}Response"
DEMANDE = q(xds_schemas.XDSB, "ProvideAndRegisterDocumentSetRequest")
_INCLUDE = q(xds_schemas.XOP, "Include")


@dataclass(frozen=True, slots=True)
class Depot:
    """A deposit as read. documents: `Document/@id` -> bytes; anomalies: of the package (T03, T04, T05)."""

    enveloppe: soap.Envelope
    lot: Lot
    documents: Mapping[str, bytes]
    anomalies: tuple[Anomalie, ...] = field(default=())


def write(
    lot: Lot, documents: Mapping[str, bytes], header_blocks: Sequence[etree._Element] = (), *, boundary: str = ""
) -> tuple[str, bytes]:
    """Return (Content-Type, body).

    documents: id of each entry -> bytes, sent as they are in parts of type text/xml.
    """
    cids = {name: f"{name}@banc.local" for name in documents}
    envelope = soap.write(write_provide_and_register(lot, cids), list(header_blocks))
    parts = {cids[name]: ("text/xml; charset=UTF-8", content) for name, content in documents.items()}
    return mtom.write(envelope, parts, ACTION, boundary=boundary)


def read_enveloppe(content_type: str, body: bytes) -> tuple[soap.Envelope, mtom.Mtom | None]:
    """Read the envelope of a multipart or plain SOAP message.

    Raises:
        FormatError: unreadable package or envelope.
    """
    if not content_type.strip().lower().startswith("multipart/"):
        return soap.read(body), None
    package = mtom.read(content_type, body)
    return soap.read(package.root), package


def read(content_type: str, body: bytes) -> Depot:
    """Read a whole deposit.

    Raises:
        FormatError: unreadable package or envelope, or not a ProvideAndRegisterDocumentSetRequest.
    """
    envelope, package = read_enveloppe(content_type, body)
    return extraire(envelope, package, content_type)


def extraire(envelope: soap.Envelope, package: mtom.Mtom | None, content_type: str) -> Depot:
    """The deposit of an envelope that was read. Raises FormatError as `read`."""
    payload = envelope.payload
    if payload is None or payload.tag != DEMANDE:
        observed = "corps vide" if payload is None else etree.QName(payload).localname
        raise FormatError("Body", "xdsb:ProvideAndRegisterDocumentSetRequest", observed)
    anomalies = list(_paquet(package, content_type))
    lot = read_soumission(payload)
    documents = _documents(payload, package, anomalies)
    ids = {item.get("id", "") for item in payload.findall(q(xds_schemas.XDSB, "Document"))}
    entries = {entree.id for entree in lot.toutes}
    for name in sorted(entries - ids):
        anomalies.append(Anomalie("T05", f"ExtrinsicObject[@id='{name}']", "un Document de même id", _liste(ids)))
    for name in sorted(ids - entries):
        anomalies.append(Anomalie("T05", f"Document[@id='{name}']", "un ExtrinsicObject de même id", _liste(entries)))
    return Depot(envelope, lot, documents, tuple(anomalies))


def _liste(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "aucun"


def _paquet(package: mtom.Mtom | None, content_type: str) -> list[Anomalie]:
    if package is None:
        return [Anomalie("T03", "Content-Type", "multipart/related (MTOM, EX_2.1-1260)", content_type)]
    _, params = mtom.parameters(content_type)
    found = []
    for name, expected in (("type", "application/xop+xml"), ("start-info", "application/soap+xml")):
        if params.get(name, "").partition(";")[0].strip().lower() != expected:
            found.append(Anomalie("T03", f"Content-Type/{name}", expected, params.get(name, "absent")))
    if not params.get("start"):
        found.append(Anomalie("T03", "Content-Type/start", "le Content-ID de la partie racine", "absent"))
    media, _ = mtom.parameters(package.root_headers.get("content-type", ""))
    if media != "application/xop+xml":
        found.append(Anomalie("T03", "partie racine/Content-Type", "application/xop+xml", media or "absent"))
    return found


def _documents(payload: etree._Element, package: mtom.Mtom | None, anomalies: list[Anomalie]) -> dict[str, bytes]:
    documents: dict[str, bytes] = {}
    used: set[str] = set()
    for element in payload.findall(q(xds_schemas.XDSB, "Document")):
        name = element.get("id", "")
        place = f"Document[@id='{name}']"
        if name in documents:
            anomalies.append(Anomalie("T05", place, "un seul Document de cet id", "plusieurs"))
        include = element.find(_INCLUDE)
        if include is None:
            content = _en_ligne(element, place, anomalies)
        else:
            cid = mtom.cid_of(include.get("href", ""))
            content = _partie(package, cid, place, anomalies)
            used.add(cid)
        if content is not None:
            documents[name] = content
    for cid in sorted(set(package.parts if package else ()) - used):
        anomalies.append(Anomalie("T04", f"partie {cid}", "une partie nommée par un xop:Include", "partie inutile"))
    return documents


def _partie(package: mtom.Mtom | None, cid: str, place: str, anomalies: list[Anomalie]) -> bytes | None:
    part = package.parts.get(cid) if package else None
    if part is None:
        anomalies.append(Anomalie("T04", f"{place}/xop:Include/@href", "le Content-ID d'une partie du message", cid))
        return None
    return bytes(part.body)


def _en_ligne(element: etree._Element, place: str, anomalies: list[Anomalie]) -> bytes | None:
    anomalies.append(Anomalie("T03", place, "un xop:Include (MTOM, EX_2.1-1260)", "contenu en base64 dans l'enveloppe"))
    try:
        return base64.b64decode("".join(xml.text(element).split()), validate=True)
    except (binascii.Error, ValueError):
        anomalies.append(Anomalie("T04", place, "du base64 lisible", "base64 illisible"))
        return None
