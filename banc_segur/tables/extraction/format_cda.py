"""Make `format_cda.csv` (media type or templateId -> formatCode) from the card: `python -m …extraction.format_cda`.

Input: `reference/dmp.md` §3.6 beside `$BANC_CORPUS` (ANS ASS_A11 and the N1 codes of JDV_J60).
Output columns: `origine` (media type of an N1, templateId of an N3), `formatCode`.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from banc_segur.errors import UsageError

BASE = "1.2.250.1.213.1.1.1"
_N1 = re.compile(r"`((?:application|text|image)/[a-z]+)` → `(urn:[\w:.-]+)`")
_N3 = re.compile(r"`([\d.]+)`(?: or `([\d.]+)`)? (?:→ )?`?((?:urn:)?[\w:-]+:\d{4})`?")


def lignes(card: str) -> list[tuple[str, str]]:
    """Read the two lists of §3.6.

    Raises:
        UsageError: the section is not in the card.
    """
    section = re.search(r"### 3\.6 formatCode\n(.*?)\n### ", card, re.S)
    if section is None:
        raise UsageError("La section 3.6 est absente de la fiche dmp.md.")
    rows = _N1.findall(section[1])
    for first, second, code in _N3.findall(section[1].partition("N3, from templateId")[2]):
        full = code if code.startswith("urn:") else f"urn:asip:ci-sis:{code}"
        rows.extend((BASE + item if item.startswith(".") else item, full) for item in (first, second) if item)
    return rows


def main() -> int:
    """Write the table."""
    corpus = Path(os.environ.get("BANC_CORPUS", "../shared/data"))
    rows = lignes((corpus.parent / "reference" / "dmp.md").read_text("utf-8"))
    target = Path(__file__).resolve().parents[1] / "format_cda.csv"
    head = "# source: ANS, ASS_A11 et JDV_J60 (dmp.md §3.6); version: 27/09/2024\norigine;formatCode\n"
    target.write_text(head + "".join(f"{origin};{code}\n" for origin, code in rows), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
