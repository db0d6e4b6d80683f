"""One HTTP request under cheroot: its head kept byte for byte, the answers that cheroot makes by itself recorded."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cheroot.server import HeaderReader, HTTPRequest

from banc_segur.formats import http

if TYPE_CHECKING:
    from banc_segur.transport.connexion_http import Connexion


@dataclass(slots=True)
class Tete:
    """The head of a request as it came: start line and header lines in their order."""

    debut: datetime
    ligne: str = ""
    lignes: list[tuple[str, str]] = field(default_factory=list)

    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; repeated ones joined by a comma."""
        found: dict[str, str] = {}
        for name, value in self.lignes:
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value
        return found


def lire_tete(data: bytes, debut: datetime) -> Tete:
    """Read the bytes of a head, complete or not, never failing."""
    lines = data.lstrip(b"\r\n").partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    pairs = [(name.strip(), value.strip()) for name, sep, value in (line.partition(":") for line in lines[1:]) if name]
    return Tete(debut, lines[0].rstrip("\n"), pairs)


class LecteurEntetes(HeaderReader):
    """Puts in lower case the two values that cheroot compares letter by letter."""

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """Read header lines up to the empty one."""
        found: dict[bytes, bytes] = super().__call__(rfile, hdict)
        for name in (b"Connection", b"Expect"):
            if name in found:
                found[name] = found[name].lower()
        return found


class Requete(HTTPRequest):
    """One request; keeps its head byte for byte and records the answers that cheroot makes by itself."""

    conn: Connexion
    tete: Tete
    header_reader = LecteurEntetes()

    def parse_request(self) -> None:
        """Read the head within its deadline."""
        lecteur = self.conn.rfile
        lecteur.echeance = time.monotonic() + self.conn.reglages.delai_tete
        lecteur.tete = brut = bytearray()
        self.tete = Tete(datetime.now(UTC))
        try:
            super().parse_request()
        finally:
            self._tete_lue(bytes(brut))

    def _tete_lue(self, brut: bytes) -> None:
        self.conn.rfile.tete = None
        self.tete = lire_tete(brut, self.tete.debut)

    def read_request_headers(self) -> bool:
        """Read the headers; a negative length is refused."""
        ok = bool(super().read_request_headers())  # type: ignore[no-untyped-call]
        if ok and self.inheaders.get(b"Content-Length", b"0").strip().startswith(b"-"):
            self.simple_response("400 Bad Request", "Malformed Content-Length Header.")
            return False
        return ok

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer without the application; recorded, and the connection ends."""
        self.close_connection = True
        brut = self.conn.rfile.tete
        if brut is not None:
            self._tete_lue(bytes(brut))
        if not self.tete.ligne:
            return
        body = msg.encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        reponse = http.write(f"HTTP/1.1 {status}", headers, body)
        self.conn.enregistrer(self, b"", reponse, meta={"cause": msg or status})
        self.sent_headers = True
        self.conn.a_vider = True
        with contextlib.suppress(OSError):
            self.conn.wfile.write(reponse)
