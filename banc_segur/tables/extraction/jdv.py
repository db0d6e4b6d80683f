"""Make the CSV tables of the DMP value sets from the corpus: `python -m banc_segur.tables.extraction.jdv`.

Input: `$BANC_CORPUS/dmp/jdv/*.csv`, re-keyed from the ANS terminologies (editions named below; `dmp.md` §3.5).
Output: `banc_segur/tables/jdv_j57.csv`… and `ass_x16.csv`, columns as in the source, sorted by code system then code.
"""

from __future__ import annotations

import csv
import os
import sys
from pathlib import Path

from banc_segur.errors import UsageError

SOURCE = "ANS, IG terminologie de santé"
# table -> (file of the corpus, edition)
TABLES = {
    "jdv_j57": ("JDV_J57-ClassCode-DMP.csv", "22/09/2023"),
    "jdv_j58": ("JDV_J58-ConfidentialityCode-DMP.csv", "24/04/2020"),
    "jdv_j59": ("JDV_J59-ContentTypeCode-DMP.csv", "27/09/2024"),
    "jdv_j60": ("JDV_J60-FormatCode-DMP.csv", "27/09/2024"),
    "jdv_j61": ("JDV_J61-HealthcareFacilityTypeCode-DMP.csv", "27/09/2024"),
    "jdv_j62": ("JDV_J62-PracticeSettingCode-DMP.csv", "22/09/2023"),
    "jdv_j65": ("JDV_J65-SubjectRole-DMP.csv", "29/07/2022"),
    "jdv_j66": ("JDV_J66-TypeCode-DMP.csv", "27/09/2024"),
    "ass_x16": ("ASS_X16-TypeCode-ClassCode-DMP.csv", "27/09/2024"),
}


def convertir(source: Path, edition: str, cible: Path) -> int:
    """Write one table and return its number of rows.

    Raises:
        UsageError: the source file is absent.
    """
    if not source.is_file():
        raise UsageError(f"{source} est absent : indiquez le corpus par la variable BANC_CORPUS.")
    with source.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.reader(stream, delimiter=";"))
    head, body = rows[0], sorted(rows[1:], key=lambda row: (row[1], row[0]))
    with cible.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# source: {SOURCE}, {source.stem}; version: {edition}\n")
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(head)
        writer.writerows(body)
    return len(body)


def main() -> int:
    """Convert every table beside this package."""
    corpus = Path(os.environ.get("BANC_CORPUS", "../shared/data")) / "dmp" / "jdv"
    target = Path(__file__).resolve().parents[1]
    for table, (name, edition) in TABLES.items():
        count = convertir(corpus / name, edition, target / f"{table}.csv")
        sys.stdout.write(f"{table}: {count} lignes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
