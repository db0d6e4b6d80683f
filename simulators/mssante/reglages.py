"""Settings of the operator. Sizes: `mssante.md` §2.8; domains: `fixtures/monde.toml`."""

from __future__ import annotations

from dataclasses import dataclass

LIEN_PFI = "pfi-mss"
LIEN_LGC = "lgc-mss"


@dataclass(frozen=True, slots=True)
class Reglages:
    """What an operator serves.

    domaine_hopital, domaine_medecins, domaine_patients, autres_domaines: the domains of the trust space that exist
    here.
    taille_pro: largest encoded message for a professional; taille_max: largest accepted at all (hypothèse: the encoded
    message counts). avis: False plays an operator that gives no success notification. expiration: idle seconds.
    """

    domaine_hopital: str
    domaine_medecins: str
    domaine_patients: str = "patient.mssante.fr"
    autres_domaines: tuple[str, ...] = ()
    taille_pro: int = 10 * 1024 * 1024
    taille_max: int = 25 * 1024 * 1024
    avis: bool = True
    expiration: float = 300.0

    @property
    def domaines(self) -> frozenset[str]:
        """Every domain known here (stands in for the white list)."""
        own = (self.domaine_hopital, self.domaine_medecins, self.domaine_patients)
        return frozenset({*own, *self.autres_domaines})

    def lien(self, adresse: str) -> str:
        """The journal's link of the client that owns `adresse`; the hospital's until somebody is known."""
        return LIEN_LGC if adresse.lower().endswith(f"@{self.domaine_medecins}") else LIEN_PFI
