"""The witness process: the products of the wanted roles, and their « poste » — the screen that a person would use.

The poste is a small HTTP server on the loopback, token in the header `X-Banc-Jeton`
(401 without it, 421 when `Host` is not the loopback):

    POST /<role>/<action>  JSON object of parameters -> 200 JSON object; 409 {"refus": sentence}: the product refuses
    GET  /repos            {"au_repos": bool}: nothing queued, nothing being sent, in any product
    POST /defauts          {"actifs": [ids]} -> the same; 400 {"erreur": sentence} for an unknown id
    GET  /ecoutes          {lien: port}
"""

from __future__ import annotations

import hmac
import importlib
import json
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from banc_segur.errors import BancError, UsageError
from banc_segur.fichiers import dossier_prive, ecrire
from banc_segur.temoin import defauts
from banc_segur.temoin.base import Action, ActionRefusee, Produit
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.traces import journaliser_sur_stderr
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.locale import appel_local
from banc_segur.transport.model import Answer, Behaviour, EchangeRecu, HttpRequest, Peer

PRODUITS = {
    "RI": ("banc_segur.temoin.ri", "Ri"),
    "EAI": ("banc_segur.temoin.eai", "Eai"),
    "DPI": ("banc_segur.temoin.dpi", "Dpi"),
    "PFI": ("banc_segur.temoin.pfi", "Pfi"),
    "LGC": ("banc_segur.temoin.lgc", "Lgc"),
}
_log = structlog.get_logger(__name__)

ENTETE_JETON = "x-banc-jeton"
MAX_DEMANDE = 16 * 1024 * 1024


class _SansTrace:
    """The poste is no service under observation: it records nothing."""

    def connexion(self, lien: str, protocole: str, peer: Peer, debut: datetime) -> int:
        return 0

    def refus(self, lien: str, protocole: str, peer: Peer, debut: datetime, cause: str) -> int:
        return 0

    def fin_connexion(self, connexion: int, fin: datetime) -> None:
        return

    def echange(self, echange: EchangeRecu) -> int:
        return 0


class Temoin:
    """The products of one process and their poste."""

    def __init__(self, produits: dict[str, Produit], jeton: str) -> None:
        """`produits` by role, not started; `jeton`: what callers of the poste must show."""
        self.produits = produits
        self._jeton = jeton
        self._demarres: list[Produit] = []
        self._poste: HttpsServer | None = None

    def start(self) -> str:
        """Start the products, then the poste; return the poste's address. What started is stopped when one fails."""
        try:
            for produit in self.produits.values():
                self._demarres.append(produit)
                produit.start()
            self._poste = HttpsServer(self._routes(), None, _SansTrace(), "poste", max_corps=MAX_DEMANDE)
            return f"http://127.0.0.1:{self._poste.start()}"
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the poste, then the products, last started first."""
        if self._poste is not None:
            self._poste.stop()
        while self._demarres:
            self._demarres.pop().stop()

    def ecoutes(self) -> dict[str, int]:
        """Listening port of each link, all products together."""
        return {lien: port for produit in self.produits.values() for lien, port in produit.ecoutes.items()}

    def _routes(self) -> dict[str, Behaviour]:
        routes: dict[str, Behaviour] = {
            "GET /repos": self._garder(lambda _: {"au_repos": all(p.au_repos() for p in self.produits.values())}),
            "GET /ecoutes": self._garder(lambda _: dict(self.ecoutes())),
            "/defauts": self._garder(self._defauts),
        }
        for role, produit in self.produits.items():
            for nom, action in produit.actions.items():
                for prefixe in (role, role.lower()):
                    routes[f"/{prefixe}/{nom}"] = self._garder(action)
        return routes

    def _garder(self, action: Action) -> Behaviour:
        """Wrap an action: token, JSON in, JSON out, refusals."""

        def behaviour(requete: HttpRequest) -> Answer:
            if not appel_local(requete.headers.get("host", "")):
                return _json(421, {"erreur": "Hôte refusé : le poste ne répond qu'à 127.0.0.1."})
            if not hmac.compare_digest(requete.headers.get(ENTETE_JETON, "").encode(), self._jeton.encode()):
                return _json(401, {"erreur": "Jeton du poste absent ou faux."})
            try:
                demande = json.loads(requete.body or b"{}")
            except (ValueError, RecursionError):
                demande = None
            if not isinstance(demande, dict):
                return _json(400, {"erreur": "Corps attendu : un objet JSON."})
            try:
                return _json(200, action(demande))
            except ActionRefusee as refus:
                return _json(409, {"refus": str(refus)})
            except UsageError as error:
                return _json(400, {"erreur": str(error)})
            except Exception as error:  # a fault of the witness: logged whole, told as such, and the process goes on
                _log.exception("une action du témoin a échoué", chemin=requete.path)
                return _json(500, {"erreur": f"Le témoin a échoué ({type(error).__name__} : {error})."})

        return behaviour

    def _defauts(self, demande: Any) -> dict[str, Any]:
        actifs = demande.get("actifs", [])
        try:
            for produit in self.produits.values():
                produit.defauts.activer(actifs)
        except (KeyError, TypeError) as error:
            raise UsageError(f"Défaut inconnu : {error}.") from error
        return {"actifs": sorted(actifs)}


def _json(statut: int, contenu: dict[str, Any]) -> Answer:
    body = json.dumps(contenu, ensure_ascii=False).encode()
    return Answer(body, statut, {"Content-Type": "application/json; charset=utf-8"})


def construire(config: ConfigTemoin) -> dict[str, Produit]:
    """Build the products of `config.roles`, importing only those.

    Raises:
        UsageError: unknown role.
    """
    produits: dict[str, Produit] = {}
    for role in config.roles:
        if role not in PRODUITS:
            raise UsageError(f"Rôle inconnu du témoin : « {role} » ; attendu l'un de {', '.join(PRODUITS)}.")
        module, classe = PRODUITS[role]
        produits[role] = getattr(importlib.import_module(module), classe)(config)
    return produits


def lire_config(path: Path) -> ConfigTemoin:
    """Read the witness's settings.

    Raises:
        UsageError: the file is absent, or a field is wrong.
    """
    try:
        return ConfigTemoin.model_validate_json(path.read_bytes())
    except OSError as error:
        raise UsageError(f"Configuration du témoin {path} illisible : {error.strerror}.") from error
    except ValidationError as error:
        premiere = error.errors()[0]
        champ = ".".join(str(part) for part in premiere["loc"])
        raise UsageError(f"Configuration du témoin {path}, champ « {champ} » : {premiere['msg']}.") from error


def lire_jeton(dossier: Path) -> str:
    """Return the poste's token: `BANC_POSTE_JETON`, else the file `jeton` of the folder, made when absent (0600)."""
    if donne := os.environ.get("BANC_POSTE_JETON", "").strip():
        return donne
    fichier = dossier / "jeton"
    if fichier.exists():
        return fichier.read_text("utf-8").strip()
    jeton = secrets.token_urlsafe(24)
    ecrire(dossier_prive(dossier) / fichier.name, jeton)
    return jeton


def main(arguments: list[str], arret: threading.Event | None = None) -> int:
    """Run the witness until SIGTERM, SIGINT, `arret`, or the end of the standard input when the parent is followed.

    Args:
        arguments: the path of the configuration.

    Returns:
        0 when stopped cleanly, the code of the error otherwise (2 usage, 3 the bench broke).
    """
    arret = arret or threading.Event()
    journaliser_sur_stderr()
    if len(arguments) != 1:
        print("banc : usage : python -m banc_segur.temoin CONFIG.json", file=sys.stderr)
        return UsageError.exit_code
    try:
        _mener(Path(arguments[0]), arret)
    except BancError as error:
        print(f"banc : {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _mener(path: Path, arret: threading.Event) -> None:
    config = lire_config(path)
    defauts.charger()
    _ecouter_arret(arret)
    temoin = Temoin(construire(config), lire_jeton(config.dossier))
    poste = temoin.start()
    try:
        pret = {"pret": True, "poste": poste, "ecoutes": temoin.ecoutes(), "pid": os.getpid()}
        print(json.dumps(pret), flush=True)
        arret.wait()
    finally:
        temoin.stop()


def _ecouter_arret(arret: threading.Event) -> None:
    if threading.current_thread() is threading.main_thread():
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_: arret.set())
    if os.environ.get("BANC_TEMOIN_SUIT_PARENT") == "1":
        threading.Thread(target=_attendre_fin_entree, args=(arret.set,), daemon=True).start()


def _attendre_fin_entree(prevenir: Callable[[], None]) -> None:
    while os.read(0, 4096):
        pass
    prevenir()
