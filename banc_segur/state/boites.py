"""Mailboxes of the simulated operator: who owns them, what was delivered, flags. Source: `mssante.md` §1.1, §2.7."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from banc_segur.state.base import Etat

TYPES = ("APP", "ORG", "PER", "PATIENT")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS boite (
    adresse TEXT PRIMARY KEY, type TEXT NOT NULL, proprietaire_ou TEXT NOT NULL, etat TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL, uidnext INTEGER NOT NULL DEFAULT 1);
CREATE TABLE IF NOT EXISTS boite_message (
    adresse TEXT NOT NULL REFERENCES boite ON DELETE CASCADE, uid INTEGER NOT NULL, recu TEXT NOT NULL,
    octets BLOB NOT NULL, drapeaux TEXT NOT NULL DEFAULT '', PRIMARY KEY (adresse, uid));
CREATE TABLE IF NOT EXISTS boite_remise (cle TEXT NOT NULL, adresse TEXT NOT NULL, PRIMARY KEY (cle, adresse));
CREATE TABLE IF NOT EXISTS boite_suite (nom TEXT PRIMARY KEY, valeur INTEGER NOT NULL);
INSERT OR IGNORE INTO boite_suite VALUES ('uidvalidity', 0);
"""
_RESUME = "SELECT uid, recu, drapeaux FROM boite_message WHERE adresse = ?"

Resume = tuple[int, str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Boite:
    """One mailbox. adresse in lower case; type among `TYPES`; etat `ouverte` or `fermee`; proprietaire_ou: OU of the
    certificate that may open it (Struct_IdNat), empty when no certificate may. uidvalidity never returns."""

    adresse: str
    type: str
    proprietaire_ou: str
    etat: str
    uidvalidity: int
    uidnext: int


@dataclass(frozen=True, slots=True)
class MessageRecu:
    """One delivered message; recu: ISO 8601 instant; drapeaux: IMAP flags (`\\\\Seen`, `$MDNSent`)."""

    uid: int
    recu: str
    octets: bytes
    drapeaux: frozenset[str]


def domaine(adresse: str) -> str:
    """The domain of an address, lower case; empty without `@`."""
    return adresse.rpartition("@")[2].lower() if "@" in adresse else ""


class Boites:
    """The mailboxes of one bench, in its state file."""

    def __init__(self, etat: Etat) -> None:
        self._etat = etat
        etat.schema(_SCHEMA)

    def ouvrir(self, adresse: str, type: str = "PER", proprietaire_ou: str = "", etat: str = "ouverte") -> None:
        """Create a mailbox, or change type, owner and state of the one that exists (messages stay).

        Raises:
            ValueError: unknown type or state.
        """
        if type not in TYPES or etat not in ("ouverte", "fermee"):
            raise ValueError(f"type {type} ou état {etat} de boîte inconnu")
        with self._etat.transaction() as connection:
            connection.execute("UPDATE boite_suite SET valeur = valeur + 1 WHERE nom = 'uidvalidity'")
            connection.execute(
                "INSERT INTO boite (adresse, type, proprietaire_ou, etat, uidvalidity) VALUES (?, ?, ?, ?, "
                "(SELECT valeur FROM boite_suite WHERE nom = 'uidvalidity')) ON CONFLICT (adresse) DO UPDATE "
                "SET type = excluded.type, proprietaire_ou = excluded.proprietaire_ou, etat = excluded.etat",
                (adresse.lower(), type, proprietaire_ou, etat),
            )

    def fermer(self, adresse: str) -> None:
        """Close a mailbox: it exists, and takes nothing any more."""
        with self._etat.transaction() as connection:
            connection.execute("UPDATE boite SET etat = 'fermee' WHERE adresse = ?", (adresse.lower(),))

    def boite(self, adresse: str) -> Boite | None:
        """The mailbox of that address, or None."""
        row = self._etat.row("SELECT * FROM boite WHERE adresse = ?", (adresse.lower(),))
        return Boite(**dict(row)) if row else None

    def toutes(self) -> list[Boite]:
        """Every mailbox, by address."""
        return [Boite(**dict(row)) for row in self._etat.rows("SELECT * FROM boite ORDER BY adresse")]

    def domaines(self) -> frozenset[str]:
        """The domains in which a mailbox exists."""
        return frozenset(domaine(box.adresse) for box in self.toutes())

    def traites(self, cle: str) -> frozenset[str]:
        """The recipients for whom the mail of that key was delivered, or bounced, before."""
        rows = self._etat.rows("SELECT adresse FROM boite_remise WHERE cle = ?", (cle,))
        return frozenset(row["adresse"] for row in rows)

    def livrer(
        self, livraisons: Iterable[tuple[str, bytes]], recu: str, cle: str = "", traites: Iterable[str] = ()
    ) -> None:
        """Deliver messages to mailboxes, all or none.

        livraisons: (address, bytes). recu: ISO 8601 instant. traites: recipients to remember under `cle`.

        Raises:
            KeyError: an address has no mailbox; nothing was delivered.
        """
        with self._etat.transaction() as connection:
            for address, data in livraisons:
                self._deposer(connection, address.lower(), data, recu)
            rows = [(cle, address.lower()) for address in traites]
            connection.executemany("INSERT OR IGNORE INTO boite_remise VALUES (?, ?)", rows)

    @staticmethod
    def _deposer(connection: sqlite3.Connection, address: str, data: bytes, recu: str) -> None:
        row = connection.execute("SELECT uidnext FROM boite WHERE adresse = ?", (address,)).fetchone()
        if row is None:
            raise KeyError(address)
        uid = int(row["uidnext"])
        connection.execute("UPDATE boite SET uidnext = uidnext + 1 WHERE adresse = ?", (address,))
        sql = "INSERT INTO boite_message (adresse, uid, recu, octets) VALUES (?, ?, ?, ?)"
        connection.execute(sql, (address, uid, recu, data))

    def messages(self, adresse: str, depuis: int = 1) -> list[MessageRecu]:
        """The messages of a mailbox from uid `depuis`, by uid; empty for an unknown mailbox."""
        sql = "SELECT * FROM boite_message WHERE adresse = ? AND uid >= ? ORDER BY uid"
        return [_message(row) for row in self._etat.rows(sql, (adresse.lower(), depuis))]

    def message(self, adresse: str, uid: int) -> MessageRecu | None:
        """One message, or None."""
        row = self._etat.row("SELECT * FROM boite_message WHERE adresse = ? AND uid = ?", (adresse.lower(), uid))
        return _message(row) if row else None

    def sommaire(self, adresse: str) -> list[Resume]:
        """(uid, instant, flags) of every message, by uid, without their bytes."""
        return [_resume(row) for row in self._etat.rows(f"{_RESUME} ORDER BY uid", (adresse.lower(),))]

    def resume(self, adresse: str, uid: int) -> Resume | None:
        """(uid, instant, flags) of one message, or None."""
        row = self._etat.row(f"{_RESUME} AND uid = ?", (adresse.lower(), uid))
        return _resume(row) if row else None

    def marquer(self, adresse: str, uid: int, drapeaux: Iterable[str]) -> None:
        """Replace the flags of one message."""
        with self._etat.transaction() as connection:
            sql = "UPDATE boite_message SET drapeaux = ? WHERE adresse = ? AND uid = ?"
            connection.execute(sql, (" ".join(sorted(drapeaux)), adresse.lower(), uid))

    def supprimer(self, adresse: str, uids: Sequence[int]) -> None:
        """Delete messages; their uids never come back."""
        with self._etat.transaction() as connection:
            sql = "DELETE FROM boite_message WHERE adresse = ? AND uid = ?"
            connection.executemany(sql, [(adresse.lower(), uid) for uid in uids])

    def vider(self) -> None:
        """Reset: delete every mailbox and message; uidvalidity goes on so that no client trusts its cache."""
        with self._etat.transaction() as connection:
            connection.execute("DELETE FROM boite_message")
            connection.execute("DELETE FROM boite_remise")
            connection.execute("DELETE FROM boite")


def _resume(row: sqlite3.Row) -> Resume:
    return row["uid"], row["recu"], frozenset(row["drapeaux"].split())


def _message(row: sqlite3.Row) -> MessageRecu:
    return MessageRecu(row["uid"], row["recu"], row["octets"], frozenset(row["drapeaux"].split()))
