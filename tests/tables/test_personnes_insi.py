"""The INSi tables are what their script makes of the corpus."""

from __future__ import annotations

from pathlib import Path

import pytest

from banc_segur import tables
from banc_segur.errors import UsageError
from banc_segur.tables.extraction import personnes_insi as script
from tests import corpus

INSI = corpus.CORPUS / "insi"


@corpus.requiert("insi")
def test_les_tables_sont_celles_du_corpus() -> None:
    people = script.personnes(script.lire_source(INSI / "test-identities.csv"))
    errors = script.fautes(script.lire_source(INSI / "faults.csv"))
    assert [tuple(row.values()) for row in tables.lire("personnes_insi")] == people
    assert [tuple(row.values()) for row in tables.lire("insi_fautes")] == errors


def test_l_historique_garde_les_dates_telles_que_recues() -> None:
    cell = "2090763220834/39 OID .8 DateDeb 2019-03-01 DateFin 2019-02-28"
    assert script.historique(cell) == "209076322083439|1.2.250.1.213.1.4.8|2019-03-01|2019-02-28"
    assert script.historique("2090763220834/39 ; 2090663220123/55 (both OID .8)").count(" ") == 1


def test_un_corpus_absent_est_dit(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="BANC_CORPUS"):
        script.lire_source(tmp_path / "absent.csv")


def test_nos_codes_de_faute_restent_hors_des_plages_du_service() -> None:
    for row in tables.lire("insi_fautes"):
        assert row["code"].startswith("banc_") == (row["origine"] == "banc")
