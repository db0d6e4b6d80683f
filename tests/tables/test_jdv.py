"""The committed DMP tables are what the extraction scripts make of the corpus."""

from pathlib import Path

import pytest

from banc_segur.errors import UsageError
from banc_segur.tables import __file__ as tables_file
from banc_segur.tables import lire
from banc_segur.tables.extraction import format_cda, jdv
from tests import corpus

DOSSIER = Path(tables_file).parent


@pytest.mark.parametrize("table", jdv.TABLES)
def test_committed_table_is_up_to_date(table: str, tmp_path: Path) -> None:
    name, edition = jdv.TABLES[table]
    count = jdv.convertir(corpus.fichier(f"dmp/jdv/{name}"), edition, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_bytes() == (DOSSIER / f"{table}.csv").read_bytes()
    assert len(lire(table)) == count


def test_absent_source(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        jdv.convertir(tmp_path / "rien.csv", "", tmp_path / "t.csv")


def test_format_table_is_read_from_the_card() -> None:
    card = corpus.fichier("dmp/SOURCES.md").parents[2] / "reference" / "dmp.md"
    if not card.is_file():
        pytest.skip("fiche dmp.md absente")
    rows = format_cda.lignes(card.read_text("utf-8"))
    assert rows == [(row["origine"], row["formatCode"]) for row in lire("format_cda")]
    with pytest.raises(UsageError):
        format_cda.lignes("autre texte")
