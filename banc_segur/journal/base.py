"""The store under the journal: one SQLite file, one writer, records chained, waiters woken."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from banc_segur.errors import BancError
from banc_segur.journal.schema import CHAINES, ORIGINE, SCHEMA, maillon
from banc_segur.state.base import Etat

T = TypeVar("T")


def maintenant() -> str:
    """The present instant, ISO 8601 UTC with microseconds."""
    return iso(datetime.now(UTC))


def iso(instant: datetime) -> str:
    """An aware instant as the journal writes it."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


class Base:
    """The journal's file. Everything written inside `ecrire` is committed when the block ends, then waiters wake."""

    def __init__(self, path: Path | str) -> None:
        self.etat = Etat(path)
        self.etat.schema(SCHEMA)
        self._condition = threading.Condition()
        self._version = 0
        self._ferme = False
        self._tete = self._derniere()

    def _derniere(self) -> str:
        row = self.etat.row("SELECT chaine FROM registre ORDER BY rang DESC LIMIT 1")
        return str(row["chaine"]) if row else ORIGINE

    def ecrire(self, action: Callable[[Base], T]) -> T:
        """Run `action` in one transaction; nothing of it stays when it raises."""
        with self.etat.transaction():
            tete = self._tete
            try:
                resultat = action(self)
            except BaseException:
                self._tete = tete
                raise
        self.signaler()
        return resultat

    # ---- inside `ecrire` ----

    def inserer(self, table: str, **colonnes: Any) -> int:
        """Insert one row and return its number. Table and column names come from this package's code only."""
        names = ", ".join(colonnes)
        marks = ", ".join("?" * len(colonnes))
        with self.etat.transaction() as connection:
            cursor = connection.execute(
                f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608
                tuple(colonnes.values()),
            )
            return int(cursor.lastrowid or 0)

    def executer(self, sql: str, *parametres: Any) -> None:
        """Run one statement."""
        with self.etat.transaction() as connection:
            connection.execute(sql, parametres)

    def corps(self, octets: bytes | None) -> str | None:
        """Keep bytes by their content; return their SHA-256 hex, None for None."""
        if octets is None:
            return None
        sha256 = hashlib.sha256(octets).hexdigest()
        self.executer("INSERT OR IGNORE INTO corps VALUES (?, ?)", sha256, octets)
        return sha256

    def enchainer(self, genre: str, numero: int) -> None:
        """Chain a record just written."""
        table, _columns = CHAINES[genre]
        row = self.etat.row(f"SELECT * FROM {table} WHERE numero = ?", (numero,))  # noqa: S608
        if row is None:
            raise KeyError(f"{genre} {numero}")
        self._tete = maillon(self._tete, genre, row)
        self.inserer("registre", genre=genre, numero=numero, chaine=self._tete)

    # ---- reading ----

    def octets(self, sha256: str | None) -> bytes | None:
        """The bytes kept under that content hash; None for None."""
        if sha256 is None:
            return None
        row = self.etat.row("SELECT octets FROM corps WHERE sha256 = ?", (sha256,))
        return bytes(row["octets"]) if row else None

    def tete(self) -> str:
        """The head of the chain, SHA-256 hex."""
        return self._tete

    def verifier_chaine(self) -> list[str]:
        """Return what is wrong with the evidence, in French; empty when the chain and the kept bytes are intact."""
        fautes = []
        precedent = ORIGINE
        for lien in self.etat.rows("SELECT * FROM registre ORDER BY rang"):
            table, _columns = CHAINES[lien["genre"]]
            row = self.etat.row(f"SELECT * FROM {table} WHERE numero = ?", (lien["numero"],))  # noqa: S608
            if row is None or maillon(precedent, lien["genre"], row) != lien["chaine"]:
                fautes.append(f"{lien['genre']} n° {lien['numero']} : absent ou modifié depuis son enregistrement")
            precedent = lien["chaine"]
        for row in self.etat.rows("SELECT sha256 FROM corps"):
            if hashlib.sha256(self.octets(row["sha256"]) or b"").hexdigest() != row["sha256"]:
                fautes.append(f"corps {row['sha256'][:12]} : contenu modifié")
        return fautes

    # ---- waiting ----

    def signaler(self) -> None:
        """Wake every waiter: something may have changed."""
        with self._condition:
            self._version += 1
            self._condition.notify_all()

    def attendre_que(self, lire: Callable[[], T | None], delai: float) -> T | None:
        """Return the first result of `lire` that is not None, tried now and at each change; None after `delai` s.

        Raises:
            BancError: the bench is stopping.
        """
        fin = time.monotonic() + delai
        while True:
            vu = self._version
            if self._ferme:
                raise BancError("Le banc s'arrête : l'attente est abandonnée.")
            resultat = lire()
            if resultat is not None:
                return resultat
            with self._condition:
                reste = fin - time.monotonic()
                if not self._condition.wait_for(lambda seen=vu: self._version != seen, max(reste, 0)):  # type: ignore[misc]
                    return None

    def fermer_attentes(self) -> None:
        """Make every wait, present and to come, raise: the bench is stopping."""
        self._ferme = True
        self.signaler()

    def close(self) -> None:
        """Close the file."""
        self.etat.close()
