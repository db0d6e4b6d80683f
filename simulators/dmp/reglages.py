"""Settings of the DMP simulator; each default is the plausible behaviour of the real service."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime


def _maintenant() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class ReglagesDmp:
    """What may differ from one bench to another.

    fenetre: seconds a VIHF without Conditions is valid, either side of now (choice: 10 minutes, `dmp.md` §2.2).
    versions: accepted VIHF_Version. structures: known Struct_IdNat, empty = any. etablissements: Struct_IdNat of a
    site (EG) -> Struct_IdNat of its legal entity (EJ), for the EJ/EG tolerance. homologations: accepted
    LPS_ID_HOMOLOGATION_DMP, empty = any text.
    ac: PEM bundle of the authorities that issue the certificates signing a VIHF, empty = any issuer.
    max_octets: largest request (hypothèse: no limit is published). maintenant: clock, in UTC.
    """

    fenetre: float = 600.0
    versions: Collection[str] = ("3.0", "4.0")
    structures: Collection[str] = ()
    etablissements: Mapping[str, str] = field(default_factory=dict)
    homologations: Collection[str] = ()
    ac: str = ""
    max_octets: int = 64 * 1024 * 1024
    maintenant: Callable[[], datetime] = _maintenant
