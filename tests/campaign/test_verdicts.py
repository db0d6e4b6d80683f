"""Verdicts and exit codes: a broken bench, a failed product and an undecided campaign are never mixed."""

import pytest

from banc_segur.campaign import verdicts
from banc_segur.reporting.model import Decision, Produit, Resultat
from tests.reporting import factories

PFI = Produit("PFI Exemple", ("PFI",), temoin=False)
TEMOIN = Produit("Témoin DPI", ("DPI",), temoin=True)


def decision(exigence: str, **changes: object) -> tuple[Decision, str]:
    arguments: dict[str, object] = {"produits": [PFI], "scenarios": [factories.scenario()], "constats": []}
    found = {v.exigence: v for v in verdicts.verdicts(**(arguments | changes))}  # type: ignore[arg-type]
    return found[exigence].decision, found[exigence].detail


def test_all_selected_scenarios_played_and_no_error_is_conforme() -> None:
    assert decision("SBX-DMP-03")[0] is Decision.CONFORME


def test_an_error_of_its_rules_in_its_bytes_is_non_conforme() -> None:
    assert decision("SBX-DMP-03", constats=[factories.constat()]) == (Decision.NON_CONFORME, "DMP-M08")


def test_the_error_of_another_product_changes_nothing() -> None:
    assert decision("SBX-DMP-03", constats=[factories.constat(produit="Témoin DPI")])[0] is Decision.CONFORME


def test_a_warning_changes_no_verdict() -> None:
    assert decision("SBX-DMP-03", constats=[factories.constat(severite="avertissement")])[0] is Decision.CONFORME


def test_some_scenarios_not_played_is_non_exerce_with_the_count() -> None:
    scenarios = [factories.scenario(), factories.scenario(numero=2, resultat=Resultat.ERREUR)]
    assert decision("SBX-DMP-03", scenarios=scenarios) == (Decision.NON_EXERCE, "1/2 scénarios joués jusqu'au bout")


def test_a_failed_scenario_blames_only_the_role_that_should_have_acted() -> None:
    failed = factories.scenario(resultat=Resultat.ECHOUE, role="PFI", message="aucun dépôt")
    assert decision("SBX-DMP-03", scenarios=[failed])[0] is Decision.NON_CONFORME
    elsewhere = factories.scenario(resultat=Resultat.ECHOUE, role="DPI", message="aucun MDM")
    assert decision("SBX-DMP-03", scenarios=[elsewhere])[0] is Decision.NON_EXERCE


def test_an_untapped_link_is_said() -> None:
    found = decision("SBX-DMP-03", liens_non_captes=frozenset({"pfi-dpi"}))
    assert found == (Decision.NON_EXERCE, "lien non capté : pfi-dpi")


def test_a_requirement_that_no_scenario_exercises_is_never_conforme() -> None:
    assert decision("SBX-DMP-04")[0] is Decision.NON_EXERCE


def test_a_requirement_only_a_document_proves_awaits_it() -> None:
    decisions = {v.decision for v in verdicts.verdicts([PFI], [], [])}
    assert decisions == {Decision.NON_EXERCE, Decision.PREUVE_MANUELLE}


OK = factories.scenario()
ECHEC_PFI = factories.scenario(resultat=Resultat.ECHOUE, role="PFI", message="m")
ECHEC_TEMOIN = factories.scenario(resultat=Resultat.ECHOUE, role="DPI", message="m")
PANNE = factories.scenario(resultat=Resultat.ERREUR, message="m")


@pytest.mark.parametrize(
    ("scenarios", "constats", "non_evaluees", "questions", "code"),
    [
        ([OK], [], [], 0, 0),
        ([OK], [factories.constat()], [], 0, 1),
        ([ECHEC_PFI], [], [], 0, 1),
        ([ECHEC_TEMOIN], [], [], 0, 3),
        ([PANNE], [], [], 0, 3),
        ([OK], [factories.constat(temoin=True, produit="Témoin DPI")], [], 0, 3),
        ([OK], [], [("R", "erreur du banc : KeyError")], 0, 3),
        ([OK], [], [("R", "pas de schéma")], 0, 0),
        ([OK], [], [], 1, 4),
        ([], [], [], 0, 4),
    ],
)
def test_exit_codes(
    scenarios: list[object], constats: list[object], non_evaluees: list[tuple[str, str]], questions: int, code: int
) -> None:
    found, sentence = verdicts.code_de_sortie([PFI, TEMOIN], scenarios, constats, non_evaluees, questions)  # type: ignore[arg-type]
    assert found == code and sentence
