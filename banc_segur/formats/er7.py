r"""HL7 v2 ER7 encoding: a lossless reader and writer; nothing here knows a profile.

Fields are kept raw and cut on demand, so a document of tens of megabytes in OBX-5 costs a few copies at C speed.
A place is written as the standard does: `PID-3[2].4.2` = second repetition, fourth component, second subcomponent.

Source: HL7 v2.5 chapter 2; character sets of PAM FR 2.11 §6.1 (`hl7v2.md` §1.3).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple

from banc_segur.formats.errors import FormatError

TAILLE_MAX = 64 * 1024 * 1024
SEGMENTS_MAX = 5_000
CHAMPS_MAX = 500
REPETITIONS_MAX = 5_000

# MSH-18 (table 0211) -> Python codec. Empty means ASCII (ITI C.2.2).
ENCODAGES = {
    "": "ascii",
    "ASCII": "ascii",
    "UNICODE UTF-8": "utf-8",
    "8859/15": "iso8859-15",
    "8859/1": "latin-1",
}
EFFACER = '""'  # HL7 null: the receiver erases what it holds

_NOM = re.compile(r"[A-Z][A-Z0-9]{2}")
_PLACE = re.compile(r"(?:([A-Z][A-Z0-9]{2})-)?(\d{1,3})(?:\[(\d{1,4})\])?(?:\.(\d{1,3}))?(?:\.(\d{1,3}))?")


class Separateurs(NamedTuple):
    """The five delimiters that MSH-1 and MSH-2 declare."""

    champ: str = "|"
    composant: str = "^"
    repetition: str = "~"
    echappement: str = "\\"
    sous: str = "&"


STANDARD = Separateurs()


class Place(NamedTuple):
    """A parsed place; numbers start at 1, `segment` is empty when it was not given."""

    segment: str
    champ: int
    repetition: int = 1
    composant: int = 1
    sous: int = 1


@cache
def place(text: str) -> Place:
    """Parse `PID-3[2].4.2` or `3.4`. Raises ValueError: programming error, never caused by a message."""
    match = _PLACE.fullmatch(text)
    if match is None:
        raise ValueError(f"not an HL7 place: {text!r}")
    numbers = [int(part) if part else 1 for part in match.groups()[1:]]
    return Place(match[1] or "", *numbers)


class Brut(str):
    """Text already in ER7 (delimiters and escapes in place); any other `str` is escaped when it is written."""

    __slots__ = ()


def echapper(text: str) -> str:
    """Return `text` with the standard delimiters escaped; `Brut` is returned as is."""
    if isinstance(text, Brut):
        return text
    for char, code in (("\\", "E"), ("|", "F"), ("^", "S"), ("~", "R"), ("&", "T"), ("\r", "X0D"), ("\n", ".br")):
        if char in text:
            text = text.replace(char, f"\\{code}\\")
    return text


def composer(*composants: str | tuple[str, ...]) -> Brut:
    """Join components (a tuple = subcomponents), escaping plain text and dropping empty ends."""
    parts = ["&".join(map(echapper, c)).rstrip("&") if isinstance(c, tuple) else echapper(c) for c in composants]
    return Brut("^".join(parts).rstrip("^"))


def repeter(*repetitions: str) -> Brut:
    """Join the repetitions of a field, leaving out the empty ones."""
    return Brut("~".join(echapper(r) for r in repetitions if r))


def _lire_echappements(text: str, separateurs: Separateurs, codec: str) -> str:
    char = separateurs.echappement
    if not char or char not in text:
        return text
    pattern = _motif_echappement(char)
    return pattern.sub(partial(_remplacer, separateurs=separateurs, codec=codec), text)


@cache
def _motif_echappement(char: str) -> re.Pattern[str]:
    return re.compile(f"{re.escape(char)}([^{re.escape(char)}]*){re.escape(char)}")


def _remplacer(match: re.Match[str], separateurs: Separateurs, codec: str) -> str:
    code = match[1]
    simple = dict(zip("FSRET", separateurs, strict=True))
    if code in simple:
        return simple[code]
    if code == ".br":
        return "\n"
    if code in ("H", "N"):
        return ""
    if code.startswith("X"):
        try:
            return bytes.fromhex(code[1:]).decode(codec)
        except ValueError:
            return match[0]
    return match[0]


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition of a field: raw text, cut on demand."""

    brut: str
    separateurs: Separateurs = STANDARD
    codec: str = "utf-8"

    def get(self, composant: int, sous: int = 1) -> str:
        """The decoded text of a component (its first subcomponent by default), empty when absent."""
        part = _partie(_partie(self.brut, self.separateurs.composant, composant), self.separateurs.sous, sous)
        return _lire_echappements(part, self.separateurs, self.codec)

    def composants(self) -> list[str]:
        """The raw components."""
        return self.brut.split(self.separateurs.composant)


def _partie(text: str, separateur: str, numero: int) -> str:
    if separateur not in text:
        return text if numero == 1 else ""
    parts = text.split(separateur, numero)
    return parts[numero - 1] if numero <= len(parts) else ""


class Segment:
    """One segment. `champs[n]` is the raw field n; `champs[0]` the name (MSH-1 is the separator itself)."""

    __slots__ = ("champs", "codec", "separateurs")

    def __init__(self, champs: list[str], separateurs: Separateurs = STANDARD, codec: str = "utf-8") -> None:
        self.champs = champs
        self.separateurs = separateurs
        self.codec = codec

    @classmethod
    def neuf(cls, nom: str, champs: Mapping[int, str]) -> Segment:
        """Build a segment from its fields by number; plain text is escaped, `Brut` is not."""
        fields = [nom, *[""] * max(champs, default=0)]
        for numero, value in champs.items():
            fields[numero] = echapper(value)
        while len(fields) > 1 and not fields[-1]:
            fields.pop()
        return cls(fields)

    @property
    def nom(self) -> str:
        """The three-letter name."""
        return self.champs[0]

    def brut(self, champ: int) -> str:
        """The raw text of a field, empty when absent."""
        return self.champs[champ] if champ < len(self.champs) else ""

    def repetitions(self, champ: int) -> list[Repetition]:
        """The repetitions of a field; none when the field is empty."""
        text = self.brut(champ)
        if not text:
            return []
        if self.nom == "MSH" and champ <= 2:
            return [Repetition(text, self.separateurs, self.codec)]
        return [Repetition(r, self.separateurs, self.codec) for r in text.split(self.separateurs.repetition)]

    def get(self, ou: str) -> str:
        """The decoded text at `3[2].4.2`; a missing repetition, component or subcomponent means the first."""
        where = place(ou)
        if self.nom == "MSH" and where.champ <= 2:
            return self.brut(where.champ)
        repetition = _partie(self.brut(where.champ), self.separateurs.repetition, where.repetition)
        return Repetition(repetition, self.separateurs, self.codec).get(where.composant, where.sous)

    def set(self, ou: str, value: str) -> None:
        """Write `value` at a place. Without component (`5`, `5[2]`) it replaces the whole field or repetition."""
        where = place(ou)
        self.champs.extend([""] * (where.champ + 1 - len(self.champs)))
        text = echapper(value)
        depth = ou.count(".")
        levels: list[tuple[str, int]] = []
        if "[" in ou or depth:
            levels.append((self.separateurs.repetition, where.repetition))
        if depth:
            levels.append((self.separateurs.composant, where.composant))
        if depth == 2:
            levels.append((self.separateurs.sous, where.sous))
        self.champs[where.champ] = _ecrire(self.champs[where.champ], levels, text)

    def texte(self) -> str:
        """The segment as ER7 text, without its end."""
        if self.nom == "MSH":
            return self.nom + self.separateurs.champ + self.separateurs.champ.join(self.champs[2:])
        return self.separateurs.champ.join(self.champs)


def _ecrire(actuel: str, levels: list[tuple[str, int]], text: str) -> str:
    if not levels:
        return text
    (separateur, numero), *rest = levels
    parts = actuel.split(separateur)
    parts.extend([""] * (numero - len(parts)))
    parts[numero - 1] = _ecrire(parts[numero - 1], rest, text)
    return separateur.join(parts)


class Message:
    """A message: its segments in order. `tolerances` says in French what was forgiven while reading."""

    def __init__(self, segments: list[Segment], tolerances: tuple[str, ...] = ()) -> None:
        self.segments = segments
        self.tolerances = tolerances

    @classmethod
    def read(cls, data: bytes) -> Message:
        """Parse the bytes of one message, without MLLP frame.

        LF or CRLF segment ends, blank lines, a BOM are tolerated and recorded.

        Raises:
            FormatError: too large, no MSH, delimiters or character set unusable, a line that is no segment.
        """
        if len(data) > TAILLE_MAX:
            raise FormatError("message", f"au plus {TAILLE_MAX} octets", f"{len(data)} octets")
        tolerances: list[str] = []
        if data.startswith(b"\xef\xbb\xbf"):
            data = data[3:]
            tolerances.append("BOM avant MSH")
        lines = _lignes(data, tolerances)
        codec = _codec(lines[0])
        separateurs = _separateurs(_decoder(lines[0], codec))
        return cls([_segment(n, line, separateurs, codec) for n, line in enumerate(lines, 1)], tuple(tolerances))

    def write(self) -> bytes:
        """The message in ER7, in the character set of MSH-18, each segment ended by CR.

        Raises:
            FormatError: a character does not exist in that set, or MSH-18 is unknown.
        """
        text = "\r".join(segment.texte() for segment in self.segments) + "\r"
        codec = ENCODAGES.get(self.get("MSH-18"))
        if codec is None:
            raise FormatError("MSH-18", _JEUX, self.get("MSH-18"))
        try:
            return text.encode(codec)
        except UnicodeEncodeError as error:
            raise FormatError("MSH-18", f"un jeu de caractères qui contient {text[error.start]!r}", codec) from None

    def get(self, ou: str) -> str:
        """The decoded text at `PID-3[2].4.2` in the first segment of that name, empty when absent."""
        segment = self.premier(place(ou).segment)
        return segment.get(ou) if segment else ""

    def set(self, ou: str, value: str) -> None:
        """Write at a place of the first segment of that name, which must exist (KeyError)."""
        segment = self.premier(place(ou).segment)
        if segment is None:
            raise KeyError(ou)
        segment.set(ou, value)

    def tous(self, nom: str) -> list[Segment]:
        """The segments of that name, in order."""
        return [segment for segment in self.segments if segment.nom == nom]

    def premier(self, nom: str) -> Segment | None:
        """The first segment of that name, or None."""
        return next((segment for segment in self.segments if segment.nom == nom), None)

    def repetitions(self, ou: str) -> list[Repetition]:
        """The repetitions of the field `PID-3`, none when absent."""
        where = place(ou)
        segment = self.premier(where.segment)
        return segment.repetitions(where.champ) if segment else []

    @property
    def code(self) -> str:
        """MSH-9.1: ADT, MDM, ORU, ZAM, ACK."""
        return self.get("MSH-9.1")

    @property
    def evenement(self) -> str:
        """MSH-9.2: A28, T02, Z01… ."""
        return self.get("MSH-9.2")

    @property
    def identifiant(self) -> str:
        """MSH-10."""
        return self.get("MSH-10")

    def copie(self) -> Message:
        """An independent copy (fields are immutable strings: cheap even with a large document)."""
        return Message([Segment([*s.champs], s.separateurs, s.codec) for s in self.segments], self.tolerances)


_JEUX = "« UNICODE UTF-8 », « 8859/15 » ou « 8859/1 » (vide : ASCII seul)"
read: Callable[[bytes], Message] = Message.read


def _lignes(data: bytes, tolerances: list[str]) -> list[bytes]:
    if b"\r" in data:
        lines = data.split(b"\r", SEGMENTS_MAX + 1)
        if any(line.startswith(b"\n") for line in lines):
            lines = [line.removeprefix(b"\n") for line in lines]
            tolerances.append("segments terminés par CRLF au lieu de CR")
    else:
        lines = data.split(b"\n", SEGMENTS_MAX + 1)
        if len(lines) > 1:
            tolerances.append("segments terminés par LF au lieu de CR")
    if len(lines) > SEGMENTS_MAX:
        raise FormatError("message", f"au plus {SEGMENTS_MAX} segments", "davantage")
    if lines[-1] == b"":
        lines.pop()
    kept = [line for line in lines if line and not line.isspace()]
    if len(kept) != len(lines):
        tolerances.append("lignes vides")
    if not kept or not kept[0].startswith(b"MSH"):
        raise FormatError("MSH", "un message qui commence par le segment MSH", repr(data[:20]))
    return kept


def _codec(msh: bytes) -> str:
    fields = msh.split(msh[3:4] or b"|")
    declared = fields[17] if len(fields) > 17 else b""
    name = declared.split(b"~")[0].decode("latin-1").strip()
    codec = ENCODAGES.get(name)
    if codec is None:
        raise FormatError("MSH-18", _JEUX, name)
    return codec


def _decoder(line: bytes, codec: str) -> str:
    try:
        return line.decode(codec)
    except UnicodeDecodeError as error:
        seen = f"octet 0x{line[error.start]:02X} en position {error.start + 1} du segment"
        ou = f"{line[:3].decode('latin-1')} (MSH-18)"
        raise FormatError(ou, f"des caractères de l'encodage que MSH-18 déclare ({codec})", seen) from None


def _separateurs(msh: str) -> Separateurs:
    field = msh[3:4]
    declared = msh[4:].split(field, 1)[0] if field else ""
    if not 3 <= len(declared) <= 5 or len({field, *declared}) != len(declared) + 1 or field.isalnum():
        raise FormatError("MSH-2", "quatre séparateurs distincts « ^~\\& »", declared)
    subcomponent = declared[3] if len(declared) > 3 else "\x00"
    return Separateurs(field, declared[0], declared[1], declared[2], subcomponent)


def _segment(numero: int, line: bytes, separateurs: Separateurs, codec: str) -> Segment:
    text = _decoder(line, codec)
    nom, _, rest = text.partition(separateurs.champ)
    if not _NOM.fullmatch(nom):
        raise FormatError(f"segment {numero}", "un nom de segment de trois lettres ou chiffres", nom[:20])
    if rest.count(separateurs.champ) >= CHAMPS_MAX:
        raise FormatError(nom, f"au plus {CHAMPS_MAX} champs", "davantage")
    if rest.count(separateurs.repetition) >= REPETITIONS_MAX:
        raise FormatError(nom, f"au plus {REPETITIONS_MAX} répétitions", "davantage")
    fields = rest.split(separateurs.champ) if separateurs.champ in text else []
    first = [nom, separateurs.champ] if nom == "MSH" else [nom]
    return Segment([*first, *fields], separateurs, codec)
