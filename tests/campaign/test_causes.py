"""Whose fault: the first emitter of a value that travels; the writer of anything else; one line per cause."""

from typing import Any

from banc_segur.campaign.causes import grouper

LIENS = {1: "ri-eai", 2: "eai-dpi", 3: "dpi-pfi", 4: "pfi-dmp"}


def constat(echange: int, produit: str, regle: str = "R-1", **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "echange": echange,
        "produit": produit,
        "regle": regle,
        "scenario": 1,
        "donnee": "",
        "observe": "X",
        "titre": "t",
        "severite": "erreur",
        "refus": False,
        "ou": "o",
        "attendu": "a",
        "source": "s",
        "remede": "r",
        "exigences": [],
    } | changes
    return values | {"cause": [values["donnee"] or regle, values["observe"]]}


def seen(*constats: dict[str, Any]) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(c.produit, c.regle, c.echanges) for c in grouper(constats, LIENS, {"Témoin EAI"})]


def test_a_wrong_datum_belongs_to_its_first_emitter() -> None:
    wrong = {"donnee": "sexe"}
    assert seen(constat(4, "PFI", **wrong), constat(3, "DPI", **wrong)) == [("DPI", "R-1", (3, 4))]


def test_a_document_that_others_carry_belongs_to_its_author() -> None:
    inside = {"document": "OBX-5"}
    assert seen(constat(3, "DPI", **inside), constat(4, "PFI", **inside)) == [("DPI", "R-1", (3, 4))]


def test_an_eai_is_not_blamed_for_what_it_relays() -> None:
    assert seen(constat(1, "RI"), constat(2, "Témoin EAI")) == [("RI", "R-1", (1, 2))]


def test_an_eai_is_blamed_for_what_it_breaks() -> None:
    assert seen(constat(2, "Témoin EAI")) == [("Témoin EAI", "R-1", (2,))]


def test_the_same_slip_in_bytes_of_two_products_is_two_causes() -> None:
    assert seen(constat(1, "RI"), constat(3, "DPI")) == [("RI", "R-1", (1,)), ("DPI", "R-1", (3,))]


def test_rules_that_see_one_cause_share_one_line() -> None:
    wrong = {"donnee": "sexe"}
    [found] = grouper(
        [
            constat(3, "DPI", "B-INFO", severite="information", exigences=["E1"], **wrong),
            constat(3, "DPI", "A", **wrong),
        ],
        LIENS,
        set(),
    )
    assert (found.regle, found.autres, found.exigences) == ("A", ("B-INFO",), ("E1",))


def test_exchanges_of_another_passage_are_left_out() -> None:
    assert seen(constat(9, "RI")) == []
