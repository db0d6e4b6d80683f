"""How one SMTP transaction is kept in the journal: command lines, then the message; beside it, the reply lines.

    EHLO pfi.hopital.fr            requête: one line per command, in order, CRLF. The first ones (EHLO, STARTTLS,
    STARTTLS                       AUTH) are the session's and are repeated for each of its transactions. The secret
    EHLO pfi.hopital.fr            of AUTH is left out: `AUTH PLAIN <login>`.
    AUTH PLAIN pfi@hopital.fr
    MAIL FROM:<pfi@…> RET=HDRS
    RCPT TO:<…> NOTIFY=SUCCESS
    DATA
    (the message, dots unstuffed)
                                   réponse: the reply to each line, same order; after DATA the 354 and the last one.

A transaction without DATA ends with its last line. Source: RFC 5321, RFC 3461 (parameters), RFC 4954 (AUTH); the form
itself is ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from banc_segur.formats.errors import FormatError

MAX_LIGNES = 5000
_CHEMIN = re.compile(r"(?i)(?:MAIL FROM|RCPT TO):\s*<?([^<>\s]*)>?\s*(.*)")
_CODE = re.compile(r"(\d{3})([ -]|$)")


@dataclass(frozen=True, slots=True)
class Reponse:
    """One SMTP reply: its code and its text lines joined by a line feed; code 0 when none came."""

    code: int
    texte: str


@dataclass(frozen=True, slots=True)
class Adresse:
    """One path of MAIL or RCPT: address, parameters (`NOTIFY` -> `SUCCESS,FAILURE`), reply."""

    adresse: str
    parametres: dict[str, str] = field(default_factory=dict)
    reponse: Reponse = Reponse(0, "")


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as read. lignes: (command line, its reply). message None when no DATA was sent.

    finale: the reply after the message, or the last one without message.
    """

    lignes: tuple[tuple[str, Reponse], ...]
    message: bytes | None
    finale: Reponse

    def _chemins(self, verbe: str) -> list[Adresse]:
        found = []
        for line, reply in self.lignes:
            match = _CHEMIN.match(line)
            if match and line.upper().startswith(verbe):
                found.append(Adresse(match[1].lower(), parametres(match[2]), reply))
        return found

    @property
    def expediteur(self) -> Adresse | None:
        """The path of the last MAIL, or None."""
        found = self._chemins("MAIL")
        return found[-1] if found else None

    @property
    def destinataires(self) -> tuple[Adresse, ...]:
        """The paths of RCPT."""
        return tuple(self._chemins("RCPT"))

    @property
    def identite(self) -> str:
        """The login of the last accepted AUTH, in lower case; empty without."""
        logins = [line.split(" ", 2)[2] for line, reply in self.lignes if _auth(line) and reply.code == 235]
        return logins[-1].lower() if logins else ""

    def verbes(self) -> tuple[str, ...]:
        """The verb of each command line, upper case."""
        return tuple(line.split(" ", 1)[0].upper() for line, _ in self.lignes)


def _auth(line: str) -> bool:
    return line.upper().startswith("AUTH ") and line.count(" ") >= 2


def parametres(texte: str) -> dict[str, str]:
    """`RET=HDRS ENVID=a1 BODY=8BITMIME` -> mapping with upper-case names; a bare word has an empty value."""
    pairs = (word.partition("=") for word in texte.split())
    return {name.upper(): value for name, _, value in pairs}


def write(lignes: Sequence[str], message: bytes | None) -> bytes:
    """The request bytes of the journal. lignes: command lines without line end, DATA included when sent."""
    head = "".join(f"{line}\r\n" for line in lignes).encode("utf-8", "surrogateescape")
    return head + (message or b"")


def write_reponse(reponses: Sequence[str]) -> bytes:
    """The answer bytes of the journal; a multi-line reply holds its own `\\r\\n`."""
    return "".join(f"{reply}\r\n" for reply in reponses).encode("utf-8", "replace")


def read(requete: bytes, reponse: bytes | None) -> Transaction:
    """Read a transaction from the journal's two byte strings.

    Raises:
        FormatError: more command lines than the bound, or no line at all.
    """
    lines: list[str] = []
    rest = requete
    message: bytes | None = None
    while rest:
        raw, separator, rest = rest.partition(b"\r\n")
        if not separator or len(lines) >= MAX_LIGNES:
            raise FormatError("SMTP", f"au plus {MAX_LIGNES} lignes de commande en CRLF", raw[:60].decode("latin-1"))
        lines.append(raw.decode("utf-8", "replace"))
        if raw.strip().upper() == b"DATA":
            message = rest
            break
    if not lines:
        raise FormatError("SMTP", "une transaction SMTP", "vide")
    replies = _reponses(reponse or b"")
    paired = tuple((line, replies[i] if i < len(replies) else Reponse(0, "")) for i, line in enumerate(lines))
    if message is None:
        return Transaction(paired, None, paired[-1][1])
    accepted = paired[-1][1].code == 354
    last = replies[len(lines)] if len(replies) > len(lines) else Reponse(0, "")
    return Transaction(paired, message if accepted else None, last if accepted else paired[-1][1])


def _reponses(data: bytes) -> list[Reponse]:
    replies: list[Reponse] = []
    texts: list[str] = []
    for line in data.decode("utf-8", "replace").split("\r\n"):
        match = _CODE.match(line)
        if match is None:
            continue
        texts.append(line[4:])
        if match[2] != "-":
            replies.append(Reponse(int(match[1]), "\n".join(texts)))
            texts = []
    return replies
