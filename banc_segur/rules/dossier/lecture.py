"""Looking at a dossier: attributes and facts of its steps, the truth of a datum at a step."""

from __future__ import annotations

from collections.abc import Iterator

from banc_segur.rules.model import Dossier, Etape, Fait

INSI = "INSi"


def attributs(etape: Etape, nom: str) -> list[str]:
    """The values of an attribute of the step's exchange."""
    return [value for name, value in etape.analyse.attributs if name == nom]


def faits(etape: Etape, donnee: str, porteur: str = "") -> list[Fait]:
    """The facts of a datum in a step, of one carrier when it is given."""
    return [f for f in etape.analyse.faits if f.donnee == donnee and porteur in ("", f.porteur)]


def est_adt(etape: Etape) -> bool:
    """True for an identity or visit message."""
    return etape.analyse.operation.startswith("ADT^")


def insi_trouve(etape: Etape) -> bool:
    """True for an INSi answer that gave an identity (00)."""
    return bool(faits(etape, "matricule", INSI))


def emission(dossier: Dossier, etape: Etape) -> Etape:
    """The step where this very message (MSH-3, MSH-10) was first seen: a relay is not an emission."""
    mine = (attributs(etape, "application"), attributs(etape, "MSH-10"))
    if not mine[1]:
        return etape
    same = (e for e in dossier.etapes if (attributs(e, "application"), attributs(e, "MSH-10")) == mine)
    return next(same, etape)


def verites(dossier: Dossier, donnee: str) -> Iterator[tuple[Etape, str]]:
    """For each step, the value of a datum that the last INSi answer gave, empty before any."""
    truth = ""
    for etape in dossier.etapes:
        for fait in faits(etape, donnee, INSI):
            truth = fait.valeur
        yield etape, truth
