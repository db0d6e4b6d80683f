"""`banc list [scenarios|regles|exigences]`: what the bench can play, check and prove."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

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
    for regle in catalogue.toutes():
        refus = ", le service réel refuserait" if regle.refus else ""
        console.print(f"[bold]{regle.id}[/] ({regle.severite}{refus}) {escape(regle.titre)}")
        exigences = f" — exigences {', '.join(regle.exigences)}" if regle.exigences else ""
        console.print(f"    {escape(regle.source)}{exigences}")
    console.print(f"\n{len(catalogue.toutes())} règles")


def _exigences() -> None:
    catalogue.charger()
    covered = {e for scenario in scenarios() for e in scenario.etiquettes}
    checked = {e for regle in catalogue.toutes() for e in regle.exigences}
    rows = tables.lire("exigences")
    for row in rows:
        how = [word for word, found in (("scénario", covered), ("règle", checked)) if row["id"] in found]
        console.print(f"[bold]{row['id']}[/] ({', '.join(sorted(roles_de(row)))}) {escape(intitule(row['id']))}")
        console.print(f"    {' et '.join(how) or 'pas encore exercée'}")
    exercised = sum(row["id"] in covered for row in rows)
    console.print(f"\n{len(rows)} exigences, {exercised} exercées par un scénario")
