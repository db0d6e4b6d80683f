"""What the command line says when it stops: one French sentence, and a file with the whole of an unexpected fault."""

from __future__ import annotations

import os
import re
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from banc_segur.campaign.home import home
from banc_segur.errors import BancError

# What typer says in English, and how we say it.
_PHRASES = (
    (r"No such option: (\S+)(?: \(Possible options: (.+)\))?", "Option « {0} » inconnue{1}."),
    (r"No such command '(.+)'", "Commande « {0} » inconnue."),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", "Argument en trop : {0}."),
    (r"Missing argument '?([^'.]+)'?.*", "Il manque l'argument {0}."),
    (r"Missing option '?([^'.]+)'?.*", "Il manque l'option {0}."),
    (r"Option '?([^' ]+)'? requires an argument", "L'option {0} demande une valeur."),
    (r"Option '?([^' ]+)'? does not take a value", "L'option {0} ne prend pas de valeur."),
    (r"Invalid value for '?([^':]+)'?: .*integer.*", "La valeur de {0} doit être un nombre entier."),
    (r"Invalid value for '?([^':]+)'?: (.*)", "Valeur refusée pour {0}."),
)


def usage(message: str) -> str:
    """The French sentence for a mistake on the command line that typer found."""
    for motif, phrase in _PHRASES:
        found = re.fullmatch(motif + r"\.?", message.strip(), re.DOTALL)
        if found:
            name, plus = found[1], found[2] if found.re.groups > 1 else None
            return phrase.format(name, f" (proche de {plus})" if plus else "")
    return message


def imprevue(error: Exception) -> str:
    """Write the trace of a fault of ours to a file; return the sentence that names the file."""
    trace = "".join(traceback.format_exception(error))
    name = f"erreur-{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}.log"
    path = _ecrire(name, trace)
    said = " ".join(str(error).split())[:200]
    return f"Erreur imprévue du banc ({type(error).__name__} : {said}) ; le détail à transmettre est dans {path}."


def _ecrire(name: str, trace: str) -> Path:
    for folder in (_erreurs, lambda: Path(tempfile.gettempdir())):
        try:
            path = folder() / name
            path.write_text(trace, "utf-8")
        except (OSError, BancError):
            continue
        return path
    return Path(os.devnull)


def _erreurs() -> Path:
    folder = home() / "erreurs"
    folder.mkdir(exist_ok=True)
    return folder
