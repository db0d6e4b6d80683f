"""The requirement table: unique ids, hospital roles, and the ids that rules name."""

from __future__ import annotations

from banc_segur.rules import dossier, hl7
from banc_segur.rules.catalogue import toutes
from banc_segur.tables import index, lire

assert dossier and hl7


def test_ids_are_unique_and_rows_whole() -> None:
    rows = lire("exigences")
    assert len(rows) == len(index("exigences", "id")) > 250
    assert all(row["id"] and row["description"] and row["roles"] for row in rows)
    assert index("exigences", "id")["INS/va1.53"]["ri_id"] == "RI.INS.39"
    assert index("exigences", "id")["INS/va1.53"]["roles"] == "RI"


def test_other_couloirs_and_withdrawn_lines_are_out() -> None:
    known = index("exigences", "id")
    assert "SC.CDA/DD.01" not in known  # withdrawn
    assert "SC.PSC.10" not in known  # LGC alone
    assert {"SBX-PAM-01", "SBX-TR-03", "SC.DMP/CONF.12"} <= set(known)


def test_rules_name_real_requirements() -> None:
    known = index("exigences", "id")
    unknown = {(r.id, e) for r in toutes() for e in r.exigences if e not in known}
    assert unknown == set()
