"""The rule that says: these bytes look like those of a real person."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart

ID = "BANC-DONNEE-REELLE"


@regle(
    ID,
    "Seules des personnes fictives circulent sur le banc",
    genre="masque",
    source="Banc Ségur, table des personnes autorisées de la campagne",
    remede="Rejouez avec une personne du banc, ou déclarez vos identités de test dans le fichier de personnes du "
    "profil. Le banc n'a gardé que des jetons à la place des matricules ; les signatures de cet échange ne sont plus "
    "vérifiables.",
)
def donnee_reelle(_numero: int, _contexte: Contexte) -> Iterable[Ecart]:
    """Always a finding: the journal masked the exchange (`journal.masque`)."""
    yield Ecart("message", "un matricule de la table des personnes autorisées", "matricule INS réel suspecté")
