"""B01, B02: the text of the mail. Source: `mssante.md` §2.3, §6.2."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.courriel_lu import Partie
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart
from banc_segur.rules.mss.sujets import COURRIEL, Envoi

UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")  # ASCII is UTF-8


def _textes(sujet: Envoi) -> list[Partie]:
    return [part for part in sujet.courriel.parties if part.type.startswith("text/") and not part.transmis]


@regle(
    "MSS-B01",
    "Le corps est en texte simple, ou en texte simple puis HTML",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.2.4",
    remede="Envoyer text/plain seul, ou multipart/alternative : text/plain d'abord, text/html ensuite, même contenu.",
    exigences=("MSS/va1.11",),
)
def formats(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """The first text part is plain."""
    texts = _textes(sujet)
    if texts and texts[0].type != "text/plain":
        yield Ecart("corps", "text/plain en premier", ", ".join(part.type for part in texts))


@regle(
    "MSS-B02",
    "Le texte du courriel est en UTF-8",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.2.3",
    remede="Encoder les parties de texte en UTF-8 et l'écrire dans Content-Type (charset=utf-8).",
)
def encodage(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """Charset of every text part of the mail itself; ASCII is a part of UTF-8, absent means ASCII."""
    for part in _textes(sujet):
        if part.charset and part.charset.lower() not in UTF8:
            yield Ecart(f"{part.type}/charset", "utf-8", part.charset)
