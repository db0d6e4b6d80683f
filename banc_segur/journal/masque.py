"""Suspected real matricules never reach the disk: keyed tokens take their place in the stored bytes.

Suspected = 15 characters with the shape and the right key of a matricule, outside the campaign's table of allowed
people. The same value gives the same token under one key, so that a wrong field can
still be named and followed. A token begins with 9, which no registration number does, and has a right key: it is no
finding of its own. When a message holds a suspected matricule — in clear, in a base64 block, or in a ZIP inside one —
all its base64 blocks are replaced too: their length stays, their content is lost on purpose. A signature over masked
bytes can no longer be verified.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator

from banc_segur.formats import ins

# Sex 1 2 3 4 7 8, month 01-12 or the civil registry's substitutes 20-42 and 50-99 (insi.md §10); never inside an OID.
_CANDIDAT = re.compile(
    rb"(?<!\d)(?<!\d\.)[123478]\d{2}(?:0[1-9]|1[0-2]|[23]\d|4[0-2]|[5-9]\d)(?:\d{2}|2A|2B)\d{8}(?!\d)"
)
_CHIFFRES = bytes.maketrans(b"123456789", b"0" * 9)
_FIN_CHIFFRES = re.compile(rb"[^0]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{48,}(?:\r?\n[A-Za-z0-9+/]+)*={0,2}")
_HEXA_AVANT = re.compile(rb"[0-9a-fA-F]*\Z")
_HEXA_APRES = re.compile(rb"[0-9a-fA-F]*")
_EMPREINTE = 28  # a longer run of hexadecimal digits is a digest or a UUID, not a matricule

MAX_DECODE = 16 * 1024 * 1024
MAX_MEMBRES = 40
MAX_MEMBRE = 4 * 1024 * 1024


def suspects(data: bytes, connus: Callable[[str], bool]) -> set[bytes]:
    """Return the matricules in clear in `data` that `connus` does not know."""
    found: set[bytes] = set()
    for match in _candidats(data):
        value = match.group().decode("ascii")
        if match.group() not in found and not connus(value) and ins.cle_juste(value) and not _empreinte(data, match):
            found.add(match.group())
    return found


def _candidats(data: bytes) -> Iterator[re.Match[bytes]]:
    """The matches of `_CANDIDAT`, found thirty times faster: only the beginnings of runs of five digits are tried."""
    digits = data.translate(_CHIFFRES)
    start = digits.find(b"00000")
    while start >= 0:
        match = _CANDIDAT.match(data, start)
        if match:
            yield match
        end = _FIN_CHIFFRES.search(digits, start)
        start = digits.find(b"00000", end.start() if end else len(digits))


def _empreinte(data: bytes, match: re.Match[bytes]) -> bool:
    before = _HEXA_AVANT.search(data[max(0, match.start() - _EMPREINTE) : match.start()])
    after = _HEXA_APRES.match(data[match.end() : match.end() + _EMPREINTE])
    around = (len(before.group()) if before else 0) + (len(after.group()) if after else 0)
    return around + 15 >= _EMPREINTE


def suspect_cache(data: bytes, connus: Callable[[str], bool]) -> bool:
    """True when a base64 block of `data` holds a suspected matricule, directly or in a ZIP archive."""
    budget = MAX_DECODE
    for match in _BASE64.finditer(data):
        block = match.group()
        budget -= len(block)
        if budget < 0:
            return False
        decoded = _decoder(block)
        if any(suspects(part, connus) for part in [decoded, *_membres(decoded)]):
            return True
    return False


def _decoder(block: bytes) -> bytes:
    text = block.replace(b"\r", b"").replace(b"\n", b"").rstrip(b"=")
    text = text[: len(text) - 1] if len(text) % 4 == 1 else text
    return binascii.a2b_base64(text + b"=" * (-len(text) % 4))


def _membres(data: bytes) -> list[bytes]:
    if not data.startswith(b"PK\x03\x04"):
        return []
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist()[:MAX_MEMBRES]:
                with archive.open(info) as member:
                    found.append(member.read(MAX_MEMBRE))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        return found  # unreadable from here on: the rules will say so
    return found


class _Connus:
    """Asks the table of allowed people at most once per exchange, and only when a candidate is met."""

    def __init__(self, autorises: Callable[[], frozenset[str]]) -> None:
        self._autorises = autorises
        self._table: frozenset[str] | None = None

    def __call__(self, matricule: str) -> bool:
        if self._table is None:
            self._table = self._autorises()
        return matricule in self._table


class Masque:
    """Replaces suspected matricules under one secret key. autorises gives the allowed ones, asked when needed."""

    def __init__(self, cle: bytes, autorises: Callable[[], frozenset[str]]) -> None:
        self._cle = cle
        self._autorises = autorises

    def jeton(self, matricule: bytes) -> bytes:
        """Return the token of a matricule: 15 digits, first 9, right key."""
        digest = int.from_bytes(hmac.new(self._cle, matricule, hashlib.sha256).digest()[:8], "big")
        numero = f"9{digest % 10**12:012d}"
        return f"{numero}{ins.cle(numero)}".encode("ascii")

    def appliquer(self, *messages: bytes | None) -> tuple[tuple[bytes | None, ...], bool]:
        """Return the messages as they may be stored, and whether something was replaced in any of them."""
        parts = [message or b"" for message in messages]
        connus = _Connus(self._autorises)
        found = {value for part in parts for value in suspects(part, connus)}
        if not found and not any(suspect_cache(part, connus) for part in parts):
            return messages, False
        tokens = {value: self.jeton(value) for value in found}
        masked = tuple(None if message is None else self._remplacer(message, tokens) for message in messages)
        return masked, True

    def _remplacer(self, message: bytes, tokens: dict[bytes, bytes]) -> bytes:
        clear = _CANDIDAT.sub(lambda match: tokens.get(match.group(), match.group()), message)
        return _BASE64.sub(lambda match: _effacer(match.group()), clear)


def _effacer(block: bytes) -> bytes:
    """Same length and line ends; decodes to zeros."""
    return re.sub(rb"[A-Za-z0-9+/]", b"A", block)
