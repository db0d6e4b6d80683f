"""One bench: state, journal, certificates, simulators, relays, judge, control API; started and stopped as one."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import threading
from pathlib import Path
from typing import IO, Any

from banc_segur.control.api import HOTE, ServeurApi, application
from banc_segur.control.documents import Documents, Ouvrier
from banc_segur.control.juge import Juge
from banc_segur.control.monde import Monde
from banc_segur.control.postes import Postes
from banc_segur.control.reglages import ReglagesBanc
from banc_segur.control.service import Service
from banc_segur.control.services import Services
from banc_segur.errors import BancError, UsageError
from banc_segur.fichiers import dossier_prive, ecrire
from banc_segur.journal.journal import Journal
from banc_segur.pki.pki import USAGES, Pki
from banc_segur.rules import catalogue
from banc_segur.state.base import Etat

PRET = "pret.json"


class Banc:
    """One bench process. `arret` is set when somebody asks it to stop."""

    def __init__(self, reglages: ReglagesBanc) -> None:
        self._reglages = reglages
        self.arret = threading.Event()
        dossier = reglages.dossier
        try:
            dossier_prive(dossier)
            self._verrou = _verrouiller(dossier / ".verrou", reglages.nom)
        except OSError as error:
            raise UsageError(f"Le dossier du banc {dossier} ne peut pas être écrit : {error.strerror}.") from error
        catalogue.charger()
        self._etat = Etat(dossier / "etat.sqlite")
        self._monde = Monde(self._etat, reglages.monde)
        self._journal = Journal(
            dossier / "journal.sqlite",
            autorises=lambda: self.service.personnes(),
            cle_masque=_secret(dossier / "cle-masque").encode(),
        )
        self._pki = Pki.ouvrir(reglages.dossier_pki, _noms(reglages))
        self._postes = Postes(self._etat)
        self._services = Services(reglages, self._etat, self._pki, self._journal)
        self._ouvrier = Ouvrier()
        self._juge = Juge(
            self._journal,
            Documents(self._journal, self._ouvrier),
            lambda: self.service.personnes(),
            lambda: self.service.emetteurs(),
        )
        self.service = Service(
            reglages.nom,
            reglages.monde,
            self._journal,
            self._monde,
            self._juge,
            self._postes,
            self._brancher,
            self.arret.set,
        )
        self._jeton = _secret(dossier / "jeton")
        self._api = ServeurApi(application(self.service, self._jeton), reglages.port("controle"))

    def start(self) -> dict[str, Any]:
        """Open every port, resume the judgement, write `pret.json`; return its content.

        Raises:
            UsageError: a port is taken.
        """
        self._services.start()
        for lien, destination in self._postes.branchements().items():
            if lien in self._services.relais:
                self._brancher(lien, destination)
        self._juge.start()
        pret = self._pret(self._api.start())
        ecrire(self._reglages.dossier / PRET, json.dumps(pret, ensure_ascii=False, indent=1))
        return pret

    def stop(self) -> None:
        """Stop receiving, judge what was received, close; `pret.json` goes away."""
        self._services.stop()
        self._juge.stop()
        self._ouvrier.arreter()
        self._journal.base.fermer_attentes()
        self._api.stop()
        (self._reglages.dossier / PRET).unlink(missing_ok=True)
        self._journal.close()
        self._etat.close()
        self._verrou.close()

    def _brancher(self, lien: str, destination: str) -> None:
        relais = self._services.relais.get(lien)
        if relais is None:
            connus = ", ".join(sorted(self._services.relais)) or "aucun"
            raise UsageError(f"Le lien « {lien} » n'est pas relayé par ce banc ; liens relayés : {connus}.")
        relais.destination = destination

    def _pret(self, port: int) -> dict[str, Any]:
        adresses = self._services.adresses
        produits = {
            usage: {"certificat": str(paire.certificat), "cle": str(paire.cle)}
            for usage, paire in ((usage, self._pki.produit(usage)) for usage in USAGES)
        }
        return {
            "nom": self._reglages.nom,
            "pid": os.getpid(),
            "controle": {"url": f"http://{HOTE}:{port}", "jeton": self._jeton},
            "insi": {"url": adresses.insi},
            "dmp": {"url": adresses.dmp},
            "smtp": adresses.smtp,
            "imap": adresses.imap,
            "relais": adresses.relais,
            "pki": {"ac": str(self._pki.ac), "produits": produits},
        }


def _noms(reglages: ReglagesBanc) -> list[str]:
    ecoute = [] if reglages.hote in ("0.0.0.0", "::") else [reglages.hote]  # noqa: S104 - compared, not bound
    return [*reglages.noms, *ecoute]


def _verrouiller(path: Path, nom: str) -> IO[str]:
    """Hold the folder for this process; the lock dies with it."""
    lock = path.open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise UsageError(
            f"Le banc « {nom} » est déjà en marche dans {path.parent} : arrêtez-le, ou donnez un autre nom de campagne."
        ) from error
    return lock


def _secret(path: Path) -> str:
    """A secret of this bench, made once, readable by its owner only."""
    if not path.exists():
        ecrire(path, secrets.token_urlsafe(32))
    try:
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BancError(f"{path} est illisible : effacez-le, le banc en fera un autre.") from error
