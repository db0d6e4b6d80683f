"""INDEX.HTM and README.TXT of an IHE_XDM archive.

Source: IHE ITI-32 §3.32.4.1; `dmp.md` §6 (sections of README.TXT: Emetteur, Application, Instructions, Arborescence).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Emetteur:
    """Who made the archive. structure: its name; identifiant: Struct_IdNat; contact: MSSanté address."""

    structure: str
    identifiant: str
    contact: str = ""
    application: str = "Banc Ségur témoin"
    version: str = "1"
    editeur: str = "Banc Ségur"


def index_htm(emetteur: Emetteur, noms: Sequence[str]) -> bytes:
    """The XHTML page that a person opens first; noms: the paths of the files."""
    links = "".join(f'<li><a href="{escape(name)}">{escape(name)}</a></li>' for name in noms)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-strict.dtd">\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="fr"><head><title>IHE_XDM</title></head><body>'
        f"<p>Emetteur : {escape(emetteur.structure)} ({escape(emetteur.identifiant)})</p>"
        f'<p><a href="README.TXT">README.TXT</a></p><ul>{links}</ul></body></html>\n'
    ).encode()


def readme_txt(emetteur: Emetteur, noms: Sequence[str]) -> bytes:
    """The text page: sender, application, how to read, tree."""
    lines = (
        "Emetteur",
        f"  Nom : {emetteur.structure}",
        f"  Organisme : {emetteur.identifiant}",
        f"  Adresse : {emetteur.contact}",
        "Application de l'emetteur",
        f"  Nom : {emetteur.application}",
        f"  Version : {emetteur.version}",
        f"  Editeur : {emetteur.editeur}",
        "Instructions",
        "  Ouvrir INDEX.HTM dans un navigateur.",
        "Arborescence",
        *(f"  {name}" for name in ("INDEX.HTM", "README.TXT", *noms)),
    )
    return ("\r\n".join(lines) + "\r\n").encode()
