"""Verdict per exigence and product, and the exit code of a campaign (design.md, « Verdict », « Exit codes »)."""

from __future__ import annotations

from collections.abc import Sequence

from banc_segur import tables
from banc_segur.reporting.model import (
    CODE_BANC,
    CODE_CONFORME,
    CODE_INDECIS,
    CODE_NON_CONFORME,
    Constat,
    Decision,
    Produit,
    Resultat,
    Scenario,
    Verdict,
)


def verdicts(
    produits: Sequence[Produit],
    scenarios: Sequence[Scenario],
    constats: Sequence[Constat],
    liens_non_captes: frozenset[str] = frozenset(),
) -> tuple[Verdict, ...]:
    """One verdict per requirement of each product's roles, in the order of the requirements table."""
    return tuple(
        _verdict(row, produit, scenarios, constats, liens_non_captes)
        for produit in produits
        for row in tables.lire("exigences")
        if roles_de(row) & set(produit.roles)
    )


def roles_de(row: dict[str, str]) -> frozenset[str]:
    """The roles that a row of the requirements table binds."""
    return frozenset(row["roles"].split(" "))


def intitule(exigence: str) -> str:
    """Our French wording of a requirement."""
    return tables.index("exigences_fr", "id")[exigence]["intitule"]


def _verdict(
    row: dict[str, str],
    produit: Produit,
    scenarios: Sequence[Scenario],
    constats: Sequence[Constat],
    liens_non_captes: frozenset[str],
) -> Verdict:
    decision, detail = _decider(row["id"], row, produit, scenarios, constats, liens_non_captes)
    return Verdict(row["id"], intitule(row["id"]), produit.nom, decision, detail)


def _decider(
    exigence: str,
    row: dict[str, str],
    produit: Produit,
    scenarios: Sequence[Scenario],
    constats: Sequence[Constat],
    liens_non_captes: frozenset[str],
) -> tuple[Decision, str]:
    fautes = [
        constat
        for constat in constats
        if constat.produit == produit.nom and constat.severite == "erreur" and exigence in constat.exigences
    ]
    if fautes:
        return Decision.NON_CONFORME, ", ".join(
            sorted({regle for faute in fautes for regle in (faute.regle, *faute.autres)})
        )
    choisis = [scenario for scenario in scenarios if exigence in scenario.etiquettes]
    manques = [s for s in choisis if s.resultat is Resultat.ECHOUE and s.role in produit.roles]
    if manques:
        return Decision.NON_CONFORME, f"scénario « {manques[0].titre} » : {manques[0].message}"
    if not choisis:
        if row["test_mode"] == "doc" or row["verdict_by"] in ("operator", "document"):
            return Decision.PREUVE_MANUELLE, "à établir hors du banc"
        return Decision.NON_EXERCE, "aucun scénario choisi"
    aveugles = liens_non_captes & liens_de(produit)
    if aveugles:
        return Decision.NON_EXERCE, f"lien non capté : {', '.join(sorted(aveugles))}"
    joues = sum(scenario.resultat is Resultat.REUSSI for scenario in choisis)
    if joues < len(choisis):
        return Decision.NON_EXERCE, f"{joues}/{len(choisis)} scénarios joués jusqu'au bout"
    return Decision.CONFORME, f"{joues} scénario{'s' if joues > 1 else ''}" + (
        " (joué par le témoin)" if produit.temoin else ""
    )


def liens_de(produit: Produit) -> frozenset[str]:
    """The links whose requests the product writes."""
    return frozenset(row["lien"] for row in tables.lire("liens") if row["de"] in produit.roles)


def code_de_sortie(
    produits: Sequence[Produit],
    scenarios: Sequence[Scenario],
    constats: Sequence[Constat],
    non_evaluees: Sequence[tuple[str, str]],
    questions_ouvertes: int,
) -> tuple[int, str]:
    """The exit code and the French sentence that explains it."""
    temoins = {role for produit in produits if produit.temoin for role in produit.roles}
    externes = [produit for produit in produits if not produit.temoin]
    panne = _panne(scenarios, constats, non_evaluees, temoins)
    noms = {produit.nom for produit in externes}
    if any(c.severite == "erreur" and c.produit in noms for c in constats):
        return CODE_NON_CONFORME, "Non conforme : des erreurs sont imputées à un produit testé."
    if any(s.resultat is Resultat.ECHOUE and s.role not in temoins for s in scenarios):
        return CODE_NON_CONFORME, "Non conforme : un scénario attendu n'est pas allé à son terme."
    if panne:
        return CODE_BANC, panne
    if questions_ouvertes:
        return CODE_INDECIS, f"Indécis : {questions_ouvertes} question(s) attendent une réponse."
    if not any(scenario.resultat is Resultat.REUSSI for scenario in scenarios):
        return CODE_INDECIS, "Indécis : aucun scénario n'a été joué."
    if externes:
        return CODE_CONFORME, "Conforme : tous les scénarios choisis sont réussis et aucune erreur n'est relevée."
    return CODE_CONFORME, "Le témoin joue tous les rôles : le banc fonctionne, aucune erreur n'est relevée."


def _panne(
    scenarios: Sequence[Scenario],
    constats: Sequence[Constat],
    non_evaluees: Sequence[tuple[str, str]],
    temoins: set[str],
) -> str:
    """Why the bench itself is at fault, or an empty string: nothing here is ever laid at a product's door."""
    for scenario in scenarios:
        if scenario.resultat is Resultat.ERREUR:
            return f"Le banc a échoué pendant « {scenario.titre} » : {scenario.message}"
        if scenario.resultat is Resultat.ECHOUE and scenario.role in temoins:
            return f"Le témoin ({scenario.role}) n'a pas joué « {scenario.titre} » : {scenario.message}"
    for constat in constats:
        if constat.temoin and constat.severite in ("erreur", "avertissement"):
            return f"Erreur du banc : la règle {constat.regle} relève un écart du témoin ({constat.ou})."
    for regle, raison in non_evaluees:
        if raison.startswith("erreur du banc"):
            return f"Erreur du banc : la règle {regle} n'a pas pu être évaluée ({raison})."
    return ""
