"""SOAP 1.2 envelopes and WS-Addressing headers: read, write, fault.

Sources: SOAP 1.2 part 1; WS-Addressing 1.0; `insi.md` §3, §6; `dmp.md` §1.5, §4.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from banc_segur.formats import xml
from banc_segur.formats.errors import FormatError

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"


@dataclass(frozen=True, slots=True)
class Fault:
    """A SOAP 1.2 fault. code: `Sender` or `Receiver`; subcode: local part, empty when absent."""

    code: str
    subcode: str
    reason: str
    detail: etree._Element | None = None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A parsed envelope: the elements of the very tree that was read (signatures are checked on them)."""

    root: etree._Element
    header: etree._Element | None
    body: etree._Element

    @property
    def payload(self) -> etree._Element | None:
        """The first element of the Body, or None."""
        parts = xml.children(self.body)
        return parts[0] if parts else None

    def header_blocks(self, namespace: str, local: str) -> list[etree._Element]:
        """Return the header blocks of that name, in document order."""
        return [] if self.header is None else self.header.findall(xml.q(namespace, local))

    def addressing(self, local: str) -> str:
        """Return the text of the first WS-Addressing header of that name (`Action`, `MessageID`…)."""
        blocks = self.header_blocks(WSA, local)
        return xml.text(blocks[0]) if blocks else ""

    @property
    def fault(self) -> Fault | None:
        """The fault that the Body holds, if any."""
        payload = self.payload
        if payload is None or payload.tag != xml.q(SOAP12, "Fault"):
            return None
        return _fault(payload)


def _fault(element: etree._Element) -> Fault:
    def local(path: str) -> str:
        return xml.text(element.find(path)).rpartition(":")[2]

    s = f"{{{SOAP12}}}"
    return Fault(
        code=local(f"{s}Code/{s}Value"),
        subcode=local(f"{s}Code/{s}Subcode/{s}Value"),
        reason=xml.text(element.find(f"{s}Reason/{s}Text")),
        detail=element.find(f"{s}Detail"),
    )


def read(data: bytes, *, max_bytes: int = xml.MAX_BYTES) -> Envelope:
    """Parse a SOAP 1.2 envelope.

    Raises:
        FormatError: not XML, not SOAP 1.2, no Body, or more than one Header or Body.
    """
    root = xml.parse(data, max_bytes=max_bytes, ou="Envelope")
    if root.tag != xml.q(SOAP12, "Envelope"):
        observed = "SOAP 1.1" if root.tag == xml.q(SOAP11, "Envelope") else str(root.tag)
        raise FormatError("Envelope", f"une enveloppe SOAP 1.2 ({SOAP12})", observed)
    headers = root.findall(xml.q(SOAP12, "Header"))
    bodies = root.findall(xml.q(SOAP12, "Body"))
    if len(headers) > 1 or len(bodies) != 1:
        raise FormatError("Envelope", "un Body et au plus un Header", f"{len(bodies)} Body, {len(headers)} Header")
    return Envelope(root, headers[0] if headers else None, bodies[0])


def write(payload: etree._Element, header_blocks: list[etree._Element] | None = None) -> bytes:
    """Return the bytes of an envelope around `payload`; the header is left out when there is no block."""
    root = etree.Element(xml.q(SOAP12, "Envelope"), nsmap={"soap": SOAP12})
    if header_blocks:
        header = etree.SubElement(root, xml.q(SOAP12, "Header"))
        header.extend(header_blocks)
    etree.SubElement(root, xml.q(SOAP12, "Body")).append(payload)
    return xml.serialize(root)


def addressing_blocks(action: str, message_id: str, *, relates_to: str = "", to: str = "") -> list[etree._Element]:
    """Return WS-Addressing blocks: Action, MessageID, To, and RelatesTo for an answer, ReplyTo for a request."""
    must = {xml.q(SOAP12, "mustUnderstand"): "true"}
    nsmap = {"wsa": WSA}

    def block(local: str, value: str, attributes: dict[str, str] | None = None) -> etree._Element:
        element = etree.Element(xml.q(WSA, local), attributes or {}, nsmap=nsmap)
        element.text = value
        return element

    blocks = [block("Action", action, must), block("MessageID", message_id)]
    if relates_to:
        return [*blocks, block("To", to or ANONYMOUS), block("RelatesTo", relates_to)]
    reply_to = etree.Element(xml.q(WSA, "ReplyTo"), must, nsmap=nsmap)
    etree.SubElement(reply_to, xml.q(WSA, "Address")).text = ANONYMOUS
    return [*blocks, block("To", to), reply_to]


def write_fault(fault: Fault, *, lang: str = "fr", header_blocks: list[etree._Element] | None = None) -> bytes:
    """Return the bytes of an envelope that holds a fault; Code and Subcode prefixed by the SOAP namespace."""
    s = f"{{{SOAP12}}}"
    element = etree.Element(f"{s}Fault", nsmap={"soap": SOAP12})
    code = etree.SubElement(element, f"{s}Code")
    etree.SubElement(code, f"{s}Value").text = f"soap:{fault.code}"
    if fault.subcode:
        subcode = etree.SubElement(code, f"{s}Subcode")
        etree.SubElement(subcode, f"{s}Value").text = f"soap:{fault.subcode}"
    reason = etree.SubElement(etree.SubElement(element, f"{s}Reason"), f"{s}Text")
    reason.set("{http://www.w3.org/XML/1998/namespace}lang", lang)
    reason.text = fault.reason
    if fault.detail is not None:
        element.append(fault.detail)
    return write(element, header_blocks)
