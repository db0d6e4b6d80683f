"""Where things live: `$BANC_HOME` (PKI, one folder per bench), the report folder, the world of the fixtures."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from banc_segur.errors import UsageError
from banc_segur.fichiers import dossier_prive

RACINE = Path(__file__).resolve().parents[2]
RAPPORTS = RACINE / "reports" / "out"


def home() -> Path:
    """`$BANC_HOME`, by default `banc-segur` in the user's data folder; made when absent.

    Raises:
        UsageError: the folder cannot be made.
    """
    default = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "banc-segur"
    path = Path(os.environ.get("BANC_HOME") or default).absolute()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"BANC_HOME={path} : dossier impossible à créer ({error.strerror}) ; choisissez un dossier où vous "
            "avez le droit d'écrire."
        ) from error
    return path


def dossier_banc(nom: str) -> Path:
    """The folder of the bench `nom`: journal, state, `pret.json`; its owner's only.

    Raises:
        UsageError: it cannot be made or written.
    """
    path = home() / "bancs" / nom
    return _faire(path, dossier_prive, "dossier du banc", "choisissez un autre BANC_HOME")


def dossier_rapport(path: Path) -> Path:
    """The folder of a report, made when absent.

    Raises:
        UsageError: it cannot be made or written.
    """
    return _faire(path, _dossier, "dossier du rapport", "choisissez-en un autre avec --sortie")


def _faire(path: Path, faire: Callable[[Path], Path], nom: str, remede: str) -> Path:
    try:
        faire(path)
    except OSError as error:
        raise UsageError(f"{path} : {nom} impossible à créer ({error.strerror}) ; {remede}.") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise UsageError(f"{path} : {nom} interdit en écriture ; {remede}.")
    return path


def _dossier(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def monde() -> dict[str, Any]:
    """The fictitious establishment, doctors and domains of `fixtures/monde.toml`."""
    return tomllib.loads((RACINE / "fixtures" / "monde.toml").read_text("utf-8"))


def banc_en_marche(nom: str | None) -> Path:
    """The `pret.json` of the bench that runs: that of campaign `nom`, or the only one.

    Raises:
        UsageError: none runs, or several do and no name was given.
    """
    candidates = sorted(home().glob("bancs/*/pret.json"))
    running = [path for path in candidates if _vivant(path) and nom in (None, path.parent.name)]
    if not running:
        quoi = f"La campagne « {nom} » n'a pas de banc en marche" if nom else "Aucun banc n'est en marche"
        raise UsageError(f"{quoi} ; démarrez-le par ./banc serve ou ./banc run.")
    if len(running) > 1:
        noms = ", ".join(path.parent.name for path in running)
        raise UsageError(f"Plusieurs bancs sont en marche ({noms}) ; précisez --campagne NOM.")
    return running[0]


def _vivant(pret: Path) -> bool:
    try:
        os.kill(int(json.loads(pret.read_text("utf-8"))["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True
