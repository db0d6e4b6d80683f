"""MLLP framing, pure: `0x0B` message `0x1C 0x0D`.

Source: HL7 v2 Transport Specification, MLLP release 1; ITI TF-2 C.2.1 (`hl7v2.md` §1.15).
"""

from __future__ import annotations

from banc_segur.formats.errors import FormatError

DEBUT = b"\x0b"
FIN = b"\x1c\r"
TRAME_MAX = 64 * 1024 * 1024
PARASITES_MAX = 64 * 1024


def frame(message: bytes) -> bytes:
    """Return the message in its frame.

    Raises:
        FormatError: the message holds a framing byte and could not be told apart by the receiver.
    """
    if DEBUT in message or b"\x1c" in message:
        raise FormatError("MLLP", "un message sans octet 0x0B ni 0x1C", "octet de trame dans le message")
    return DEBUT + message + FIN


class MllpReader:
    """Cuts a byte stream into messages; feed it in pieces of any size.

    Bounded by `max_frame`, never looks twice at the same byte. Once it raised FormatError the stream has no known
    frame boundary any more: the server answers nothing and closes the connection (no MSH to acknowledge).

    Attributes:
        parasites: number of bytes seen between frames (tolerated, ENV-02); CR and LF are not counted.
        entame: True while a frame is open, i.e. a connection that ends now cut a message.
    """

    def __init__(self, max_frame: int = TRAME_MAX) -> None:
        self._max = max_frame
        self._buffer = bytearray()
        self._vus = 0
        self._hors_trame = 0
        self.entame = False
        self.parasites = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes, return the messages that they complete, in order.

        Raises:
            FormatError: the frame is larger than `max_frame`, or holds `0x0B`, or `0x1C` without CR, or no frame begins
                within `PARASITES_MAX` bytes.
        """
        self._buffer += data
        messages: list[bytes] = []
        while self._ouvrir():
            message = self._fermer()
            if message is None:
                break
            messages.append(message)
        return messages

    def _ouvrir(self) -> bool:
        """Drop what precedes a frame; tell whether one is open."""
        if self.entame:
            return True
        start = self._buffer.find(DEBUT)
        end = len(self._buffer) if start < 0 else start
        self.parasites += end - self._buffer.count(b"\r", 0, end) - self._buffer.count(b"\n", 0, end)
        self._hors_trame = 0 if start >= 0 else self._hors_trame + end
        if self._hors_trame > PARASITES_MAX:
            raise FormatError("MLLP", "un octet de début 0x0B", f"{self._hors_trame} octets sans début de trame")
        del self._buffer[: end + (start >= 0)]
        self._vus = 0
        self.entame = start >= 0
        return self.entame

    def _fermer(self) -> bytes | None:
        """The whole message when its end arrived, else None."""
        end = self._buffer.find(b"\x1c", self._vus)
        known = len(self._buffer) if end < 0 else end
        if known > self._max:
            raise FormatError("MLLP", f"une trame d'au plus {self._max} octets", "davantage")
        if self._buffer.find(DEBUT, self._vus, known) >= 0:
            raise FormatError("MLLP", "la fin de trame 0x1C 0x0D avant un nouveau 0x0B", "0x0B dans le message")
        self._vus = known
        if end < 0 or end + 1 >= len(self._buffer):
            return None
        if self._buffer[end + 1] != 0x0D:
            raise FormatError("MLLP", "0x0D après 0x1C", f"0x{self._buffer[end + 1]:02X}")
        message = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        self.entame = False
        return message
