"""The INSi téléservice (card `insi.md`): WS_INS2, search by identity traits, on `/lps`.

What is supported, refused or assumed: `docs/simulateurs/insi.md`.
"""

from simulators.insi.reglages import ReglagesInsi
from simulators.insi.service import routes

__all__ = ["ReglagesInsi", "routes"]
