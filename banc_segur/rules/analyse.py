"""From the bytes of one exchange to an `Analyse`: the dispatcher; each family registers its analyser.

An analyser is chosen by link (`ri-insi`) first, then by protocol (`mllp`). It never raises: bytes that cannot be
read, or that a server of the bench refused before anybody read them (too large, cut, malformed HTTP), become a
subject of genre `illisible`, judged by rule BANC-LISIBLE.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

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
    refuse = _refuse_par_le_serveur(echange)
    if refuse is not None:
        return _illisible(refuse)
    function = _analyseurs.get(echange.lien) or _analyseurs.get(echange.protocole)
    if function is None:
        return Analyse("inconnue", f"Échange {echange.protocole} non interprété", None)
    try:
        return _avec_statut(function(echange), echange)
    except FormatError as error:
        return _illisible(error)


def _illisible(error: FormatError) -> Analyse:
    resume = f"Message illisible reçu ({error.ou})"
    return Analyse("illisible", resume, False, sujets=(Sujet("illisible", error),))


def _refuse_par_le_serveur(echange: EchangeBrut) -> FormatError | None:
    """What the transport room refused by itself; it says so in `meta` (`transport.relais`, `requete_http`)."""
    cause = echange.meta.get("cause", "")
    if echange.meta.get("illisible") == "oui":
        return FormatError("MLLP", "une trame MLLP complète : 0x0B, le message, 0x1C 0x0D", cause)
    if cause and echange.protocole in ("http", "https") and "statut" not in echange.meta:
        status = (echange.reponse or b"").split(b" ", 2)[1:2]
        refused = _STATUTS.get(status[0].decode("ascii", "replace"), cause) if status else cause
        return FormatError("HTTP", "une requête HTTP complète et bien formée", refused)
    return None


_STATUTS = {
    "400": "requête HTTP mal formée (400)",
    "404": "chemin inconnu du service (404)",
    "405": "méthode autre que POST (405)",
    "408": "requête non reçue en entier dans le délai (408)",
    "413": "requête trop grande (413)",
    "414": "adresse de la requête trop longue (414)",
    "415": "type de contenu refusé (415)",
}


def _avec_statut(analyse: Analyse, echange: EchangeBrut) -> Analyse:
    """A readable message that the service refused for its HTTP wrapping."""
    refused = _STATUTS.get(echange.meta.get("statut", "")) if echange.reponse else None
    if refused is None:
        return analyse
    error = FormatError("HTTP", "une requête POST à une adresse du service, au type de contenu attendu", refused)
    return replace(analyse, reussi=False, sujets=(*analyse.sujets, Sujet("illisible", error)))


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
