"""One PKI for every test of the process: making its keys takes seconds."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from banc_segur.pki import Pki


@cache
def pki_partagee() -> Pki:
    """The PKI that nobody changes; its folder goes away with the process."""
    folder = Path(tempfile.mkdtemp(prefix="banc-pki-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Pki.ouvrir(folder)


def copier_pki(vers: Path) -> Path:
    """A copy for somebody who may change it (another name of host, a bench of its own); returns `vers`."""
    if not vers.exists():
        shutil.copytree(pki_partagee().dossier, vers)
    return vers
