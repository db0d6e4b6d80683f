"""What the witness PFI remembers: identities, messages taken in charge, and each thing to do for them (« envoi »).

Everything a retry must repeat (OIDs of the lot, Message-ID, MSH-10 of the receipt) is written with the message, in one
transaction, before it is acknowledged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from banc_segur.formats.identite import Identifiant, Ins, Patient, Traits
from banc_segur.state.base import Etat

DMP, MAIL = "dmp", "mail"
A_FAIRE, ATTEND_AVIS, FAIT = "a_faire", "attend_avis", "fait"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pfi_patient (ipp TEXT PRIMARY KEY, patient TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS pfi_message (
    numero INTEGER PRIMARY KEY, cle TEXT NOT NULL UNIQUE, msh10 TEXT NOT NULL, contenu BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS pfi_envoi (
    numero INTEGER PRIMARY KEY, message INTEGER NOT NULL REFERENCES pfi_message (numero), nature TEXT NOT NULL,
    adresse TEXT NOT NULL DEFAULT '', identifiants TEXT NOT NULL, recu TEXT NOT NULL,
    etat TEXT NOT NULL DEFAULT 'a_faire', depuis REAL NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '', libelle TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS pfi_envoi_etat ON pfi_envoi (etat);
"""
_ENVOIS = "SELECT e.*, m.msh10, m.contenu FROM pfi_envoi e JOIN pfi_message m ON m.numero = e.message"


@dataclass(frozen=True, slots=True)
class Envoi:
    """One deposit (`dmp`) or one mail (`mail`, to `adresse`) for a message.

    identifiants: OIDs of the lot and of its signature (`dmp`); Message-ID and OID of the lot in the archive (`mail`).
    recu: MSH-10 of the receipt to send.
    msh10, contenu: of the document message.
    """

    numero: int
    nature: str
    adresse: str
    identifiants: tuple[str, ...]
    recu: str
    etat: str
    msh10: str
    contenu: bytes


class DossiersPfi:
    """The records of the PFI, in one file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._etat = Etat(path)
        self._etat.schema(_SCHEMA)

    def noter_patient(self, patient: Patient) -> None:
        """Keep the newest identity under its IPP."""
        with self._etat.transaction() as connection:
            values = (patient.ipp.valeur, json.dumps(asdict(patient)))
            connection.execute("INSERT OR REPLACE INTO pfi_patient VALUES (?, ?)", values)

    def patient(self, ipp: Identifiant) -> Patient | None:
        """The newest identity received under that IPP, None when there is none."""
        row = self._etat.row("SELECT patient FROM pfi_patient WHERE ipp = ?", (ipp.valeur,))
        if row is None:
            return None
        data = json.loads(row["patient"])
        ins = Ins(**data["ins"]) if data["ins"] else None
        found = Patient(Identifiant(**data["ipp"]), Traits(**data["traits"]), data["statut"], ins)
        return found if found.ipp.autorite == ipp.autorite else None

    def contenu(self, cle: str) -> bytes | None:
        """The message of that key taken in charge before, None when there is none."""
        row = self._etat.row("SELECT contenu FROM pfi_message WHERE cle = ?", (cle,))
        return row["contenu"] if row else None

    def prendre(
        self, cle: str, msh10: str, contenu: bytes, envois: Sequence[tuple[str, str, tuple[str, ...], str]]
    ) -> list[int]:
        """Take a message in charge with its envois (nature, adresse, identifiants, recu); return their numbers.

        A message known already gives no number.
        """
        with self._etat.transaction() as connection:
            if self.contenu(cle) is not None:
                return []
            sql = "INSERT INTO pfi_message (cle, msh10, contenu) VALUES (?, ?, ?)"
            message = connection.execute(sql, (cle, msh10, contenu)).lastrowid
            sql = "INSERT INTO pfi_envoi (message, nature, adresse, identifiants, recu) VALUES (?, ?, ?, ?, ?)"
            rows = [(message, nature, adresse, json.dumps(ids), recu) for nature, adresse, ids, recu in envois]
            return [int(connection.execute(sql, row).lastrowid or 0) for row in rows]

    def envoi(self, numero: int) -> Envoi:
        """The envoi of that number, which exists."""
        return _envoi(self._etat.rows(f"{_ENVOIS} WHERE e.numero = ?", (numero,))[0])

    def en(self, etat: str) -> list[Envoi]:
        """The envois in that state, oldest first."""
        return [_envoi(row) for row in self._etat.rows(f"{_ENVOIS} WHERE e.etat = ? ORDER BY e.numero", (etat,))]

    def reste(self, etat: str) -> bool:
        """True when an envoi is in that state."""
        return self._etat.row("SELECT 1 FROM pfi_envoi WHERE etat = ? LIMIT 1", (etat,)) is not None

    def du_courriel(self, message_id: str, adresse: str) -> Envoi | None:
        """The mail of that Message-ID to that address whose fate is not known yet, None when there is none."""
        where = "WHERE json_extract(e.identifiants, '$[0]') = ? AND lower(e.adresse) = lower(?) AND e.etat <> 'fait'"
        row = self._etat.row(f"{_ENVOIS} {where}", (message_id, adresse))
        return _envoi(row) if row else None

    def noter(self, numero: int, etat: str, code: str = "", libelle: str = "") -> None:
        """Move an envoi to a state, with the refusal when there is one. One that is `fait` stays so."""
        with self._etat.transaction() as connection:
            sql = "UPDATE pfi_envoi SET etat = ?, code = ?, libelle = ?, depuis = ? WHERE numero = ? AND etat <> 'fait'"
            connection.execute(sql, (etat, code, libelle, time.time(), numero))

    def expirer(self, delai: float, libelle: str) -> None:
        """Stop waiting for the notifications awaited for more than `delai` seconds."""
        with self._etat.transaction() as connection:
            sql = "UPDATE pfi_envoi SET etat = 'fait', libelle = ? WHERE etat = 'attend_avis' AND depuis < ?"
            connection.execute(sql, (libelle, time.time() - delai))

    def liste(self) -> list[dict[str, Any]]:
        """Every envoi, for the screen: message, nature, adresse, etat, code, libelle."""
        sql = (
            "SELECT m.msh10 AS message, e.nature, e.adresse, e.etat, e.code, e.libelle "
            "FROM pfi_envoi e JOIN pfi_message m ON m.numero = e.message ORDER BY e.numero"
        )
        return [dict(row) for row in self._etat.rows(sql)]

    def close(self) -> None:
        """Close the file."""
        self._etat.close()


def _envoi(row: Any) -> Envoi:
    return Envoi(
        row["numero"],
        row["nature"],
        row["adresse"],
        tuple(json.loads(row["identifiants"])),
        row["recu"],
        row["etat"],
        row["msh10"],
        row["contenu"],
    )
