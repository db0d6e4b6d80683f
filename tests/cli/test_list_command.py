"""`banc list`: scenarios, rules, requirements."""

import pytest
from typer.testing import CliRunner

from banc_segur.campaign.home import RACINE
from banc_segur.cli.app import app
from banc_segur.cli.list_command import regles_markdown
from banc_segur.errors import UsageError

runner = CliRunner()


@pytest.mark.parametrize(
    ("quoi", "expected"),
    [("scenarios", "La lettre de liaison"), ("regles", "BANC-LISIBLE"), ("exigences", "exercées par un scénario")],
)
def test_lists(quoi: str, expected: str) -> None:
    done = runner.invoke(app, ["list", quoi])
    assert done.exit_code == 0 and expected in done.output


def test_an_unknown_list_is_refused() -> None:
    done = runner.invoke(app, ["list", "xyz"])
    assert isinstance(done.exception, UsageError) and "choisissez" in str(done.exception)


def test_the_page_of_the_rules_is_up_to_date() -> None:
    page = (RACINE / "docs" / "regles.md").read_text("utf-8")
    assert page == regles_markdown(), "lancez ./banc list regles --markdown > docs/regles.md"
    assert runner.invoke(app, ["list", "regles", "--markdown"]).output == page


def test_the_other_lists_have_no_page() -> None:
    assert isinstance(runner.invoke(app, ["list", "exigences", "--markdown"]).exception, UsageError)
