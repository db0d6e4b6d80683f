"""What the commands print: progress, questions, the French summary of a campaign."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from banc_segur.reporting.model import Decision, Rapport

console = Console(highlight=False, soft_wrap=True)
MARQUES = {"reussi": "[green]✓[/]", "echoue": "[red]✗[/]", "erreur": "[yellow]![/]"}


def progres(event: dict[str, Any]) -> None:
    """Print one event of the scenarios under way."""
    if event["type"] == "debut":
        console.print(f"\n[bold]{_propre(event['titre'])}[/]")
    elif event["type"] == "etape":
        console.print(f"  {MARQUES[event['resultat']]} {_propre(event['texte'])}")
        if event["message"]:
            console.print(f"    [red]{_propre(event['message'])}[/]")


def bilan(rapport: Rapport) -> None:
    """Print the summary of a campaign: a line per product, the causes, the conclusion."""
    table = Table(title="\nBilan par produit", title_justify="left")
    for column in ("Produit", "Rôles", "Erreurs", "Avert.", "Conformes", "Non conformes", "Non exercées"):
        table.add_column(column)
    for produit in rapport.produits:
        constats = [constat for constat in rapport.constats if constat.produit == produit.nom]
        mine = [verdict.decision for verdict in rapport.verdicts if verdict.produit == produit.nom]
        table.add_row(
            _propre(produit.nom),
            ", ".join(produit.roles),
            str(sum(constat.severite == "erreur" for constat in constats)),
            str(sum(constat.severite == "avertissement" for constat in constats)),
            *(str(mine.count(kind)) for kind in (Decision.CONFORME, Decision.NON_CONFORME, Decision.NON_EXERCE)),
        )
    console.print(table)
    for constat in rapport.constats:
        if constat.severite == "erreur":
            console.print(f"[red]{constat.regle}[/] {_propre(constat.produit)} — {_propre(constat.titre)}")
            console.print(f"    où : {_propre(constat.ou)} ; attendu : {_propre(constat.attendu)} ; ", end="")
            console.print(f"observé : {_propre(constat.observe)}")
    colour = {0: "green", 1: "red"}.get(rapport.code, "yellow")
    console.print(f"\n[bold {colour}]{_propre(rapport.conclusion)}[/]")


def _propre(text: str) -> str:
    """Observed values may hold markup or control characters: show them, never obey them."""
    return "".join(char if char >= " " else f"\\x{ord(char):02x}" for char in text).replace("[", "\\[")
