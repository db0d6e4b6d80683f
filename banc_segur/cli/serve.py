"""`banc serve`: simulators on stable ports until Ctrl-C, then the report of the campaign « libre »."""

from __future__ import annotations

import ipaddress
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from banc_segur.campaign import connection_sheet, gather, home, ports, profil
from banc_segur.campaign.asking import Guichet
from banc_segur.campaign.site import Site
from banc_segur.cli.console import bilan, console
from banc_segur.cli.run import maintenant
from banc_segur.errors import UsageError
from banc_segur.pki.pki import Pki
from banc_segur.reporting import writer


def serve(
    profil_toml: Annotated[Path | None, typer.Argument(metavar="PROFIL", help="Profil de site (TOML).")] = None,
    ecoute: Annotated[str, typer.Option("--ecoute", help="Adresse IP d'écoute ; boucle locale par défaut.")] = "",
    nom: Annotated[list[str] | None, typer.Option("--nom", help="Nom d'hôte à porter dans le certificat.")] = None,
    ports_depuis: Annotated[int, typer.Option("--ports-depuis", help="Premier port de la plage fixe.")] = ports.PREMIER,
    sortie: Annotated[Path | None, typer.Option("--sortie", help="Dossier du rapport.")] = None,
    nouvelle_pki: Annotated[
        bool, typer.Option("--nouvelle-pki", help="Refaire autorité et certificats ; la confiance est à reconfigurer.")
    ] = False,
) -> int:
    """Serve until Ctrl-C (or SIGTERM)."""
    if ecoute and not nom:
        raise UsageError("--ecoute demande --nom HOTE : le nom sous lequel les produits appelleront le banc.")
    if ecoute:
        _exiger_adresse(ecoute)
    if nouvelle_pki:
        Pki.ouvrir(home.home() / "pki").renouveler()
    site_profil = _profil(profil_toml)
    dossier = home.dossier_rapport(sortie or home.RAPPORTS / site_profil.campagne.nom)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    debut = maintenant()
    plage = ports.stables(ports_depuis)
    with Site(site_profil, plage, hote=ecoute or "127.0.0.1", noms=tuple(nom or ())) as site:
        sheet = connection_sheet.write(dossier, site.pret, home.monde())
        console.print(sheet.read_text("utf-8"), markup=False)
        console.print(f"Écrit dans {sheet}. Ctrl-C pour arrêter et obtenir le rapport.")
        with Guichet(site.dossier / "pret.json", site_profil):
            stop.wait()
        produits = gather.produits_de(site.produits())
        rapport = gather.rapport(
            site.client, site_profil.campagne.nom, produits, [], debut, maintenant(), site_profil.liens_non_captes()
        )
    page = writer.write(rapport, dossier)
    bilan(rapport)
    console.print(f"Rapport : {page}")
    return 0


def _exiger_adresse(ecoute: str) -> None:
    try:
        ipaddress.ip_address(ecoute)
    except ValueError as error:
        raise UsageError(f"--ecoute {ecoute} : attendu une adresse IP de cette machine (0.0.0.0 : toutes).") from error


def _profil(chemin: Path | None) -> profil.Profil:
    """The user's profile, or the free campaign where the witness plays every role."""
    if chemin:
        return profil.lire(chemin)
    return profil.Profil(campagne=profil.ReglagesCampagne(nom="libre"))
