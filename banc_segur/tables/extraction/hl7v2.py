"""Make `hl7_metadonnees.csv` and `hl7_statuts_identite.csv` from the HL7 reference card.

Usage: `python -m banc_segur.tables.extraction.hl7v2 [REFERENCE_FOLDER]` (default: env BANC_REFERENCE, then
`../shared/reference` beside the checkout).
"""

from __future__ import annotations

import csv
import os
import re
import sys
from pathlib import Path

TABLES = Path(__file__).parents[1]
_META = re.compile(r"\| (\d+) \| ([A-Z_]+) \| ([^|]+?) \| ([01.]+) \|")
_STATUT = re.compile(r"\| \**([A-Z0-9]{4,5}(?: / [A-Z]{4})?)\** \| ([^|]+?) \| ([^|]+?) \|")


def dossier_reference() -> Path:
    """The folder of the reference cards: first argument, else BANC_REFERENCE, else ../shared/reference."""
    if len(sys.argv) > 1:
        return Path(sys.argv[1])
    return Path(os.environ.get("BANC_REFERENCE", Path(__file__).parents[4] / "shared" / "reference"))


def ecrire(nom: str, source: str, colonnes: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Write a table of this project: one comment line with its source, then `;` separated rows."""
    with (TABLES / f"{nom}.csv").open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# source: {source}\n")
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(colonnes)
        writer.writerows(rows)


def metadonnees(card: str) -> list[tuple[str, ...]]:
    """The metadata OBX in their fixed order: rank, code, label, 1 when required."""
    section = card.partition("### 2.6 ")[2].partition("\n### ")[0]
    return [(m[1], m[2], m[3], m[4][0]) for m in _META.finditer(section)]


def statuts(card: str) -> list[tuple[str, ...]]:
    """Table 0445 as France specialises it: code, label, kind (statut, attribut, dossier)."""
    section = card.partition("### 1.8 ")[2].partition("Status first")[0]
    rows: list[tuple[str, ...]] = []
    for match in _STATUT.finditer(section):
        kind = {"status": "statut", "record state": "dossier"}.get(match[3], "attribut")
        first, *others = match[2].split(" / ")  # « doublon potentiel / avéré » names two codes
        labels = [first, *(f"{first.split()[0]} {other}" for other in others)]
        rows += [(code, label, kind) for code, label in zip(match[1].split(" / "), labels, strict=True)]
    return rows


def main() -> None:
    """Write both tables."""
    card = (dossier_reference() / "hl7v2.md").read_text("utf-8")
    ecrire(
        "hl7_metadonnees",
        "CI-SIS, volet Transmission de documents CDA R2 en HL7v2 (hl7v2.md §2.6); version: 2.1.3",
        ("rang", "code", "libelle", "obligatoire"),
        metadonnees(card),
    )
    ecrire(
        "hl7_statuts_identite",
        "PAM FR §6.6.15, table 0445 (hl7v2.md §1.8); version: 2.11.1",
        ("code", "libelle", "nature"),
        statuts(card),
    )


if __name__ == "__main__":
    main()
