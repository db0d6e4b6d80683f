"""The simulators and relays of one bench, behind one shape: start, stop, where they listen."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from banc_segur.control.reglages import ReglagesBanc
from banc_segur.errors import UsageError
from banc_segur.journal.journal import Journal
from banc_segur.pki.pki import Pki
from banc_segur.state.base import Etat
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.relais import RelaisMllp
from banc_segur.transport.tls import contexte_serveur

if TYPE_CHECKING:
    from simulators.dmp import ReglagesDmp
    from simulators.mssante.reglages import Reglages as ReglagesMss


_CAUSES = {
    errno.EADDRINUSE: "il est déjà pris",
    errno.EADDRNOTAVAIL: "cette machine n'a pas cette adresse",
    errno.EACCES: "un port si bas demande des droits d'administrateur",
}


class _Serveur(Protocol):
    def stop(self) -> None: ...


@dataclass(slots=True)
class Adresses:
    """Where the bench listens: URLs of the HTTP services, `hote:port` of the others; relais by link."""

    insi: str = ""
    dmp: str = ""
    smtp: str = ""
    imap: str = ""
    relais: dict[str, str] = field(default_factory=dict)


class Services:
    """Starts what the settings ask for; `adresses` and `relais` are filled by `start`."""

    def __init__(self, reglages: ReglagesBanc, etat: Etat, pki: Pki, journal: Journal) -> None:
        self._reglages = reglages
        self._etat = etat
        self._pki = pki
        self._journal = journal
        self._ouverts: list[_Serveur] = []
        self._hote = reglages.noms[0] if reglages.noms else _hote_joignable(reglages.hote)
        self.adresses = Adresses()
        self.relais: dict[str, RelaisMllp] = {}

    def start(self) -> None:
        """Open every port.

        Raises:
            UsageError: a port is taken; says which and what to do.
        """
        for lien in self._reglages.liens_relayes:
            self._ouvrir_relais(lien)
        if "insi" in self._reglages.services:
            self._ouvrir_insi()
        if "dmp" in self._reglages.services:
            self._ouvrir_dmp()
        if "mssante" in self._reglages.services:
            self._ouvrir_mssante()

    def stop(self) -> None:
        """Close everything, last opened first."""
        while self._ouverts:
            self._ouverts.pop().stop()

    def _ouvrir_relais(self, lien: str) -> None:
        relais = RelaisMllp(lien, self._reglages.hote, self._reglages.port(lien), self._journal)
        port = self._demarrer(lien, relais)
        self.relais[lien] = relais
        self.adresses.relais[lien] = f"{self._hote}:{port}"

    def _ouvrir_insi(self) -> None:
        from simulators import insi
        from simulators.insi.service import CHEMIN

        reglages = insi.ReglagesInsi(**self._reglages.insi)
        self.adresses.insi = self._https("insi", "ri-insi", CHEMIN, insi.routes(self._etat, reglages))

    def _ouvrir_dmp(self) -> None:
        from simulators import dmp

        reglages = reglages_dmp(self._reglages, self._pki)
        self.adresses.dmp = self._https("dmp", "pfi-dmp", dmp.RACINE, dmp.routes(self._etat, reglages))

    def _ouvrir_mssante(self) -> None:
        from simulators.mssante.operateur import Operateur

        reglages = reglages_mssante(self._reglages)
        serveur = self._pki.serveur()
        tls = contexte_serveur(serveur.certificat, serveur.cle, self._pki.ac, client="accepte")  # refused by a 535
        ports = (self._reglages.port("smtp"), self._reglages.port("imap"))
        operateur = Operateur(self._etat, self._journal, tls, self._reglages.hote, *ports, reglages)
        smtp, imap = self._demarrer("smtp, imap", operateur)
        self.adresses.smtp, self.adresses.imap = f"{self._hote}:{smtp}", f"{self._hote}:{imap}"

    def _https(self, nom: str, lien: str, chemin: str, routes: Any) -> str:
        serveur = self._pki.serveur()
        tls = contexte_serveur(serveur.certificat, serveur.cle, self._pki.ac, client="exige")
        https = HttpsServer(routes, tls, self._journal, lien, self._reglages.hote, self._reglages.port(nom))
        port = self._demarrer(nom, https)
        return f"https://{self._hote}:{port}{chemin}"

    def _demarrer(self, nom: str, serveur: Any) -> Any:
        try:
            ports = serveur.start()
        except (OSError, UsageError) as error:
            raise UsageError(self._occupe(nom, error)) from error
        self._ouverts.append(serveur)
        return ports

    def _occupe(self, nom: str, error: Exception) -> str:
        voulus = ", ".join(str(self._reglages.port(part)) for part in nom.split(", "))
        origine = error if isinstance(error, OSError) else error.__cause__
        cause = _CAUSES.get((origine.errno or 0) if isinstance(origine, OSError) else 0, str(error).rstrip("."))
        return (
            f"Le port {voulus} ({nom}) ne peut pas être ouvert sur {self._reglages.hote} : {cause} ; arrêtez le "
            "programme qui l'occupe ou choisissez d'autres ports (0 = libre)."
        )


def reglages_dmp(reglages: ReglagesBanc, pki: Pki) -> ReglagesDmp:
    """The settings of the DMP: the bench's authorities, the sites of its establishment, then those of the user."""
    from simulators.dmp import ReglagesDmp

    monde = reglages.monde
    sites = monde.get("exemples_ans", {}).get("sites", ())
    etablissements = dict.fromkeys(sites, monde.get("structure", {}).get("id_national", ""))
    return ReglagesDmp(**({"ac": str(pki.ac), "etablissements": etablissements} | reglages.dmp))


def reglages_mssante(reglages: ReglagesBanc) -> ReglagesMss:
    """The settings of the operator: the domains of the world, then those of the user."""
    from simulators.mssante.reglages import Reglages

    domaines, exemples = reglages.monde["domaines"], reglages.monde.get("exemples_ans", {})
    monde = {f"domaine_{nom}": domaines[nom] for nom in ("hopital", "medecins", "patients")}
    autres = (exemples["domaine"],) if "domaine" in exemples else ()
    return Reglages(**({**monde, "autres_domaines": autres} | reglages.mssante))


def _hote_joignable(hote: str) -> str:
    return "127.0.0.1" if hote in ("0.0.0.0", "::", "") else hote  # noqa: S104 - compared, not bound
