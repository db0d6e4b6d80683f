"""What the transport tests share: one PKI, a recorder that keeps everything in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from banc_segur.transport.model import EchangeRecu, Peer


@dataclass
class Greffier:
    """A recorder in memory; `attendre` blocks until a condition on it holds."""

    connexions: list[tuple[str, str, Peer]] = field(default_factory=list)
    refuses: list[tuple[str, Peer]] = field(default_factory=list)
    finies: list[int] = field(default_factory=list)
    echanges: list[EchangeRecu] = field(default_factory=list)
    change: threading.Condition = field(default_factory=threading.Condition)

    def connexion(self, lien: str, protocole: str, peer: Peer, debut: datetime) -> int:
        return self._ajouter(self.connexions, (lien, protocole, peer))

    def refus(self, lien: str, protocole: str, peer: Peer, debut: datetime, cause: str) -> int:
        return self._ajouter(self.refuses, (cause, peer))

    def fin_connexion(self, connexion: int, fin: datetime) -> None:
        self._ajouter(self.finies, connexion)

    def echange(self, echange: EchangeRecu) -> int:
        return self._ajouter(self.echanges, echange)

    def _ajouter(self, liste: list[Any], valeur: Any) -> int:
        with self.change:
            liste.append(valeur)
            self.change.notify_all()
            return len(liste)

    def attendre(self, condition: Callable[[], bool], delai: float = 5.0) -> None:
        with self.change:
            assert self.change.wait_for(condition, delai), f"rien en {delai} s : {self}"


@pytest.fixture
def greffier() -> Iterator[Greffier]:
    yield Greffier()
