"""Injected defects: one switchable fault per rule, applied at named points of the witness.

A product calls `defauts.passer("ri.adt", message)` wherever its value could be wrong; active defects of that point
change the value. A defect is a pure function value -> value. With no active defect the value passes untouched.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

FAMILLES = (
    "banc_segur.temoin.defauts.banc",
    "banc_segur.temoin.defauts.hl7",
    "banc_segur.temoin.defauts.insi",
    "banc_segur.temoin.defauts.dmp",
    "banc_segur.temoin.defauts.cda",
    "banc_segur.temoin.defauts.mss",
    "banc_segur.temoin.defauts.vihf",
    "banc_segur.temoin.defauts.dossier",
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Defaut:
    """One fault. regle: the id of the rule that must catch it; role: the witness product that carries it."""

    id: str
    regle: str
    role: str
    point: str
    titre: str
    muter: Callable[[Any], Any]


_defauts: dict[str, Defaut] = {}


def defaut(
    regle: str, *, role: str, point: str, titre: str, variante: str = ""
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register the decorated function as the defect that breaks `regle` at `point`."""
    identifiant = f"{regle}{'/' + variante if variante else ''}"

    def register(muter: Callable[[Any], Any]) -> Callable[[Any], Any]:
        if identifiant in _defauts:
            raise ValueError(f"defect {identifiant} is registered twice")
        _defauts[identifiant] = Defaut(identifiant, regle, role, point, titre, muter)
        return muter

    return register


def charger() -> None:
    """Import every family of defects. Idempotent."""
    for name in FAMILLES:
        importlib.import_module(name)


def tous() -> tuple[Defaut, ...]:
    """Every registered defect, sorted by id."""
    return tuple(_defauts[key] for key in sorted(_defauts))


class Defauts:
    """The defects switched on in one witness product."""

    def __init__(self) -> None:
        self.actifs: frozenset[str] = frozenset()

    def activer(self, identifiants: Iterable[str]) -> None:
        """Replace the set of active defects; unknown ids raise KeyError."""
        wanted = frozenset(identifiants)
        for identifiant in wanted:
            _defauts[identifiant]
        self.actifs = wanted

    def passer(self, point: str, valeur: T) -> T:
        """Return `valeur` as changed by the active defects of that point."""
        for identifiant in sorted(self.actifs):
            entry = _defauts[identifiant]
            if entry.point == point:
                valeur = entry.muter(valeur)
        return valeur
