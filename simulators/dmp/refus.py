"""A refusal by SOAP fault, and the bytes of answers. Source: `dmp.md` §4.1."""

from __future__ import annotations

import uuid

from lxml import etree

from banc_segur.formats import soap
from banc_segur.transport.model import Answer

_TYPE = "application/soap+xml; charset=UTF-8"


class Refus(Exception):
    """The service refuses by SOAP fault. code: `Sender` or `Receiver`; subcode: DMP code; the text is the reason."""

    def __init__(self, raison: str, subcode: str = "", code: str = "Sender") -> None:
        super().__init__(raison)
        self.raison = raison
        self.subcode = subcode
        self.code = code


def droits(raison: str) -> Refus:
    """The rights matrix refuses (code documented for the web; same on SOAP by choice, `dmp.md` §4.2)."""
    return Refus(raison, "DMPAccessDeniedByRightsService")


def _blocs(action: str, relates_to: str) -> list[etree._Element]:
    return soap.addressing_blocks(action, f"urn:uuid:{uuid.uuid4()}", relates_to=relates_to)


def reponse(payload: etree._Element, action: str, relates_to: str) -> Answer:
    """An answer of the operation, HTTP 200, plain SOAP."""
    return Answer(soap.write(payload, _blocs(action, relates_to)), 200, {"Content-Type": _TYPE})


def faute(refus: Refus, relates_to: str) -> Answer:
    """A SOAP fault, HTTP 500 (status recalled, not documented)."""
    fault = soap.Fault(refus.code, refus.subcode, refus.raison)
    blocks = _blocs(f"{soap.WSA}/fault", relates_to)
    return Answer(soap.write_fault(fault, header_blocks=blocks), 500, {"Content-Type": _TYPE})
