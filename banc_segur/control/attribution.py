"""Whose is it: which scenario an exchange belongs to, which product wrote its bytes.

An exchange joins a scenario by a key they share, never by time. A scenario's keys grow with its exchanges (union): the
traits given at its creation lead to the IPP, the IPP to the document, the document to the mail. An exchange
understood too early is tied later, when one of its keys becomes known. Same key in several scenarios: most shared keys
first, then most strong ones, then the last opened (`rules.cles.proximite`: traits and MSH-10 are weak, they
join only what no IPP or matricule tells apart). What shares nothing is « hors scénario ».
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from banc_segur import tables
from banc_segur.journal.base import Base
from banc_segur.journal.journal import EchangeJuge, Emission
from banc_segur.rules.cles import Cle, proximite

BANC = "Banc Ségur"
SERVICES = ("INSi", "DMP", "MSSanté")

_SCENARIOS = """
SELECT DISTINCT cs.scenario FROM cle_scenario cs
JOIN cle c ON c.type = cs.type AND c.valeur = cs.valeur
JOIN scenario s ON s.numero = cs.scenario JOIN echange e ON e.numero = c.echange
WHERE c.echange = ? AND s.passage IS e.passage AND e.numero > s.marque
"""
_ORPHELINS = """
SELECT DISTINCT e.numero FROM echange e
JOIN cle c ON c.echange = e.numero JOIN cle_scenario cs ON cs.type = c.type AND cs.valeur = c.valeur
JOIN scenario s ON s.numero = cs.scenario
WHERE e.scenario IS NULL AND e.juge = 1 AND cs.scenario = ? AND s.passage IS e.passage AND e.numero > s.marque
"""


def ajouter_cles(base: Base, scenario: int, cles: Iterable[tuple[str, str]]) -> None:
    """Let a scenario know keys; to be called inside `base.ecrire`."""
    for type_, valeur in cles:
        base.executer("INSERT OR IGNORE INTO cle_scenario VALUES (?, ?, ?)", scenario, type_, valeur)
    _adopter(base, scenario)


def attribuer(base: Base, juge: EchangeJuge) -> None:
    """Tie a judged exchange, and those that its keys explain, to a scenario; inside `base.ecrire`."""
    cles = _cles_echange(base, juge.numero)
    scenarios = [int(row["scenario"]) for row in base.etat.rows(_SCENARIOS, (juge.numero,))]
    near = [(proximite(cles, _cles_scenario(base, scenario)), scenario) for scenario in scenarios]
    (common, _strong), scenario = max(near, default=((0, 0), 0))
    if common:
        _rattacher(base, juge.numero, scenario)
        _adopter(base, scenario)


def _cles_echange(base: Base, echange: int) -> set[Cle]:
    return {(row["type"], row["valeur"]) for row in base.etat.rows("SELECT * FROM cle WHERE echange = ?", (echange,))}


def _cles_scenario(base: Base, scenario: int) -> set[Cle]:
    rows = base.etat.rows("SELECT * FROM cle_scenario WHERE scenario = ?", (scenario,))
    return {(row["type"], row["valeur"]) for row in rows}


def _rattacher(base: Base, echange: int, scenario: int) -> None:
    base.executer("UPDATE echange SET scenario = ? WHERE numero = ?", scenario, echange)
    base.executer(
        "INSERT OR IGNORE INTO cle_scenario SELECT ?, type, valeur FROM cle WHERE echange = ?", scenario, echange
    )


def _adopter(base: Base, scenario: int) -> None:
    """Tie the exchanges left outside that are near, until none is."""
    adopted = True
    while adopted:
        adopted = False
        for row in base.etat.rows(_ORPHELINS, (scenario,)):
            numero = int(row["numero"])
            if proximite(_cles_echange(base, numero), _cles_scenario(base, scenario)) != (0, 0):
                _rattacher(base, numero, scenario)
                adopted = True


class Emetteurs:
    """Who writes on each link, for the products of one passage (shape: `client.ouvrir_campagne`)."""

    def __init__(self, produits: Iterable[Mapping[str, Any]]) -> None:
        self._produits = {role: produit for produit in produits for role in produit["roles"]}
        self._liens = tables.index("liens", "lien")

    def de(self, lien: str) -> Emission:
        """Who wrote the requests of a link."""
        return self._emission(self._liens.get(lien, {}).get("de", ""))

    def vers(self, lien: str) -> Emission:
        """Who wrote the answers of a link."""
        return self._emission(self._liens.get(lien, {}).get("vers", ""))

    def du_cote(self, lien: str, cote: str) -> Emission:
        """Who wrote one side (`requete` or `reponse`) of the exchanges of a link."""
        return self.vers(lien) if cote == "reponse" else self.de(lien)

    def attendus(self, emission: Emission) -> dict[str, str]:
        """What the profile declares about the product that plays the emission's role."""
        return dict(self._produits.get(emission.role, {}).get("attendus", {}))

    def produit(self, role: str) -> Mapping[str, Any] | None:
        """The product that plays a role, None when nobody does."""
        return self._produits.get(role)

    def _emission(self, role: str) -> Emission:
        if role in SERVICES:
            return Emission(BANC, role)
        return Emission(str(self._produits.get(role, {}).get("nom", "")), role)
