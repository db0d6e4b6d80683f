"""JUnit: a failed product is a failure, a broken bench an error, never mixed."""

from banc_segur.formats import xml
from banc_segur.reporting import junit
from banc_segur.reporting.model import Resultat
from tests.reporting import factories


def suites(**changes: object) -> dict[str, dict[str, str]]:
    root = xml.parse(junit.render(factories.rapport(**changes)))
    return {suite.get("name", ""): {str(k): str(v) for k, v in suite.attrib.items()} for suite in root}


def test_a_clean_campaign_has_no_failure() -> None:
    found = suites()
    assert found["scénarios"]["tests"] == "1"
    assert found["scénarios"]["failures"] == found["scénarios"]["errors"] == "0"
    assert found["constats"]["failures"] == "0"


def test_failed_scenario_and_broken_bench_are_told_apart() -> None:
    failed = factories.scenario(resultat=Resultat.ECHOUE, message="rien \x00 reçu")
    broken = factories.scenario(resultat=Resultat.ERREUR, message="banc")
    found = suites(scenarios=(failed, broken))["scénarios"]
    assert (found["failures"], found["errors"]) == ("1", "1")


def test_constats_fail_the_product_that_emitted_them() -> None:
    assert suites(constats=(factories.constat(),))["constats"]["failures"] == "1"
    assert suites(constats=(factories.constat(severite="avertissement"),))["constats"]["failures"] == "0"


def test_requirements_are_properties() -> None:
    root = xml.parse(junit.render(factories.rapport()))
    values = {element.get("value") for element in root.iter("property")}
    assert values == {"SBX-E2E-01", "SBX-DMP-03"}


def test_a_broken_bench_is_an_error_even_with_no_scenario() -> None:
    assert suites(scenarios=(), code=3, conclusion="Panne du banc")["banc"]["errors"] == "1"
    assert suites()["banc"]["errors"] == "0"
