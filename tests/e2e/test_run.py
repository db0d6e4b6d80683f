"""`./banc run` on the witness: exit 0, a report that tells the whole journey."""

import json
from pathlib import Path

import pytest

from banc_segur.formats import xml
from tests.e2e.banc import banc


@pytest.fixture(scope="module")
def sortie(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("home")
    dossier = tmp_path_factory.mktemp("sortie")
    done = banc(home, "run", "--sortie", str(dossier), pki=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dossier, done.stdout


def test_prints_progress_and_a_french_summary(sortie: tuple[Path, str]) -> None:
    _, printed = sortie
    assert "La lettre de liaison d'un patient à l'INS qualifiée" in printed
    assert "Bilan par produit" in printed and "Le témoin joue tous les rôles" in printed


def test_the_report_tells_every_link_of_the_journey(sortie: tuple[Path, str]) -> None:
    dossier, _ = sortie
    report = json.loads((dossier / "rapport.json").read_text("utf-8"))
    assert {s["resultat"] for s in report["scenarios"]} == {"reussi"} and len(report["scenarios"]) >= 3
    links = {echange["lien"] for echange in report["echanges"]}
    assert links >= {"ri-insi", "ri-eai", "eai-dpi", "eai-pfi", "dpi-pfi", "pfi-dpi", "pfi-dmp", "pfi-mss"}
    assert not [c for c in report["constats"] if c["severite"] != "information"]
    assert {v["decision"] for v in report["verdicts"]} >= {"conforme", "non exercé"}
    assert not [reason for _, reason in report["non_evaluees"] if reason.startswith("erreur du banc")]


def test_page_junit_and_allure_are_written(sortie: tuple[Path, str]) -> None:
    dossier, _ = sortie
    page = (dossier / "index.html").read_text("utf-8")
    assert "<svg" in page and "Ce qui s'est passé" in page
    suites = xml.children(xml.parse((dossier / "junit.xml").read_bytes()))
    assert suites and all(suite.get("failures") == suite.get("errors") == "0" for suite in suites)
    results = [json.loads(path.read_text("utf-8")) for path in (dossier / "allure-results").glob("*-result.json")]
    assert len(results) >= 3 and all(result["steps"] for result in results)


def test_an_unknown_option_is_one_french_sentence(tmp_path: Path) -> None:
    done = banc(tmp_path, "run", "absent.toml")
    assert done.returncode == 2
    assert done.stderr.startswith("banc : Profil absent.toml") and "Traceback" not in done.stderr
