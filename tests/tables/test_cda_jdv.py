from __future__ import annotations

import pytest

from banc_segur.formats.cda import jeu
from banc_segur.tables import lire
from banc_segur.tables.extraction import cda_jdv
from tests.cda_monde import CDA, requires_cda


@requires_cda
def test_the_committed_table_is_what_the_script_makes() -> None:
    found, _revision = cda_jdv.rows(CDA / "pack" / "jeuxDeValeurs")
    assert [tuple(row.values()) for row in lire("jdv_cda")] == found


@pytest.mark.parametrize(
    ("jdv", "code", "systeme", "size"),
    [
        ("J07", "11490-0", "2.16.840.1.113883.6.1", 114),
        ("J02", "SA01", "1.2.250.1.71.4.2.4", 69),
        ("J04", "ETABLISSEMENT", "1.2.250.1.213.1.1.4.9", 12),
        ("J01", "G15_10/SM54", "1.2.250.1.213.1.1.4.5", 396),
        ("J143", "F", "2.16.840.1.113883.5.1", 3),
        ("J142", "IMP", "2.16.840.1.113883.5.4", 8),
    ],
)
def test_value_sets_hold_what_the_card_tells(jdv: str, code: str, systeme: str, size: int) -> None:
    assert jeu(jdv)[code].systeme == systeme
    assert len(jeu(jdv)) == size
