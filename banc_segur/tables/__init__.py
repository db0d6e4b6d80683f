"""Facts as data: codes, value sets, test people, requirements; each with its source and version.

CSV files: UTF-8, `;` separated, header on the first line, and a first comment line `# source: …; version: …`.
Made by the committed scripts of `banc_segur/tables/extraction/`.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources


@cache
def lire(nom: str) -> tuple[dict[str, str], ...]:
    """Return the rows of the table `nom` (`jdv_j66` -> `jdv_j66.csv`), each a mapping column -> value."""
    content = resources.files(__package__).joinpath(f"{nom}.csv").read_text("utf-8")
    lines = [line for line in content.splitlines() if not line.startswith("#")]
    return tuple(dict(row) for row in csv.DictReader(lines, delimiter=";"))


@cache
def index(nom: str, colonne: str) -> dict[str, dict[str, str]]:
    """Return the rows of a table by the value of one column; a later duplicate wins."""
    return {row[colonne]: row for row in lire(nom)}
