"""A mail as read, leniently and within bounds: headers, addresses, text, every archive and PDF wherever it sits.

Sources: RFC 5322, RFC 2045 to 2047, RFC 2231; `mssante.md` §2.3 (inline parts and forwarded mails are searched).
"""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from functools import lru_cache

from banc_segur.formats.errors import FormatError

MAX_OCTETS = 64 * 1024 * 1024
MAX_ENTETES = 256 * 1024
MAX_PARTIES = 200
MAX_PROFONDEUR = 12
RETENU = 2_000_000  # bytes of a mail that is remembered

_FIN_ENTETES = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Piece:
    """An attached or inline part. transmis: True when it sits inside a forwarded mail (message/rfc822)."""

    nom: str
    type: str
    octets: bytes
    transmis: bool = False


@dataclass(frozen=True, slots=True)
class Partie:
    """One node of the MIME tree. charset: as written, empty when absent."""

    type: str
    charset: str
    profondeur: int
    transmis: bool


@dataclass(frozen=True, slots=True)
class CourrielLu:
    """A mail. entetes: (name as written, decoded value) in order; bruts: the same, not decoded. corps: its text/plain.

    parties: the MIME tree in document order. archives, pdfs: what was found anywhere. rapport: report-type of a
    multipart/report (`delivery-status`, `disposition-notification`), else empty. fins_nues: number of line ends
    other than CRLF. ligne_max: length of the longest line, without its end.
    """

    entetes: tuple[tuple[str, str], ...]
    parties: tuple[Partie, ...]
    corps: str
    html: str
    archives: tuple[Piece, ...]
    pdfs: tuple[Piece, ...]
    rapport: str
    fins_nues: int
    ligne_max: int
    bruts: tuple[tuple[str, str], ...] = ()

    def valeurs(self, nom: str) -> tuple[str, ...]:
        """Every value of a header, in order, without regard to case of the name."""
        return tuple(value for name, value in self.entetes if name.lower() == nom.lower())

    def entete(self, nom: str) -> str:
        """The first value of a header, empty when absent."""
        found = self.valeurs(nom)
        return found[0] if found else ""

    def adresses(self, nom: str) -> tuple[tuple[str, str], ...]:
        """(label, address in lower case) of every mailbox of an address header."""
        raw = [value for name, value in self.bruts if name.lower() == nom.lower()]
        return tuple((decoder(label), address.lower()) for label, address in getaddresses(raw) if address)

    @property
    def de(self) -> str:
        """The address of From, empty when absent."""
        found = self.adresses("From")
        return found[0][1] if found else ""

    @property
    def etiquette(self) -> str:
        """The display label of From."""
        found = self.adresses("From")
        return found[0][0] if found else ""

    @property
    def a(self) -> tuple[str, ...]:
        """The addresses of To and Cc."""
        return tuple(address for name in ("To", "Cc") for _, address in self.adresses(name))

    @property
    def sujet(self) -> str:
        """The decoded subject."""
        return self.entete("Subject")

    @property
    def message_id(self) -> str:
        """Message-ID with its `<>`."""
        return self.entete("Message-ID")


def read(data: bytes) -> CourrielLu:
    """Read a mail. The last few are remembered by their bytes: the operator reads a mail, then the judge.

    Raises:
        FormatError: over the bounds (size, headers, number of parts, depth), or with no header at all.
    """
    _borner(data)
    return _read_once(data) if len(data) <= RETENU else _read(data)


@lru_cache(maxsize=4)
def _read_once(data: bytes) -> CourrielLu:
    return _read(data)


def _read(data: bytes) -> CourrielLu:
    try:
        message = email.message_from_bytes(data, policy=policy.compat32)
        raw = tuple((name, _deplier(str(value))) for name, value in message.items())
        headers = tuple((name, decoder(value)) for name, value in raw)
        nodes = list(_noeuds(message, 0, False))
    except (RecursionError, ValueError, LookupError) as error:
        raise FormatError("courriel", "un message RFC 5322 lisible", str(error)) from error
    if not headers:
        raise FormatError("courriel", "des en-têtes RFC 5322", data[:60].decode("ascii", "replace"))
    texts = {kind: _texte(nodes, kind) for kind in ("text/plain", "text/html")}
    pieces = [_piece(part, forwarded) for part, _, forwarded in nodes if not part.is_multipart()]
    return CourrielLu(
        entetes=headers,
        parties=tuple(_partie(part, depth, forwarded) for part, depth, forwarded in nodes),
        corps=texts["text/plain"],
        html=texts["text/html"],
        archives=tuple(p for p in pieces if _est_archive(p)),
        pdfs=tuple(p for p in pieces if p.type == "application/pdf" or p.nom.lower().endswith(".pdf")),
        rapport=_rapport(message),
        fins_nues=data.count(b"\n") + data.count(b"\r") - 2 * data.count(b"\r\n"),
        ligne_max=max(map(len, data.replace(b"\r\n", b"\n").split(b"\n"))),
        bruts=raw,
    )


def _borner(data: bytes) -> None:
    if len(data) > MAX_OCTETS:
        raise FormatError("courriel", f"un message d'au plus {MAX_OCTETS} octets", f"{len(data)} octets")
    end = _FIN_ENTETES.search(data)
    if (end.start() if end else len(data)) > MAX_ENTETES:
        raise FormatError("courriel", f"des en-têtes d'au plus {MAX_ENTETES} octets", "davantage")
    if (b"\n" + data.lower()).count(b"\ncontent-type") > MAX_PARTIES:
        raise FormatError("courriel", f"au plus {MAX_PARTIES} parties MIME", "davantage")


def _deplier(value: str) -> str:
    return re.sub(r"\r?\n[ \t]*", " ", value).strip()


def decoder(value: str) -> str:
    """An unfolded header value with its RFC 2047 words decoded; left as it is when they cannot be."""
    flat = _deplier(value)
    if "=?" not in flat:
        return flat
    try:
        return str(make_header(decode_header(flat)))
    except (HeaderParseError, LookupError, ValueError):
        return flat


def _noeuds(part: Message, depth: int, forwarded: bool) -> Iterator[tuple[Message, int, bool]]:
    if depth > MAX_PROFONDEUR:
        raise FormatError("courriel", f"au plus {MAX_PROFONDEUR} niveaux MIME", "davantage")
    yield part, depth, forwarded
    if not part.is_multipart():
        return
    inside = forwarded or part.get_content_type() == "message/rfc822"
    for child in part.get_payload():
        if isinstance(child, Message):
            yield from _noeuds(child, depth + 1, inside)


def _octets(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _charset(part: Message) -> str:
    value = part.get_param("charset", "")
    return str(value[2] if isinstance(value, tuple) else value or "")


def _nom(part: Message) -> str:
    """The file name: RFC 2231, plain or RFC 2047 form; in a hostile header, empty."""
    try:
        return decoder(part.get_filename("") or "")
    except (ValueError, LookupError):
        return ""


def _piece(part: Message, forwarded: bool) -> Piece:
    return Piece(_nom(part), part.get_content_type(), _octets(part), forwarded)


def _partie(part: Message, depth: int, forwarded: bool) -> Partie:
    return Partie(part.get_content_type(), _charset(part), depth, forwarded)


def _est_archive(piece: Piece) -> bool:
    if piece.nom.lower() == "ihe_xdm.zip":
        return True
    return piece.octets.startswith(b"PK\x03\x04") and b"METADATA.XML" in piece.octets.upper()


def _texte(nodes: list[tuple[Message, int, bool]], kind: str) -> str:
    """The first text part of that type in the mail itself, not in a forwarded one nor attached."""
    for part, _, forwarded in nodes:
        if forwarded or part.is_multipart() or part.get_content_type() != kind or _nom(part):
            continue
        try:
            return _octets(part).decode(_charset(part) or "utf-8", "replace").replace("\r\n", "\n")
        except (LookupError, ValueError):
            return _octets(part).decode("utf-8", "replace")
    return ""


def _rapport(message: Message) -> str:
    if message.get_content_type() != "multipart/report":
        return ""
    return str(message.get_param("report-type", "") or "")
