"""The pytest plugin of the scenarios: fixtures, tags as markers, our own events, Allure steps.

Loaded explicitly: `pytest -p steps.plugin steps/scenarios.py`. Environment: BANC_PRET (the bench's `pret.json`),
BANC_EVENEMENTS (file descriptor that takes one JSON line an event), BANC_DELAI (seconds a wait may last).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import allure
import pytest
from pytest_bdd.parser import Feature, Scenario, Step

from banc_segur.control.client import ClientControle
from banc_segur.errors import BancError
from steps.parcours import Manquement, Parcours

pytest_plugins = ["steps.identite", "steps.document", "steps.depot", "steps.messagerie", "steps.suivi"]

FEATURES = Path(__file__).resolve().parent.parent / "features"
_joue = pytest.StashKey[Scenario]()
_ouverte = pytest.StashKey[Any]()
_echec = pytest.StashKey[tuple[str, str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Register every tag of the feature files, so that `--strict-markers` catches a misspelt one."""
    for path in FEATURES.rglob("*.feature"):
        for line in path.read_text("utf-8").splitlines():
            if line.strip().startswith("@"):
                for tag in line.split():
                    config.addinivalue_line("markers", tag.removeprefix("@"))


def emettre(type_: str, **donnees: Any) -> None:
    """Send one event to the run; it is how its progress and its report learn of scenarios."""
    descriptor = os.environ.get("BANC_EVENEMENTS")
    if descriptor:
        line = json.dumps({"type": type_, **donnees}, ensure_ascii=False) + "\n"
        os.write(int(descriptor), line.encode())


@pytest.fixture(scope="session")
def client() -> ClientControle:
    """The bench under way."""
    return ClientControle.depuis(Path(os.environ["BANC_PRET"]))


@pytest.fixture
def parcours(request: pytest.FixtureRequest, client: ClientControle) -> Iterator[Parcours]:
    """Open the scenario on the bench, and close it with its result."""
    scenario = request.node.stash[_joue]
    etiquettes = sorted(set(scenario.tags) | set(scenario.feature.tags))
    fichier = Path(scenario.feature.filename).relative_to(FEATURES).as_posix()
    numero = client.ouvrir_scenario(scenario.name, fichier, etiquettes)
    emettre("debut", numero=numero, titre=scenario.name, fichier=fichier, etiquettes=etiquettes)
    yield Parcours(client, numero, float(os.environ.get("BANC_DELAI", "30")))
    resultat, message, role = request.node.stash.get(_echec, ("reussi", "", ""))
    client.fermer_scenario(numero, resultat, message)
    emettre("fin", numero=numero, titre=scenario.name, resultat=resultat, message=message, role=role)


def pytest_bdd_apply_tag(tag: str, function: Callable[..., Any]) -> bool:
    """Every tag is a marker and an Allure label."""
    getattr(pytest.mark, tag)(function)
    allure.label("requirement", tag)(function)
    return True


def pytest_bdd_before_scenario(request: pytest.FixtureRequest, feature: Feature, scenario: Scenario) -> None:
    """Keep the scenario for `parcours`; name the test after it in Allure."""
    request.node.stash[_joue] = scenario
    allure.dynamic.feature(feature.name or "")
    allure.dynamic.title(scenario.name)


def _texte(step: Step) -> str:
    """The step as the feature file writes it (pytest-bdd title-cases the keyword)."""
    return f"{step.keyword.strip().capitalize()} {step.name}"


def pytest_bdd_before_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Open one Allure step; it is kept on the test's own node."""
    opened = allure.step(_texte(step))
    opened.__enter__()
    request.node.stash[_ouverte] = opened


def pytest_bdd_after_step(request: pytest.FixtureRequest, step: Step) -> None:
    """Close the Allure step and tell that the step held."""
    request.node.stash[_ouverte].__exit__(None, None, None)
    emettre("etape", texte=_texte(step), resultat="reussi", message="")


def pytest_bdd_step_error(request: pytest.FixtureRequest, step: Step, exception: Exception) -> None:
    """Close the Allure step with its failure; a broken bench is never a failed product."""
    request.node.stash[_ouverte].__exit__(type(exception), exception, exception.__traceback__)
    texte = _texte(step)
    if isinstance(exception, Manquement):
        outcome = ("echoue", f"{texte} — {exception}", exception.role)
    elif isinstance(exception, BancError):
        outcome = ("erreur", f"{texte} — {exception}", "")
    else:
        outcome = ("erreur", f"{texte} — {type(exception).__name__} : {exception}", "")
    request.node.stash[_echec] = outcome
    emettre("etape", texte=texte, resultat=outcome[0], message=str(exception))
