"""`banc test`: the project's own tests (the launcher has installed what they need)."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import Annotated

import typer

from banc_segur.campaign.home import RACINE
from banc_segur.cli.console import console

# Foreign clients and the browser of the tests: program -> Debian package. Without them their tests are skipped.
OUTILS = {"chromium": "chromium", "curl": "curl", "openssl": "openssl"}


def test(arguments: Annotated[list[str] | None, typer.Argument(help="Arguments pour pytest.")] = None) -> int:
    """Run pytest on `tests/` and return its exit code; name the system packages that some tests miss."""
    missing = [package for program, package in OUTILS.items() if shutil.which(program) is None]
    if missing:
        console.print(f"Des tests seront ignorés ; pour les jouer : sudo apt-get install {' '.join(missing)}")
    command = [sys.executable, "-m", "pytest", *(arguments or [])]
    return subprocess.run(command, cwd=RACINE, check=False).returncode  # noqa: S603 - our own interpreter
