"""`banc list [scenarios|regles|exigences]`: what the bench can play, check and prove."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from banc_segur import tables
from banc_segur.campaign.catalogue import scenarios
from banc_segur.campaign.verdicts import intitule, roles_de
from banc_segur.cli.console import console
from banc_segur.errors import UsageError
from banc_segur.rules import catalogue


def list_command(
    quoi: Annotated[str, typer.Argument(help="scenarios, regles ou exigences")] = "scenarios",
) -> int:
    """Print one of the three lists."""
    lists = {"scenarios": _scenarios, "regles": _regles, "exigences": _exigences}
    if quoi not in lists:
        raise UsageError(f"Liste « {quoi} » inconnue ; choisissez scenarios, regles ou exigences.")
    lists[quoi]()
    return 0


def _scenarios() -> None:
    for scenario in scenarios():
        console.print(f"[bold]{scenario.fichier}[/] — {scenario.titre}")
        console.print(f"    {' '.join(scenario.etiquettes)}")


def _regles() -> None:
    catalogue.charger()
    table = Table("Règle", "Gravité", "Refus", "Titre", "Exigences", "Source")
    for regle in catalogue.toutes():
        refus = "oui" if regle.refus else ""
        table.add_row(regle.id, regle.severite, refus, regle.titre, ", ".join(regle.exigences), regle.source)
    console.print(table)
    console.print(f"{len(catalogue.toutes())} règles")


def _exigences() -> None:
    catalogue.charger()
    covered = {e for scenario in scenarios() for e in scenario.etiquettes}
    checked = {e for regle in catalogue.toutes() for e in regle.exigences}
    table = Table("Exigence", "Rôles", "Mode", "Scénario", "Règle", "Ce qui est demandé")
    for row in tables.lire("exigences"):
        table.add_row(
            row["id"],
            ", ".join(sorted(roles_de(row))),
            row["test_mode"],
            "oui" if row["id"] in covered else "",
            "oui" if row["id"] in checked else "",
            intitule(row["id"]),
        )
    console.print(table)
