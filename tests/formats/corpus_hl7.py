"""The official HL7 examples and the hand-made skeletons, for tests."""

from __future__ import annotations

from pathlib import Path

from tests import corpus

RACINE = corpus.CORPUS / "hl7v2"
requis = corpus.requiert("hl7v2")


def fichiers(dossier: str = ".") -> list[Path]:
    """Every message file below a folder of the corpus, sorted; empty when the corpus is absent."""
    return corpus.fichiers(f"hl7v2/{dossier}", ".er7", ".hl7")


def lire(nom: str) -> bytes:
    """The bytes of one corpus file; skips the test when it is absent."""
    return corpus.fichier("hl7v2", nom).read_bytes()


def nom_court(path: Path) -> str:
    """A readable test id."""
    return str(path.relative_to(RACINE))
