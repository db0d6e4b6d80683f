"""The people that INSi knows: the published test people and the campaign's own fictitious ones.

Search semantics: `insi.md` §7.4. The published people live in the table `personnes_insi`, the campaign's in the
state file, with the outcomes that a scenario forces.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from dataclasses import astuple, dataclass
from functools import cache

from banc_segur import tables
from banc_segur.errors import BancError
from banc_segur.formats.identite import Ins, Traits
from banc_segur.formats.insi import InsHistorique
from banc_segur.state.alterations import ALTERATIONS
from banc_segur.state.base import Etat
from banc_segur.state.fictives import ReglagesPersonnes, Tirage, matricules

_SCHEMA = """
CREATE TABLE IF NOT EXISTS personnes (
    numero INTEGER PRIMARY KEY,
    nom TEXT NOT NULL, prenoms TEXT NOT NULL, premier_prenom TEXT NOT NULL,
    sexe TEXT NOT NULL, date_naissance TEXT NOT NULL, lieu_naissance TEXT NOT NULL,
    matricule TEXT UNIQUE, oid TEXT NOT NULL, reponse TEXT NOT NULL, historique TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS personnes_cle ON personnes (nom, date_naissance);
CREATE TABLE IF NOT EXISTS insi_forcages (
    nom TEXT NOT NULL, sexe TEXT NOT NULL, date_naissance TEXT NOT NULL,
    issue TEXT NOT NULL, delai REAL NOT NULL, coupure TEXT NOT NULL,
    PRIMARY KEY (nom, sexe, date_naissance)
);
CREATE TABLE IF NOT EXISTS personnes_version (version INTEGER NOT NULL);
INSERT INTO personnes_version SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM personnes_version);
"""
_VERSION = "UPDATE personnes_version SET version = version + 1"  # in each transaction that changes who is allowed
_TIRAGES = 1000  # attempts to draw people whose traits and matricule are both free

COUPURES = ("", "avant", "pendant", "apres")


@dataclass(frozen=True, slots=True)
class Personne:
    """One person of INSi. reponse: what a search by the whole traits gives (`00`, `01` unknown, `02` homonym).

    ins is None for a person unknown to INSi and for the unnamed homonym of a published person.
    """

    traits: Traits
    ins: Ins | None
    reponse: str = "00"
    historique: tuple[InsHistorique, ...] = ()


@dataclass(frozen=True, slots=True)
class Forcage:
    """A forced outcome. issue: `01`, `02`, a fault code of the table `insi_fautes` or a name of
    `state.alterations`, empty for the natural answer.

    delai: seconds before the answer. coupure: `avant`, `pendant`, `apres` the answer, empty for none.
    """

    issue: str = ""
    delai: float = 0.0
    coupure: str = ""


@cache
def issues() -> frozenset[str]:
    """Every outcome that can be forced; the empty string is the natural answer."""
    return frozenset({"", "01", "02", *ALTERATIONS, *tables.index("insi_fautes", "code")})


@cache
def publiees() -> tuple[Personne, ...]:
    """The published test people (CNDA plan, GIE and ANS examples)."""
    return tuple(_publiee(row) for row in tables.lire("personnes_insi"))


def _publiee(row: dict[str, str]) -> Personne:
    prenoms = row["prenoms"]
    traits = Traits(
        row["nom"], prenoms, prenoms.split(" ")[0], row["sexe"], row["date_naissance"], row["lieu_naissance"]
    )
    ins = Ins(row["matricule"], row["oid"]) if row["matricule"] else None
    entries = [entry.split("|") for entry in row["histo"].split()]
    historique = tuple(InsHistorique(Ins(m, oid), debut, fin) for m, oid, debut, fin in entries)
    return Personne(traits, ins, row["reponse"], historique)


def _correspond(traits: Traits, prenoms: str, sexe: str, lieu: str) -> bool:
    if traits.sexe != sexe or (lieu and traits.lieu_naissance != lieu):
        return False
    return prenoms == traits.prenoms or prenoms in traits.prenoms.split(" ")


class Personnes:
    """The people of one bench, kept in its state file."""

    def __init__(self, etat: Etat) -> None:
        self._etat = etat
        self._autorises: tuple[int, frozenset[tuple[str, str]]] = (-1, frozenset())
        etat.schema(_SCHEMA)

    def creer(
        self,
        graine: int | None,
        *,
        reponse: str = "00",
        traits: Traits | None = None,
        reglages: ReglagesPersonnes,
    ) -> Personne:
        """Make a fresh fictitious person and remember it.

        graine: seed (same seed on the same state: same person), None for any. reponse: `00` found, `01` unknown
        to INSi (ins None), `02` with a full homonym, so that no trait can tell them apart. traits: imposed traits.

        Raises:
            BancError: no free matricule is left for these traits.
        """
        if reponse not in ("00", "01", "02"):
            raise BancError(f"réponse INSi « {reponse} » inconnue : 00, 01 ou 02 est attendu.")
        tirage = Tirage(secrets.randbits(63) if graine is None else graine, reglages)
        with self._etat.transaction() as connection:
            for _ in range(_TIRAGES):
                wanted = traits or tirage.traits()
                libres = self._libres(wanted, reglages)
                enough = len(libres) >= (2 if reponse == "02" else 1)
                if enough and (traits is not None or not self._connus(wanted)):
                    return self._ajouter(connection, wanted, reponse, libres, reglages.oid)
                if traits is not None:
                    break
        raise BancError("plus aucun matricule libre pour une nouvelle personne : remettez l'état du banc à zéro.")

    def _connus(self, traits: Traits) -> bool:
        """True when somebody already has this name and date of birth (the correlation key of a journey)."""
        sql = "SELECT 1 FROM personnes WHERE nom = ? AND date_naissance = ?"
        if self._etat.row(sql, (traits.nom_naissance, traits.date_naissance)) is not None:
            return True
        cle = (traits.nom_naissance, traits.date_naissance)
        return any(cle == (p.traits.nom_naissance, p.traits.date_naissance) for p in publiees())

    def _libres(self, traits: Traits, reglages: ReglagesPersonnes) -> list[str]:
        wanted = matricules(traits, reglages)
        sql = "SELECT matricule FROM personnes WHERE matricule BETWEEN ? AND ?"
        pris = {row["matricule"] for row in self._etat.rows(sql, (wanted[0], wanted[-1]))}
        pris |= {personne.ins.matricule for personne in publiees() if personne.ins}
        return [matricule for matricule in wanted if matricule not in pris]

    def _ajouter(
        self, connection: sqlite3.Connection, traits: Traits, reponse: str, libres: list[str], oid: str
    ) -> Personne:
        ins = None if reponse == "01" else Ins(libres[0], oid)
        personne = Personne(traits, ins, reponse)
        everybody = [personne]
        if reponse == "02":
            everybody.append(Personne(traits, Ins(libres[1], oid), reponse))
        for one in everybody:
            matricule = one.ins.matricule if one.ins else None
            values = (*astuple(one.traits), matricule, oid, one.reponse, "[]")
            connection.execute(
                "INSERT INTO personnes (nom, prenoms, premier_prenom, sexe, date_naissance, lieu_naissance,"
                " matricule, oid, reponse, historique) VALUES (?,?,?,?,?,?,?,?,?,?)",
                values,
            )
        connection.execute(_VERSION)
        return personne

    def fraiches(self) -> list[Personne]:
        """The campaign's own people, oldest first."""
        return [_lire(row) for row in self._etat.rows("SELECT * FROM personnes ORDER BY numero")]

    def rechercher(self, nom: str, prenoms: str, sexe: str, date_naissance: str, lieu: str = "") -> list[Personne]:
        """Search as INSi does: exact nom, sexe and date, and one of the prénoms or the whole list; lieu narrows.

        Hypothèses (`insi.md` §7.4): any prénom of the list matches, alone; a hyphen is not a space.
        """
        sql = "SELECT * FROM personnes WHERE nom = ? AND date_naissance = ? AND reponse <> '01' ORDER BY numero"
        known = [_lire(row) for row in self._etat.rows(sql, (nom, date_naissance))]
        named = [p for p in publiees() if (p.traits.nom_naissance, p.traits.date_naissance) == (nom, date_naissance)]
        return [p for p in [*named, *known] if _correspond(p.traits, prenoms, sexe, lieu)]

    def autorises(self) -> frozenset[tuple[str, str]]:
        """The (matricule, oid) pairs that may travel in this campaign, histories included.

        Asked at each exchange: drawn up again only when the state says that somebody changed.
        """
        version = int(self._etat.rows("SELECT version FROM personnes_version")[0]["version"])
        if version != self._autorises[0]:
            self._autorises = (version, self._paires())
        return self._autorises[1]

    def _paires(self) -> frozenset[tuple[str, str]]:
        pairs = set()
        for personne in [*publiees(), *self.fraiches()]:
            for ins in [personne.ins, *(ancien.ins for ancien in personne.historique)]:
                if ins is not None:
                    pairs.add((ins.matricule, ins.oid))
        return frozenset(pairs)

    def forcer(self, cible: str | Traits, issue: str = "", *, delai: float = 0.0, coupure: str = "") -> None:
        """Force what INSi answers to searches on a person (matricule or traits); all arguments empty: natural again.

        Traits count by nom, sexe and date: every prénom of the sequence meets the same outcome.

        Raises:
            BancError: matricule unknown to this bench, issue or coupure that does not exist.
        """
        if issue not in issues():
            raise BancError(f"issue INSi « {issue} » inconnue : attendu {', '.join(sorted(issues()))}.")
        if coupure not in COUPURES:
            raise BancError(f"coupure « {coupure} » inconnue : avant, pendant ou apres est attendu.")
        traits = cible if isinstance(cible, Traits) else self._traits(cible)
        cle = (traits.nom_naissance, traits.sexe, traits.date_naissance)
        with self._etat.transaction() as connection:
            connection.execute("DELETE FROM insi_forcages WHERE nom = ? AND sexe = ? AND date_naissance = ?", cle)
            if issue or delai or coupure:
                connection.execute("INSERT INTO insi_forcages VALUES (?,?,?,?,?,?)", (*cle, issue, delai, coupure))

    def _traits(self, matricule: str) -> Traits:
        for personne in [*publiees(), *self.fraiches()]:
            if personne.ins is not None and personne.ins.matricule == matricule:
                return personne.traits
        raise BancError("ce matricule n'est celui d'aucune personne connue du banc.")

    def forcage(self, nom: str, sexe: str, date_naissance: str) -> Forcage:
        """The forced outcome of that person; neutral when there is none."""
        sql = "SELECT issue, delai, coupure FROM insi_forcages WHERE nom = ? AND sexe = ? AND date_naissance = ?"
        row = self._etat.row(sql, (nom, sexe, date_naissance))
        return Forcage() if row is None else Forcage(row["issue"], row["delai"], row["coupure"])

    def ajouter_historique(self, matricule: str, historique: tuple[InsHistorique, ...]) -> None:
        """Give earlier matricules to a fresh person (NIA replaced by NIR, change of civil sex)."""
        text = json.dumps([[h.ins.matricule, h.ins.oid, h.debut, h.fin] for h in historique])
        with self._etat.transaction() as connection:
            connection.execute("UPDATE personnes SET historique = ? WHERE matricule = ?", (text, matricule))
            connection.execute(_VERSION)

    def reinitialiser(self) -> None:
        """Forget the campaign's people and every forced outcome; the published people stay."""
        with self._etat.transaction() as connection:
            connection.execute("DELETE FROM personnes")
            connection.execute("DELETE FROM insi_forcages")
            connection.execute(_VERSION)


def _lire(row: sqlite3.Row) -> Personne:
    traits = Traits(
        row["nom"],
        row["prenoms"],
        row["premier_prenom"],
        row["sexe"],
        row["date_naissance"],
        row["lieu_naissance"],
    )
    ins = Ins(row["matricule"], row["oid"]) if row["matricule"] else None
    entries = json.loads(row["historique"])
    historique = tuple(InsHistorique(Ins(m, oid), debut, fin) for m, oid, debut, fin in entries)
    return Personne(traits, ins, row["reponse"], historique)
