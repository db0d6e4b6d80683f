"""A small HTTPS client with a client certificate: keep-alive, deadlines, French errors."""

from __future__ import annotations

import http.client
import select
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from banc_segur.errors import UsageError
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.refus import cause_serveur
from banc_segur.transport.tls import contexte_client

MAX_REPONSE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReponseHttp:
    """An HTTP answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class ClientHttps:
    """POSTs to services with one client certificate. Thread-safe: one connection per thread and server, kept open."""

    def __init__(
        self,
        ac: Path,
        certificat: Path | None = None,
        cle: Path | None = None,
        *,
        delai_connexion: float = 5.0,
        delai_lecture: float = 30.0,
    ) -> None:
        """Delays in seconds: to connect (TCP), and between two reads of the answer.

        Raises:
            UsageError: certificate files missing or unreadable.
        """
        self._contexte = contexte_client(ac, certificat, cle)
        self._delai_connexion = delai_connexion
        self._delai_lecture = delai_lecture
        self._local = threading.local()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> ReponseHttp:
        """POST `body` to `url` (https, or http in clear) and return the whole answer, whatever its status.

        A kept connection that the server closed meanwhile is opened again; a request is never sent twice.

        Raises:
            Injoignable: no connection, TLS refused, connection cut, no answer in time.
            UsageError: the URL is not an http(s) one.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("https", "http") or not parts.hostname:
            raise UsageError(f"Adresse « {url} » : attendu https://hote:port/chemin.")
        key = f"{parts.scheme}://{parts.netloc}"
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = self._gardee(key) or self._ouvrir(key, parts.scheme, parts.hostname, parts.port)
        try:
            return self._echanger(key, connection, target, body, headers)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise Injoignable(self._cause(key, error)) from error

    def close(self) -> None:
        """Close the connections of the calling thread."""
        for connection in self._connexions().values():
            connection.close()
        self._connexions().clear()

    def _connexions(self) -> dict[str, http.client.HTTPConnection]:
        if not hasattr(self._local, "connexions"):
            self._local.connexions = {}
        found: dict[str, http.client.HTTPConnection] = self._local.connexions
        return found

    def _gardee(self, key: str) -> http.client.HTTPConnection | None:
        connection = self._connexions().pop(key, None)
        if connection is None:
            return None
        if select.select([connection.sock], [], [], 0)[0]:  # readable while idle: closed, or not to be trusted
            connection.close()
            return None
        return connection

    def _ouvrir(self, key: str, scheme: str, hote: str, port: int | None) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection
        if scheme == "https":
            connection = http.client.HTTPSConnection(hote, port, timeout=self._delai_connexion, context=self._contexte)
        else:
            connection = http.client.HTTPConnection(hote, port, timeout=self._delai_connexion)
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise Injoignable(self._cause(key, error)) from error
        connection.sock.settimeout(self._delai_lecture)
        return connection

    def _echanger(
        self, key: str, connection: http.client.HTTPConnection, target: str, body: bytes, headers: Mapping[str, str]
    ) -> ReponseHttp:
        connection.request("POST", target, body, dict(headers))
        answer = connection.getresponse()
        data = answer.read(MAX_REPONSE + 1)
        if len(data) > MAX_REPONSE:
            raise http.client.HTTPException(f"réponse de plus de {MAX_REPONSE} octets")
        if answer.length:  # read(n) says nothing of a body cut short
            raise http.client.IncompleteRead(data, answer.length)
        if answer.will_close or not answer.isclosed():
            connection.close()
        else:
            self._connexions()[key] = connection
        return ReponseHttp(answer.status, {name.lower(): value for name, value in answer.getheaders()}, data)

    def _cause(self, key: str, error: Exception) -> str:
        return f"{key} injoignable : {cause_client(error)}"


def cause_client(error: Exception) -> str:
    """Tell in French why a client could not connect or get its answer."""
    for kind, cause in _CAUSES:
        if isinstance(error, kind):
            return cause
    if isinstance(error, ssl.SSLError):
        return cause_serveur(error)
    if isinstance(error, http.client.IncompleteRead):
        return f"réponse coupée après {len(error.partial)} octets"
    if isinstance(error, http.client.HTTPException):
        return f"réponse HTTP illisible ({error})"
    return str(error)


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLEOFError, "connexion coupée pendant l'échange TLS"),
    (TimeoutError, "pas de réponse dans le délai"),
    (ConnectionRefusedError, "connexion refusée, rien n'écoute à cette adresse"),
    (http.client.RemoteDisconnected, "connexion fermée sans réponse"),
    (ConnectionResetError, "connexion coupée par le serveur"),
    (BrokenPipeError, "connexion coupée par le serveur"),
    (socket.gaierror, "nom d'hôte inconnu"),
)
