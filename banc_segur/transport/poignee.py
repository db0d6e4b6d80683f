"""What passes in a TLS handshake, read from its messages: ClientHello, Certificate. Pure; RFC 5246, RFC 8446."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509

CLIENT_HELLO = 1
CERTIFICATE = 11
VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}


@dataclass(slots=True)
class Poignee:
    """What was seen of one handshake. client_hello: the whole message; certificat: DER, first of the chain."""

    client_hello: bytes = b""
    certificat: bytes | None = None


def premier_certificat(message: bytes) -> bytes | None:
    """Return the DER of the first certificate of a Certificate message; None when empty or malformed.

    Layout: RFC 5246 §7.4.2 (TLS 1.2), or RFC 8446 §4.4.2 (TLS 1.3: a request context goes before the list). The two
    are told apart by the length of the list, which must run to the end of the message.
    """
    lecteur = _Lecteur(message[4:])
    try:
        if int.from_bytes(message[4:7], "big") != len(message) - 7:
            lecteur.vecteur(1)
        return lecteur.vecteur(3).vecteur(3).data or None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ClientHello:
    """What a client offers. versions: `TLSv1.2`…, best first; suites: code points (0xC030); sni: host asked for.

    Up to TLS 1.2 a client names only its best version.
    """

    versions: tuple[str, ...]
    suites: tuple[int, ...]
    sni: str = ""
    alpn: tuple[str, ...] = ()


class _Lecteur:
    """A cursor over length-prefixed fields; reads past the end raise ValueError."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def prendre(self, taille: int) -> bytes:
        if taille > len(self.data):
            raise ValueError("champ tronqué")
        part, self.data = self.data[:taille], self.data[taille:]
        return part

    def vecteur(self, octets: int) -> _Lecteur:
        return _Lecteur(self.prendre(int.from_bytes(self.prendre(octets), "big")))

    def entiers(self) -> tuple[int, ...]:
        return tuple(int.from_bytes(self.data[i : i + 2], "big") for i in range(0, len(self.data) - 1, 2))


def lire_client_hello(message: bytes) -> ClientHello | None:
    """Read a ClientHello handshake message (RFC 8446 §4.1.2); None when it is not one or is malformed.

    GREASE values (RFC 8701) are left out.
    """
    if message[:1] != bytes([CLIENT_HELLO]):
        return None
    try:
        return _lire_hello(_Lecteur(message[4:]))
    except ValueError:
        return None


def _lire_hello(lecteur: _Lecteur) -> ClientHello:
    legacy = int.from_bytes(lecteur.prendre(2), "big")
    lecteur.prendre(32)
    lecteur.vecteur(1)
    suites = lecteur.vecteur(2).entiers()
    lecteur.vecteur(1)
    extensions: dict[int, _Lecteur] = {}
    if lecteur.data:
        bloc = lecteur.vecteur(2)
        while bloc.data:
            numero = int.from_bytes(bloc.prendre(2), "big")
            extensions[numero] = bloc.vecteur(2)
    offertes = extensions[43].vecteur(1).entiers() if 43 in extensions else (legacy,)
    sni = ""
    if 0 in extensions:
        nom = extensions[0].vecteur(2)
        nom.prendre(1)
        sni = nom.vecteur(2).data.decode("ascii", "replace")
    alpn: list[str] = []
    if 16 in extensions:
        liste = extensions[16].vecteur(2)
        while liste.data:
            alpn.append(liste.vecteur(1).data.decode("ascii", "replace"))
    versions = tuple(VERSIONS[v] for v in sorted(set(offertes), reverse=True) if v in VERSIONS)
    return ClientHello(versions, tuple(s for s in suites if not _grease(s)), sni, tuple(alpn))


def _grease(valeur: int) -> bool:
    return valeur & 0x0F0F == 0x0A0A and valeur >> 8 == valeur & 0xFF


def lire_certificat(der: bytes | None) -> x509.Certificate | None:
    """Parse a DER certificate; None when absent or unreadable."""
    if not der:
        return None
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None
