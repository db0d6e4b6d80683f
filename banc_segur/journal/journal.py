"""The journal: append-only evidence of one bench. It is the `Recorder` of every server and relay.

Each call is committed (SQLite WAL, synchronous=NORMAL) before it returns: what was answered survives a kill -9; a power
cut may lose the last commits. Bodies are kept once, by content hash; records are chained, and the head of the chain
is printed in the report.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from banc_segur.journal.attente import AttenteDepassee, Filtre
from banc_segur.journal.base import Base, iso
from banc_segur.journal.lectures import Lectures
from banc_segur.journal.masque import Masque
from banc_segur.rules.model import Fait
from banc_segur.transport.model import EchangeRecu, Peer

Paires = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Emission:
    """Who wrote something: product name (empty when nobody plays the role), role or service."""

    produit: str
    role: str


@dataclass(frozen=True, slots=True)
class JugementRecord:
    """What the judge found, ready to be kept. constats: (JSON-able fields, emitter); the others alike."""

    constats: tuple[tuple[dict[str, Any], Emission], ...] = ()
    evaluees: tuple[tuple[str, Emission], ...] = ()
    non_evaluees: tuple[tuple[str, str, Emission], ...] = ()


@dataclass(frozen=True, slots=True)
class EchangeJuge:
    """One exchange once understood and judged. de, vers: roles; emetteur, recepteur: products."""

    numero: int
    operation: str
    resume: str
    reussi: bool | None
    de: Emission
    vers: Emission
    cles: tuple[tuple[str, str], ...] = ()
    attributs: tuple[tuple[str, str], ...] = ()
    faits: tuple[Fait, ...] = ()
    jugement: JugementRecord = field(default_factory=JugementRecord)


class Journal(Lectures):
    """The evidence of one bench, in one SQLite file.

    Args:
        path: the file; made when absent.
        autorises: gives the allowed (matricule, OID) pairs at the time of each exchange.
        cle_masque: secret of the tokens that replace suspected real matricules.
    """

    def __init__(self, path: Path | str, *, autorises: Callable[[], Paires], cle_masque: bytes) -> None:
        super().__init__(Base(path))
        self._masque = Masque(cle_masque, lambda: frozenset(matricule for matricule, _oid in autorises()))

    # ---- Recorder ----

    def connexion(self, lien: str, protocole: str, peer: Peer, debut: datetime) -> int:
        """Record an accepted connection (handshake done) and return its number."""
        return self.base.ecrire(lambda base: _connexion(base, lien, protocole, peer, debut, None))

    def refus(self, lien: str, protocole: str, peer: Peer, debut: datetime, cause: str) -> int:
        """Record a refused connection: French cause, peer certificate when it was seen."""
        return self.base.ecrire(lambda base: _connexion(base, lien, protocole, peer, debut, cause))

    def fin_connexion(self, connexion: int, fin: datetime) -> None:
        """Record the end of a connection."""

        def ecrire(base: Base) -> None:
            base.executer("UPDATE connexion SET fin = ? WHERE numero = ?", iso(fin), connexion)
            base.enchainer("fin_connexion", connexion)

        self.base.ecrire(ecrire)

    def echange(self, echange: EchangeRecu) -> int:
        """Record one exchange, suspected real matricules masked, before its answer leaves; return its number."""
        meta = json.dumps(dict(echange.meta), ensure_ascii=False, sort_keys=True)
        (requete, reponse, meta_octets), masque = self._masque.appliquer(
            echange.requete, echange.reponse, meta.encode()
        )

        def ecrire(base: Base) -> int:
            numero = base.inserer(
                "echange",
                connexion=echange.connexion,
                lien=echange.lien,
                protocole=echange.protocole.lower(),
                debut=iso(echange.debut),
                fin=iso(echange.fin),
                etat=echange.etat,
                requete=base.corps(requete),
                reponse=base.corps(reponse),
                meta=(meta_octets or b"{}").decode(),
                masque=masque,
                passage=self.passage_ouvert(),
            )
            base.enchainer("echange", numero)
            return numero

        return self.base.ecrire(ecrire)

    # ---- judgement ----

    def juger(self, juge: EchangeJuge, attribuer: Callable[[Base, EchangeJuge], None]) -> None:
        """Keep the outcome of one exchange and make it visible to waits. `attribuer` ties it to a scenario in the
        same transaction. An exchange is judged once: a second time changes nothing."""

        def ecrire(base: Base) -> None:
            row = base.etat.row("SELECT passage, juge FROM echange WHERE numero = ?", (juge.numero,))
            if row is None or row["juge"]:
                return
            _resumer(base, juge)
            for type_, valeur in dict.fromkeys(juge.cles):
                base.inserer("cle", echange=juge.numero, type=type_, valeur=valeur)
            for fait in juge.faits:
                base.inserer(
                    "fait",
                    echange=juge.numero,
                    donnee=fait.donnee,
                    valeur=fait.valeur,
                    porteur=fait.porteur,
                    ou=fait.ou,
                )
            _constater(base, juge.jugement, echange=juge.numero, passage=row["passage"])
            attribuer(base, juge)

        self.base.ecrire(ecrire)

    def juger_dossier(self, jugement: JugementRecord, *, scenario: int | None, passage: int) -> None:
        """Keep the outcome of the dossier rules of a scenario (None: of the exchanges outside any scenario)."""
        self.base.ecrire(lambda base: _constater(base, jugement, scenario=scenario, passage=passage))

    def document_juge(self, sha256: str, genre: str, version: str) -> dict[str, Any] | None:
        """The cached outcome of a document, None when it was never judged by this version of the rules."""
        row = self.base.etat.row(
            "SELECT resultat FROM document_juge WHERE sha256 = ? AND genre = ? AND version = ?",
            (sha256, genre, version),
        )
        return dict(json.loads(row["resultat"])) if row else None

    def garder_document(self, sha256: str, genre: str, version: str, resultat: dict[str, Any]) -> None:
        """Cache the outcome of a document."""
        texte = json.dumps(resultat, ensure_ascii=False)
        self.base.ecrire(
            lambda base: base.executer(
                "INSERT OR REPLACE INTO document_juge VALUES (?, ?, ?, ?)", sha256, genre, version, texte
            )
        )

    # ---- waits ----

    def attendre(self, filtre: Filtre, depuis: int, delai: float, nombre: int = 1) -> list[dict[str, Any]]:
        """Return the judged exchanges with a number above `depuis` that fit, as soon as there are `nombre` of them.

        Raises:
            AttenteDepassee: fewer than `nombre` after `delai` seconds.
        """

        def lire() -> list[dict[str, Any]] | None:
            fits = [found for found in self.echanges(depuis=depuis, scenario=filtre.scenario) if filtre.convient(found)]
            return fits if len(fits) >= nombre else None

        found = self.base.attendre_que(lire, delai)
        if found is None:
            raise AttenteDepassee(f"Rien qui convienne en {delai:g} s : {filtre}.")
        return found

    def verifier_chaine(self) -> list[str]:
        """Return what is wrong with the evidence, in French; empty when intact."""
        return self.base.verifier_chaine()

    def tete(self) -> str:
        """The head of the chain."""
        return self.base.tete()

    def close(self) -> None:
        """Close the file."""
        self.base.close()


def contenu_constat(contenu: dict[str, Any]) -> str:
    """The stored text of a constat's fields."""
    return json.dumps(contenu, ensure_ascii=False, sort_keys=True)


def _connexion(base: Base, lien: str, protocole: str, peer: Peer, debut: datetime, cause: str | None) -> int:
    numero = base.inserer(
        "connexion",
        lien=lien,
        protocole=protocole.lower(),
        debut=iso(debut),
        adresse=peer.adresse,
        port=peer.port,
        version=peer.version,
        suite=peer.suite,
        certificat=base.corps(peer.certificat),
        client_hello=base.corps(peer.client_hello or None),
        cause=cause,
    )
    base.enchainer("connexion", numero)
    return numero


def _resumer(base: Base, juge: EchangeJuge) -> None:
    attributs = json.dumps([list(pair) for pair in juge.attributs], ensure_ascii=False)
    base.executer(
        "UPDATE echange SET juge = 1, operation = ?, resume = ?, reussi = ?, attributs = ?, "
        "de = ?, vers = ?, emetteur = ?, recepteur = ? WHERE numero = ?",
        juge.operation,
        juge.resume,
        juge.reussi,
        attributs,
        juge.de.role,
        juge.vers.role,
        juge.de.produit,
        juge.vers.produit,
        juge.numero,
    )


def _constater(
    base: Base,
    jugement: JugementRecord,
    *,
    echange: int | None = None,
    scenario: int | None = None,
    passage: int | None = None,
) -> None:
    lieu = {"echange": echange, "scenario": scenario, "passage": passage}
    for contenu, emission in jugement.constats:
        numero = base.inserer(
            "constat", **lieu, contenu=contenu_constat(contenu), produit=emission.produit, role=emission.role
        )
        base.enchainer("constat", numero)
    _enregistrer_regles(base, "evaluee", lieu, ((regle, {}, par) for regle, par in jugement.evaluees))
    _enregistrer_regles(
        base, "non_evaluee", lieu, ((regle, {"raison": raison}, par) for regle, raison, par in jugement.non_evaluees)
    )


def _enregistrer_regles(
    base: Base,
    table: str,
    lieu: dict[str, int | None],
    lignes: Iterable[tuple[str, dict[str, str], Emission]],
) -> None:
    for regle, plus, par in lignes:
        base.inserer(table, **lieu, regle=regle, **plus, produit=par.produit, role=par.role)
