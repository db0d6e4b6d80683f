"""What the bench tells its simulators beside the settings of the user."""

from __future__ import annotations

from pathlib import Path

from banc_segur.control.reglages import ReglagesBanc
from banc_segur.control.services import reglages_dmp, reglages_mssante
from tests.certificats import pki_partagee
from tests.control.conftest import MONDE


def test_the_dmp_trusts_the_authorities_of_the_bench_and_knows_the_sites_of_the_establishment() -> None:
    pki = pki_partagee()
    told = reglages_dmp(ReglagesBanc(dossier=Path(), monde=MONDE), pki)
    assert told.ac == str(pki.ac)
    assert told.etablissements["1300017985"] == MONDE["structure"]["id_national"]
    chosen = reglages_dmp(ReglagesBanc(dossier=Path(), monde=MONDE, dmp={"ac": "", "fenetre": 5}), pki)
    assert (chosen.ac, chosen.fenetre) == ("", 5)


def test_the_domain_of_the_official_examples_is_part_of_the_trust_space() -> None:
    told = reglages_mssante(ReglagesBanc(dossier=Path(), monde=MONDE, mssante={"avis": False}))
    assert {"test-ci-sis.mssante.fr", "patient.mssante.fr", MONDE["domaines"]["hopital"]} <= told.domaines
    assert told.avis is False
