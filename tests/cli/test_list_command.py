"""`banc list`: scenarios, rules, requirements."""

import pytest
from typer.testing import CliRunner

from banc_segur.cli.app import app
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
