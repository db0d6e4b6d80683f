"""TLS contexts, and the facts of a handshake: ClientHello, peer certificate, French cause of a refusal.

Facts come from OpenSSL's own message callback (`SSLContext._msg_callback`, CPython ≥ 3.8): it sees every handshake
message in clear — in TLS 1.3 too — before OpenSSL judges it, so that a refused certificate is known. Chosen over two
other ways: capturing raw bytes below a MemoryBIO (blind in TLS 1.3, where the Certificate message is encrypted) and
accepting everybody then checking the chain ourselves (alerts would be ours to imitate). The alert that the peer gets is
therefore OpenSSL's own: certificate_expired, unknown_ca, certificate_required, protocol_version…

Suites: mssante.md ECO.1.1.3 and §8 (MSSanté), dmp.md §1.4 (INF-579v4). TLS ≥ 1.2: insi.md §2.2, dmp.md §1.4.
"""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from weakref import WeakKeyDictionary

from cryptography import x509

from banc_segur.errors import UsageError

# Official suites of MSSanté (ECO.1.1.3) then those of the DMP that are not among them (INF-579v4).
SUITES = ":".join(
    (
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES256-SHA384",
        "ECDHE-RSA-AES128-SHA256",
        "DHE-RSA-AES256-GCM-SHA384",
        "DHE-RSA-AES128-GCM-SHA256",
        "ECDHE-RSA-CHACHA20-POLY1305",
    )
)

Exigence = Literal["exige", "accepte", "aucun"]
_MODES = {"exige": ssl.CERT_REQUIRED, "accepte": ssl.CERT_OPTIONAL, "aucun": ssl.CERT_NONE}

_CLIENT_HELLO = 1
_CERTIFICATE = 11


@dataclass(slots=True)
class Poignee:
    """What was seen of one handshake. client_hello: the whole message; certificat: DER, first of the chain."""

    client_hello: bytes = b""
    certificat: bytes | None = None


_poignees: WeakKeyDictionary[Any, Poignee] = WeakKeyDictionary()
_verrou = threading.Lock()


def contexte_serveur(
    certificat: Path, cle: Path, ac_clients: Path, *, client: Exigence = "exige", suites: str = SUITES
) -> ssl.SSLContext:
    """Return the context of a server of the bench: TLS ≥ 1.2, suites of the cards, handshake facts kept.

    Args:
        certificat, cle: PEM files of the server.
        ac_clients: PEM bundle of the authorities whose client certificates are accepted.
        client: `exige` (no certificate, no connection), `accepte`, `aucun` (not asked for).

    Raises:
        UsageError: a file is missing or unreadable.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suites)
    _charger(context, certificat, cle, ac_clients)
    context.verify_mode = _MODES[client]
    observer(context)
    return context


def contexte_client(ac: Path, certificat: Path | None = None, cle: Path | None = None) -> ssl.SSLContext:
    """Return the context of a client: TLS ≥ 1.2, server checked against `ac` and its host name.

    Raises:
        UsageError: a file is missing or unreadable.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _charger(context, certificat, cle, ac)
    return context


def _charger(context: ssl.SSLContext, certificat: Path | None, cle: Path | None, ac: Path) -> None:
    try:
        context.load_verify_locations(ac)
        if certificat is not None:
            context.load_cert_chain(certificat, cle)
    except OSError as error:  # ssl.SSLError is one
        fichiers = ", ".join(str(path) for path in (certificat, cle, ac) if path)
        raise UsageError(
            f"Certificats illisibles ({fichiers}) : {error.strerror or error}. Attendu : PEM, clé non chiffrée."
        ) from error


def observer(context: ssl.SSLContext) -> None:
    """Make `context` keep the facts of each of its server-side handshakes, for `poignee`."""

    def voir(conn: Any, sens: str, version: Any, contenu: Any, message: Any, data: bytes) -> None:
        if sens != "read" or contenu != ssl._TLSContentType.HANDSHAKE or not data:  # type: ignore[attr-defined]
            return
        if data[0] == _CLIENT_HELLO:
            _noter(conn).client_hello = bytes(data)
        elif data[0] == _CERTIFICATE:
            _noter(conn).certificat = premier_certificat(bytes(data))

    context._msg_callback = voir  # type: ignore[attr-defined]


def _noter(conn: Any) -> Poignee:
    with _verrou:
        return _poignees.setdefault(conn, Poignee())


def poignee(conn: Any) -> Poignee:
    """Return what was seen of the handshake of `conn` (SSLSocket or SSLObject of an observed context)."""
    with _verrou:
        return _poignees.get(conn) or Poignee()


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
    alpn: tuple[str, ...] = field(default=())


VERSIONS = {0x0300: "SSLv3", 0x0301: "TLSv1", 0x0302: "TLSv1.1", 0x0303: "TLSv1.2", 0x0304: "TLSv1.3"}


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
    if message[:1] != bytes([_CLIENT_HELLO]):
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


# X509_V_ERR_* of OpenSSL (x509_vfy.h).
_EXPIRE, _PAS_ENCORE, _PURPOSE, _REVOQUE = 10, 9, 26, 23
_INCONNUES = {2, 18, 19, 20, 21, 24, 27}

_RAISONS = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "aucun certificat présenté",
    "HTTP_REQUEST": "pas du TLS : requête HTTP en clair sur le port TLS",
    "HTTPS_PROXY_REQUEST": "pas du TLS : requête de mandataire HTTP (CONNECT) sur le port TLS",
    "WRONG_VERSION_NUMBER": "pas du TLS : les premiers octets ne sont pas un ClientHello",
    "NO_SHARED_CIPHER": "aucune suite commune entre celles du client et celles du service",
    "NO_SHARED_GROUP": "aucun groupe (courbe) commun entre le client et le service",
    "UNEXPECTED_EOF_WHILE_READING": "connexion fermée par le client pendant la négociation",
    "TLSV1_ALERT_UNKNOWN_CA": "refusé par le client : il ne connaît pas l'autorité du certificat du service",
    "SSLV3_ALERT_BAD_CERTIFICATE": "refusé par le client : il juge mauvais le certificat du service",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "refusé par le client : il n'accepte pas le certificat du service",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "refusé par le client : il juge expiré le certificat du service",
    "TLSV1_ALERT_PROTOCOL_VERSION": "refusé par le client : version TLS qu'il n'accepte pas",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "refusé par le client : il n'accepte aucun des paramètres proposés",
    "BAD_SIGNATURE": "le client ne prouve pas qu'il détient la clé de son certificat",
}
_VERSION_ANCIENNE = {"UNSUPPORTED_PROTOCOL", "UNKNOWN_PROTOCOL", "VERSION_TOO_LOW", "WRONG_SSL_VERSION"}


def cause_refus(erreur: Exception, faits: Poignee) -> str:
    """Tell in French why a server-side handshake failed.

    Args:
        erreur: what `do_handshake` raised.
        faits: what `poignee` gives for that connection.
    """
    if isinstance(erreur, TimeoutError):
        return "négociation TLS non terminée dans le délai"
    if isinstance(erreur, ssl.SSLCertVerificationError):
        return _cause_certificat(erreur, faits)
    if isinstance(erreur, ssl.SSLError):
        raison = erreur.reason or ""
        if raison in _VERSION_ANCIENNE:
            hello = lire_client_hello(faits.client_hello)
            proposee = f" (au mieux {hello.versions[0]})" if hello and hello.versions else ""
            return f"version TLS trop ancienne{proposee} ; attendu TLSv1.2 ou plus"
        if isinstance(erreur, ssl.SSLEOFError):
            raison = "UNEXPECTED_EOF_WHILE_READING"
        return _RAISONS.get(raison, _autre(raison, faits))
    return "connexion coupée par le client pendant la négociation"


def _autre(raison: str, faits: Poignee) -> str:
    if not faits.client_hello:
        return f"pas du TLS : les premiers octets ne sont pas un ClientHello ({raison or 'sans détail'})"
    return f"négociation TLS en échec ({raison or 'sans détail'})"


def _cause_certificat(erreur: ssl.SSLCertVerificationError, faits: Poignee) -> str:
    certificat = lire_certificat(faits.certificat)
    code = erreur.verify_code
    if code == _EXPIRE:
        return "certificat expiré" + (f" le {certificat.not_valid_after_utc:%d/%m/%Y}" if certificat else "")
    if code == _PAS_ENCORE:
        return "certificat pas encore valide" + (
            f" : il le sera le {certificat.not_valid_before_utc:%d/%m/%Y}" if certificat else ""
        )
    if code in _INCONNUES:
        return "autorité inconnue" + _emetteur(certificat)
    if code == _PURPOSE:
        return "certificat non prévu pour l'authentification d'un client (usage étendu clientAuth absent)"
    if code == _REVOQUE:
        return "certificat révoqué"
    return f"certificat refusé : {erreur.verify_message}"


def _emetteur(certificat: x509.Certificate | None) -> str:
    if certificat is None:
        return ""
    try:
        return f" : certificat émis par « {certificat.issuer.rfc4514_string()} »"
    except ValueError:  # names whose SET is not in DER order, dmp.md §1.4
        return ""


def lire_certificat(der: bytes | None) -> x509.Certificate | None:
    """Parse a DER certificate; None when absent or unreadable."""
    if not der:
        return None
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None
