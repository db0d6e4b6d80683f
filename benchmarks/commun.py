"""What the benchmarks share: a bench with its witness in a temporary folder, and the cost of their processes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from banc_segur.campaign.ports import libres
from banc_segur.campaign.profil import Profil, ReglagesCampagne
from banc_segur.campaign.site import Site

TRAITS = ("nom_naissance", "prenoms", "premier_prenom", "sexe", "date_naissance", "lieu_naissance")

MODULES = {"banc": "banc_segur.control", "ouvrier": "banc_segur.control.ouvrier", "temoin": "banc_segur.temoin"}


@contextmanager
def site() -> Iterator[Site]:
    """A started site, journal and state on disk, in a BANC_HOME of its own."""
    with tempfile.TemporaryDirectory(prefix="banc-mesure-") as folder:
        os.environ["BANC_HOME"] = folder
        with Site(Profil(campagne=ReglagesCampagne(nom="mesure")), libres()) as started:
            yield started


class Mesure:
    """Cost of one process, read from Linux's /proc."""

    def __init__(self, pid: int) -> None:
        self._dossier = Path("/proc") / str(pid)

    def cpu(self) -> float:
        """CPU milliseconds so far, user and system (in steps of 10)."""
        fields = (self._dossier / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memoire(self) -> float:
        """Resident memory in MB (10^6 bytes)."""
        pages = int((self._dossier / "statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def processus() -> dict[str, Mesure]:
    """The processes of the started site: `banc`, `temoin`, and `ouvrier` (documents) once it was needed."""
    found: dict[str, Mesure] = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command, pid = path.read_bytes().decode("utf-8", "replace").split("\0"), int(path.parent.name)
            folder = (path.parent / "environ").read_bytes()
        except OSError:
            continue  # gone, or somebody else's
        if f"BANC_HOME={os.environ['BANC_HOME']}".encode() in folder.split(b"\0"):
            found |= {name: Mesure(pid) for name, module in MODULES.items() if module in command}
    return found
