"""The desk of a run: questions to a person are shown where the run was started, and answered there on a terminal."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import TracebackType

from rich.prompt import Confirm, Prompt

from banc_segur.campaign.profil import Profil
from banc_segur.control.client import ClientControle
from banc_segur.errors import BancError

PERIODE = 0.5  # seconds between two looks at the open questions


class Guichet:
    """Watches the bench's questions in a thread; does nothing when every product is driven by a machine."""

    def __init__(self, pret: Path, profil: Profil) -> None:
        self._client = ClientControle.depuis(pret)
        self._utile = any(produit.declencheur == "personne" for produit in profil.produits)
        self._fin = threading.Event()
        self._vues: set[int] = set()
        self._thread = threading.Thread(target=self._regarder, name="guichet", daemon=True)

    def __enter__(self) -> Guichet:
        if self._utile:
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._fin.set()

    def _regarder(self) -> None:
        while not self._fin.wait(PERIODE):
            try:
                open_questions = self._client.questions()
            except BancError:
                return
            for question in open_questions:
                if question["numero"] not in self._vues:
                    self._vues.add(question["numero"])
                    self._poser(question["numero"], question["produit"] or question["role"], question["consigne"])

    def _poser(self, numero: int, qui: str, consigne: str) -> None:
        sys.stdout.write(f"\n  ? Question {numero} ({qui}) : {consigne}\n")
        sys.stdout.write(f"    Répondre : ./banc repondre {numero} oui   (ou non, --commentaire, --fichier)\n")
        sys.stdout.flush()
        if sys.stdin.isatty():
            done = Confirm.ask("    Fait ?", choices=["oui", "non"])
            self._client.repondre(numero, "oui" if done else "non", Prompt.ask("    Commentaire", default=""))
