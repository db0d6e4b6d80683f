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
    markdown: Annotated[bool, typer.Option("--markdown", help="Les règles, en Markdown (docs/regles.md).")] = False,
) -> int:
    """Print one of the three lists."""
    if markdown:
        if quoi != "regles":
            raise UsageError("--markdown n'existe que pour la liste « regles ».")
        typer.echo(regles_markdown(), nl=False)
        return 0
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


def regles_markdown() -> str:
    """The page `docs/regles.md`: every rule by family, in French."""
    catalogue.charger()
    lines = ["# Règles", "", "Page produite par `./banc list regles --markdown > docs/regles.md`."]
    famille = ""
    for regle in catalogue.toutes():
        if regle.id.partition("-")[0] != famille:
            famille = regle.id.partition("-")[0]
            lines += [
                "",
                f"## {famille}",
                "",
                "| règle | gravité | titre | à faire | source | exigences |",
                "|" + " --- |" * 6,
            ]
        gravite = f"{regle.severite}, refus" if regle.refus else str(regle.severite)
        cells = (regle.id, gravite, regle.titre, regle.remede, regle.source, ", ".join(regle.exigences))
        lines.append("| " + " | ".join(cell.replace("|", r"\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


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
