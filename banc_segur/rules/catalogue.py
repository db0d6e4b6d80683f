"""The catalogue: registration of rules and their evaluation by genre.

A rule is a function (subject, Contexte) -> iterable of Ecart, registered by the decorator `regle`. Family
modules are imported by `charger`; an id registered twice is a programming error.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import Any

from banc_segur.rules.model import Constat, Contexte, Ecart, Jugement, NonEvaluable, Regle, Severite, Sujet

# One package or module per family; each registers its rules (`@regle`) and its analyser at import.
FAMILLES = (
    "banc_segur.rules.hl7",
    "banc_segur.rules.insi",
    "banc_segur.rules.dmp",
    "banc_segur.rules.cda",
    "banc_segur.rules.mss",
    "banc_segur.rules.vihf",
    "banc_segur.rules.dossier",
    "banc_segur.rules.donnees_reelles",
)

_regles: dict[str, Regle] = {}
_par_genre: dict[str, list[Regle]] = {}

Controle = Callable[[Any, Contexte], Iterable[Ecart]]


def regle(
    identifiant: str,
    titre: str,
    *,
    genre: str,
    source: str,
    remede: str,
    severite: Severite = Severite.ERREUR,
    exigences: tuple[str, ...] = (),
    refus: bool = False,
) -> Callable[[Controle], Controle]:
    """Register the decorated function as the rule `identifiant` for subjects of `genre`."""

    def register(controle: Controle) -> Controle:
        if identifiant in _regles:
            raise ValueError(f"rule {identifiant} is registered twice")
        entry = Regle(identifiant, titre, genre, severite, source, remede, controle, exigences, refus)
        _regles[identifiant] = entry
        _par_genre.setdefault(genre, []).append(entry)
        return controle

    return register


def charger() -> None:
    """Import every family, so that the catalogue is complete. Idempotent."""
    for name in FAMILLES:
        importlib.import_module(name)


def toutes() -> tuple[Regle, ...]:
    """Every registered rule, sorted by id."""
    return tuple(_regles[key] for key in sorted(_regles))


def par_id(identifiant: str) -> Regle:
    """The rule of that id. Raises KeyError."""
    return _regles[identifiant]


def refuser(sujet: Sujet, contexte: Contexte) -> tuple[Constat, ...]:
    """Run in line only the refusal rules of the subject's genre: what the real service would refuse."""
    return _evaluer([entry for entry in _par_genre.get(sujet.genre, ()) if entry.refus], sujet, contexte).constats


def evaluer(sujet: Sujet, contexte: Contexte) -> Jugement:
    """Run all rules of the subject's genre. A rule that raises is reported as not evaluated, never as passed."""
    return _evaluer(_par_genre.get(sujet.genre, ()), sujet, contexte)


def _evaluer(entries: Iterable[Regle], sujet: Sujet, contexte: Contexte) -> Jugement:
    constats: list[Constat] = []
    evaluees: list[str] = []
    non_evaluees: list[tuple[str, str]] = []
    for entry in entries:
        try:
            ecarts = tuple(entry.controle(sujet.objet, contexte))
        except NonEvaluable as reason:
            non_evaluees.append((entry.id, str(reason)))
            continue
        except Exception as error:
            non_evaluees.append((entry.id, f"erreur du banc : {type(error).__name__}: {error}"))
            continue
        evaluees.append(entry.id)
        constats.extend(_constat(entry, ecart, sujet.cote) for ecart in ecarts)
    return Jugement(tuple(constats), tuple(evaluees), tuple(non_evaluees))


def _constat(entry: Regle, ecart: Ecart, cote: str) -> Constat:
    return Constat(
        regle=entry.id,
        titre=entry.titre,
        severite=entry.severite,
        refus=entry.refus,
        source=entry.source,
        exigences=entry.exigences,
        remede=entry.remede,
        ou=ecart.ou,
        attendu=ecart.attendu,
        observe=ecart.observe,
        donnee=ecart.donnee,
        cote=cote,
        etape=ecart.etape,
    )
