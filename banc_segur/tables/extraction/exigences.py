"""Make `exigences.csv`: the requirements that bear on a hospital product or on the hospital chain.

Usage: `python -m banc_segur.tables.extraction.exigences [REFERENCE_FOLDER]` (default: env BANC_REFERENCE, then
`../shared/reference` beside the checkout). Left out: obsolete and withdrawn lines, those of other couloirs alone.
"""

from __future__ import annotations

import csv

from banc_segur.errors import UsageError
from banc_segur.tables.extraction.hl7v2 import dossier_reference, ecrire

COLONNES = (
    "id",
    "ri_id",
    "dpi_id",
    "pfi_id",
    "wave",
    "nature",
    "section",
    "description",
    "flow",
    "test_mode",
    "verdict_by",
    "source",
    "certainty",
)
ROLES = ("RI", "EAI", "DPI", "PFI")
_COULOIRS = ("Hôpital", "LPS DMP", "EAI", "RNIV")


def roles(row: dict[str, str]) -> str:
    """The hospital roles that a line bears on, space separated; the whole chain when it names none."""
    named = {role for role in ROLES if role.lower() + "_id" in row and row[role.lower() + "_id"]}
    words = row["couloir_function"].replace("/", " ").replace(",", " ").replace("(", " ").replace(")", " ").split()
    named |= set(ROLES) & set(words)
    if not named and words[:2] == ["LPS", "DMP"]:
        named = {"DPI", "PFI"}
    return " ".join(role for role in ROLES if role in (named or ROLES))


def retenue(row: dict[str, str]) -> bool:
    """True for a living line of the hospital."""
    if row["status"].startswith("obsolete") or row["couloir_function"] == "withdrawn":
        return False
    hospital = any(row[column] for column in ("ri_id", "dpi_id", "pfi_id"))
    return hospital or row["id"].startswith("SBX-") or row["couloir_function"].startswith(_COULOIRS)


def main() -> None:
    """Write the table.

    Raises:
        UsageError: the reference folder has no requirements.csv.
    """
    path = dossier_reference() / "requirements.csv"
    if not path.is_file():
        raise UsageError(f"{path} est absent : indiquez le dossier de référence par la variable BANC_REFERENCE.")
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if retenue(row)]
    ecrire(
        "exigences",
        "référentiels Ségur Hôpital RI, DPI, PFI (ANS), descriptions propres au projet (requirements.csv); "
        "version: base de travail 2021 et projet de février 2023",
        (*COLONNES, "roles"),
        [(*(row[column] for column in COLONNES), roles(row)) for row in rows],
    )


if __name__ == "__main__":
    main()
