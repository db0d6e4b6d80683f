"""What stands before the téléservice: HTTP, SOAP, action, certificate, authorisation number.

Order: `insi.md` §7.6 steps 2 to 6.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import NameOID

from banc_segur.formats import soap, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.insi import ACTION_CARTE_VITALE, ACTION_TRAITS, RECSANS, Recherche
from banc_segur.transport.model import HttpRequest

CN_ADMIS = ("INSI-AUTO", "INSI-MANU")
_RECVIT = "http://www.cnamts.fr/INSiRecVit"
_CORPS = {ACTION_TRAITS: xml.q(RECSANS, "RECSANSVITALE"), ACTION_CARTE_VITALE: xml.q(_RECVIT, "RECVITALE")}
_ACTION_HTTP = re.compile(r'action="?([^";]+)')


class Refus(Exception):
    """The service refuses with a fault. code: key of the table `insi_fautes`."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


def ouvrir(request: HttpRequest, max_octets: int) -> soap.Envelope:
    """Read the envelope. Raises Refus `banc_01` when it is not a bounded, DOCTYPE-free SOAP 1.2 envelope."""
    try:
        return soap.read(request.body, max_bytes=max_octets)
    except FormatError as error:
        raise Refus("banc_01") from error


def verifier_action(request: HttpRequest, envelope: soap.Envelope) -> None:
    """Action known and equal to the body.

    Hypothèse: without `wsa:Action` (generated clients) the action of the HTTP header is taken.

    Raises:
        Refus: `banc_02` unknown, absent or contradictory, `banc_09` known but not offered by the bench.
    """
    action = envelope.addressing("Action") or _action_http(request)
    payload = envelope.payload
    if payload is None or _CORPS.get(action) != payload.tag:
        raise Refus("banc_02")
    if action != ACTION_TRAITS:
        raise Refus("banc_09")


def _action_http(request: HttpRequest) -> str:
    match = _ACTION_HTTP.search(request.headers.get("content-type", ""))
    return match[1] if match else request.headers.get("soapaction", "").strip('"')


def verifier_droits(request: HttpRequest, recherche: Recherche, idams: frozenset[str]) -> None:
    """Client certificate, or assertion when there is none, then the authorisation number.

    Hypothèse: in CPx mode an assertion is asked for, its signature is left to the rules.

    Raises:
        Refus: `desir_560` certificate CN not exactly INSI-AUTO or INSI-MANU, or neither certificate nor
            assertion; `desir_550` IDAM absent or unknown.
    """
    certificat = request.peer.certificat
    admis = nom_commun(certificat) in CN_ADMIS if certificat else recherche.assertions > 0
    if not admis:
        raise Refus("desir_560")
    idam = recherche.lps.idam if recherche.lps else ""
    if not idam or (idams and idam not in idams):
        raise Refus("desir_550")


@lru_cache(maxsize=64)
def nom_commun(certificat: bytes) -> str:
    """CN of a DER certificate, empty when it has none, several, or cannot be read."""
    try:
        names = x509.load_der_x509_certificate(certificat).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    return str(names[0].value) if len(names) == 1 else ""
