"""The control API on the wire: HTTP in clear on loopback, own port, token in `X-Banc-Jeton`; a `Host`
that is not the loopback gets 421.

`POST /v1/<operation>` with a JSON object of named arguments gives 200 `{"resultat": …}`; every error gives
`{"erreur": French sentence, "genre": "usage" | "attente" | "action" | "jeton" | "banc"}`.
Operations: `service.Service`.
"""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Callable
from typing import Any

import structlog
from cheroot.wsgi import Server
from flask import Flask, Response, jsonify, request
from pydantic import ConfigDict, ValidationError, validate_call
from werkzeug.exceptions import HTTPException

from banc_segur.control.service import ActionRefusee, Service
from banc_segur.errors import BancError, UsageError
from banc_segur.journal.attente import AttenteDepassee
from banc_segur.transport.locale import appel_local

HOTE = "127.0.0.1"
FILS = 24  # long polls hold a thread each
MAX_CORPS = 32 * 1024 * 1024

OPERATIONS = (
    *("etat", "arreter", "tete", "ouvrir_campagne", "fermer_campagne", "ouvrir_scenario", "fermer_scenario"),
    *("scenarios", "nouveau_patient", "ouvrir_patient", "boite", "depots", "brancher", "postes", "declencher"),
    *("demander", "questions", "question", "repondre", "attendre", "barriere", "echanges", "echange", "faits"),
    *("constats", "non_evaluees", "evaluees", "refus"),
)

_log = structlog.get_logger(__name__)

_GENRES: tuple[tuple[type[Exception], str, int], ...] = (
    (AttenteDepassee, "attente", 408),
    (ActionRefusee, "action", 409),
    (UsageError, "usage", 400),
    (BancError, "banc", 500),
)


def application(service: Service, jeton: str) -> Flask:
    """The Flask application of one bench."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_CORPS
    validees = {
        nom: validate_call(config=ConfigDict(arbitrary_types_allowed=True))(getattr(service, nom)) for nom in OPERATIONS
    }

    @app.before_request
    def verifier_appelant() -> Response | None:
        if not appel_local(request.headers.get("Host", "")):
            return _erreur("Hôte refusé : l'API de contrôle ne répond qu'à 127.0.0.1.", "usage", 421)
        if hmac.compare_digest(request.headers.get("X-Banc-Jeton", "").encode(), jeton.encode()):
            return None
        return _erreur("Jeton absent ou faux : en-tête X-Banc-Jeton attendu.", "jeton", 401)

    @app.post("/v1/<operation>")
    def appeler(operation: str) -> Response:
        fonction = validees.get(operation)
        if fonction is None:
            return _erreur(f"Opération inconnue : « {operation[:80]} ».", "usage", 404)
        arguments = _arguments()
        if not isinstance(arguments, dict):
            return _erreur("Corps attendu : un objet JSON des arguments.", "usage", 400)
        return _executer(fonction, arguments)

    app.register_error_handler(HTTPException, _erreur_http)
    app.register_error_handler(Exception, _erreur_imprevue)
    return app


def _arguments() -> Any:
    """The JSON of the request; None when it is not JSON, or nested without end."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def _executer(fonction: Callable[..., Any], arguments: dict[str, Any]) -> Response:
    try:
        return jsonify(resultat=fonction(**arguments))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(arguments)"
        return _erreur(f"Argument « {key} » refusé : {first['msg']}.", "usage", 400)
    except (AttenteDepassee, ActionRefusee, BancError) as error:
        genre, code = next((genre, code) for type_, genre, code in _GENRES if isinstance(error, type_))
        return _erreur(str(error), genre, code)


def _erreur(phrase: str, genre: str, code: int) -> Response:
    answer = jsonify(erreur=phrase, genre=genre)
    answer.status_code = code
    return answer


def _erreur_http(error: HTTPException) -> Response:
    return _erreur(f"Requête refusée ({error.code} {error.name}).", "usage", error.code or 500)


def _erreur_imprevue(error: Exception) -> Response:
    """A fault of the bench: logged with its trace, said in one sentence."""
    _log.error("api", exc_info=error)
    return _erreur(f"Erreur interne du banc ({type(error).__name__} : {error}).", "banc", 500)


class _Serveur(Server):
    """cheroot's server with our logs."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Log in the bench's own way."""
        _log.log(level, msg, exc_info=traceback)


class ServeurApi:
    """Serves one application on the loopback."""

    def __init__(self, app: Flask, port: int) -> None:
        self._serveur = _Serveur((HOTE, port), app, numthreads=FILS, timeout=120, shutdown_timeout=2)
        self._port = port
        self._fil = threading.Thread(target=self._serveur.serve, name="controle", daemon=True)

    def start(self) -> int:
        """Listen and return the port.

        Raises:
            UsageError: the port is taken.
        """
        try:
            self._serveur.prepare()
        except OSError as error:
            raise UsageError(
                f"Le port {self._port} (API de contrôle) ne peut pas être ouvert : {error} ; arrêtez le programme qui "
                "l'occupe ou choisissez un autre port (0 = libre)."
            ) from error
        self._fil.start()
        return int(self._serveur.bind_addr[1])

    def stop(self) -> None:
        """Stop listening."""
        if self._fil.is_alive():
            self._serveur.stop()
            self._fil.join(5)
