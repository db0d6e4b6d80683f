"""What the simulated DMP remembers: patients, lots, entries, documents.

Sources: `dmp.md` §3.9 (life cycle), §4.3 (codes of the registry), §4.4 steps 9 and 10.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from banc_segur.formats import xds, xml
from banc_segur.formats.identite import Ins, Traits
from banc_segur.formats.xds_types import Cx, Entree, Lot
from banc_segur.formats.xds_write import write_entree
from banc_segur.state.base import Etat

STATUTS_PATIENT = ("actif", "ferme", "absent", "bloque")
FORCAGES = ("occupe", "coupe_avant", "coupe_apres", "muet")
APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS dmp_patient (
    matricule TEXT NOT NULL, oid TEXT NOT NULL, statut TEXT NOT NULL, PRIMARY KEY (matricule, oid));
CREATE TABLE IF NOT EXISTS dmp_traits (
    matricule TEXT NOT NULL, oid TEXT NOT NULL, traits TEXT NOT NULL, PRIMARY KEY (matricule, oid));
CREATE TABLE IF NOT EXISTS dmp_lot (unique_id TEXT PRIMARY KEY, instant TEXT NOT NULL, soumission BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS dmp_contenu (empreinte TEXT PRIMARY KEY, octets BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS dmp_entree (
    entry_uuid TEXT PRIMARY KEY, numero INTEGER NOT NULL, unique_id TEXT NOT NULL, matricule TEXT NOT NULL,
    oid TEXT NOT NULL, statut TEXT NOT NULL, signature INTEGER NOT NULL, empreinte TEXT NOT NULL,
    lot TEXT NOT NULL REFERENCES dmp_lot (unique_id), entree BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS dmp_forcage (numero INTEGER PRIMARY KEY, issue TEXT NOT NULL, reste INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS dmp_entree_unique_id ON dmp_entree (unique_id);
CREATE INDEX IF NOT EXISTS dmp_entree_patient ON dmp_entree (matricule, oid);
"""


@dataclass(frozen=True, slots=True)
class DocumentDmp:
    """A registered document: entryUUID, entry with the registry's own hash and size, availability status, bytes."""

    entry_uuid: str
    entree: Entree
    statut: str
    lot: str
    octets: bytes

    @property
    def approuve(self) -> bool:
        """True while the document is the current version."""
        return self.statut == APPROVED


class RegistreDmp:
    """The registry and repository of one bench."""

    def __init__(self, etat: Etat) -> None:
        self._etat = etat
        etat.schema(_SCHEMA)

    def ouvrir(self, ins: Ins, statut: str = "actif", traits: Traits | None = None) -> None:
        """Give a person a DMP, or change its status. traits: who the DMP says it is, None keeps those it has.

        statut: `actif`, `ferme`, `absent` (objection: as if never opened), `bloque` (the person blocked the structure).

        Raises:
            ValueError: another status.
        """
        if statut not in STATUTS_PATIENT:
            raise ValueError(f"statut {statut!r} : attendu {', '.join(STATUTS_PATIENT)}")
        with self._etat.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO dmp_patient VALUES (?, ?, ?)", (ins.matricule, ins.oid, statut))
            if traits is not None:
                row = (ins.matricule, ins.oid, json.dumps(asdict(traits)))
                connection.execute("INSERT OR REPLACE INTO dmp_traits VALUES (?, ?, ?)", row)

    def statut(self, ins: Ins) -> str:
        """The status of a person's DMP; `absent` for an unknown person."""
        sql = "SELECT statut FROM dmp_patient WHERE matricule = ? AND oid = ?"
        found = self._etat.row(sql, (ins.matricule, ins.oid))
        return str(found["statut"]) if found else "absent"

    def traits(self, ins: Ins) -> Traits | None:
        """The traits that the DMP holds for a person, None when none were given."""
        sql = "SELECT traits FROM dmp_traits WHERE matricule = ? AND oid = ?"
        found = self._etat.row(sql, (ins.matricule, ins.oid))
        return Traits(**json.loads(found["traits"])) if found else None

    def forcer(self, issue: str, fois: int = 1) -> None:
        """Make the next `fois` deposits fail, whoever sends them; `fois=0` forgets what was asked before.

        issue: `occupe` (XDSRepositoryBusy), `coupe_avant`, `coupe_apres` (connection cut before or after registering),
        `muet` (no answer for a minute).

        Raises:
            ValueError: another issue.
        """
        if issue not in FORCAGES:
            raise ValueError(f"issue {issue!r} : attendu {', '.join(FORCAGES)}")
        with self._etat.transaction() as connection:
            connection.execute("DELETE FROM dmp_forcage")
            if fois > 0:
                connection.execute("INSERT INTO dmp_forcage (issue, reste) VALUES (?, ?)", (issue, fois))

    def prendre_forcage(self) -> str:
        """The forced issue of this deposit, which is then spent; empty for the natural answer."""
        with self._etat.transaction() as connection:
            row = connection.execute("SELECT issue FROM dmp_forcage WHERE reste > 0").fetchone()
            connection.execute("UPDATE dmp_forcage SET reste = reste - 1 WHERE reste > 0")
            return str(row["issue"]) if row else ""

    def trouver(self, unique_id: str) -> DocumentDmp | None:
        """The last registered document of that uniqueId."""
        return self._document("unique_id = ? ORDER BY numero DESC", unique_id)

    def entree(self, entry_uuid: str) -> DocumentDmp | None:
        """The document of that entryUUID."""
        return self._document("entry_uuid = ?", entry_uuid)

    def documents(self, ins: Ins) -> tuple[DocumentDmp, ...]:
        """A person's documents of every status, oldest first, signatures of lots left out."""
        sql = f"{_SELECT} WHERE matricule = ? AND oid = ? AND signature = 0 ORDER BY numero"
        return tuple(_lire(row) for row in self._etat.rows(sql, (ins.matricule, ins.oid)))

    def _document(self, condition: str, valeur: str) -> DocumentDmp | None:
        row = self._etat.row(f"{_SELECT} WHERE {condition}", (valeur,))
        return _lire(row) if row else None

    def deposer(self, lot: Lot, documents: Mapping[str, bytes], instant: str) -> tuple[xds.RegistryError, ...]:
        """Register a lot, all or nothing, and deprecate what it replaces.

        documents: id of each entry -> bytes. instant: UTC digits. Returns the errors of the registry; when there is
        one, nothing was kept.

        Raises:
            KeyError: an entry without bytes (the caller checked before).
        """
        with self._etat.transaction() as connection:
            errors = tuple(self._doublons(lot, documents) or self._cibles(lot))
            if errors:
                return errors
            soumission = xml.serialize(xds.write_soumission(lot))
            connection.execute("INSERT INTO dmp_lot VALUES (?, ?, ?)", (lot.unique_id, instant, soumission))
            for entree in lot.toutes:
                self._inscrire(connection, lot, entree, documents[entree.id])
            for link in lot.remplacements():
                connection.execute("UPDATE dmp_entree SET statut = ? WHERE entry_uuid = ?", (DEPRECATED, link.cible))
            return ()

    def _doublons(self, lot: Lot, documents: Mapping[str, bytes]) -> list[xds.RegistryError]:
        errors = []
        if self._etat.row("SELECT 1 FROM dmp_lot WHERE unique_id = ?", (lot.unique_id,)):
            label = f"Le lot de soumission {lot.unique_id} existe déjà"
            errors.append(xds.RegistryError("XDSDuplicateUniqueIdInRegistry", label, lot.unique_id))
            return errors
        for entree in lot.toutes:
            known = self.trouver(entree.unique_id)
            if known and known.entree.hash != xds.empreinte(documents[entree.id]):
                label = f"Le document {entree.unique_id} existe déjà avec un autre contenu"
                errors.append(xds.RegistryError("XDSNonIdenticalHash", label, entree.unique_id))
        return errors

    def _cibles(self, lot: Lot) -> list[xds.RegistryError]:
        errors = []
        for link in lot.remplacements():
            target = self.entree(link.cible)
            if target is None:
                label = f"L'entrée à remplacer {link.cible} est inconnue"
                errors.append(xds.RegistryError("UnresolvedReferenceException", label, link.cible))
            elif not target.approuve:
                label = f"L'entrée à remplacer {link.cible} n'est plus la version courante"
                errors.append(xds.RegistryError("XDSRegistryDeprecatedDocumentError", label, link.cible))
            elif _ins(target.entree) != _ins(lot):
                label = f"L'entrée à remplacer {link.cible} est celle d'un autre patient"
                errors.append(xds.RegistryError("XDSPatientIdDoesNotMatch", label, link.cible))
        return errors

    def _inscrire(self, connection: sqlite3.Connection, lot: Lot, entree: Entree, octets: bytes) -> None:
        digest, ins = xds.empreinte(octets), _ins(entree)
        connection.execute("INSERT OR IGNORE INTO dmp_contenu VALUES (?, ?)", (digest, octets))
        number = connection.execute("SELECT COALESCE(MAX(numero), 0) + 1 FROM dmp_entree").fetchone()[0]
        row = (
            f"urn:uuid:{uuid.uuid4()}",
            number,
            entree.unique_id,
            ins.matricule,
            ins.oid,
            APPROVED,
            int(entree is lot.signature),
            digest,
            lot.unique_id,
            xml.serialize(write_entree(entree)),
        )
        connection.execute("INSERT INTO dmp_entree VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


_SELECT = "SELECT dmp_entree.*, octets FROM dmp_entree JOIN dmp_contenu USING (empreinte)"


def _ins(objet: Entree | Lot) -> Ins:
    identifier = Cx.read(objet.patient_id)
    return Ins(identifier.valeur, identifier.autorite)


def _lire(row: sqlite3.Row) -> DocumentDmp:
    octets = bytes(row["octets"])
    entree = xds.read_entree(xml.parse(bytes(row["entree"])))
    entree = replace(entree, hash=str(row["empreinte"]), size=str(len(octets)))
    return DocumentDmp(str(row["entry_uuid"]), entree, str(row["statut"]), str(row["lot"]), octets)
