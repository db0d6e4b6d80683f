"""HTTP messages as they are kept in the journal: start line, header lines, empty line, body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from banc_segur.formats.errors import FormatError


@dataclass(frozen=True, slots=True)
class HttpMessage:
    """start_line: `POST /lps HTTP/1.1` or `HTTP/1.1 200 OK`; header names in lower case."""

    start_line: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def status(self) -> int:
        """Status code of an answer; 0 for a request."""
        parts = self.start_line.split(" ")
        return int(parts[1]) if self.start_line.startswith("HTTP/") and parts[1].isdigit() else 0


def write(start_line: str, headers: Iterable[tuple[str, str]], body: bytes) -> bytes:
    """Return the bytes of one message; header values in latin-1."""
    head = "\r\n".join([start_line, *(f"{name}: {value}" for name, value in headers)])
    return head.encode("latin-1", "replace") + b"\r\n\r\n" + body


def read(data: bytes) -> HttpMessage:
    """Cut one stored message into its parts.

    Raises:
        FormatError: no empty line between head and body.
    """
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator:
        raise FormatError("HTTP", "un en-tête suivi d'une ligne vide", "message sans ligne vide")
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return HttpMessage(lines[0], headers, body)
