"""The sentences of the control API: a wait that failed (what did come instead, nearest first, and what to look at),
a calm that did not come back, what a person is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from banc_segur.control.attribution import Emetteurs
from banc_segur.journal.attente import Filtre

PROCHES = 3
_POIDS = {"lien": 10, "opération": 4, "rattachement": 2}
CONSIGNES = {
    "admettre": "Admettez ce patient et faites vérifier son identité par l'INSi.",
    "valider_lettre": "Validez la lettre de liaison de ce patient.",
    "relever": "Relevez la messagerie.",
}


def expliquer(
    filtre: Filtre,
    nombre: int,
    delai: float,
    vus: Sequence[dict[str, Any]],
    refus: Sequence[dict[str, Any]],
    emetteurs: Emetteurs,
) -> str:
    """Return the sentence. vus: judged exchanges since the scenario's start; refus: connections refused since then."""
    voulus = f"{nombre} × " if nombre > 1 else ""
    phrases = [f"Attendu en {delai:g} s : {voulus}{filtre}."]
    justes = [echange for echange in vus if not _ecarts(filtre, echange)]
    if justes:
        phrases.append(f"Reçu : {len(justes)} sur {nombre} ({_numeros(justes)}).")
    phrases += [_proche(echange, ecarts) for echange, ecarts in _proches(filtre, vus)]
    phrases += [_refusee(connexion) for connexion in refus if filtre.lien in (None, connexion["lien"])][:PROCHES]
    if filtre.lien is not None and not any(echange["lien"] == filtre.lien for echange in vus):
        phrases.append(_silence(filtre.lien, emetteurs))
        phrases += [_dernier(echange) for echange in vus[-1:]]
    elif not vus:
        phrases.append("Aucun échange depuis le début du scénario.")
    return " ".join(phrases)


def mouvement(delai: float, agites: Sequence[str], a_juger: int, silence: float) -> str:
    """Why calm did not come back. delai, silence: seconds; agites: screens that have work left."""
    causes = [f"produits qui ont encore à envoyer : {names}" for names in agites]
    if a_juger:
        causes.append(f"{a_juger} échange(s) encore à juger")
    if not causes:
        causes.append(f"des échanges continuent d'arriver (silence voulu : {silence:g} s)")
    return f"Le calme n'est pas revenu en {delai:g} s : {' ; '.join(causes)}."


def consigne_de(action: str, parametres: dict[str, Any]) -> str:
    """What the person at the product's screen is asked to do."""
    valeurs = " ; ".join(f"{nom} : {valeur}" for nom, valeur in parametres.items() if valeur not in ("", None))
    geste = CONSIGNES.get(action, f"Faites l'action « {action.replace('_', ' ')} ».")
    return f"{geste} {valeurs}. Fait ?" if valeurs else f"{geste} Fait ?"


def _ecarts(filtre: Filtre, echange: dict[str, Any]) -> list[tuple[str, str, str]]:
    ecarts = filtre.ecarts(echange)
    if filtre.scenario is not None and echange["scenario"] != filtre.scenario:
        ailleurs = echange["scenario"]
        trouve = "hors scénario" if ailleurs is None else f"scénario {ailleurs}"
        ecarts.append(("rattachement", f"scénario {filtre.scenario}", trouve))
    return ecarts


def _proches(filtre: Filtre, vus: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], list[tuple[str, str, str]]]]:
    """The exchanges of the wanted link, or the same operation seen elsewhere, that miss the fewest criteria."""
    comparables = [
        echange
        for echange in vus
        if filtre.lien in (None, echange["lien"]) or (filtre.operation and echange["operation"] == filtre.operation)
    ]
    scored = [(echange, _ecarts(filtre, echange)) for echange in comparables]
    wrong = [pair for pair in scored if pair[1]]
    wrong.sort(key=lambda pair: (sum(_POIDS.get(nom, 1) for nom, _, _ in pair[1]), -int(pair[0]["numero"])))
    return wrong[:PROCHES]


def _proche(echange: dict[str, Any], ecarts: list[tuple[str, str, str]]) -> str:
    differences = " ; ".join(f"{nom} : attendu {attendu}, trouvé {trouve}" for nom, attendu, trouve in ecarts)
    sentence = (
        f"Au plus près, échange n° {echange['numero']} ({echange['lien']}, « {echange['resume']} ») — {differences}."
    )
    if any(nom == "rattachement" for nom, _, _ in ecarts):
        cles = ", ".join(f"{nom} = {valeur}" for nom, valeur in echange["cles"]) or "aucune"
        sentence += f" Ses clés ({cles}) ne sont pas celles du patient du scénario : à regarder."
    elif any(nom == "issue" for nom, _, _ in ecarts):
        sentence += " Regardez la réponse de cet échange et ses constats."
    return sentence


def _refusee(connexion: dict[str, Any]) -> str:
    sujet = f", certificat « {connexion['sujet']} »" if connexion.get("sujet") else ""
    return f"Connexion refusée sur {connexion['lien']} : {connexion['cause']}{sujet}."


def _silence(lien: str, emetteurs: Emetteurs) -> str:
    emission = emetteurs.de(lien)
    qui = f"{emission.role} ({emission.produit})" if emission.produit else emission.role or "l'émetteur"
    return f"Rien n'a été vu sur le lien {lien} : regardez l'adresse vers laquelle {qui} envoie, et son journal."


def _dernier(echange: dict[str, Any]) -> str:
    return f"Dernier échange vu : n° {echange['numero']} ({echange['lien']}, « {echange['resume']} »)."


def _numeros(echanges: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"n° {echange['numero']}" for echange in echanges)
