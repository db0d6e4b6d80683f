"""`banc test`: the project's own tests (the launcher has installed what they need)."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from banc_segur.campaign.home import RACINE


def test(arguments: Annotated[list[str] | None, typer.Argument(help="Arguments pour pytest.")] = None) -> int:
    """Run pytest on `tests/` and return its exit code."""
    command = [sys.executable, "-m", "pytest", *(arguments or [])]
    return subprocess.run(command, cwd=RACINE, check=False).returncode  # noqa: S603 - our own interpreter
