"""The words of the transport room: what a server hands to a behaviour, what it gets back, what it records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Answer:
    """What a behaviour wants sent, and how.

    delay: seconds before the first byte. drip: bytes per second, 0 = at once. cut_after: number of bytes of the
    body sent before the TCP connection is cut (as `coupure` says); 0 = cut with no byte at all; None = whole answer.
    """

    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: int = 0
    cut_after: int | None = None
    coupure: Literal["rst", "fin"] = "rst"


@dataclass(frozen=True, slots=True)
class Peer:
    """The TLS and TCP facts of one connection. certificat: DER of the client certificate; version: `TLSv1.2`."""

    adresse: str
    port: int
    version: str = ""
    suite: str = ""
    certificat: bytes | None = None
    client_hello: bytes = b""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as a behaviour sees it; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: Peer


Behaviour = Callable[[HttpRequest], Answer]


@dataclass(frozen=True, slots=True)
class EchangeRecu:
    """One exchange to record. etat: `complet` or `sans réponse`; reponse None when nothing was answered."""

    connexion: int
    lien: str
    protocole: str
    debut: datetime
    fin: datetime
    requete: bytes
    reponse: bytes | None
    etat: str = "complet"
    meta: Mapping[str, str] = field(default_factory=dict)


class Recorder(Protocol):
    """Where servers and relays write evidence; every call is committed to disk when it returns.

    The journal implements it; `transport` never imports the journal.
    """

    def connexion(self, lien: str, protocole: str, peer: Peer, debut: datetime) -> int:
        """Record an accepted connection (handshake done) and return its number."""
        ...

    def refus(self, lien: str, protocole: str, peer: Peer, debut: datetime, cause: str) -> int:
        """Record a refused connection: French cause, peer certificate when it was seen."""
        ...

    def fin_connexion(self, connexion: int, fin: datetime) -> None:
        """Record the end of a connection."""
        ...

    def echange(self, echange: EchangeRecu) -> int:
        """Record one exchange, before its answer leaves, and return its number."""
        ...
