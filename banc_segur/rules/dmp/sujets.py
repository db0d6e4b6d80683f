"""The subjects of the DMP family and how they are made from bytes; nothing here judges.

Genres: `dmp.soumission` (`Soumission`), `dmp.existence` (`DemandeExistence`); the subjects `dmp.vihf` and
`dmp.lot_signature` are those of `banc_segur.rules.vihf.modele`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from banc_segur.formats import cda_read, depot, vihf
from banc_segur.formats.cda import CdaLu
from banc_segur.formats.certificat import FaitsCertificat
from banc_segur.formats.errors import FormatError
from banc_segur.formats.lot_signature import DocumentLot
from banc_segur.formats.xds_types import SIGNS, Entree, Lot
from banc_segur.rules.vihf.modele import SignatureLue, lire_signature


@dataclass(frozen=True)
class Soumission:
    """A deposit: what was read of the package, and the VIHF that came with it (None when unreadable)."""

    depot: depot.Depot
    vihf: vihf.Vihf | None = None

    @property
    def lot(self) -> Lot:
        """The submission set."""
        return self.depot.lot

    @property
    def entrees(self) -> tuple[Entree, ...]:
        """The entries of medical documents; signatures of single documents, which are optional, are left out."""
        return tuple(entree for entree in self.lot.entrees if not entree.est_signature)

    @property
    def documents(self) -> Mapping[str, bytes]:
        """Bytes by id of entry."""
        return self.depot.documents

    def anomalies(self, code: str) -> Iterator[tuple[str, str, str]]:
        """(ou, attendu, observe) of the anomalies of one check, package then metadata."""
        for item in (*self.depot.anomalies, *self.lot.anomalies):
            if item.code == code:
                yield item.ou, item.attendu, item.observe

    @cached_property
    def cdas(self) -> dict[str, CdaLu]:
        """The readable CDA of the lot by id of entry, the signature left out."""
        found = {}
        for entree in self.entrees:
            octets = self.documents.get(entree.id)
            if octets is None:
                continue
            try:
                found[entree.id] = cda_read.read(octets)
            except FormatError:
                continue
        return found

    def paires(self) -> Iterator[tuple[Entree, CdaLu]]:
        """Every entry with its CDA."""
        for entree in self.entrees:
            if entree.id in self.cdas:
                yield entree, self.cdas[entree.id]


def signature_de(lu: depot.Depot, certificat_vihf: FaitsCertificat | None = None) -> SignatureLue:
    """The signature of a deposit beside what it should sign."""
    lot = lu.lot
    documents = tuple(
        DocumentLot(entree.unique_id, lu.documents[entree.id], entree.mime_type != "application/dicom")
        for entree in lot.entrees
        if entree.id in lu.documents
    )
    entry = lot.signature.id if lot.signature else ""
    signs = any(link.type == SIGNS and (link.source, link.cible) == (entry, lot.id) for link in lot.associations)
    octets = lu.documents.get(entry)
    return lire_signature(octets, lot.unique_id, documents, associee=signs, certificat_vihf=certificat_vihf)


def local(element: etree._Element | None) -> str:
    """Local name of an element; empty for None."""
    return "" if element is None else etree.QName(element).localname
