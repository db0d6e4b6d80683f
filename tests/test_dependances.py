"""`pyproject.toml` declares what the product imports, no more and no less, and the constraints file pins it all."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

RACINE = Path(__file__).resolve().parents[1]
PRODUIT = ("banc_segur", "simulators", "steps")
APPORTE = {"allure-python-commons": "allure-pytest"}  # the plugin, loaded by its name, brings the module


def _nom(exigence: str) -> str:
    return re.split(r"[<>=~! \[]", exigence, maxsplit=1)[0].lower().replace("_", "-")


def _importes() -> Iterator[str]:
    for folder in PRODUIT:
        for path in (RACINE / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_bytes())):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    yield node.module


def _declarees(extra: str = "") -> set[str]:
    project = tomllib.loads((RACINE / "pyproject.toml").read_text("utf-8"))["project"]
    return {_nom(item) for item in (project["optional-dependencies"][extra] if extra else project["dependencies"])}


def test_the_product_declares_exactly_what_it_imports() -> None:
    known = packages_distributions()
    tops = {name.partition(".")[0] for name in _importes()} - set(sys.stdlib_module_names) - set(PRODUIT)
    found = {_nom(known[top][0]) for top in tops}
    assert {APPORTE.get(name, name) for name in found} == _declarees()


def test_everything_declared_is_pinned() -> None:
    pinned = {_nom(line) for line in (RACINE / "constraints.txt").read_text("utf-8").splitlines()}
    assert _declarees() | _declarees("test") <= pinned
