"""The sequence diagram of one scenario, as SVG drawn from the journal's exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from banc_segur.reporting.model import Echange

ORDRE = ("RI", "INSi", "EAI", "DPI", "PFI", "DMP", "MSSanté", "LGC")
SERVICES = frozenset({"INSi", "DMP", "MSSanté"})
LARGEUR, PAS, HAUT = 165, 44, 70
COURTS = {"rechercherInsAvecTraitsIdentite": "recherche INS"}


def draw(echanges: Sequence[Echange]) -> str:
    """Return one `<svg>` element: a lifeline per participant, an arrow per exchange, linked to its detail.

    IMAP commands of one session are drawn as one arrow (they say little, and there are many).
    """
    arrows = _sans_repetition(echanges)
    names = [name for name in ORDRE if any(name in (e.de, e.vers) for e, _ in arrows)]
    width, height = LARGEUR * max(len(names), 1), HAUT + PAS * (len(arrows) + 1)
    x = {name: LARGEUR // 2 + index * LARGEUR for index, name in enumerate(names)}
    parts = [
        (
            f'<svg viewBox="0 0 {width} {height}" width="{width}" role="img" aria-label="Diagramme de séquence" '
            'xmlns="http://www.w3.org/2000/svg">'
        ),
        (
            '<defs><marker id="p" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
            '<path d="M0 0 8 4 0 8z" fill="context-stroke"/></marker></defs>'
        ),
    ]
    parts += [_ligne_de_vie(name, x[name], height) for name in names]
    parts += [_fleche(e, count, x, HAUT + PAS * (row + 1)) for row, (e, count) in enumerate(arrows)]
    return "".join([*parts, "</svg>"])


def _sans_repetition(echanges: Sequence[Echange]) -> list[tuple[Echange, int]]:
    """Merge consecutive IMAP commands of one link into one arrow with their count."""
    merged: list[tuple[Echange, int]] = []
    for echange in echanges:
        if merged and echange.operation.startswith("IMAP") and merged[-1][0].operation.startswith("IMAP"):
            previous, count = merged[-1]
            if previous.lien == echange.lien:
                merged[-1] = (previous, count + 1)
                continue
        merged.append((echange, 1))
    return merged


def _ligne_de_vie(name: str, x: int, height: int) -> str:
    kind = "service" if name in SERVICES else "produit"
    return (
        f'<g class="{kind}"><rect x="{x - 55}" y="10" width="110" height="34" rx="6"/>'
        f'<text x="{x}" y="32" text-anchor="middle">{escape(name)}</text>'
        f'<line x1="{x}" y1="44" x2="{x}" y2="{height}"/></g>'
    )


def _fleche(echange: Echange, count: int, x: dict[str, int], y: int) -> str:
    start, end = x[echange.de], x[echange.vers]
    state = {True: "ok", False: "ko", None: "muet"}[echange.reussi]
    mark = {"ok": "", "ko": " ✗", "muet": " ?"}[state]
    name = "IMAP" if count > 1 else COURTS.get(echange.operation, echange.operation)[:24]
    label = escape(name + (f" ×{count}" if count > 1 else "") + mark)
    middle = (start + end) // 2
    return (
        f'<a href="#echange-{echange.numero}" class="{state}"><title>{escape(echange.resume)}</title>'
        f'<text x="{middle}" y="{y - 6}" text-anchor="middle">{label}</text>'
        f'<line x1="{start}" y1="{y}" x2="{end}" y2="{y}" marker-end="url(#p)"/></a>'
    )
