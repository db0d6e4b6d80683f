"""The bench's own proof: for each rule, a witness with one injected defect plays the journey; the rule must see it.

The same journey with no defect must raise nothing: a false alarm is a failed proof.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from banc_segur.campaign.ports import libres
from banc_segur.campaign.profil import Profil, ReglagesCampagne
from banc_segur.campaign.site import Site
from banc_segur.control.client import ActionRefusee, AttenteDepassee, ClientControle
from banc_segur.errors import BancError
from banc_segur.rules import catalogue
from banc_segur.temoin import defauts

TRAITS = ("nom_naissance", "prenoms", "premier_prenom", "sexe", "date_naissance", "lieu_naissance")
DELAI = 20.0
SITES = 2  # side by side: a journey waits as much as it computes
CALME = 120.0  # seconds; more than any wait of the witness (`temoin.pfi.ATTENTE_AVIS`)


@dataclass(frozen=True, slots=True)
class Preuve:
    """One line of the proof: rule, defect, rules that saw something. attrapee: the rule itself is among them."""

    regle: str
    defaut: str
    titre: str
    vues: tuple[str, ...]
    attrapee: bool


@dataclass(frozen=True, slots=True)
class Bilan:
    """The whole proof. fausses_alertes: what rules said of the clean witness. sans_defaut: rules nobody breaks."""

    preuves: tuple[Preuve, ...]
    fausses_alertes: tuple[str, ...]
    sans_defaut: tuple[str, ...]

    @property
    def complet(self) -> bool:
        """True when every rule has a defect, sees it, and stays silent on good material."""
        return not self.fausses_alertes and not self.sans_defaut and all(preuve.attrapee for preuve in self.preuves)


def prouver(choix: str, suivi: Callable[[Preuve], None]) -> Bilan:
    """Play the journey clean, then once per defect (only those whose id starts with `choix`)."""
    catalogue.charger()
    defauts.charger()
    chosen = [defaut for defaut in defauts.tous() if defaut.id.startswith(choix)]
    with ExitStack() as stack:
        sites = [stack.enter_context(_site(rank)) for rank in range(1, max(1, min(SITES, len(chosen))) + 1)]
        alarms = _constats(sites[0].client, jouer(sites[0].client, "sans défaut"))
        preuves = []
        for preuve in _preuves(sites, chosen):
            suivi(preuve)
            preuves.append(preuve)
    broken = {defaut.regle for defaut in defauts.tous()}
    return Bilan(
        tuple(preuves),
        tuple(f"{c['regle']} ({c['severite']}) : {c['ou']}" for c in alarms if c["severite"] != "information"),
        tuple(regle.id for regle in catalogue.toutes() if regle.id not in broken and regle.id.startswith(choix)),
    )


def _site(rank: int) -> Site:
    """A bench and a witness of their own, with their own folder and ports."""
    return Site(Profil(campagne=ReglagesCampagne(nom=f"preuve-{rank}", delai=DELAI)), libres())


def _preuves(sites: Sequence[Site], chosen: Sequence[defauts.Defaut]) -> Iterator[Preuve]:
    """The proofs in the order of `chosen`, played by all sites at once, one defect at a time on each."""
    free: queue.SimpleQueue[Site] = queue.SimpleQueue()
    for site in sites:
        free.put(site)

    def prouver_un(defaut: defauts.Defaut) -> Preuve:
        site = free.get()
        try:
            return _preuve(site, defaut)
        finally:
            free.put(site)

    pool = ThreadPoolExecutor(len(sites))
    try:
        yield from pool.map(prouver_un, chosen)
    finally:
        pool.shutdown(cancel_futures=True)


def _preuve(site: Site, defaut: defauts.Defaut) -> Preuve:
    site.armer([defaut.id])
    seen = _constats(site.client, jouer(site.client, defaut.id))
    site.armer([])
    _calmer(site.client, defaut.id)
    rules = tuple(sorted({constat["regle"] for constat in seen}))
    return Preuve(defaut.regle, defaut.id, defaut.titre, rules, defaut.regle in rules)


def _calmer(client: ClientControle, defaut: str) -> None:
    """What a defect left on its way neither hides nor helps the next one."""
    try:
        client.barriere(CALME)
    except AttenteDepassee as error:
        raise BancError(f"Le témoin ne revient pas au calme après le défaut {defaut} : {error}") from error


def jouer(client: ClientControle, titre: str) -> int:
    """Play the journey as far as it goes and return the scenario's number. A product may refuse: that is seen too."""
    scenario = client.ouvrir_scenario(titre, "preuve", [])
    personne = client.nouveau_patient(scenario)
    parametres = {name: personne[name] for name in TRAITS} | {"preuve": "CN", "classe": "I"}
    outcome = "reussi"
    try:
        admission = client.declencher(scenario, "RI", "admettre", parametres)
        client.barriere(DELAI)
        lettre = {"ipp": admission["ipp"], "dmp": True, "destinataire_medecin": True, "destinataire_patient": True}
        client.declencher(scenario, "DPI", "valider_lettre", lettre)
        client.barriere(DELAI)
        client.declencher(scenario, "LGC", "relever", {})
        client.declencher(scenario, "RI", "declasser", {"ipp": admission["ipp"]})
        client.barriere(DELAI)
    except (ActionRefusee, AttenteDepassee) as refus:
        outcome = str(refus)
    client.fermer_scenario(scenario, "reussi" if outcome == "reussi" else "echoue", outcome)
    return scenario


def _constats(client: ClientControle, scenario: int) -> list[dict[str, Any]]:
    """The constats of a scenario, and those that no scenario claims but that came since it began."""
    first = min((e["numero"] for e in client.echanges(scenario)), default=0)
    stray = [c for c in client.constats() if c["scenario"] is None and c["echange"] >= first > 0]
    return client.constats(scenario) + stray
