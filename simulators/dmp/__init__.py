"""The DMP as a PFI sees it: TD0.2, TD2.1, TD3.1 by reference. See `docs/simulateurs/dmp.md`."""

from simulators.dmp.reglages import ReglagesDmp
from simulators.dmp.service import RACINE, routes

__all__ = ["RACINE", "ReglagesDmp", "routes"]
