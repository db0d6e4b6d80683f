"""Private files and folders: keys, tokens, settings, stores. Readable by their owner only, written in one step."""

from __future__ import annotations

import os
from pathlib import Path


def dossier_prive(path: Path) -> Path:
    """Make the folder when absent, with its parents; only its owner may enter it (0700). Return it.

    Raises:
        OSError: it cannot be made.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def ecrire(path: Path, contenu: bytes | str, droits: int = 0o600) -> None:
    """Replace the file in one step: a reader sees the old content or the new one, and nobody else's rights last.

    Args:
        contenu: text is written as UTF-8.
        droits: mode of the file; private unless it is meant to be handed out, as a certificate is.

    Raises:
        OSError: the folder is absent or cannot be written.
    """
    data = contenu.encode() if isinstance(contenu, str) else contenu
    temporaire = path.with_name(f".{path.name}.{os.getpid()}")
    temporaire.unlink(missing_ok=True)
    descripteur = os.open(temporaire, os.O_WRONLY | os.O_CREAT | os.O_EXCL, droits)
    with os.fdopen(descripteur, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descripteur)
    temporaire.replace(path)
