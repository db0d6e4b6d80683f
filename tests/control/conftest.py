"""A bench as its own process, its relays plugged to a listener that acknowledges everything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from banc_segur.control.client import ClientControle
from banc_segur.transport.mllp import MllpClient, MllpServer
from tests.certificats import copier_pki

RACINE = Path(__file__).resolve().parents[2]
MONDE = tomllib.loads((RACINE / "fixtures" / "monde.toml").read_text("utf-8"))
TEMOINS = [{"nom": f"Témoin {role}", "roles": [role], "temoin": True} for role in ("RI", "EAI", "DPI", "PFI", "LGC")]


class ProcessusBanc:
    """One bench process in a folder; may be killed and started again."""

    def __init__(self, dossier: Path, pki: Path, **reglages: Any) -> None:
        self.dossier = dossier
        self._reglages = dossier.with_suffix(".json")
        contenu = {"nom": "essai", "dossier": str(dossier), "pki": str(pki), "monde": MONDE, "services": []}
        self._reglages.write_text(json.dumps(contenu | reglages), "utf-8")
        self.demarrer()

    def demarrer(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.control.banc_essai", str(self._reglages)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=RACINE,
            text=True,
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        line = self.process.stdout.readline()
        if not line:
            pytest.fail(self.process.stderr.read())
        self.pret: dict[str, Any] = json.loads(line)
        self.client = ClientControle.depuis(self.dossier / "pret.json")

    def tuer(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self._finir()

    def arreter(self) -> int:
        self.process.terminate()
        return self._finir()

    def _finir(self) -> int:
        code = self.process.wait(20)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return code

    def envoyer(self, lien: str, message: str) -> bytes:
        """Send one message into the relay of a link."""
        hote, _, port = self.pret["relais"][lien].rpartition(":")
        client = MllpClient(hote, int(port))
        try:
            return client.envoyer(message.encode(), 10)
        finally:
            client.close()


@pytest.fixture(scope="session")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copier_pki(tmp_path_factory.mktemp("pki") / "banc")


@pytest.fixture(scope="module")
def recepteur() -> Iterator[int]:
    """A receiver that accepts every message but those that hold `REFUS`."""
    serveur = MllpServer(lambda message: b"AR" if b"REFUS" in message else b"AA")
    port = serveur.start()
    yield port
    serveur.stop()


@pytest.fixture(scope="module")
def banc(tmp_path_factory: pytest.TempPathFactory, pki: Path, recepteur: int) -> Iterator[ProcessusBanc]:
    banc = ProcessusBanc(tmp_path_factory.mktemp("bancs") / "essai", pki)
    for lien in banc.pret["relais"]:
        banc.client.brancher(lien, f"127.0.0.1:{recepteur}")
    yield banc
    assert banc.arreter() == 0


@pytest.fixture
def scenario(banc: ProcessusBanc) -> int:
    """A fresh scenario of a fresh passage played by the witness."""
    banc.client.ouvrir_campagne("essai", TEMOINS)
    return banc.client.ouvrir_scenario("Un essai", "essai.feature", ["essai"])
