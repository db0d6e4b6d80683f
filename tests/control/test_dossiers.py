"""Dossiers outside any scenario: exchanges gathered by the keys they share."""

from __future__ import annotations

from typing import Any

from banc_segur.control.dossiers import composantes


def echange(numero: int, *cles: tuple[str, str]) -> dict[str, Any]:
    return {"numero": numero, "cles": [list(cle) for cle in cles]}


def groupes(*echanges: dict[str, Any]) -> list[list[int]]:
    return [[e["numero"] for e in groupe] for groupe in composantes(echanges)]


def test_a_later_exchange_joins_two_groups() -> None:
    found = groupes(
        echange(1, ("ipp", "1")),
        echange(2, ("document", "D")),
        echange(3, ("ipp", "2")),
        echange(4, ("ipp", "1"), ("document", "D")),
    )
    assert found == [[1, 2, 4], [3]]


def test_same_value_of_another_type_joins_nothing_and_no_key_no_dossier() -> None:
    assert groupes(echange(1, ("ipp", "1")), echange(2, ("MSH-10", "1")), echange(3)) == [[1], [2]]
