"""The behaviour of `/lps`: one request, one answer of the service (`insi.md` §7.6)."""

from __future__ import annotations

from collections.abc import Mapping

from banc_segur.formats import insi, soap
from banc_segur.state.alterations import ALTERATIONS
from banc_segur.state.base import Etat
from banc_segur.state.personnes import Forcage, Personne, Personnes
from banc_segur.transport.model import Answer, Behaviour, HttpRequest
from simulators.insi import acces, controles
from simulators.insi.reglages import ReglagesInsi

CHEMIN = "/lps"
_SOAP = {"Content-Type": "application/soap+xml; charset=utf-8"}
_TEXTE = {"Content-Type": "text/plain; charset=utf-8"}


def routes(etat: Etat, reglages: ReglagesInsi) -> Mapping[str, Behaviour]:
    """The one address of the téléservice; its people are those of `state.personnes` in `etat`."""
    service = _Service(Personnes(etat), reglages)
    return {CHEMIN: service.repondre}


class _Service:
    """WS_INS2 over the people of one bench."""

    def __init__(self, personnes: Personnes, reglages: ReglagesInsi) -> None:
        self._personnes = personnes
        self._reglages = reglages

    def repondre(self, request: HttpRequest) -> Answer:
        """Answer one HTTP request; every SOAP fault comes with status 500 (`insi.md` §2.3)."""
        if request.method != "POST":
            return Answer(b"", 405, {**_TEXTE, "Allow": "POST"})
        media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != "application/soap+xml":
            return Answer(b"", 415, _TEXTE)
        message_id = ""
        try:
            envelope = acces.ouvrir(request, self._reglages.max_octets)
            message_id = envelope.addressing("MessageID")
            return self._rechercher(request, envelope)
        except acces.Refus as refus:
            return self._faute(refus.code, message_id)

    def _faute(self, code: str, message_id: str) -> Answer:
        return Answer(insi.write_fault(insi.faute(code), message_id, self._reglages.dialecte), 500, _SOAP)

    def _rechercher(self, request: HttpRequest, envelope: soap.Envelope) -> Answer:
        acces.verifier_action(request, envelope)
        recherche = insi.read_request(envelope)
        acces.verifier_droits(request, recherche, self._reglages.idams)
        controles.verifier_contextes(recherche)
        controles.verifier_schema(envelope)
        controles.verifier_champs(recherche)
        forcage = self._personnes.forcage(recherche.nom, recherche.sexe, recherche.date_naissance)
        return _retarder(self._issue(recherche, forcage), forcage)

    def _issue(self, recherche: insi.Recherche, forcage: Forcage) -> Answer:
        if forcage.issue in insi.LIBELLES:
            return self._resultat(forcage.issue, None)
        if forcage.issue and forcage.issue not in ALTERATIONS:
            return self._faute(forcage.issue, recherche.message_id)
        found = self._personnes.rechercher(
            recherche.nom,
            " ".join(recherche.prenoms),  # hypothèse: several Prenom elements are one list
            recherche.sexe,
            recherche.date_naissance,
            recherche.lieu_naissance,
        )
        if not found:
            return self._resultat("01", None)
        individu = _individu(found[0])
        if len(found) > 1 or individu is None:
            return self._resultat("02", None)
        return self._resultat("00", ALTERATIONS[forcage.issue](individu) if forcage.issue else individu)

    def _resultat(self, code: str, individu: insi.Individu | None) -> Answer:
        resultat = insi.Resultat(code, insi.LIBELLES[code], individu)
        return Answer(insi.write_answer(resultat, self._reglages.dialecte), 200, _SOAP)


def _individu(personne: Personne) -> insi.Individu | None:
    if personne.ins is None:
        return None
    traits = personne.traits
    return insi.Individu(
        personne.ins,
        traits.nom_naissance,
        traits.prenoms,
        traits.sexe,
        traits.date_naissance,
        traits.lieu_naissance,
        personne.historique,
    )


def _retarder(answer: Answer, forcage: Forcage) -> Answer:
    """Delay and cut as forced: before the first byte, in the middle, or after the last byte of the body."""
    cuts = {"": None, "avant": 0, "pendant": len(answer.body) // 2, "apres": len(answer.body)}
    return Answer(answer.body, answer.status, answer.headers, delay=forcage.delai, cut_after=cuts[forcage.coupure])
