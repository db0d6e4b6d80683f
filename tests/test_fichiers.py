"""Private files: rights whatever the umask, one step, another's rights never kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from banc_segur import fichiers


@pytest.fixture
def umask_large() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask_large")
def test_a_file_and_its_folder_are_their_owner_s_only(tmp_path: Path) -> None:
    folder = fichiers.dossier_prive(tmp_path / "bancs" / "essai")
    fichiers.ecrire(folder / "jeton", "secret é")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "jeton").stat().st_mode & 0o777 == 0o600
    assert (folder / "jeton").read_text("utf-8") == "secret é"
    assert [path.name for path in folder.iterdir()] == ["jeton"]


@pytest.mark.usefixtures("umask_large")
def test_writing_again_takes_the_rights_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "ouvert"
    path.write_bytes(b"avant")
    path.chmod(0o666)
    fichiers.ecrire(path, b"apres")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"apres", 0o600)


def test_a_link_laid_in_the_way_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victime"
    victim.write_text("intacte", "utf-8")
    (tmp_path / f".jeton.{os.getpid()}").symlink_to(victim)
    fichiers.ecrire(tmp_path / "jeton", "secret")
    assert victim.read_text("utf-8") == "intacte"
