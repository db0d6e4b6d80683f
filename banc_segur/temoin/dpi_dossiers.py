"""What the witness DPI remembers: patients and stays told by ADT, documents it sent, receipts it got."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from banc_segur.formats.identite import Identifiant, Ins, Patient, Sejour, Traits
from banc_segur.formats.zam import Zam
from banc_segur.state.base import Etat

_SCHEMA = """
CREATE TABLE IF NOT EXISTS dpi_patient (ipp TEXT PRIMARY KEY, patient TEXT NOT NULL, sejour TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS dpi_document (message TEXT PRIMARY KEY, document TEXT NOT NULL, ipp TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS dpi_recu (
    rang INTEGER PRIMARY KEY, identifiant TEXT NOT NULL UNIQUE, message TEXT NOT NULL, recu TEXT NOT NULL
);
"""


class Dossiers:
    """The records of the DPI, in one file. Thread-safe."""

    def __init__(self, path: Path) -> None:
        self._etat = Etat(path)
        self._etat.schema(_SCHEMA)

    def noter_patient(self, patient: Patient, sejour: Sejour | None) -> None:
        """Keep the newest identity; a stay is kept until another comes, its start even when a later message omits it.

        The INS follows the message: one that carries none (identity no longer qualifiée, A47) removes it.
        """
        with self._etat.transaction() as connection:
            _patient, former = self._lire(patient.ipp.valeur)
            stay = sejour or former
            if sejour and former and sejour.venue == former.venue and not sejour.debut:
                stay = replace(sejour, debut=former.debut)
            connection.execute(
                "INSERT OR REPLACE INTO dpi_patient VALUES (?, ?, ?)",
                (patient.ipp.valeur, json.dumps(asdict(patient)), json.dumps(asdict(stay) if stay else None)),
            )

    def patient(self, ipp: str) -> tuple[Patient | None, Sejour | None]:
        """The patient of that IPP and the last stay, None when unknown."""
        return self._lire(ipp)

    def _lire(self, ipp: str) -> tuple[Patient | None, Sejour | None]:
        row = self._etat.row("SELECT patient, sejour FROM dpi_patient WHERE ipp = ?", (ipp,))
        if row is None:
            return None, None
        return _patient(json.loads(row["patient"])), _sejour(json.loads(row["sejour"]))

    def noter_document(self, message: str, document: str, ipp: str) -> None:
        """Keep which message (MSH-10) carried which document."""
        with self._etat.transaction() as connection:
            connection.execute("INSERT INTO dpi_document VALUES (?, ?, ?)", (message, document, ipp))

    def noter_recu(self, zam: Zam) -> None:
        """Keep a receipt; the same one sent again (same MSH-10) counts once."""
        with self._etat.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO dpi_recu (identifiant, message, recu) VALUES (?, ?, ?)",
                (zam.identifiant, zam.message, json.dumps(asdict(zam))),
            )

    def recus(self, document: str) -> list[dict[str, Any]]:
        """The receipts of one document (its OID), oldest first, as fields of `Zam`."""
        rows = self._etat.rows(
            "SELECT recu FROM dpi_recu JOIN dpi_document USING (message) WHERE document = ? ORDER BY rang", (document,)
        )
        return [json.loads(row["recu"]) for row in rows]

    def close(self) -> None:
        """Close the file."""
        self._etat.close()


def _patient(data: dict[str, Any]) -> Patient:
    return Patient(
        ipp=Identifiant(**data["ipp"]),
        traits=Traits(**data["traits"]),
        statut=data["statut"],
        ins=Ins(**data["ins"]) if data["ins"] else None,
    )


def _sejour(data: dict[str, Any] | None) -> Sejour | None:
    return Sejour(**{**data, "nda": Identifiant(**data["nda"])}) if data else None
