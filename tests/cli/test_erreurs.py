"""The sentences for typer's own refusals; the file of an unexpected fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from banc_segur.cli import erreurs


@pytest.mark.parametrize(
    ("dit", "attendu"),
    [
        ("No such option: --x (Possible options: --y, --z)", "Option « --x » inconnue (proche de --y, --z)."),
        ("No such option: --x", "Option « --x » inconnue."),
        ("No such command 'x'.", "Commande « x » inconnue."),
        ("Missing argument 'NOM'.", "Il manque l'argument NOM."),
        ("Option '--x' requires an argument.", "L'option --x demande une valeur."),
        ("Option '--x' does not take a value.", "L'option --x ne prend pas de valeur."),
        ("Invalid value for '--x': Input should be a valid integer", "La valeur de --x doit être un nombre entier."),
        ("Invalid value for '--x': other", "Valeur refusée pour --x."),
        ("Something new", "Something new"),
    ],
)
def test_typer_in_french(dit: str, attendu: str) -> None:
    assert erreurs.usage(dit) == attendu


def test_the_trace_is_kept_even_without_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fichier").write_text("x", "utf-8")
    monkeypatch.setenv("BANC_HOME", str(tmp_path / "fichier" / "home"))
    monkeypatch.setattr(erreurs.tempfile, "gettempdir", lambda: str(tmp_path))
    assert str(tmp_path) in erreurs.imprevue(ValueError("x"))
    assert [path for path in tmp_path.glob("erreur-*.log") if "ValueError" in path.read_text("utf-8")]
