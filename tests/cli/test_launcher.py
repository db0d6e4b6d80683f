"""The launcher `./banc`: says which system package is missing, before anything else can fail."""

import subprocess
from pathlib import Path

from banc_segur.campaign.home import RACINE

BASE = ("sh", "cat", "cksum", "dirname", "rm", "mkdir")


def launch(tmp_path: Path, python: str | None) -> subprocess.CompletedProcess[str]:
    """Run a copy of the launcher with a PATH of its own; `python` is the body of a false python3."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in BASE:
        found = next(path for path in (Path("/usr/bin") / name, Path("/bin") / name) if path.exists())
        (programs / name).symlink_to(found)
    if python is not None:
        (programs / "python3").write_text(f"#!/bin/sh\n{python}\n", "utf-8")
        (programs / "python3").chmod(0o755)
    project = tmp_path / "projet"
    project.mkdir()
    for name in ("banc", "constraints.txt", "pyproject.toml"):
        (project / name).write_bytes((RACINE / name).read_bytes())
    return subprocess.run(
        ["/bin/sh", str(project / "banc"), "run"],
        env={"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_python_absent(tmp_path: Path) -> None:
    done = launch(tmp_path, None)
    assert done.returncode == 2 and "apt-get install python3 python3-venv" in done.stderr


def test_python_too_old(tmp_path: Path) -> None:
    done = launch(tmp_path, 'case "$1" in --version) echo Python 3.9.2;; *) exit 1;; esac')
    assert done.returncode == 2 and "Python 3.11 ou plus récent" in done.stderr and "3.9.2" in done.stderr


def test_venv_absent(tmp_path: Path) -> None:
    done = launch(tmp_path, 'case "$2" in *version_info*) exit 0;; *) exit 1;; esac')
    assert done.returncode == 2 and "apt-get install python3-venv" in done.stderr
