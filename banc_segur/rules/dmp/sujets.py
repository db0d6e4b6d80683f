"""The subjects of the DMP family and how they are made from bytes; nothing here judges.

Genres: `dmp.soumission` (`Soumission`), `dmp.existence` (`Existence`), `dmp.vihf` (`VihfLu`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from banc_segur.formats import cda_read, depot, dsig, existence, soap, vihf
from banc_segur.formats.cda import CdaLu
from banc_segur.formats.errors import FormatError
from banc_segur.formats.xds_types import Entree, Lot


@dataclass(frozen=True)
class VihfLu:
    """The VIHF of a message. vihf and signature are None when `erreur` says why it cannot be read."""

    vihf: vihf.Vihf | None
    signature: dsig.Verification | None
    erreur: FormatError | None = None


def vihf_de(enveloppe: soap.Envelope) -> VihfLu:
    """Find and read the VIHF of a message; never raises."""
    try:
        found, signature = vihf.read(vihf.find(enveloppe))
    except FormatError as error:
        return VihfLu(None, None, error)
    return VihfLu(found, signature)


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
        for entree in self.lot.entrees:
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
        for entree in self.lot.entrees:
            if entree.id in self.cdas:
                yield entree, self.cdas[entree.id]


@dataclass(frozen=True)
class Existence:
    """A TD0.2 demand and the VIHF that came with it."""

    demande: existence.DemandeExistence
    vihf: vihf.Vihf | None = None


def local(element: etree._Element | None) -> str:
    """Local name of an element; empty for None."""
    return "" if element is None else etree.QName(element).localname
