"""Reading the evidence back, as JSON-able dictionaries (shapes: `control.client`)."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from banc_segur.journal.base import Base

_ECHANGE = """
SELECT e.*, (SELECT count(*) FROM constat c WHERE c.echange = e.numero) AS nb_constats FROM echange e
"""


class Lectures:
    """The reading half of the journal."""

    def __init__(self, base: Base) -> None:
        self.base = base

    def passage_ouvert(self) -> int | None:
        """The number of the passage under way."""
        row = self.base.etat.row("SELECT numero FROM passage WHERE fin IS NULL ORDER BY numero DESC LIMIT 1")
        return int(row["numero"]) if row else None

    def dernier(self) -> int:
        """The number of the last exchange recorded, 0 when there is none: a mark for waits."""
        return int(self.base.etat.rows("SELECT coalesce(max(numero), 0) AS n FROM echange")[0]["n"])

    def dernier_parti(self) -> int:
        """The number of the last exchange that is not a look into a mailbox (IMAP), 0 when there is none."""
        rows = self.base.etat.rows("SELECT coalesce(max(numero), 0) AS n FROM echange WHERE protocole <> 'imap'")
        return int(rows[0]["n"])

    def derniere_connexion(self) -> int:
        """The number of the last connection recorded, refused ones included; 0 when there is none."""
        return int(self.base.etat.rows("SELECT coalesce(max(numero), 0) AS n FROM connexion")[0]["n"])

    def a_juger(self) -> int:
        """How many exchanges await judgement."""
        return int(self.base.etat.rows("SELECT count(*) AS n FROM echange WHERE juge = 0")[0]["n"])

    def prochain_a_juger(self, apres: int) -> int | None:
        """The number of the first unjudged exchange above `apres`."""
        row = self.base.etat.row("SELECT min(numero) AS n FROM echange WHERE juge = 0 AND numero > ?", (apres,))
        return None if row is None or row["n"] is None else int(row["n"])

    def echanges(
        self,
        *,
        scenario: int | None = None,
        hors_scenario: bool = False,
        passage: int | None = None,
        depuis: int = 0,
        juges: bool = True,
    ) -> list[dict[str, Any]]:
        """The exchanges that fit every given criterion, by number; `juges=False` adds those not judged yet."""
        where = ["e.numero > ?"]
        values: list[Any] = [depuis]
        for column, value in (("scenario", scenario), ("passage", passage)):
            if value is not None:
                where.append(f"e.{column} = ?")
                values.append(value)
        if hors_scenario:
            where.append("e.scenario IS NULL")
        if juges:
            where.append("e.juge = 1")
        rows = self.base.etat.rows(f"{_ECHANGE} WHERE {' AND '.join(where)} ORDER BY e.numero", values)
        return [self._echange(row) for row in rows]

    def brut(self, numero: int) -> sqlite3.Row:
        """The row of one exchange.

        Raises:
            KeyError: no such exchange.
        """
        row = self.base.etat.row("SELECT * FROM echange WHERE numero = ?", (numero,))
        if row is None:
            raise KeyError(numero)
        return row

    def detail(self, numero: int) -> dict[str, Any]:
        """One exchange with bytes, connection facts, constats, facts.

        Raises:
            KeyError: no such exchange.
        """
        row = self.base.etat.row(f"{_ECHANGE} WHERE e.numero = ?", (numero,))
        if row is None:
            raise KeyError(numero)
        return self._echange(row) | {
            "requete_b64": self._b64(row["requete"]),
            "reponse_b64": self._b64(row["reponse"]),
            "meta": json.loads(row["meta"]),
            "connexion_faits": self._connexion(int(row["connexion"])),
            "constats": self.constats("c.echange = ?", (numero,)),
            "non_evaluees": self.non_evaluees("n.echange = ?", (numero,)),
            "faits": self.faits("f.echange = ?", (numero,)),
        }

    def certificat(self, connexion: int) -> bytes | None:
        """DER of the certificate that the peer of a connection showed."""
        row = self.base.etat.row("SELECT certificat FROM connexion WHERE numero = ?", (connexion,))
        return self.base.octets(row["certificat"]) if row else None

    def refusees(self, depuis: int = 0) -> list[dict[str, Any]]:
        """The refused connections with a number above `depuis`, oldest first."""
        rows = self.base.etat.rows(
            "SELECT numero FROM connexion WHERE cause IS NOT NULL AND numero > ? ORDER BY numero", (depuis,)
        )
        return [self._connexion(int(row["numero"])) for row in rows]

    def faits(self, ou: str = "1", valeurs: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Facts that fit the SQL condition `ou` on `f` (fait) and `e` (echange), by exchange."""
        rows = self.base.etat.rows(
            "SELECT f.echange, e.lien, e.scenario, f.donnee, f.valeur, f.porteur, f.ou FROM fait f "  # noqa: S608
            f"JOIN echange e ON e.numero = f.echange WHERE {ou} ORDER BY f.echange, f.rowid",
            valeurs,
        )
        return [dict(row) for row in rows]

    def constats(self, ou: str = "1", valeurs: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Constats that fit the SQL condition `ou` on `c` (constat) and `e` (echange, if any), by number."""
        rows = self.base.etat.rows(
            "SELECT c.numero, c.echange, coalesce(e.scenario, c.scenario) AS scenario, c.produit, c.role, c.contenu "  # noqa: S608
            f"FROM constat c LEFT JOIN echange e ON e.numero = c.echange WHERE {ou} ORDER BY c.numero",
            valeurs,
        )
        return [_constat(row) for row in rows]

    def non_evaluees(self, ou: str = "1", valeurs: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rules not evaluated that fit the SQL condition `ou` on `n` (non_evaluee) and `e` (echange, if any)."""
        rows = self.base.etat.rows(
            "SELECT n.echange, coalesce(e.scenario, n.scenario) AS scenario, n.regle, n.raison, n.produit, n.role "  # noqa: S608
            f"FROM non_evaluee n LEFT JOIN echange e ON e.numero = n.echange WHERE {ou} ORDER BY n.rowid",
            valeurs,
        )
        return [dict(row) for row in rows]

    def evaluees(self, ou: str = "1", valeurs: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Rules evaluated, counted by rule, product, role and scenario; condition on `n` (evaluee) and `e`."""
        rows = self.base.etat.rows(
            "SELECT n.regle, n.produit, n.role, coalesce(e.scenario, n.scenario) AS scenario, count(*) AS fois "  # noqa: S608
            f"FROM evaluee n LEFT JOIN echange e ON e.numero = n.echange WHERE {ou} "
            "GROUP BY n.regle, n.produit, n.role, coalesce(e.scenario, n.scenario) ORDER BY n.regle",
            valeurs,
        )
        return [dict(row) for row in rows]

    # ---- inside ----

    def _echange(self, row: sqlite3.Row) -> dict[str, Any]:
        names = (
            *("numero", "lien", "protocole", "de", "vers", "emetteur", "recepteur", "debut", "fin", "etat"),
            *("operation", "resume", "scenario", "passage", "connexion", "nb_constats"),
        )
        found = {name: row[name] for name in names}
        cles = self.base.etat.rows("SELECT type, valeur FROM cle WHERE echange = ? ORDER BY rowid", (row["numero"],))
        return found | {
            "reussi": None if row["reussi"] is None else bool(row["reussi"]),
            "juge": bool(row["juge"]),
            "masque": bool(row["masque"]),
            "cles": [[cle["type"], cle["valeur"]] for cle in cles],
            "attributs": json.loads(row["attributs"]),
        }

    def _connexion(self, numero: int) -> dict[str, Any]:
        row = self.base.etat.row("SELECT * FROM connexion WHERE numero = ?", (numero,))
        if row is None:
            return {}
        names = ("numero", "lien", "protocole", "debut", "fin", "adresse", "port", "version", "suite", "cause")
        return {name: row[name] for name in names} | {
            "certificat_b64": self._b64(row["certificat"]),
            "client_hello_b64": self._b64(row["client_hello"]),
        }

    def _b64(self, sha256: str | None) -> str | None:
        octets = self.base.octets(sha256)
        return None if octets is None else base64.b64encode(octets).decode("ascii")


def _constat(row: sqlite3.Row) -> dict[str, Any]:
    found = dict(row)
    contenu: dict[str, Any] = json.loads(found.pop("contenu"))
    found["echange"] = found["echange"] or contenu["etape"] or contenu.get("dossier")
    return contenu | found
