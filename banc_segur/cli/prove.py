"""`banc prove`: rule -> defect -> caught by; the bench's proof of itself."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated

import typer

from banc_segur.campaign import proof
from banc_segur.cli.console import console
from banc_segur.errors import UsageError
from banc_segur.rules import catalogue


def prove(
    choix: Annotated[str, typer.Argument(help="Début d'identifiant, ex. DMP- ; tout par défaut.")] = "",
    json_: Annotated[bool, typer.Option("--json", help="Résultat en JSON, pour la CI.")] = False,
) -> int:
    """Exit 0 when every rule catches its defect and none speaks on the clean witness, else 1."""
    catalogue.charger()
    if not any(regle.id.startswith(choix) for regle in catalogue.toutes()):
        raise UsageError(f"Aucune règle ne commence par « {choix} » ; la liste : ./banc list regles.")
    bilan = proof.prouver(choix, (lambda preuve: None) if json_ else _ligne)
    if json_:
        typer.echo(json.dumps(dataclasses.asdict(bilan) | {"complet": bilan.complet}, ensure_ascii=False, indent=2))
    else:
        _conclure(bilan)
    return 0 if bilan.complet else 1


def _ligne(preuve: proof.Preuve) -> None:
    mark = "[green]✓[/]" if preuve.attrapee else "[red]✗[/]"
    seen = ", ".join(preuve.vues) or "rien"
    console.print(f"{mark} {preuve.regle:<16} {preuve.titre} → vu par {seen}")


def _conclure(bilan: proof.Bilan) -> None:
    caught = sum(preuve.attrapee for preuve in bilan.preuves)
    total = len(bilan.preuves)
    for alarm in bilan.fausses_alertes:
        console.print(f"[red]Fausse alerte sur le témoin sans défaut :[/] {alarm}")
    if bilan.sans_defaut:
        console.print(f"[red]Règles sans défaut injecté :[/] {', '.join(bilan.sans_defaut)}")
    share = 100 * caught // total if total else 0
    console.print(f"\n{caught}/{total} défauts attrapés par leur règle ({share} %), ", end="")
    console.print(f"{len(bilan.fausses_alertes)} fausse alerte, {len(bilan.sans_defaut)} règle sans défaut.")
