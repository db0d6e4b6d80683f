"""The official HL7 examples and the hand-made skeletons, for tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

RACINE = Path(os.environ.get("BANC_CORPUS", Path(__file__).parents[3] / "shared" / "data")) / "hl7v2"


def fichiers(dossier: str = ".") -> list[Path]:
    """Every message file below a folder of the corpus, sorted; empty when the corpus is absent."""
    return sorted(p for p in (RACINE / dossier).rglob("*") if p.suffix in {".er7", ".hl7"})


def lire(nom: str) -> bytes:
    """The bytes of one corpus file; skips the test when it is absent."""
    path = RACINE / nom
    if not path.is_file():
        pytest.skip(f"fichier du corpus absent : {nom} (indiquer BANC_CORPUS)")
    return path.read_bytes()


def nom_court(path: Path) -> str:
    """A readable test id."""
    return str(path.relative_to(RACINE))
