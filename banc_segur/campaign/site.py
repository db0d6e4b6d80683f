"""A site in motion: the bench process, the witness process for the roles nobody else plays, the links between them."""

from __future__ import annotations

import json
import secrets
import socket
from typing import Any

import requests

from banc_segur.campaign import home
from banc_segur.campaign.processes import Processus
from banc_segur.campaign.profil import Profil
from banc_segur.control.client import ClientControle
from banc_segur.errors import BancError, UsageError
from banc_segur.fichiers import dossier_prive, ecrire

DELAI_POSTE = 10.0


class Site:
    """Starts in `__enter__`, stops in `__exit__`; `client` speaks to the bench meanwhile."""

    def __init__(self, profil: Profil, ports: dict[str, int], *, hote: str = "127.0.0.1", noms: tuple[str, ...] = ()):
        self.profil = profil
        self.ports = ports
        self.hote = hote
        self.noms = noms
        self.dossier = home.dossier_banc(profil.campagne.nom)
        self.pret: dict[str, Any] = {}
        self._processes: list[Processus] = []
        self._jeton_poste = secrets.token_urlsafe(24)
        self._poste = ""

    def __enter__(self) -> Site:
        try:
            self._demarrer()
        except BaseException:
            self.arreter()
            raise
        return self

    def __exit__(self, *_exc: object) -> None:
        self.arreter()

    def arreter(self) -> None:
        """Stop the witness, then the bench."""
        while self._processes:
            self._processes.pop().arreter()

    def _demarrer(self) -> None:
        self._demarrer_banc()
        self.client = ClientControle.depuis(self.dossier / "pret.json")
        postes = self._demarrer_temoin()
        for lien, destination in self.profil.destinations().items():
            _exiger_ecoute(lien, destination)
            self.client.brancher(lien, destination)
        jetons: dict[str, str] = {}
        for produit in self.profil.produits:
            if produit.declencheur == "poste":
                postes |= dict.fromkeys(produit.roles, produit.poste_url)
                jetons |= dict.fromkeys(produit.roles, produit.poste_jeton)
        self.client.postes(postes, self._jeton_poste, jetons)
        self.client.ouvrir_campagne(
            self.profil.campagne.nom,
            self.produits(),
            {produit.nom: produit.attendus for produit in self.profil.produits},
            silence=self.profil.campagne.silence,
        )

    def armer(self, defauts: list[str]) -> None:
        """Switch on these defects, and no other, in every witness product."""
        answer = requests.post(
            f"{self._poste}/defauts",
            json={"actifs": defauts},
            headers={"X-Banc-Jeton": self._jeton_poste},
            timeout=DELAI_POSTE,
        )
        if not answer.ok:
            raise BancError(f"Le témoin refuse les défauts {', '.join(defauts)} : {answer.text[:200]}")

    def produits(self) -> list[dict[str, Any]]:
        """The products of the campaign, as the control API takes them: those of the profile, then the witness's."""
        declared = [
            {
                "nom": produit.nom,
                "roles": list(produit.roles),
                "temoin": False,
                "declencheur": produit.declencheur,
                "editeur": produit.editeur,
                "version": produit.version,
            }
            for produit in self.profil.produits
        ]
        ours = [{"nom": f"Témoin {role}", "roles": [role], "temoin": True} for role in self.profil.roles_temoin()]
        return declared + ours

    def _demarrer_banc(self) -> None:
        settings = self.dossier / "reglages.json"
        ecrire(
            settings,
            json.dumps(
                {
                    "nom": self.profil.campagne.nom,
                    "dossier": str(self.dossier),
                    "pki": str(home.home() / "pki"),
                    "hote": self.hote,
                    "noms": list(self.noms),
                    "ports": self.ports,
                    "monde": home.monde(),
                },
                ensure_ascii=False,
            ),
        )
        banc = Processus("banc_segur.control", settings, self.dossier / "banc.log", "BANC_SUIT_PARENT")
        self._processes.append(banc)
        self.pret = banc.attendre_pret()

    def _demarrer_temoin(self) -> dict[str, str]:
        """Start the witness for the roles it plays, plug its listeners to the relays; return its screens by role."""
        roles = self.profil.roles_temoin()
        if not roles:
            return {}
        config = self.dossier / "temoin.json"
        ecrire(config, json.dumps(self.config_temoin(roles), ensure_ascii=False))
        ecrire(dossier_prive(self.dossier / "temoin") / "jeton", self._jeton_poste)
        temoin = Processus("banc_segur.temoin", config, self.dossier / "temoin.log", "BANC_TEMOIN_SUIT_PARENT")
        self._processes.append(temoin)
        said = temoin.attendre_pret()
        for lien, port in said["ecoutes"].items():
            self.client.brancher(lien, f"127.0.0.1:{port}")
        self._poste = str(said["poste"])
        return dict.fromkeys(roles, self._poste)

    def config_temoin(self, roles: tuple[str, ...]) -> dict[str, Any]:
        """The witness's configuration (`temoin.config.ConfigTemoin`) for these roles against this bench."""
        monde = home.monde()
        relais = self.pret["relais"]
        pki = self.pret["pki"]
        return {
            "roles": list(roles),
            "dossier": str(self.dossier / "temoin"),
            "liens": {
                "insi": self.pret["insi"]["url"],
                "dmp": self.pret["dmp"]["url"],
                "smtp": self.pret["smtp"],
                "imap": self.pret["imap"],
                **{lien.replace("-", "_"): adresse for lien, adresse in relais.items()},
            },
            "certificats": {
                "ac": pki["ac"],
                **{usage.replace("-", "_"): pki["produits"][usage] for usage in USAGES_TEMOIN},
            },
            "structure": monde["structure"],
            "auteur": monde["auteur"],
            "medecin_traitant": monde["medecin_traitant"],
        }


USAGES_TEMOIN = ("insi-auto", "dmp-auth", "dmp-sign", "bal-app", "lgc")


def _exiger_ecoute(lien: str, destination: str) -> None:
    """A product that does not listen yet is said at once, not discovered by a failed scenario."""
    hote, _, port = destination.rpartition(":")
    try:
        socket.create_connection((hote, int(port)), timeout=5).close()
    except OSError as error:
        raise UsageError(
            f"Le produit attendu en {destination} (lien {lien}) n'écoute pas ({error.strerror or error}) ; "
            "démarrez-le, ou corrigez la clé « ecoute » du profil."
        ) from error
