"""`banc run [PROFIL]`: start a bench, play the scenarios, write the report, exit as design.md says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from banc_segur.campaign import gather, home, ports, profil
from banc_segur.campaign.asking import Guichet
from banc_segur.campaign.run import jouer
from banc_segur.campaign.site import Site
from banc_segur.cli.console import bilan, console, progres
from banc_segur.errors import BancError, UsageError
from banc_segur.reporting import writer
from banc_segur.reporting.model import Rapport


def run(
    profil_toml: Annotated[Path | None, typer.Argument(metavar="PROFIL", help="Profil de site (TOML).")] = None,
    etiquettes: Annotated[
        str, typer.Option("--etiquettes", "-e", help="Choix des scénarios, ex. « PIL-28 and not service.mss ».")
    ] = "",
    sortie: Annotated[Path | None, typer.Option("--sortie", help="Dossier du rapport.")] = None,
) -> int:
    """Play a campaign. Without a profile the witness plays every role, on free ports."""
    site_profil = profil.lire(profil_toml) if profil_toml else profil.Profil()
    dossier = home.dossier_rapport(sortie or home.RAPPORTS / site_profil.campagne.nom)
    rapport = passage(site_profil, dossier, etiquettes)
    page = writer.write(rapport, dossier)
    bilan(rapport)
    console.print(f"Rapport : {page}")
    return rapport.code


def passage(site_profil: profil.Profil, dossier: Path, etiquettes: str) -> Rapport:
    """One passage from start to gathered report; a bench that breaks on the way gives a report that says so."""
    debut = maintenant()
    nom = site_profil.campagne.nom
    site = Site(site_profil, ports_de(site_profil))
    produits = gather.produits_de(site.produits())
    try:
        with site:
            with Guichet(site.dossier / "pret.json", site_profil):
                scenarios = jouer(site, dossier, etiquettes, progres)
            fin, muets = maintenant(), site_profil.liens_non_captes()
            return gather.rapport(site.client, nom, produits, scenarios, debut, fin, muets)
    except UsageError:
        raise
    except BancError as error:
        return gather.panne(nom, produits, debut, maintenant(), str(error))


def ports_de(site_profil: profil.Profil) -> dict[str, int]:
    """Free ports for the witness alone; the stable range when a product of the user's must find the bench."""
    if site_profil.produits or site_profil.ports.depuis:
        return ports.stables(site_profil.ports.depuis or ports.PREMIER)
    return ports.libres()


def maintenant() -> str:
    """Now, ISO 8601 UTC, as the journal writes instants."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
