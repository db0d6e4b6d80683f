"""What the steps of one scenario share: the control client, the scenario's number, the patient, what was done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from banc_segur import tables
from banc_segur.control.client import AttenteDepassee, ClientControle


class Manquement(AssertionError):
    """A product did not do what the scenario expects. role: who should have (`RI`, `PFI`…), empty if unknown."""

    def __init__(self, message: str, role: str = "") -> None:
        self.role = role
        super().__init__(message)


@dataclass
class Parcours:
    """One patient's way through the chain, as the steps of one scenario see it."""

    client: ClientControle
    scenario: int
    delai: float
    personne: dict[str, Any] = field(default_factory=dict)
    admission: dict[str, Any] = field(default_factory=dict)
    validation: dict[str, Any] = field(default_factory=dict)

    def attendre(self, lien: str, operation: str, **criteres: Any) -> list[dict[str, Any]]:
        """Wait for exchanges of this scenario on one link.

        Raises:
            Manquement: nothing came in time; names the role that should have emitted.
        """
        try:
            return self.client.attendre(self.scenario, lien=lien, operation=operation, delai=self.delai, **criteres)
        except AttenteDepassee as error:
            raise Manquement(str(error), role=emetteur(lien)) from error

    def barriere(self) -> None:
        """Wait until nothing more is on its way.

        Raises:
            Manquement: something was still moving at the deadline; says which product.
        """
        try:
            self.client.barriere(self.delai)
        except AttenteDepassee as error:
            raise Manquement(str(error)) from error

    def echanges(self, lien: str) -> list[dict[str, Any]]:
        """The exchanges of this scenario on one link, oldest first."""
        return [echange for echange in self.client.echanges(self.scenario) if echange["lien"] == lien]

    def faits(self, donnee: str, *porteurs: str) -> dict[str, set[str]]:
        """The values of one datum seen in this scenario, by porteur; only the given porteurs when there are any."""
        values: dict[str, set[str]] = {}
        for fait in self.client.faits(self.scenario):
            if fait["donnee"] == donnee and (not porteurs or fait["porteur"] in porteurs):
                values.setdefault(fait["porteur"], set()).add(fait["valeur"])
        return values

    def documents(self) -> set[str]:
        """The ids of this scenario's documents, as the DPI and the PFI gave them."""
        return set().union(*self.faits("document", "MDM", "XDS").values())

    def ipp(self) -> str:
        """The patient's IPP: told by the RI's screen, else read in the identity flow (a person drove the RI)."""
        if "ipp" in self.admission:
            return str(self.admission["ipp"])
        seen = [
            valeur
            for e in self.echanges("ri-eai") + self.echanges("eai-dpi")
            for nom, valeur in e["cles"]
            if nom == "ipp"
        ]
        exiger(bool(seen), "Aucun message d'identité n'a donné l'IPP de ce patient.", "RI")
        return str(seen[0])

    def declencher(self, role: str, action: str, parametres: Mapping[str, Any]) -> dict[str, Any]:
        """Make the product that plays `role` act: the witness by its screen, a person by a question."""
        return self.client.declencher(self.scenario, role, action, dict(parametres))


def emetteur(lien: str) -> str:
    """The role that writes the requests of a link."""
    return tables.index("liens", "lien")[lien]["de"]


def exiger(condition: bool, message: str, role: str = "") -> None:
    """Fail the step with a French message when the condition does not hold."""
    if not condition:
        raise Manquement(message, role)
