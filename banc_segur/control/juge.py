"""The judge: takes recorded exchanges in order, understands them, runs the rules, keeps the outcome, wakes the waits.

Tier 1 runs in one thread; exchanges that hold documents then wait for the worker in a second one, so that the others
go on. An exchange is « jugé » once both are done, in one transaction: a kill -9 in between judges it again.
"""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import structlog

from banc_segur.control.attribution import Emetteurs, attribuer
from banc_segur.control.documents import Documents
from banc_segur.journal.journal import EchangeJuge, Emission, Journal, JugementRecord
from banc_segur.rules import catalogue, donnees_reelles
from banc_segur.rules.analyse import analyser
from banc_segur.rules.model import Analyse, Contexte, Document, EchangeBrut, Fait, Jugement, Sujet

_log = structlog.get_logger(__name__)

REGLE_MASQUE = donnees_reelles.ID  # imported so that the rule is registered

Personnes = Callable[[], frozenset[tuple[str, str]]]


@dataclass(slots=True)
class _EnCours:
    """An exchange between the two tiers."""

    numero: int
    brut: EchangeBrut
    analyse: Analyse
    masque: bool
    contexte: Callable[[str], Contexte]
    emetteurs: Emetteurs
    cles: list[tuple[str, str]]
    faits: list[Fait]
    constats: list[tuple[dict[str, Any], Emission]]
    evaluees: list[tuple[str, Emission]]
    non_evaluees: list[tuple[str, str, Emission]]

    def emission(self, cote: str) -> Emission:
        return self.emetteurs.du_cote(self.brut.lien, cote)


class Juge:
    """Judges what the journal records. `emetteurs` gives the products of the passage under way at each exchange."""

    def __init__(
        self, journal: Journal, documents: Documents, personnes: Personnes, emetteurs: Callable[[], Emetteurs]
    ) -> None:
        self._journal = journal
        self._documents = documents
        self._personnes = personnes
        self._emetteurs = emetteurs
        self._arret = threading.Event()
        self._pris = 0
        self._file: queue.Queue[_EnCours | None] = queue.Queue()
        self._fils = [
            threading.Thread(target=self._tourner, name="juge", daemon=True),
            threading.Thread(target=self._tourner_documents, name="juge-documents", daemon=True),
        ]

    def start(self) -> None:
        """Begin with what was left unjudged."""
        for fil in self._fils:
            fil.start()

    def stop(self, delai: float = 15.0) -> None:
        """Judge what is recorded, at most `delai` seconds, then stop."""
        if self._fils[0].is_alive():
            self.attendre_repos(delai)
        self._arret.set()
        self._journal.base.signaler()
        self._file.put(None)
        for fil in self._fils:
            if fil.is_alive():
                fil.join(delai)

    def attendre_repos(self, delai: float) -> bool:
        """Wait until everything recorded is judged; False when it is not after `delai` seconds."""
        return self._journal.base.attendre_que(lambda: True if self._journal.a_juger() == 0 else None, delai) is True

    def _sans_tomber(self, numero: int, action: Callable[[], None]) -> None:
        """Run one step; a fault of the bench is kept with the exchange, and the judge goes on with the next."""
        try:
            action()
        except Exception as error:  # a bench fault: shown in the report, must not stop the judge
            _log.exception("juge", echange=numero)
            lien = str(self._journal.brut(numero)["lien"])
            de, vers = self._emetteurs().de(lien), self._emetteurs().vers(lien)
            raison = f"erreur du banc : {type(error).__name__}: {error}"
            perdu = JugementRecord(non_evaluees=(("BANC-ANALYSE", raison, de),))
            resume = "Échange que le banc n'a pas su juger"
            self._journal.juger(EchangeJuge(numero, "inconnue", resume, None, de, vers, jugement=perdu), attribuer)

    # ---- tier 1 ----

    def _tourner(self) -> None:
        while not self._arret.is_set():
            numero = self._journal.base.attendre_que(self._prochain, 60.0)
            if numero:
                self._pris = numero
                self._sans_tomber(numero, partial(self._prendre, numero))

    def _prochain(self) -> int | None:
        return 0 if self._arret.is_set() else self._journal.prochain_a_juger(self._pris)

    def _prendre(self, numero: int) -> None:
        en_cours = self._analyser(numero)
        if en_cours.masque:
            _oublier(en_cours)
        for sujet in (*en_cours.analyse.sujets, *_masque(en_cours)):
            jugement = catalogue.evaluer(sujet, en_cours.contexte(sujet.cote))
            _verser(en_cours, jugement, en_cours.emission(sujet.cote))
        if en_cours.analyse.documents:
            self._file.put(en_cours)
        else:
            self._garder(en_cours)

    def _analyser(self, numero: int) -> _EnCours:
        row = self._journal.brut(numero)
        brut = lire_brut(self._journal, numero)
        emetteurs = self._emetteurs()
        analyse, fautes = analyser_sans_faute(brut)
        instant = datetime.fromisoformat(row["debut"])
        certificat = self._journal.certificat(int(row["connexion"]))
        personnes = self._personnes()

        def contexte(cote: str) -> Contexte:
            return Contexte(
                instant=instant,
                lien=brut.lien,
                certificat=certificat if cote == "requete" else None,
                personnes=personnes,
                attendus=emetteurs.attendus(emetteurs.du_cote(brut.lien, cote)),
            )

        par = emetteurs.de(brut.lien)
        non_evaluees = [(regle, raison, par) for regle, raison in fautes]
        cles, faits = list(analyse.cles), list(analyse.faits)
        return _EnCours(
            numero, brut, analyse, bool(row["masque"]), contexte, emetteurs, cles, faits, [], [], non_evaluees
        )

    # ---- tier 2 ----

    def _tourner_documents(self) -> None:
        while (en_cours := self._file.get()) is not None:
            self._sans_tomber(en_cours.numero, partial(self._finir, en_cours))

    def _finir(self, en_cours: _EnCours) -> None:
        for document in en_cours.analyse.documents:
            self._juger_document(en_cours, document)
        self._garder(en_cours)

    def _juger_document(self, en_cours: _EnCours, document: Document) -> None:
        contexte = en_cours.contexte("document")
        par = en_cours.emission("requete")
        found = self._documents.juger(document, contexte)
        en_cours.constats += [(_localiser(constat, document.ou), par) for constat in found["constats"]]
        en_cours.evaluees += [(regle, par) for regle in found["evaluees"]]
        en_cours.non_evaluees += [(regle, raison, par) for regle, raison in found["non_evaluees"]]
        en_cours.faits += [Fait(**fait) for fait in found["faits"]]
        en_cours.cles += [(type_, valeur) for type_, valeur in found["cles"]]

    def _garder(self, en_cours: _EnCours) -> None:
        analyse = en_cours.analyse
        juge = EchangeJuge(
            numero=en_cours.numero,
            operation=analyse.operation,
            resume=analyse.resume,
            reussi=analyse.reussi,
            de=en_cours.emission("requete"),
            vers=en_cours.emission("reponse"),
            cles=tuple(en_cours.cles),
            attributs=analyse.attributs,
            faits=tuple(dict.fromkeys(en_cours.faits)),
            jugement=JugementRecord(tuple(en_cours.constats), tuple(en_cours.evaluees), tuple(en_cours.non_evaluees)),
        )
        self._journal.juger(juge, attribuer)


def _oublier(en_cours: _EnCours) -> None:
    """Bytes where tokens stand for values prove nothing about a product: only the masking itself is judged."""
    par = en_cours.emission("requete")
    en_cours.analyse = replace(en_cours.analyse, sujets=(), documents=(), faits=())
    en_cours.faits.clear()
    en_cours.non_evaluees.append(("(toutes)", "octets masqués : une donnée réelle est suspectée", par))


def lire_brut(journal: Journal, numero: int) -> EchangeBrut:
    """The bytes of a recorded exchange, as analysers take them."""
    row = journal.brut(numero)
    return EchangeBrut(
        protocole=row["protocole"],
        lien=row["lien"],
        requete=journal.base.octets(row["requete"]) or b"",
        reponse=journal.base.octets(row["reponse"]),
        meta=json.loads(row["meta"]),
    )


def analyser_sans_faute(brut: EchangeBrut) -> tuple[Analyse, list[tuple[str, str]]]:
    """Understand an exchange; a fault of our own analyser is kept as a rule not evaluated, never as a pass."""
    try:
        return analyser(brut), []
    except Exception as error:  # a bench fault: shown in the report, must not stop the judge
        _log.exception("analyse", lien=brut.lien)
        raison = f"erreur du banc : {type(error).__name__}: {error}"
        return Analyse("inconnue", f"Échange {brut.protocole} que le banc n'a pas su analyser", None), [
            ("BANC-ANALYSE", raison)
        ]


def _masque(en_cours: _EnCours) -> tuple[Sujet, ...]:
    return (Sujet("masque", en_cours.numero),) if en_cours.masque else ()


def _verser(en_cours: _EnCours, jugement: Jugement, par: Emission) -> None:
    en_cours.constats += [(constat_json(asdict(constat)), par) for constat in jugement.constats]
    en_cours.evaluees += [(regle, par) for regle in jugement.evaluees]
    en_cours.non_evaluees += [(regle, raison, par) for regle, raison in jugement.non_evaluees]


def _localiser(constat: dict[str, Any], ou: str) -> dict[str, Any]:
    return constat_json(constat) | {"document": ou}


def constat_json(constat: dict[str, Any]) -> dict[str, Any]:
    """The fields of a `Constat`, with its cause (datum or rule id, observed value)."""
    return constat | {"cause": [constat["donnee"] or constat["regle"], constat["observe"]]}
