"""`docs/limites.md` and the code say the same: every limit has its line, its value, and a test file that exists."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

RACINE = Path(__file__).resolve().parents[1]
LIGNE = re.compile(r"^\| [^|]+ \| [^|]+ \| (\d+) \| `([\w.]+):(\w+)` \| (?:`([\w/.]+)`|—) \|$", re.MULTILINE)
NOM = re.compile(r"_?MAX_\w+|\w+_MAX|RATIO_LIBRE")
ECRITS = {  # lengths that a référentiel gives to what is written; the tries of a message
    "banc_segur.temoin.eai:AR_MAX",
    "banc_segur.formats.courriel:LIBELLE_MAX",
    "banc_segur.rules.dmp.coherence:TITRE_MAX",
    "banc_segur.rules.mss.entetes:_LIGNE_MAX",
}


def _lignes() -> dict[str, tuple[int, str]]:
    text = (RACINE / "docs" / "limites.md").read_text("utf-8")
    found = LIGNE.findall(text)
    prefix = {module: "" if module.startswith("simulators.") else "banc_segur." for _, module, _, _ in found}
    return {f"{prefix[module]}{module}:{nom}": (int(value), test) for value, module, nom, test in found}


def _du_code() -> set[str]:
    found = set()
    for path in [*(RACINE / "banc_segur").rglob("*.py"), *(RACINE / "simulators").rglob("*.py")]:
        module = ".".join(path.relative_to(RACINE).with_suffix("").parts)
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                if NOM.fullmatch(name):
                    found.add(f"{module}:{name}")
    return found - ECRITS


def test_every_limit_of_the_code_has_its_line_and_no_other() -> None:
    assert set(_lignes()) == _du_code()


def test_values_are_those_of_the_code_and_tests_exist() -> None:
    for key, (value, test) in _lignes().items():
        module, nom = key.split(":")
        assert getattr(importlib.import_module(module), nom) == value, key
        assert not test or (RACINE / test).is_file(), test
