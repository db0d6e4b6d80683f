"""Everything a report needs, asked from the control API at the end of a passage."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from banc_segur import __version__, tables
from banc_segur.campaign import causes, verdicts
from banc_segur.control.attribution import BANC
from banc_segur.control.client import ClientControle
from banc_segur.reporting.model import CODE_BANC, Echange, Produit, Rapport, Refus, Scenario


def produits_de(declares: Sequence[dict[str, Any]]) -> tuple[Produit, ...]:
    """The campaign's products as the report shows them."""
    return tuple(
        Produit(p["nom"], tuple(p["roles"]), p["temoin"], p.get("editeur", ""), p.get("version", "")) for p in declares
    )


def rapport(
    client: ClientControle,
    campagne: str,
    produits: Sequence[Produit],
    scenarios: Sequence[Scenario],
    debut: str,
    fin: str,
    liens_non_captes: frozenset[str] = frozenset(),
) -> Rapport:
    """Close the passage on the bench and gather its report. debut, fin: ISO 8601 UTC bounds of the passage."""
    client.fermer_campagne()
    temoins = {BANC, *(produit.nom for produit in produits if produit.temoin)}
    echanges = _echanges(client, scenarios, debut)
    numeros = {echange.numero for echange in echanges}
    constats = causes.grouper(client.constats(), {e.numero: e.lien for e in echanges}, temoins)
    non_evaluees = tuple(
        sorted(
            {(n["regle"], n["raison"]) for n in client.non_evaluees() if n["echange"] in numeros or not n["echange"]}
        )
    )
    questions = sum(1 for question in client.questions() if not question["reponse"])
    code, conclusion = verdicts.code_de_sortie(produits, scenarios, constats, non_evaluees, questions)
    return Rapport(
        campagne=campagne,
        debut=debut,
        fin=fin,
        version=__version__,
        produits=tuple(produits),
        scenarios=tuple(scenarios),
        echanges=echanges,
        constats=constats,
        verdicts=verdicts.verdicts(produits, scenarios, constats, liens_non_captes),
        refus=tuple(
            Refus(r["debut"], r["lien"], r["cause"], r["sujet"] or "") for r in client.refus() if r["debut"] >= debut
        ),
        non_evaluees=non_evaluees,
        alertes=_alertes(produits, liens_non_captes),
        questions_ouvertes=questions,
        tete=client.tete(),
        conclusion=conclusion,
        code=code,
    )


def panne(campagne: str, produits: Sequence[Produit], debut: str, fin: str, raison: str) -> Rapport:
    """The report of a passage that the bench could not finish: a report is written whatever the exit."""
    return Rapport(
        campagne=campagne,
        debut=debut,
        fin=fin,
        version=__version__,
        produits=tuple(produits),
        scenarios=(),
        echanges=(),
        constats=(),
        verdicts=verdicts.verdicts(produits, (), ()),
        alertes=("Le banc s'est arrêté avant la fin : aucun verdict ne peut être tiré de ce passage.",),
        conclusion=f"Panne du banc : {raison}",
        code=CODE_BANC,
    )


def _echanges(client: ClientControle, scenarios: Sequence[Scenario], debut: str) -> tuple[Echange, ...]:
    """The exchanges of the played scenarios, and those of this passage that belong to none."""
    found = [e for scenario in scenarios for e in client.echanges(scenario.numero)]
    found += [e for e in client.echanges(hors_scenario=True) if e["debut"] >= debut]
    return tuple(_echange(client.echange(e["numero"])) for e in sorted(found, key=lambda e: (e["debut"], e["numero"])))


def _echange(detail: dict[str, Any]) -> Echange:
    facts = detail["connexion_faits"] or {}
    tls = " ".join(part for part in (facts.get("version", ""), facts.get("suite", "")) if part)
    answer = detail["reponse_b64"]
    return Echange(
        numero=detail["numero"],
        scenario=detail["scenario"],
        instant=detail["debut"],
        lien=detail["lien"],
        de=detail["de"],
        vers=detail["vers"],
        operation=detail["operation"],
        resume=detail["resume"],
        reussi=detail["reussi"],
        requete=base64.b64decode(detail["requete_b64"]),
        reponse=None if answer is None else base64.b64decode(answer),
        tls=tls,
    )


def _alertes(produits: Sequence[Produit], liens_non_captes: frozenset[str]) -> tuple[str, ...]:
    alerts = []
    if all(produit.temoin for produit in produits):
        alerts.append(
            "Le témoin joue tous les rôles : ce rapport montre que le banc fonctionne, il ne juge aucun produit."
        )
    index = tables.index("liens", "lien")
    alerts += [
        f"Lien non capté : {lien} ({index[lien]['de']} → {index[lien]['vers']}) ; ce qui y passe n'est pas jugé."
        for lien in sorted(liens_non_captes)
    ]
    return tuple(alerts)
