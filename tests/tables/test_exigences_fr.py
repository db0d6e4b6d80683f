"""The French wording of the requirements: one short sentence for each id of the requirement table."""

from __future__ import annotations

from importlib import resources

from banc_segur import tables
from banc_segur.tables import lire

LONGUEUR_MAXIMALE = 160


def test_each_requirement_has_its_wording_in_the_same_order() -> None:
    assert [row["id"] for row in lire("exigences_fr")] == [row["id"] for row in lire("exigences")]


def test_rows_have_an_id_and_a_wording_and_nothing_else() -> None:
    assert all(set(row) == {"id", "intitule"} for row in lire("exigences_fr"))


def test_wordings_are_short_whole_and_without_full_stop() -> None:
    wordings = {row["id"]: row["intitule"] for row in lire("exigences_fr")}
    assert [i for i, text in wordings.items() if not text or text != text.strip()] == []
    assert [i for i, text in wordings.items() if len(text) > LONGUEUR_MAXIMALE] == []
    assert [i for i, text in wordings.items() if text.endswith(".")] == []


def test_the_table_tells_its_source() -> None:
    content = resources.files(tables).joinpath("exigences_fr.csv").read_text("utf-8")
    assert content.splitlines()[0] == "# source: intitulés propres au projet, d'après exigences.csv ; version: 1"
