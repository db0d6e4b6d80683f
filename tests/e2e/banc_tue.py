"""The real bench process, which kills itself by SIGKILL at a point that a file of its folder names.

`python -m tests.e2e.banc_tue REGLAGES.json`; the file `tuer` holds one of `POINTS`, and goes away with the kill. The
points stand around each commit, where a kill could lose or double something.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from banc_segur.control.__main__ import main
from banc_segur.journal.journal import Journal
from banc_segur.state.boites import Boites
from banc_segur.state.dmp import RegistreDmp
from banc_segur.transport.model import EchangeRecu

FICHIER = "tuer"
POINTS = (
    "avant ri-insi",  # the answer of INSi is ready, nothing is recorded
    "apres ri-insi",  # recorded, not sent
    "apres ri-eai",
    "avant dpi-pfi",  # the PFI has acknowledged the document, the relay has not recorded it
    "apres dpi-pfi",  # recorded, the DPI has not its acknowledgement
    "avant pfi-dmp",
    "apres pfi-dmp",
    "apres depot",  # the DMP holds the document, nothing is recorded
    "apres remise",  # the mail is in the mailbox, nothing is recorded
    "apres pfi-mss",
    "avant pfi-dpi",
    "apres pfi-dpi",
)


def tuer(dossier: Path, point: str) -> None:
    """Die here and now when the file names this point."""
    fichier = dossier / FICHIER
    if fichier.exists() and fichier.read_text("utf-8") == point:
        fichier.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def pieger(dossier: Path) -> None:
    """Put the points in place."""
    echange, deposer, livrer = Journal.echange, RegistreDmp.deposer, Boites.livrer

    def enregistrer(self: Journal, recu: EchangeRecu) -> int:
        if recu.protocole == "imap":
            return echange(self, recu)
        tuer(dossier, f"avant {recu.lien}")
        numero = echange(self, recu)
        tuer(dossier, f"apres {recu.lien}")
        return numero

    def registre(self: RegistreDmp, *arguments: Any) -> Any:
        errors = deposer(self, *arguments)
        tuer(dossier, "apres depot")
        return errors

    def remettre(self: Boites, *arguments: Any) -> None:
        livrer(self, *arguments)
        tuer(dossier, "apres remise")

    Journal.echange, RegistreDmp.deposer, Boites.livrer = enregistrer, registre, remettre  # type: ignore[method-assign]


if __name__ == "__main__":
    pieger(Path(json.loads(Path(sys.argv[1]).read_text("utf-8"))["dossier"]))
    sys.exit(main(sys.argv[1:]))
