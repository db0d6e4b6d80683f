from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from banc_segur.formats import er7, mdm
from banc_segur.rules.catalogue import toutes
from banc_segur.rules.documents import juger_document
from banc_segur.temoin import defauts
from banc_segur.temoin.defauts import Defauts
from banc_segur.temoin.defauts import cda as famille
from banc_segur.temoin.dpi_lettre import Demande, Fabrique
from tests.cda_monde import CONTEXTE, PATIENT, SEJOUR
from tests.temoin.test_dpi import config

assert famille  # registered at import
DEFAUTS = [d for d in defauts.tous() if d.regle.startswith("CDA-")]


def jugement(tmp_path: Path, *actifs: str) -> set[str]:
    """The rules that speak on the document of a witness with these defects."""
    switched = Defauts()
    switched.activer(actifs)
    fabrique = Fabrique(config(tmp_path, ""), switched, lambda: datetime(2026, 1, 15, tzinfo=UTC))
    envoi = fabrique.faire(PATIENT, SEJOUR, Demande(dmp=True, medecin=True, patient=True))
    sent = mdm.read(er7.read(envoi.octets))
    return {c.regle for c in juger_document("cda", sent.cda, CONTEXTE).jugement.constats}


def test_each_rule_of_the_family_has_one_defect_and_back() -> None:
    rules = sorted(r.id for r in toutes() if r.id.startswith("CDA-"))
    assert sorted(d.regle for d in DEFAUTS) == rules


def test_without_defect_nothing_speaks(tmp_path: Path) -> None:
    assert jugement(tmp_path) == set()


@pytest.mark.parametrize("defaut", DEFAUTS, ids=lambda d: d.id)
def test_each_defect_raises_its_rule(tmp_path: Path, defaut: defauts.Defaut) -> None:
    assert defaut.regle in jugement(tmp_path, defaut.id)
