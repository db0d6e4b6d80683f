"""Logs hold no value of a variable: a traceback that printed locals would print bodies, tokens, certificates."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from banc_segur.control.__main__ import main as control
from banc_segur.temoin.processus import main as temoin
from banc_segur.traces import journaliser_sur_stderr


@pytest.fixture(autouse=True)
def _remettre() -> Iterator[None]:
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def _echouer() -> None:
    corps = "matricule-dans-une-" + "variable"
    try:
        raise ZeroDivisionError(len(corps))
    except ZeroDivisionError:
        structlog.get_logger("essai").exception("échec", lien="ri-insi")


def test_a_traceback_tells_places_and_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    journaliser_sur_stderr()
    _echouer()
    said = capsys.readouterr()
    assert "ZeroDivisionError" in said.err and "lien=ri-insi" in said.err and "test_traces.py" in said.err
    assert "matricule-dans-une-variable" not in said.err
    assert said.out == ""


@pytest.mark.parametrize("entree", [control, temoin])
def test_both_processes_log_that_way(entree: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(entree) and entree([]) == 2
    _echouer()
    said = capsys.readouterr()
    assert "échec" in said.err and "matricule-dans-une-variable" not in said.err and said.out == ""
