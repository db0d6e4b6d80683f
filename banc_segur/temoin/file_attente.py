"""A persistent queue with retries: what a product must still do survives kill -9, in order for each key.

A task is committed before `ajouter` returns and leaves the file only once `traiter` returned; after a crash it is
therefore done at least once (a receiver recognises the repeat by its MSH-10 or Message-ID).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from banc_segur.state.base import Etat

DELAIS = (0.2, 0.5, 1.0, 2.0, 5.0)  # seconds before the 2nd, 3rd… try; the last one repeats
_SCHEMA = """
CREATE TABLE IF NOT EXISTS tache (
    numero INTEGER PRIMARY KEY AUTOINCREMENT, cle TEXT NOT NULL, nature TEXT NOT NULL, contenu BLOB NOT NULL,
    essais INTEGER NOT NULL DEFAULT 0, etat TEXT NOT NULL DEFAULT 'attente', cause TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS tache_etat ON tache (etat, cle, numero);
"""
_TETES = "SELECT MIN(numero) AS numero, cle FROM tache WHERE etat = 'attente' GROUP BY cle ORDER BY numero"


@dataclass(frozen=True, slots=True)
class Tache:
    """One thing to do. cle: tasks of one key run one at a time, oldest first. essais: failed tries so far."""

    numero: int
    cle: str
    nature: str
    contenu: bytes
    essais: int = 0


class Reessayer(Exception):
    """Raised by `traiter`: not done (peer silent, AR…), try the same task again later. The text is the cause."""


class Abandonner(Exception):
    """Raised by `traiter`: will never be done (AE…). The task is kept aside with this cause, its key goes on."""


class FileAttente:
    """The queue in one SQLite file, worked by `ouvriers` threads between `start` and `stop`.

    traiter: does one task; returns when done, raises `Reessayer` or `Abandonner`. `OSError` means Reessayer. Any
    other exception is a fault of ours: the task is set aside with it (see `abandons`), nothing else stops.
    delais: seconds before each new try of a task; the last one repeats.
    """

    def __init__(
        self, path: Path | str, traiter: Callable[[Tache], None], delais: Sequence[float] = DELAIS, ouvriers: int = 2
    ) -> None:
        self._etat = Etat(path)
        self._etat.schema(_SCHEMA)
        self._traiter = traiter
        self._delais = tuple(delais)
        self._change = threading.Condition()
        self._occupees: set[str] = set()
        self._pas_avant: dict[str, float] = {}
        self._arret = False
        self._ouvriers = [threading.Thread(target=self._travailler, daemon=True) for _ in range(ouvriers)]

    def start(self) -> None:
        """Start the workers; tasks left by a former process are taken up first."""
        for thread in self._ouvriers:
            thread.start()

    def stop(self) -> None:
        """Let running tasks end, then close the file; what is queued stays on disk."""
        with self._change:
            self._arret = True
            self._change.notify_all()
        for thread in self._ouvriers:
            if thread.ident is not None:
                thread.join()
        self._etat.close()

    def ajouter(self, cle: str, contenu: bytes, nature: str = "") -> int:
        """Queue a task; it is on disk when this returns. Returns its number."""
        with self._change:
            with self._etat.transaction() as connection:
                sql = "INSERT INTO tache (cle, nature, contenu) VALUES (?, ?, ?)"
                numero = connection.execute(sql, (cle, nature, contenu)).lastrowid
            self._change.notify()
        return int(numero or 0)

    def vide(self) -> bool:
        """True when nothing is queued nor running; tasks set aside do not count."""
        return self._etat.row("SELECT 1 FROM tache WHERE etat = 'attente' LIMIT 1") is None

    def attendre_vide(self, delai: float) -> bool:
        """Wait until the queue is empty, at most `delai` seconds; tell whether it is."""
        with self._change:
            return self._change.wait_for(self.vide, delai)

    def abandons(self) -> list[tuple[Tache, str]]:
        """The tasks set aside, oldest first, each with its cause."""
        rows = self._etat.rows("SELECT * FROM tache WHERE etat = 'abandon' ORDER BY numero")
        return [(Tache(r["numero"], r["cle"], r["nature"], r["contenu"], r["essais"]), r["cause"]) for r in rows]

    def _travailler(self) -> None:
        while (tache := self._prendre()) is not None:
            try:
                self._traiter(tache)
            except (Reessayer, OSError) as cause:
                self._remettre(tache, str(cause))
            except Abandonner as cause:
                self._ecarter(tache, str(cause))
            except Exception as fault:  # recorded, and shown by `abandons`
                self._ecarter(tache, f"faute interne : {type(fault).__name__}: {fault}")
            else:
                self._finir(tache, "DELETE FROM tache WHERE numero = ?", (tache.numero,))

    def _prendre(self) -> Tache | None:
        """Wait for the oldest task that may run now; None at stop."""
        with self._change:
            while not self._arret:
                numero, attente = self._choisir()
                if numero:
                    row = self._etat.rows("SELECT * FROM tache WHERE numero = ?", (numero,))[0]
                    self._occupees.add(row["cle"])
                    return Tache(numero, row["cle"], row["nature"], row["contenu"], row["essais"])
                self._change.wait(attente)
            return None

    def _choisir(self) -> tuple[int, float | None]:
        """The number of the task to run, or 0 and how long to wait for one (None: until told)."""
        now = time.monotonic()
        attente: float | None = None
        for row in self._etat.rows(_TETES):
            if row["cle"] in self._occupees:
                continue
            reste = self._pas_avant.get(row["cle"], 0.0) - now
            if reste <= 0:
                return int(row["numero"]), None
            attente = reste if attente is None else min(attente, reste)
        return 0, attente

    def _remettre(self, tache: Tache, cause: str) -> None:
        delai = self._delais[min(tache.essais, len(self._delais) - 1)]
        sql = "UPDATE tache SET essais = essais + 1, cause = ? WHERE numero = ?"
        self._finir(tache, sql, (cause, tache.numero), pas_avant=time.monotonic() + delai)

    def _ecarter(self, tache: Tache, cause: str) -> None:
        self._finir(tache, "UPDATE tache SET etat = 'abandon', cause = ? WHERE numero = ?", (cause, tache.numero))

    def _finir(self, tache: Tache, sql: str, parameters: tuple[object, ...], pas_avant: float = 0.0) -> None:
        with self._change:
            with self._etat.transaction() as connection:
                connection.execute(sql, parameters)
            self._occupees.discard(tache.cle)
            self._pas_avant.pop(tache.cle, None)
            if pas_avant:
                self._pas_avant[tache.cle] = pas_avant
            self._change.notify_all()
