"""What every witness product is: actions a person would do at its screen, defects, a state of rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.defauts import Defauts

Action = Callable[[Mapping[str, Any]], dict[str, Any]]


class Produit:
    """A witness product. Subclasses set `role`, fill `actions`, open their listeners in `start`.

    actions: name -> function(parameters) -> JSON-able result; an action that cannot be done raises
        `ActionRefusee` with a French sentence (a person would read it on the screen).
    ecoutes: after `start`, the port on which the product listens for each link (`ri-eai`, `dpi-pfi`…).
    """

    role = ""

    def __init__(self, config: ConfigTemoin) -> None:
        self.config = config
        self.defauts = Defauts()
        self.actions: dict[str, Action] = {}
        self.ecoutes: dict[str, int] = {}
        self.dossier = config.dossier / self.role.lower()
        self.dossier.mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Open listeners and background work."""

    def stop(self) -> None:
        """Stop cleanly; queues stay on disk."""

    def au_repos(self) -> bool:
        """True when nothing is queued nor being sent: the causal barrier of absence checks."""
        return True


class ActionRefusee(Exception):
    """The product refuses the action; the text is what its user reads."""
