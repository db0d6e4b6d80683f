"""From the bytes of one exchange to an `Analyse`: the dispatcher; each family registers its analyser.

An analyser is chosen by link (`ri-insi`) first, then by protocol (`mllp`). It never raises: bytes that cannot be
read become a subject of genre `illisible`, judged by rule BANC-LISIBLE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from banc_segur.formats.errors import FormatError
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Analyse, Contexte, Ecart, EchangeBrut, Sujet

Analyseur = Callable[[EchangeBrut], Analyse]
_analyseurs: dict[str, Analyseur] = {}


def analyseur(*cles: str) -> Callable[[Analyseur], Analyseur]:
    """Register the decorated function for these links or protocols."""

    def register(function: Analyseur) -> Analyseur:
        for cle in cles:
            _analyseurs[cle] = function
        return function

    return register


def analyser(echange: EchangeBrut) -> Analyse:
    """Understand one exchange; unreadable bytes give an analysis that says so."""
    function = _analyseurs.get(echange.lien) or _analyseurs.get(echange.protocole)
    if function is None:
        return Analyse("inconnue", f"Échange {echange.protocole} non interprété", None)
    try:
        return function(echange)
    except FormatError as error:
        return Analyse(
            "illisible",
            f"Message illisible reçu ({error.ou})",
            False,
            sujets=(Sujet("illisible", error),),
        )


@regle(
    "BANC-LISIBLE",
    "Le message est lisible dans le format attendu",
    genre="illisible",
    source="Format de chaque lien (HL7 v2 ER7, SOAP 1.2, RFC 5321/5322)",
    remede="Corriger l'encodage du message à l'endroit indiqué ; comparer les octets bruts au format attendu.",
    refus=True,
)
def lisible(error: FormatError, _contexte: Contexte) -> Iterable[Ecart]:
    """An unreadable message is always a defect of its emitter."""
    yield Ecart(error.ou, error.attendu, error.observe or "illisible")
