"""`banc repondre NUMERO oui|non`: answer a question that a running campaign asked a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from banc_segur.campaign.home import banc_en_marche
from banc_segur.cli.console import console
from banc_segur.control.client import ClientControle
from banc_segur.errors import UsageError


def repondre(
    numero: Annotated[int | None, typer.Argument(help="Numéro de la question ; sans numéro, la liste.")] = None,
    reponse: Annotated[str, typer.Argument(help="oui ou non")] = "",
    commentaire: Annotated[str, typer.Option("--commentaire", "-c")] = "",
    fichier: Annotated[Path | None, typer.Option("--fichier", help="Pièce à joindre (capture, PDF…).")] = None,
    campagne: Annotated[str | None, typer.Option("--campagne", help="Nom de la campagne.")] = None,
) -> int:
    """List the open questions, or answer one."""
    client = ClientControle.depuis(banc_en_marche(campagne))
    if numero is None:
        questions = client.questions()
        for question in questions:
            console.print(f"{question['numero']}  {question['produit'] or question['role']} : {question['consigne']}")
        if not questions:
            console.print("Aucune question en attente.")
        return 0
    client.repondre(numero, _oui_non(reponse), commentaire, fichier)
    console.print(f"Réponse enregistrée à la question {numero}.")
    return 0


def _oui_non(reponse: str) -> Literal["oui", "non"]:
    short = {"oui": "oui", "o": "oui", "non": "non", "n": "non"}
    found = short.get(reponse.lower())
    if found == "oui":
        return "oui"
    if found == "non":
        return "non"
    raise UsageError(f"Réponse « {reponse} » : écrivez oui ou non (exemple : ./banc repondre 3 oui).")
