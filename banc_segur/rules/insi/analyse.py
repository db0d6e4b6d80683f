"""Understanding of one INSi call: request, answer, keys and facts.

Genres: `insi.requete` (a `Requete`), `insi.reponse` (a `Resultat` or a `Faute`).
"""

from __future__ import annotations

from dataclasses import dataclass

from banc_segur.formats import http, insi, soap
from banc_segur.formats.errors import FormatError
from banc_segur.rules.analyse import analyseur
from banc_segur.rules.cles import cles_traits
from banc_segur.rules.model import Analyse, EchangeBrut, Fait, Sujet

_ISSUES = {
    "00": "identité trouvée",
    "01": "aucune identité trouvée",
    "02": "plusieurs identités trouvées, aucune rendue",
}


@dataclass(frozen=True, slots=True)
class Requete:
    """A search as rules see it: what was read, and the envelope it was read from."""

    recherche: insi.Recherche
    enveloppe: soap.Envelope


@analyseur("ri-insi")
def analyser(echange: EchangeBrut) -> Analyse:
    """Read one exchange. reussi is True for any business answer (00, 01, 02), False for a fault or an HTTP refusal.

    Raises:
        FormatError: the request is not a search by traits that can be read.
    """
    enveloppe = soap.read(http.read(echange.requete).body, max_bytes=insi.MAX_REQUETE)
    recherche = insi.read_request(enveloppe)
    sujets = [Sujet("insi.requete", Requete(recherche, enveloppe))]
    cles = [*cles_traits(recherche.nom, recherche.date_naissance, *recherche.prenoms)]
    faits: tuple[Fait, ...] = ()
    attributs: tuple[tuple[str, str], ...] = ()
    reussi: bool | None = None
    suite = "sans réponse"
    refus = _refus_http(echange.reponse)
    if refus:
        reussi, suite = False, f"refusée par le service (HTTP {refus})"
    elif echange.reponse is not None:
        lu = _reponse(echange.reponse)
        reussi = isinstance(lu, insi.Resultat)
        suite = _suite(lu)
        attributs = _attributs(lu)
        genre = "illisible" if isinstance(lu, FormatError) else "insi.reponse"
        sujets.append(Sujet(genre, lu, "reponse"))
        if isinstance(lu, insi.Resultat) and lu.individu is not None:
            cles.append(("matricule", lu.individu.ins.matricule))
            faits = _faits(lu.individu)
    qui = f"{recherche.nom} {' '.join(recherche.prenoms)}".strip()
    resume = f"Recherche de l'INS de {qui} par ses traits d'identité : {suite}"
    return Analyse(
        "rechercherInsAvecTraitsIdentite",
        resume,
        reussi,
        sujets=tuple(sujets),
        cles=tuple(cles),
        attributs=attributs,
        faits=faits,
    )


def _refus_http(octets: bytes | None) -> int:
    """The status of an answer that carries no envelope (405, 415…), else 0."""
    try:
        status = http.read(octets).status if octets else 0
    except FormatError:
        return 0
    return status if 400 <= status < 500 else 0


def _reponse(octets: bytes) -> insi.Resultat | insi.Faute | FormatError:
    try:
        return insi.read_answer(http.read(octets).body)
    except FormatError as error:
        return error


def _suite(lu: insi.Resultat | insi.Faute | FormatError) -> str:
    if isinstance(lu, insi.Resultat):
        return _ISSUES.get(lu.code, f"code retour {lu.code} inconnu")
    if isinstance(lu, insi.Faute):
        return f"faute {lu.code or lu.sous_code} du service, « {lu.message or lu.motif} »"
    return "réponse illisible"


def _attributs(lu: insi.Resultat | insi.Faute | FormatError) -> tuple[tuple[str, str], ...]:
    """(`CodeCR`, code) of a business answer, (`faute`, code) of a fault."""
    if isinstance(lu, insi.Resultat):
        return (("CodeCR", lu.code),)
    return (("faute", lu.code or lu.sous_code),) if isinstance(lu, insi.Faute) else ()


def _faits(individu: insi.Individu) -> tuple[Fait, ...]:
    actif, tiq = "INDIVIDU/INSACTIF", "INDIVIDU/TIQ"
    values = (
        ("matricule", individu.ins.matricule, f"{actif}/IdIndividu"),
        ("oid", individu.ins.oid, f"{actif}/OID"),
        ("nom_naissance", individu.nom_naissance, f"{tiq}/NomNaissance"),
        ("prenoms", individu.prenoms, f"{tiq}/ListePrenom"),
        ("sexe", individu.sexe, f"{tiq}/Sexe"),
        ("date_naissance", individu.date_naissance, f"{tiq}/DateNaissance"),
        ("lieu_naissance", individu.lieu_naissance, f"{tiq}/LieuNaissance"),
    )
    return tuple(Fait(donnee, valeur, "INSi", ou) for donnee, valeur, ou in values if valeur)
