"""Whose fault, and one line per cause (design.md, « Whose fault »).

A constat belongs to the first emitter of the wrong value on the chain. A value travels when it is a datum of the
identity or of the document (`DONNEES`), when it sits inside a document that others only carry, or when an EAI relays
a message: there, later carriers are not blamed. Anything else belongs to the product that wrote the bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from banc_segur.reporting.model import Constat
from banc_segur.rules.model import DONNEES

GRAVITES = ("erreur", "avertissement", "information")


def grouper(constats: Iterable[Mapping[str, Any]], liens: Mapping[int, str], temoins: set[str]) -> tuple[Constat, ...]:
    """Group constats of the control API by (first emitter, datum or rule, wrong value).

    Args:
        liens: link of each exchange of the report; constats of other exchanges are left out.
        temoins: products of the bench itself.
    """
    first: dict[tuple[Any, ...], str] = {}
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for constat in sorted((c for c in constats if c["echange"] in liens), key=lambda c: int(c["echange"])):
        produit = str(constat["produit"] or "")
        if _voyage(constat, liens[constat["echange"]]):
            produit = first.setdefault((constat["scenario"], *constat["cause"]), produit)
        else:
            first.setdefault((constat["scenario"], *constat["cause"]), produit)
        groups.setdefault((produit, *constat["cause"]), []).append(constat)
    return tuple(_constat(key[0], group, temoins) for key, group in groups.items())


def _voyage(constat: Mapping[str, Any], lien: str) -> bool:
    return constat["donnee"] in DONNEES or bool(constat.get("document")) or lien.startswith("eai-")


def _constat(produit: str, group: list[Mapping[str, Any]], temoins: set[str]) -> Constat:
    """The gravest rule speaks for the cause, at the first exchange where it saw it."""
    first = min(group, key=lambda c: (GRAVITES.index(c["severite"]), c["echange"], c["regle"]))
    return Constat(
        regle=first["regle"],
        titre=first["titre"],
        severite=first["severite"],
        refus=any(constat["refus"] for constat in group),
        produit=produit,
        temoin=produit in temoins,
        ou=first["ou"],
        attendu=first["attendu"],
        observe=first["observe"],
        source=first["source"],
        remede=first["remede"],
        exigences=tuple(sorted({exigence for constat in group for exigence in constat["exigences"]})),
        cause=(produit, *(str(part) for part in first["cause"])),
        echanges=tuple(sorted({constat["echange"] for constat in group})),
        autres=tuple(sorted({constat["regle"] for constat in group} - {first["regle"]})),
    )
