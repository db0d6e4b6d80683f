"""A small lenient reader of DER/BER values, for certificates that strict parsers refuse.

Sources: ITU-T X.690; trap of `dmp.md` §1.4 (card certificates whose SETs are not in DER order).
"""

from __future__ import annotations

from dataclasses import dataclass

from banc_segur.formats.errors import FormatError

MAX_BYTES = 64 * 1024
_MAX_NODES = 2000
_CODECS = {0x0C: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii", 0x1A: "ascii", 0x1E: "utf-16-be"}


@dataclass(frozen=True, slots=True)
class Valeur:
    """One value. tag: the identifier byte; octets: the whole value; contenu: what is inside."""

    tag: int
    octets: bytes
    contenu: bytes

    def enfants(self) -> list[Valeur]:
        """The values inside a constructed one. Raises FormatError."""
        found: list[Valeur] = []
        rest = self.contenu
        while rest:
            if len(found) >= _MAX_NODES:
                raise FormatError("certificat", f"au plus {_MAX_NODES} valeurs", "davantage")
            value = read(rest)
            found.append(value)
            rest = rest[len(value.octets) :]
        return found

    def texte(self) -> str:
        """A character string as text; undecodable bytes replaced, unknown tags read as latin-1."""
        return self.contenu.decode(_CODECS.get(self.tag, "latin-1"), "replace")

    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted form."""
        arcs: list[int] = []
        current = 0
        for byte in self.contenu:
            current = (current << 7) | (byte & 0x7F)
            if not byte & 0x80:
                arcs.append(current)
                current = 0
        if not arcs:
            raise FormatError("certificat", "un OID", self.contenu.hex())
        first = min(arcs[0] // 40, 2)
        return ".".join(str(arc) for arc in (first, arcs[0] - 40 * first, *arcs[1:]))

    def entier(self) -> int:
        """An INTEGER."""
        return int.from_bytes(self.contenu, "big", signed=True)


def read(octets: bytes) -> Valeur:
    """Read the first value of `octets` (definite length, one-byte tag).

    Raises:
        FormatError: truncated, indefinite or multi-byte tag.
    """
    if len(octets) < 2 or octets[0] & 0x1F == 0x1F:
        raise FormatError("certificat", "une valeur DER", octets[:8].hex() or "vide")
    length, start = octets[1], 2
    if length & 0x80:
        count = length & 0x7F
        start = 2 + count
        if not 1 <= count <= 4 or len(octets) < start:
            raise FormatError("certificat", "une longueur DER définie", octets[:8].hex())
        length = int.from_bytes(octets[2:start], "big")
    if len(octets) < start + length:
        raise FormatError("certificat", f"{start + length} octets", f"{len(octets)} octets")
    return Valeur(octets[0], octets[: start + length], octets[start : start + length])
