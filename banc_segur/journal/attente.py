"""Looking back: which exchanges a wait accepts, and what it raises when nothing fitting came in time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class AttenteDepassee(Exception):
    """The deadline passed. The French message says what did come instead, nearest first, and what to look at."""


@dataclass(frozen=True, slots=True)
class Filtre:
    """The criteria of a wait; None accepts anything. cle, attribut: (nom, valeur) that the exchange carries."""

    scenario: int | None = None
    lien: str | None = None
    operation: str | None = None
    reussi: bool | None = None
    cle: tuple[str, str] | None = None
    attribut: tuple[str, str] | None = None

    def ecarts(self, echange: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Return (criterion, wanted, found), in French, for each criterion that the exchange misses."""
        found = []
        if self.lien is not None and echange["lien"] != self.lien:
            found.append(("lien", self.lien, str(echange["lien"])))
        if self.operation is not None and echange["operation"] != self.operation:
            found.append(("opération", self.operation, str(echange["operation"])))
        if self.reussi is not None and echange["reussi"] is not self.reussi:
            found.append(("issue", _issue(self.reussi), _issue(echange["reussi"])))
        for wanted, pairs in ((self.cle, echange["cles"]), (self.attribut, echange["attributs"])):
            if wanted is not None and list(wanted) not in pairs:
                seen = sorted({valeur for nom, valeur in pairs if nom == wanted[0]})
                found.append((wanted[0], wanted[1], ", ".join(seen) or "absent"))
        return found

    def convient(self, echange: Mapping[str, Any]) -> bool:
        """True when the exchange misses no criterion."""
        return not self.ecarts(echange)

    def __str__(self) -> str:
        parts = [self.operation or "un échange"]
        if self.lien:
            parts.append(f"sur le lien {self.lien}")
        parts.extend(f"{pair[0]} = {pair[1]}" for pair in (self.cle, self.attribut) if pair)
        if self.reussi is not None:
            parts.append(_issue(self.reussi))
        return ", ".join(parts)


def _issue(reussi: bool | None) -> str:
    return {True: "accepté", False: "refusé", None: "sans réponse connue"}[reussi]
