"""One passage of a campaign: pytest plays the scenarios against the bench, then the report is gathered.

pytest runs in its own process, a client of the control API like any other; its events come back on a pipe.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from banc_segur.campaign.events import Ecouteur, Recueil
from banc_segur.campaign.home import RACINE
from banc_segur.campaign.site import Site
from banc_segur.errors import BancError, UsageError
from banc_segur.reporting.model import Scenario

PYTEST_SANS_TEST = 5
PYTEST_USAGE = 4
OPTIONS = (
    *("-q", "-o", "addopts=--strict-markers", "-o", "python_files=scenarios.py"),
    *("-p", "pytest_bdd.plugin", "-p", "allure_pytest.plugin", "-p", "steps.plugin", "-p", "no:cacheprovider"),
    "--noconftest",  # what the project's own tests share has no part in a campaign
)
SANS_AUTRE_PLUGIN = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"
}  # those of the tests cost 3 s and have no part in a campaign


def jouer(site: Site, sortie: Path, selection: str, ecouteur: Ecouteur) -> list[Scenario]:
    """Play the scenarios that the marker expression `selection` keeps (all of them when empty).

    Args:
        sortie: the campaign's folder; raw Allure results go to `sortie/allure-results`, pytest's own text to
            `sortie/pytest.log`.

    Raises:
        UsageError: `selection` is no marker expression.
        BancError: pytest itself could not run.
    """
    read_end, write_end = os.pipe()
    command = [sys.executable, "-m", "pytest", "steps/scenarios.py", *OPTIONS, "--rootdir", str(RACINE)]
    command += ["--alluredir", str(sortie / "allure-results"), "--clean-alluredir"]
    if selection:
        command += ["-m", selection]
    environment = {
        **os.environ,
        **SANS_AUTRE_PLUGIN,
        "BANC_PRET": str(site.dossier / "pret.json"),
        "BANC_EVENEMENTS": str(write_end),
        "BANC_DELAI": str(site.profil.campagne.delai),
    }
    recueil = Recueil(ecouteur)
    with (sortie / "pytest.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter
            command, cwd=RACINE, env=environment, pass_fds=(write_end,), stdout=log, stderr=subprocess.STDOUT
        )
        os.close(write_end)
        with os.fdopen(read_end, "rb") as stream:
            recueil.lire(stream)
        code = process.wait()
    if code == PYTEST_USAGE and selection:
        raise UsageError(f"Choix de scénarios « {selection} » incompris ; exemple : « PIL-28 and not service.mss ».")
    if code not in (0, 1, PYTEST_SANS_TEST):
        raise BancError(f"Les scénarios n'ont pas pu être joués (pytest, code {code}) ; voir {sortie / 'pytest.log'}.")
    return recueil.scenarios
