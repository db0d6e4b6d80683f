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


T = ("traits", "JUMEAU|2000-01-01")
ANNE, LEA = ("traits", "JUMEAU|2000-01-01|ANNE"), ("traits", "JUMEAU|2000-01-01|LEA")


def test_twins_are_two_dossiers() -> None:
    found = groupes(
        echange(1, ("ipp", "1"), T, ANNE),
        echange(2, ("ipp", "2"), T, LEA),
        echange(3, T, LEA, ("matricule", "ML")),
        echange(4, T, ANNE),  # INSi answered 01
        echange(5, T, ANNE, ("matricule", "MA")),
        echange(6, ("ipp", "1"), ("matricule", "MA"), T, ANNE),
        echange(7, ("ipp", "2"), ("matricule", "ML"), T, LEA),
    )
    assert found == [[1, 4, 5, 6], [2, 3, 7]]


def test_same_counter_in_two_products() -> None:
    found = groupes(
        echange(1, ("ipp", "1"), ("document", "D1"), ("MSH-10", "1")),
        echange(2, ("ipp", "2"), ("document", "D2"), ("MSH-10", "1")),
        echange(3, ("MSH-10", "1")),  # a receipt: of the last message so named
        echange(4, ("matricule", "M1"), ("document", "D1")),
    )
    assert found == [[1, 4], [2, 3]]


def test_a_changed_ins_and_two_ipp_stay_one_dossier() -> None:
    found = groupes(
        echange(1, ("ipp", "1"), ("matricule", "OLD"), T),
        echange(2, ("ipp", "1"), ("matricule", "NEW"), T),
        echange(3, ("ipp", "9"), ("matricule", "NEW"), T),
        echange(4, T),
    )
    assert found == [[1, 2, 3, 4]]


def test_a_search_before_the_patient_is_known_joins_him() -> None:
    found = groupes(echange(1, T), echange(2, T, ("matricule", "M")), echange(3, ("ipp", "1"), T))
    assert found == [[1, 2, 3]]
