"""DOS-01 to DOS-09, DOS-13: each datum keeps the value of the INSi answer, or of the DPI's message, everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from banc_segur.rules.catalogue import regle
from banc_segur.rules.dossier.lecture import INSI, attributs, emission, est_adt, faits, verites
from banc_segur.rules.model import Contexte, Dossier, Ecart, Etape, Fait, NonEvaluable

_INSI = "INS/va1.52, SBX-E2E-01 ; guide d'implémentation INS, règle 6 (insi.md INSI-X02)"
_MDM = "CI-SIS, volet Transmission de documents CDA R2 en HL7v2 2.1, mapping (hl7v2.md FLX-23)"
# Rule id -> (datum, label): the truth of these is the INSi answer.
IDENTITE = {
    "DOS-01": ("matricule", "Le matricule INS"),
    "DOS-02": ("oid", "L'OID de l'INS"),
    "DOS-03": ("nom_naissance", "Le nom de naissance"),
    "DOS-04": ("prenoms", "La liste des prénoms"),
    "DOS-06": ("sexe", "Le sexe"),
    "DOS-07": ("date_naissance", "La date de naissance"),
    "DOS-08": ("lieu_naissance", "Le lieu de naissance"),
}
# The truth of these is what the DPI's message says.
DOCUMENT = {
    "DOS-09": ("document", "L'identifiant du document"),
    "DOS-13": ("empreinte", "L'empreinte du document"),
}

Controle = Callable[[Dossier, Contexte], Iterable[Ecart]]


def _insi(donnee: str) -> Controle:
    def controle(dossier: Dossier, _contexte: Contexte) -> Iterable[Ecart]:
        """Compare every carrier with the INSi answer that came before it."""
        if not any(faits(etape, donnee, INSI) for etape in dossier.etapes):
            raise NonEvaluable("Aucune réponse 00 d'INSi captée dans ce dossier.")
        return _une_fois(donnee, _divergences(dossier, donnee))

    return controle


def _divergences(dossier: Dossier, donnee: str) -> Iterator[tuple[Etape, Fait, str]]:
    """(step, fact, truth) of each fact that differs from the INSi answer."""
    truths = {etape.numero: truth for etape, truth in verites(dossier, donnee)}
    for etape in dossier.etapes:
        truth = truths[etape.numero] if _comparable(dossier, etape, truths) else ""
        for fait in faits(etape, donnee):
            if truth and fait.valeur != truth:
                yield etape, fait, truth


def _comparable(dossier: Dossier, etape: Etape, truths: dict[int, str]) -> bool:
    """What claims the traits of INSi: it holds an INS, or its ADT says so (ZFD-5 = INSI).

    Without INS the traits may be those of the desk or of an identity proof (PAM FR §6.6.15, identity provisoire or
    validée); an ADT relayed after the INSi answer may have been emitted before it.
    """
    if not est_adt(etape):
        return bool(faits(etape, "matricule"))
    claims = faits(etape, "matricule") or "INSI" in attributs(etape, "obtention")
    return bool(claims and truths[emission(dossier, etape).numero])


def _mdm(donnee: str) -> Controle:
    def controle(dossier: Dossier, _contexte: Contexte) -> Iterable[Ecart]:
        """Compare every carrier with the values that document messages announced."""
        known = [f.valeur for etape in dossier.etapes for f in faits(etape, donnee, "MDM")]
        if not known:
            raise NonEvaluable("Aucun message de document du DPI capté dans ce dossier.")
        truth = " ou ".join(dict.fromkeys(known))
        found = ((e, f, truth) for e in dossier.etapes for f in faits(e, donnee) if f.valeur not in known)
        return _une_fois(donnee, found)

    return controle


def _une_fois(donnee: str, found: Iterable[tuple[Etape, Fait, str]]) -> Iterator[Ecart]:
    """One écart per wrong value, at the step and place where it first appears."""
    seen: set[str] = set()
    for etape, fait, truth in found:
        if fait.valeur not in seen:
            seen.add(fait.valeur)
            yield Ecart(f"{fait.porteur}, {fait.ou}", truth, fait.valeur, donnee=donnee, etape=etape.numero)


for _tables, _fabrique, _source, _origine in (
    (IDENTITE, _insi, _INSI, "la réponse d'INSi"),
    (DOCUMENT, _mdm, _MDM, "le message du DPI"),
):
    for _id, (_donnee, _libelle) in _tables.items():
        regle(
            _id,
            f"{_libelle} est le même partout",
            genre="dossier",
            source=_source,
            remede=f"Dans le produit cité, reprendre sans changement la valeur donnée par {_origine}.",
            exigences=("SBX-E2E-01",),
        )(_fabrique(_donnee))


@regle(
    "DOS-05",
    "Le premier prénom est le même partout",
    genre="dossier",
    source=_INSI,
    remede="Reprendre le premier prénom de l'identité transmise par le RI (PID-5.2), début de la liste d'INSi.",
    exigences=("SBX-E2E-01",),
)
def premier_prenom(dossier: Dossier, _contexte: Contexte) -> Iterable[Ecart]:
    """INSi does not give it: the truth is the last ADT emitted after the INSi answer; its list must start with it."""
    listes = {etape.numero: truth for etape, truth in verites(dossier, "prenoms")}
    reference = ""
    found: list[tuple[Etape, Fait, str]] = []
    compared = False
    for etape in dossier.etapes:
        liste = listes[etape.numero]
        if not liste or not _comparable(dossier, etape, listes):
            continue
        for fait in faits(etape, "premier_prenom"):
            compared = True
            debut = f"{liste} ".startswith(f"{fait.valeur} ")
            if est_adt(etape) and debut:
                reference = fait.valeur
            elif fait.valeur != (reference or fait.valeur) or not debut:
                found.append((etape, fait, reference or f"le début de « {liste} »"))
    if not compared:
        raise NonEvaluable("Aucun premier prénom transmis après une réponse d'INSi dans ce dossier.")
    yield from _une_fois("premier_prenom", found)
