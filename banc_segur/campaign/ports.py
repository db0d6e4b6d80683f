"""The stable ports of `serve`, and of a `run` with a product of the user's: one range, documented in the README."""

from __future__ import annotations

from banc_segur.errors import UsageError

PREMIER = 27400
DECALAGES = {
    "ri-eai": 1,
    "eai-dpi": 2,
    "eai-pfi": 3,
    "dpi-pfi": 4,
    "pfi-dpi": 5,
    "insi": 43,
    "dmp": 44,
    "controle": 80,
    "smtp": 87,
    "imap": 93,
}


def stables(premier: int = PREMIER) -> dict[str, int]:
    """Port by service or relayed link, from the first port of the range.

    Raises:
        UsageError: the range leaves 1 to 65535.
    """
    dernier = 65535 - max(DECALAGES.values())
    if not 1 <= premier <= dernier:
        raise UsageError(f"Premier port {premier} : attendu de 1 à {dernier}, pour que toute la plage existe.")
    return {nom: premier + decalage for nom, decalage in DECALAGES.items()}


def libres() -> dict[str, int]:
    """Zero everywhere: the system chooses, so that two runs live side by side."""
    return dict.fromkeys(DECALAGES, 0)
