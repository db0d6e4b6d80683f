"""kill -9 of the bench, then of the witness, at chosen moments of a journey: nothing answered is lost, nothing is
done twice, and the queues go on.

What the clients got as answers is written down by the witness itself (`temoin_note`) and compared with the journal.
"""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from banc_segur.campaign import ports
from banc_segur.campaign import site as module_site
from banc_segur.campaign.home import RACINE
from banc_segur.campaign.processes import Processus
from banc_segur.campaign.profil import Profil, ReglagesCampagne
from banc_segur.campaign.site import Site
from banc_segur.control.client import ClientControle
from banc_segur.formats import enveloppe, http
from banc_segur.journal.base import Base
from tests.certificats import copier_pki
from tests.e2e import banc_tue, temoin_note
from tests.e2e.banc import plage_libre
from tests.e2e.temoin_note import empreinte

DELAI = 40.0
BANC, TEMOIN = 0, 1
ROLES = ("RI", "EAI", "DPI", "PFI", "LGC")
LANCES = (
    ("banc_segur.control", "tests.e2e.banc_tue", "reglages.json", "BANC_SUIT_PARENT"),
    ("banc_segur.temoin", "tests.e2e.temoin_note", "temoin.json", "BANC_TEMOIN_SUIT_PARENT"),
)


def processus(module: str, config: Path, log: Path, suit: str) -> Processus:
    """The same process, with its kill points."""
    return Processus(next(ours for real, ours, *_ in LANCES if real == module), config, log, suit)


class Chaine:
    """A bench and its witness, either of which dies and comes back on the same folder and ports."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.dossier = site.dossier
        self.poste = site._poste
        self.medecin = site.client.etat()["monde"]["medecin_traitant"]["adresse_mss"]
        self.morts = 0

    @property
    def client(self) -> ClientControle:
        return ClientControle.depuis(self.dossier / "pret.json")

    def armer(self, rang: int, point: str) -> Path:
        """Ask the bench or the witness to die there; the file goes away with the death."""
        ordre = self.dossier / ("temoin/tuer" if rang == TEMOIN else banc_tue.FICHIER)
        ordre.write_text(point, "utf-8")
        return ordre

    def relever_les_morts(self) -> None:
        """Start again what a SIGKILL stopped; anything else that stopped is a failure."""
        for rang, (_, module, config, suit) in enumerate(LANCES):
            dead = self.site._processes[rang]
            code = dead._process.poll()
            if code is None:
                continue
            assert code == -signal.SIGKILL, (module, code)
            self.morts += 1
            dead.arreter()
            self.site._processes[rang] = Processus(module, self.dossier / config, self.dossier / "encore.log", suit)
            said = self.site._processes[rang].attendre_pret()
            if rang == TEMOIN:
                self.poste = said["poste"]
                for lien, port in said["ecoutes"].items():
                    self.client.brancher(lien, f"127.0.0.1:{port}")
                self.client.postes(dict.fromkeys(ROLES, self.poste), self.site._jeton_poste)

    def ecran(self, chemin: str, demande: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """What the witness's screen answers; None when it dies meanwhile."""
        headers = {"X-Banc-Jeton": self.site._jeton_poste}
        try:
            if demande is None:
                return dict(requests.get(f"{self.poste}{chemin}", headers=headers, timeout=DELAI).json())
            return dict(requests.post(f"{self.poste}{chemin}", json=demande, headers=headers, timeout=DELAI).json())
        except requests.RequestException:
            return None

    def calme(self) -> None:
        """Until everything lives, every queue is empty and everything is judged."""
        fin, pause = time.monotonic() + DELAI, threading.Event()
        while True:
            self.relever_les_morts()
            said = self.ecran("/repos")
            if said and said["au_repos"] and all(p._process.poll() is None for p in self.site._processes):
                break
            assert time.monotonic() < fin, self.ecran("/pfi/etat", {})
            pause.wait(0.05)
        self.client.barriere(DELAI)

    def admettre(self, personne: dict[str, Any]) -> str:
        """Admit; a person whose identity could not be asked is admitted again, as at a real desk."""
        for _ in range(2):
            said = self.ecran("/ri/admettre", personne | {"preuve": "CN", "classe": "I"})
            self.calme()
            if said and said["statut"] == "qualifiee":
                return str(said["ipp"])
        raise AssertionError(said)

    def parcours(self, armes: tuple[int, str] | None = None, *, lettre: bool = True) -> None:
        """One journey, with a death on its way, and everything that must hold afterwards."""
        client, avant = self.client, self.morts
        scenario = client.ouvrir_scenario("mort", "mort.feature", [])
        personne = client.nouveau_patient(scenario)
        ordre = self.armer(*armes) if armes and not lettre else None
        ipp = self.admettre(personne)
        ordre = self.armer(*armes) if armes and lettre else ordre
        demande = {"ipp": ipp, "dmp": True, "destinataire_medecin": True, "destinataire_patient": True}
        self.ecran("/dpi/valider_lettre", demande)
        self.calme()
        assert ordre is None or not ordre.exists(), "la mort voulue n'est pas venue"
        assert self.morts == avant + (armes is not None)
        self.tout_est_fait(personne)

    # ---- what must hold ----

    def tout_est_fait(self, personne: dict[str, Any]) -> None:
        """One document in the DMP, one mail for each, three receipts; every answer in an intact journal."""
        client = self.client
        (document,) = client.depots(personne["matricule"])["documents"]
        for adresse in (self.medecin, personne["adresse_mss"]):
            mails = [mail for mail in client.boite(adresse) if document["uniqueId"] in mail["documents"]]
            assert len(mails) == 1, adresse
        recus = (self.ecran("/dpi/recus", {"document": document["uniqueId"]}) or {})["recus"]
        assert sorted(recu["evenement"] for recu in recus) == ["Z01", "Z02", "Z02"]
        assert all(recu["positif"] for recu in recus), recus
        journal = Base(self.dossier / "journal.sqlite")
        try:
            assert journal.verifier_chaine() == []
            assert _reponses_vues(self.dossier) - _reponses_gardees(journal) == set()
        finally:
            journal.close()
        assert client.etat()["a_juger"] == 0


def _reponses_vues(dossier: Path) -> set[tuple[str, str]]:
    lines = (dossier / "temoin" / temoin_note.FICHIER).read_text("utf-8").splitlines()
    return {(line["envoye"], line["recu"]) for line in map(json.loads, lines)}


def _reponses_gardees(journal: Base) -> set[tuple[str, str]]:
    return {
        _empreintes(row["protocole"], journal.octets(row["requete"]) or b"", journal.octets(row["reponse"]) or b"")
        for row in journal.etat.rows("SELECT * FROM echange WHERE reponse IS NOT NULL AND protocole <> 'imap'")
    }


def _empreintes(protocole: str, requete: bytes, reponse: bytes) -> tuple[str, str]:
    if protocole == "https":
        requete, reponse = http.read(requete).body, http.read(reponse).body
    if protocole == "smtp":
        transaction = enveloppe.read(requete, reponse)
        requete = (transaction.message or b"").rstrip(b"\r\n")
        reponse = f"{transaction.finale.code} {transaction.finale.texte}".encode()
    return empreinte(requete), empreinte(reponse)


@pytest.fixture(scope="module")
def chaine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chaine]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        copier_pki(home / "pki")
        patch.setenv("BANC_HOME", str(home))
        patch.setenv("PYTHONPATH", str(RACINE))
        patch.setattr(module_site, "Processus", processus)
        profil = Profil(campagne=ReglagesCampagne(nom="mort"))
        with Site(profil, ports.stables(plage_libre())) as site:
            yield Chaine(site)


def test_nobody_dies(chaine: Chaine) -> None:
    chaine.parcours()
    assert _reponses_vues(chaine.dossier)


@pytest.mark.parametrize("point", banc_tue.POINTS)
def test_the_bench_dies(chaine: Chaine, point: str) -> None:
    temoin = chaine.site._processes[TEMOIN].pid
    chaine.parcours((BANC, point), lettre="ri-" not in point)
    assert chaine.site._processes[TEMOIN].pid == temoin  # the products outlive the bench


@pytest.mark.parametrize("point", temoin_note.POINTS)
def test_the_witness_dies(chaine: Chaine, point: str) -> None:
    chaine.parcours((TEMOIN, point))
