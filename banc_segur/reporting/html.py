"""The report that a person opens: one self-contained French page, nothing loaded from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from banc_segur.reporting import diagram, readable
from banc_segur.reporting.model import Constat, Decision, Echange, Rapport, Verdict

GRAVITE = {"erreur": 0, "avertissement": 1, "information": 2}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("banc_segur.reporting", "gabarits"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters["lisible"] = readable.pretty
    environment.filters["brut"] = readable.raw
    environment.filters["heure"] = lambda instant: instant[11:19]
    return environment


def render(rapport: Rapport) -> str:
    """Return the page. Every captured or typed value is escaped by the template engine."""
    par_scenario = {
        scenario.numero: [e for e in rapport.echanges if e.scenario == scenario.numero]
        for scenario in rapport.scenarios
    }
    hors = [echange for echange in rapport.echanges if echange.scenario not in par_scenario]
    return (
        _environment()
        .get_template("rapport.html.j2")
        .render(
            rapport=rapport,
            par_scenario=par_scenario,
            hors_scenario=hors,
            diagrammes={numero: Markup(diagram.draw(echanges)) for numero, echanges in par_scenario.items()},  # noqa: S704
            constats=sorted(rapport.constats, key=lambda c: (c.temoin, GRAVITE[c.severite], c.regle)),
            groupes=_par_produit(rapport),
            recit=_recit,
        )
    )


def _recit(echanges: Sequence[Echange]) -> list[Echange]:
    """The exchanges worth telling: everything but the IMAP commands that only open or close a session."""
    return [echange for echange in echanges if not echange.operation.startswith("IMAP") or echange.reussi is False]


def _par_produit(rapport: Rapport) -> list[tuple[str, Counter[Decision], list[Verdict], list[Constat]]]:
    """For each product: counts by decision, verdicts that say something, its constats."""
    groups = []
    for produit in rapport.produits:
        mine = [verdict for verdict in rapport.verdicts if verdict.produit == produit.nom]
        constats = [constat for constat in rapport.constats if constat.produit == produit.nom]
        groups.append((produit.nom, Counter(verdict.decision for verdict in mine), mine, constats))
    return groups
