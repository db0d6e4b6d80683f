"""What the witness RI remembers: its patients and stays, the numbers it gave, the UUID of the installation."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from banc_segur.formats.identite import Identifiant, Ins, Patient, Sejour, Traits
from banc_segur.state.base import Etat

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ri_installation (instance TEXT NOT NULL, prefixe TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ri_numero (numero INTEGER PRIMARY KEY AUTOINCREMENT, nature TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ri_patient (ipp TEXT PRIMARY KEY, patient TEXT NOT NULL, sejour TEXT NOT NULL);
"""


class DossiersRi:
    """The records of the RI, in one file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._etat = Etat(path)
        self._etat.schema(_SCHEMA)
        with self._etat.transaction() as connection:
            if self._etat.row("SELECT 1 FROM ri_installation") is None:
                values = (str(uuid.uuid4()), f"{secrets.randbelow(9000) + 1000}")
                connection.execute("INSERT INTO ri_installation VALUES (?, ?)", values)

    @property
    def instance(self) -> str:
        """UUID of this installation, stable."""
        return self._installation("instance")

    def _installation(self, colonne: str) -> str:
        row = self._etat.row("SELECT instance, prefixe FROM ri_installation")
        return "" if row is None else str(row[colonne])

    def numero(self, nature: str) -> str:
        """A new number, never given before by this installation, unlikely to be given by another: 10 digits."""
        with self._etat.transaction() as connection:
            rang = connection.execute("INSERT INTO ri_numero (nature) VALUES (?)", (nature,)).lastrowid
        return f"{self._installation('prefixe')}{rang:06d}"

    def noter(self, patient: Patient, sejour: Sejour | None) -> None:
        """Keep the present identity and stay of a patient."""
        values = (patient.ipp.valeur, json.dumps(asdict(patient)), json.dumps(asdict(sejour) if sejour else None))
        with self._etat.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO ri_patient VALUES (?, ?, ?)", values)

    def lire(self, ipp: str) -> tuple[Patient, Sejour | None] | None:
        """The patient of that IPP and the stay, None when unknown."""
        row = self._etat.row("SELECT patient, sejour FROM ri_patient WHERE ipp = ?", (ipp,))
        if row is None:
            return None
        return _patient(json.loads(row["patient"])), _sejour(json.loads(row["sejour"]))

    def cloturer(self, ipp: str, fin: str) -> tuple[Patient, Sejour] | None:
        """Close the open stay of a patient; None when there is none."""
        with self._etat.transaction():
            found = self.lire(ipp)
            if found is None or found[1] is None or found[1].fin:
                return None
            sejour = replace(found[1], fin=fin)
            self.noter(found[0], sejour)
            return found[0], sejour

    def close(self) -> None:
        """Close the file."""
        self._etat.close()


def _patient(data: dict[str, Any]) -> Patient:
    ins = Ins(**data["ins"]) if data["ins"] else None
    return Patient(Identifiant(**data["ipp"]), Traits(**data["traits"]), data["statut"], ins)


def _sejour(data: dict[str, Any] | None) -> Sejour | None:
    return None if data is None else Sejour(**{**data, "nda": Identifiant(**data["nda"])})
