"""The feature files: readable, in French, tags that exist, no two scenarios of one name in a file."""

import re
from collections import Counter

from banc_segur import tables
from banc_segur.campaign import catalogue


def test_no_two_scenarios_of_a_file_share_a_name() -> None:
    names = Counter((scenario.fichier, scenario.titre) for scenario in catalogue.scenarios())
    assert names and max(names.values()) == 1


def test_every_requirement_tag_is_a_requirement() -> None:
    known = {row["id"] for row in tables.lire("exigences")}
    for scenario in catalogue.scenarios():
        for tag in scenario.etiquettes:
            if not re.match(r"service\.|role\.|PIL-\d\d$", tag):
                assert tag in known, f"{scenario.titre} : {tag}"


def test_files_are_french() -> None:
    for path in catalogue.FEATURES.rglob("*.feature"):
        assert path.read_text("utf-8").startswith("# language: fr\n")
