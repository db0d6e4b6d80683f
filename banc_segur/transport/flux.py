"""What an HTTP connection reads from and writes to: buffered, with one overall deadline, heads kept byte for byte.

They stand in for cheroot's file objects, whose time-out starts again at each byte received.
"""

from __future__ import annotations

import contextlib
import fcntl
import re
import socket
import struct
import termios
import threading
import time

BLOC = 65536
MAX_LIGNE = 4096  # a chunk's size line, a trailer line
MAX_LIGNES_FIN = 100
_HEXA = re.compile(rb"[0-9A-Fa-f]{1,8}")


class Lecteur:
    """Buffered reader over a socket. `echeance` (time.monotonic) bounds everything read until it is set again."""

    def __init__(self, connexion: socket.socket) -> None:
        self.connexion = connexion
        self.echeance = 0.0
        self.bytes_read = 0
        self.tete: bytearray | None = None  # lines read are copied here while set
        self._tampon = bytearray()

    def _remplir(self) -> bool:
        reste = self.echeance - time.monotonic()
        try:
            if reste <= 0:
                raise TimeoutError("timed out")
            self.connexion.settimeout(reste)
            data = self.connexion.recv(BLOC)
        except TimeoutError:
            if self.tete is not None:
                self.tete += self._tampon  # an unfinished line is evidence too
            raise
        self._tampon += data
        return bool(data)

    def _rendre(self, taille: int) -> bytes:
        data = bytes(self._tampon[:taille])
        del self._tampon[:taille]
        self.bytes_read += taille
        return data

    def read(self, size: int) -> bytes:
        """Return `size` bytes, fewer only when the peer stopped sending."""
        while len(self._tampon) < size and self._remplir():
            pass
        return self._rendre(max(0, min(size, len(self._tampon))))

    def readline(self, size: int = BLOC) -> bytes:
        """Return one line with its end, cut at `size` bytes; shorter without end when the peer stopped sending."""
        while (fin := self._tampon.find(b"\n", 0, size)) < 0 and len(self._tampon) < size and self._remplir():
            pass
        line = self._rendre(fin + 1 if fin >= 0 else min(size, len(self._tampon)))
        if self.tete is not None:
            self.tete += line
        return line

    def has_data(self) -> bool:
        """True when bytes of a further request were already received."""
        return bool(self._tampon)

    def close(self) -> None:
        """Forget what was buffered."""
        self._tampon.clear()


class Ecrivain:
    """Unbuffered writer over a socket, with a time-out for each write."""

    def __init__(self, connexion: socket.socket, delai: float) -> None:
        self.connexion = connexion
        self.bytes_written = 0
        self._delai = delai

    def write(self, data: bytes) -> None:
        """Send all of `data`."""
        self.connexion.settimeout(self._delai)
        self.connexion.sendall(data)
        self.bytes_written += len(data)


def lire_decoupe(lecteur: Lecteur, maximum: int) -> bytes:
    """Read a chunked body (RFC 9112 §7.1) and its trailer; extensions and trailer fields are dropped.

    Raises:
        OverflowError: more than `maximum` bytes.
        ValueError: not the chunked coding.
        EOFError: the peer stopped sending before the end.
    """
    corps = bytearray()
    while taille := _taille_morceau(lecteur):
        if len(corps) + taille > maximum:
            raise OverflowError
        morceau = lecteur.read(taille + 2)
        if len(morceau) < taille + 2:
            raise EOFError
        if not morceau.endswith(b"\r\n"):
            raise ValueError(f"{morceau[-2:]!r} au lieu de CR LF à la fin d'un morceau")
        corps += morceau[:-2]
    for _ in range(MAX_LIGNES_FIN):
        if _ligne(lecteur) == b"\r\n":
            return bytes(corps)
    raise ValueError(f"plus de {MAX_LIGNES_FIN} lignes après le dernier morceau")


def _taille_morceau(lecteur: Lecteur) -> int:
    taille = _ligne(lecteur).partition(b";")[0].strip()
    if not _HEXA.fullmatch(taille):
        raise ValueError(f"taille de morceau {taille[:20]!r}")
    return int(taille, 16)


def _ligne(lecteur: Lecteur) -> bytes:
    line = lecteur.readline(MAX_LIGNE)
    if line.endswith(b"\r\n"):
        return line
    if line.endswith(b"\n") or len(line) == MAX_LIGNE:
        raise ValueError("ligne sans CR LF")
    raise EOFError


def couper(connexion: socket.socket, *, fin: bool) -> None:
    """Cut the TCP connection under whatever runs above: FIN when `fin`, else RST. What was sent leaves first."""
    if not fin:
        _attendre_depart(connexion)
        with contextlib.suppress(OSError):
            connexion.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(connexion, socket.SHUT_RDWR)
    connexion.close()


def _attendre_depart(connexion: socket.socket) -> None:
    pause = threading.Event()
    for _ in range(100):  # a reset throws away what is still queued: give it a second to leave
        try:
            (restant,) = struct.unpack("i", fcntl.ioctl(connexion.fileno(), termios.TIOCOUTQ, b"\0\0\0\0"))
        except OSError:
            return
        if not restant or pause.wait(0.01):
            return


def vider(connexion: socket.socket, delai: float) -> None:
    """Say that we send no more, then read and throw away what the peer still sends, `delai` seconds at most.

    Without it, unread bytes make the kernel reset the connection and the peer may lose our last answer or alert.
    """
    fin = time.monotonic() + delai
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connexion, socket.SHUT_WR)
        while (reste := fin - time.monotonic()) > 0:
            connexion.settimeout(reste)
            if not socket.socket.recv(connexion, BLOC):
                return
