"""Make `jdv_cda.csv`: the value sets that the CDA header rules and the CDA writer use.

Reads `$BANC_CORPUS/cda/pack/jeuxDeValeurs/JDV_*.xml` (ansforge/TestContenuCDA-3-0, SVS form).
Run: `python -m banc_segur.tables.extraction.cda_jdv [CORPUS]`.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from pathlib import Path

from lxml import etree

JEUX = {
    "J01": "JDV_J01_XdsAuthorSpecialty_CISIS",
    "J02": "JDV_J02_XdsHealthcareFacilityTypeCode_CISIS",
    "J04": "JDV_J04_XdsPracticeSettingCode_CISIS",
    "J07": "JDV_J07_XdsTypeCode_CISIS",
    "J142": "JDV_J142_TypeRencontre_CISIS",
    "J143": "JDV_J143_AdministrativeGender_CISIS",
}
SVS = "{urn:ihe:iti:svs:2008}"
SOURCE = "# source: ansforge/TestContenuCDA-3-0 jeuxDeValeurs (commit 7cd489b39368); version: {}\n"


def rows(folder: Path) -> tuple[list[tuple[str, str, str, str]], str]:
    """Return (jdv, code, systeme, libelle) of every concept, and the newest revision date of the sets."""
    found: list[tuple[str, str, str, str]] = []
    revision = ""
    for short, name in JEUX.items():
        root = etree.parse(str(folder / f"{name}.xml")).getroot()  # noqa: TID251 - a file of ours, not a peer's
        revision = max(revision, next(root.iter(f"{SVS}ValueSet")).get("revisionDate", ""))
        found += [
            (short, c.get("code", ""), c.get("codeSystem", ""), c.get("displayName", ""))
            for c in root.iter(f"{SVS}Concept")
        ]
    return found, revision[:10]


def main(corpus: Path) -> None:
    """Write the table beside the other tables."""
    found, revision = rows(corpus / "cda" / "pack" / "jeuxDeValeurs")
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\n")
    writer.writerow(("jdv", "code", "systeme", "libelle"))
    writer.writerows(found)
    target = Path(__file__).parents[1] / "jdv_cda.csv"
    target.write_text(SOURCE.format(revision) + out.getvalue(), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else os.environ["BANC_CORPUS"]))
