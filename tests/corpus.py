"""The corpus of real examples: where it is, and the one reason why a test that needs it is skipped.

It is not part of the project: `BANC_CORPUS`, by default `../shared/data` beside the checkout.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

CORPUS = Path(os.environ.get("BANC_CORPUS", Path(__file__).resolve().parents[2] / "shared" / "data"))


def _motif(path: Path) -> str:
    return f"corpus d'exemples absent : {path.relative_to(CORPUS)} (indiquer son dossier par BANC_CORPUS)"


def fichier(*parts: str) -> Path:
    """A file or folder of the corpus; skips the running test when it is absent."""
    path = CORPUS.joinpath(*parts)
    if not path.exists():
        pytest.skip(_motif(path))
    return path


def requiert(*parts: str) -> pytest.MarkDecorator:
    """Marks a test that cannot run without this file or folder."""
    path = CORPUS.joinpath(*parts)
    return pytest.mark.skipif(not path.exists(), reason=_motif(path))


def fichiers(dossier: str, *suffixes: str) -> list[Path]:
    """Every file with one of these suffixes below a folder, sorted; none when the corpus is absent."""
    return sorted(path for path in (CORPUS / dossier).rglob("*") if path.suffix in suffixes)
