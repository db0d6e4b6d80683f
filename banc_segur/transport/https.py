"""The HTTP server of the bench's services: Flask under cheroot, TLS with peer facts, everything recorded."""

from __future__ import annotations

import logging
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from cheroot.connections import ConnectionManager
from cheroot.wsgi import Server
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.wsgi import ClosingIterator

from banc_segur.errors import UsageError
from banc_segur.transport.connexion_http import Connexion, Reglages
from banc_segur.transport.model import Answer, Behaviour, HttpRequest, Recorder
from banc_segur.transport.passerelle import Passerelle

MAX_CORPS = 32 * 1024 * 1024
MAX_TETE = 64 * 1024
FILS = 40  # requests served at once; idle connections cost none

_log = structlog.get_logger(__name__)


class _Serveur(Server):
    """cheroot's server, with idle connections kept in the selector from the first moment and our logs."""

    keep_alive_conn_limit = sys.maxsize
    expiration_interval = 0.05  # also how long a stop may wait; a turn of the loop costs some 20 µs
    max_request_header_size = MAX_TETE

    _connections: ConnectionManager

    def __init__(self, adresse: tuple[str, int], repondre: Callable[[dict[str, Any]], Answer]) -> None:
        super().__init__(adresse, None, numthreads=FILS, request_queue_size=512, timeout=120, shutdown_timeout=2)
        self.gateway = Passerelle
        self.repondre = repondre
        self.arret = threading.Event()

    def process_conn(self, conn: Connexion) -> None:
        """Hand a readable connection to a worker; a new one waits in the selector for its first byte."""
        if conn.last_used is None:
            self._connections.put(conn)
        else:
            super().process_conn(conn)

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Log in the bench's own way."""
        _log.log(level, msg, exc_info=traceback)


class HttpsServer:
    """Serves `routes` at one address. `start` returns when the port accepts; `stop` waits for the workers."""

    def __init__(
        self,
        routes: Mapping[str, Behaviour],
        contexte: ssl.SSLContext | None,
        recorder: Recorder,
        lien: str,
        hote: str = "127.0.0.1",
        port: int = 0,
        *,
        max_corps: int = MAX_CORPS,
        delai_tete: float = 10.0,
        delai_poignee: float = 5.0,
    ) -> None:
        """Make a server; it does not listen yet.

        Args:
            routes: path -> behaviour, for POST; a key such as `GET /chemin` serves another method.
            contexte: from `tls.contexte_serveur`; None for HTTP in clear.
            lien: link name written in every record.
            port: 0 for any free port.
            max_corps: bytes of the longest body; beyond, 413.
            delai_tete, delai_poignee: seconds to receive a whole head, to finish a TLS handshake.
        """
        self._app = _application(routes)
        reglages = Reglages(
            contexte, recorder, lien, max_corps, delai_tete=delai_tete, delai_poignee=delai_poignee
        )  # fmt: skip
        self._serveur = _Serveur((hote, port), self._repondre)
        self._serveur.ConnectionClass = type("ConnexionDuServeur", (Connexion,), {"reglages": reglages})
        self._serveur.max_request_body_size = max_corps
        self._hote, self._port = hote, port
        self._fil: threading.Thread | None = None

    def start(self) -> int:
        """Listen and return the port.

        Raises:
            UsageError: the address or port cannot be bound.
        """
        try:
            self._serveur.prepare()
        except OSError as error:
            raise UsageError(f"Impossible d'écouter sur {self._hote}:{self._port} : {error}.") from error
        self._fil = threading.Thread(target=self._serveur.serve, name=f"https-{self.port}", daemon=True)
        self._fil.start()
        return self.port

    @property
    def port(self) -> int:
        """The port listened on, after `start`."""
        return int(self._serveur.bind_addr[1])

    def stop(self) -> None:
        """Stop listening, close the connections, wait for the workers."""
        self._serveur.arret.set()
        self._serveur.stop()
        if self._fil is not None:
            self._fil.join(5)

    def _repondre(self, environ: dict[str, Any]) -> Answer:
        """Run the Flask application on one request and return its answer with the faults the behaviour asked for."""
        recu: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            recu.append((status, headers))

        iterable = ClosingIterator(self._app.wsgi_app(environ, start_response))  # type: ignore[arg-type]
        body = b"".join(iterable)
        iterable.close()
        answer: Answer | None = environ.get("banc.answer")
        if answer is not None:
            return answer
        status, headers = recu[-1]
        return Answer(body, int(status[:3]), dict(headers))


def _application(routes: Mapping[str, Behaviour]) -> Flask:
    app = Flask("banc_segur.transport", static_folder=None)
    app.url_map.merge_slashes = False
    for numero, (key, behaviour) in enumerate(routes.items()):
        method, _, path = key.rpartition(" ")
        app.add_url_rule(
            path, f"route{numero}", _vue(behaviour), methods=[method or "POST"], provide_automatic_options=False
        )
    app.register_error_handler(HTTPException, _erreur_http)
    return app


def _vue(behaviour: Behaviour) -> Callable[[], Response]:
    def vue() -> Response:
        requete: HttpRequest = request.environ["banc.requete"]
        try:
            answer = behaviour(requete)
        except Exception:  # a fault of the bench: logged whole, the server goes on
            _log.exception("le simulateur a échoué", chemin=requete.path, methode=requete.method)
            return Response("Erreur interne du banc.", 500, content_type="text/plain; charset=utf-8")
        request.environ["banc.answer"] = answer
        return Response(status=answer.status)

    return vue


def _erreur_http(error: HTTPException) -> Response:
    textes = {404: "Chemin inconnu du service.", 405: "Méthode non permise : ce chemin attend un POST."}
    code = error.code or 500
    reponse = Response(textes.get(code, error.name), code, content_type="text/plain; charset=utf-8")
    if code == 405:
        reponse.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ["POST"]))
    return reponse
