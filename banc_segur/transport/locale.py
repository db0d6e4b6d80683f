"""Doors for this machine only (control API, the witness's screen): the `Host` a local caller writes.

A page of a foreign site whose name was made to lead to 127.0.0.1 (DNS rebinding) reaches these ports with its own name
in `Host` (RFC 9110 §7.2): such a request is refused before its token is looked at.
"""

from __future__ import annotations

NOMS = frozenset({"127.0.0.1", "localhost", "[::1]"})


def appel_local(host: str) -> bool:
    """True when a `Host` field names the loopback, with or without a port; an absent field is refused."""
    nom, separateur, port = host.strip().lower().rpartition(":")
    return (nom if separateur and port.isdigit() else host.strip().lower()) in NOMS
