"""One PKI for every test of the process: making its keys takes seconds."""

from __future__ import annotations

import atexit
import re
import shutil
import ssl
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


def der(pki: Pki, usage: str) -> bytes:
    """The client certificate of one usage, DER, as a server sees it."""
    texte = pki.produit(usage).certificat.read_text("ascii")
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", texte, re.DOTALL)
    assert found
    return ssl.PEM_cert_to_DER_cert(found[0])
