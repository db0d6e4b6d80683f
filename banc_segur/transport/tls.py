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
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal
from weakref import WeakKeyDictionary

from banc_segur.errors import UsageError
from banc_segur.transport.poignee import (
    CERTIFICATE,
    CLIENT_HELLO,
    Poignee,
    lire_certificat,
    lire_client_hello,
    premier_certificat,
)
from banc_segur.transport.refus import cause_refus

__all__ = [
    "SUITES",
    "Exigence",
    "Poignee",
    "cause_refus",
    "contexte_client",
    "contexte_serveur",
    "lire_certificat",
    "lire_client_hello",
    "observer",
    "poignee",
    "premier_certificat",
]

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

# ffdhe2048 of RFC 7919: a DHE group of 2048 bits, as ECO.1.1.3 demands.
FFDHE2048 = """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz
+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a
87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7
YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi
7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD
ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==
-----END DH PARAMETERS-----
"""

Exigence = Literal["exige", "accepte", "aucun"]
_MODES = {"exige": ssl.CERT_REQUIRED, "accepte": ssl.CERT_OPTIONAL, "aucun": ssl.CERT_NONE}


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
    with NamedTemporaryFile("w", suffix=".pem") as parametres:  # ssl only takes a file
        parametres.write(FFDHE2048)
        parametres.flush()
        context.load_dh_params(parametres.name)
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
        if data[0] == CLIENT_HELLO:
            _noter(conn).client_hello = bytes(data)
        elif data[0] == CERTIFICATE:
            _noter(conn).certificat = premier_certificat(bytes(data))

    context._msg_callback = voir  # type: ignore[attr-defined]


def _noter(conn: Any) -> Poignee:
    with _verrou:
        return _poignees.setdefault(conn, Poignee())


def poignee(conn: Any) -> Poignee:
    """Return what was seen of the handshake of `conn` (SSLSocket or SSLObject of an observed context, or None)."""
    if conn is None:
        return Poignee()
    with _verrou:
        return _poignees.get(conn) or Poignee()
