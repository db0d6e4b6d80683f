"""A bench process for tests: the real one, with a plain-text analyser instead of the families of rules.

A message is `OPERATION|type=valeur|…`; the keys become correlation keys, except `attribut`, `doc` (genre of a
document), `faute` (its value is found wrong), `plante` (the analyser raises). Started as
`python -m tests.control.banc_essai FILE`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from banc_segur.control.__main__ import main
from banc_segur.rules import catalogue
from banc_segur.rules.analyse import analyseur
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Analyse, Contexte, Document, Dossier, Ecart, EchangeBrut, Fait, Sujet

SPECIALES = ("attribut", "doc", "faute", "plante")


@analyseur("mllp")
def lire(echange: EchangeBrut) -> Analyse:
    """Understand a test message."""
    operation, *champs = echange.requete.decode().split("|")
    paires = [tuple(champ.split("=", 1)) for champ in champs]
    valeurs = dict(paires)
    if "plante" in valeurs:
        raise RuntimeError("essai")
    cles = tuple((type_, valeur) for type_, valeur in paires if type_ not in SPECIALES)
    return Analyse(
        operation,
        f"Message {operation}",
        None if echange.reponse is None else echange.reponse.startswith(b"AA"),
        sujets=(Sujet("essai", valeurs),),
        cles=cles,
        faits=tuple(Fait(type_, valeur, "ADT", "PID-3") for type_, valeur in cles),
        documents=(Document(valeurs["doc"], valeurs.get("document", "x").encode(), "OBX-5"),)
        if "doc" in valeurs
        else (),
        attributs=(("CodeCR", valeurs["attribut"]),) if "attribut" in valeurs else (),
    )


@regle("ESSAI-01", "Rien de faux", genre="essai", source="essai", remede="Corriger.")
def rien_de_faux(valeurs: dict[str, str], contexte: Contexte) -> Iterable[Ecart]:
    """Wrong when the message says so."""
    if "faute" in valeurs:
        yield Ecart("faute", f"rien (NIL {contexte.attendus.get('X-MSS-NIL', '')})", valeurs["faute"], "sexe")


@regle("DOS-ESSAI", "Un seul matricule dans le dossier", genre="dossier", source="essai", remede="Corriger.")
def un_matricule(dossier: Dossier, _contexte: Contexte) -> Iterable[Ecart]:
    """Wrong at the first step whose matricule differs from the first seen."""
    premier = ""
    for etape in dossier.etapes:
        for valeur in (fait.valeur for fait in etape.analyse.faits if fait.donnee == "matricule"):
            premier = premier or valeur
            if valeur != premier:
                yield Ecart("PID-3", premier, valeur, "matricule", etape.numero)


if __name__ == "__main__":
    catalogue.FAMILLES = ()
    sys.exit(main(sys.argv[1:]))
