"""What the scenarios tell while they run: JSON lines on an inherited pipe, gathered into `Scenario`s."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, BinaryIO

from banc_segur.reporting.model import Etape, Resultat, Scenario

Ecouteur = Callable[[dict[str, Any]], None]


@dataclass
class Recueil:
    """Gathers the events of one run. `scenarios` holds the finished ones, in order."""

    ecouteur: Ecouteur
    scenarios: list[Scenario] = field(default_factory=list)
    _debut: dict[str, Any] = field(default_factory=dict)
    _etapes: list[Etape] = field(default_factory=list)
    _depart: float = 0.0

    def lire(self, stream: BinaryIO) -> None:
        """Take every event until the writer closes the pipe."""
        for event in _evenements(stream):
            self._prendre(event)
            self.ecouteur(event)

    def _prendre(self, event: dict[str, Any]) -> None:
        if event["type"] == "debut":
            self._debut, self._etapes, self._depart = event, [], monotonic()
        elif event["type"] == "etape":
            self._etapes.append(Etape(event["texte"], event["resultat"], event["message"]))
        elif event["type"] == "fin":
            self.scenarios.append(
                Scenario(
                    numero=event["numero"],
                    titre=event["titre"],
                    fichier=self._debut["fichier"],
                    etiquettes=tuple(self._debut["etiquettes"]),
                    resultat=Resultat(event["resultat"]),
                    message=event["message"],
                    role=event["role"],
                    etapes=tuple(self._etapes),
                    duree=monotonic() - self._depart,
                )
            )


def _evenements(stream: BinaryIO) -> Iterator[dict[str, Any]]:
    for line in stream:
        yield json.loads(line)
