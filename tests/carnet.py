"""A recorder in memory, for servers whose evidence a test reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from banc_segur.transport.model import EchangeRecu, Peer


@dataclass
class Carnet:
    """A recorder in memory."""

    echanges: list[EchangeRecu] = field(default_factory=list)
    refuses: list[str] = field(default_factory=list)

    def connexion(self, lien: str, protocole: str, peer: Peer, debut: datetime) -> int:
        return 1

    def refus(self, lien: str, protocole: str, peer: Peer, debut: datetime, cause: str) -> int:
        self.refuses.append(cause)
        return 1

    def fin_connexion(self, connexion: int, fin: datetime) -> None:
        return

    def echange(self, echange: EchangeRecu) -> int:
        self.echanges.append(echange)
        return len(self.echanges)
