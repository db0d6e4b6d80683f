"""Captured bytes as text that a person can read beside the raw form: XML indented, HL7 by segment, base64 folded.

Nothing here judges; bytes that cannot be read are shown as they are.
"""

from __future__ import annotations

import re

from lxml import etree

from banc_segur import tables
from banc_segur.formats import http, xml
from banc_segur.formats.errors import FormatError

MAX_CHARS = 60_000
_BASE64 = re.compile(rb"[A-Za-z0-9+/=\r\n]{2000,}")
_HL7 = re.compile(rb"^(MSH|FHS|BHS)\|")


def raw(data: bytes) -> str:
    """Return the bytes as text, long base64 runs folded, cut at MAX_CHARS; control characters made visible."""
    folded = _BASE64.sub(lambda run: b"[base64, %d caracteres]" % len(run.group()), data)
    text = _decode(folded)
    visible = "".join(char if char in "\n\t" or char >= " " else _visible(char) for char in text)
    return visible if len(visible) <= MAX_CHARS else visible[:MAX_CHARS] + "\n[… suite dans le fichier joint]"


def pretty(data: bytes) -> str:
    """Return the bytes in their most readable form."""
    if _HL7.match(data):
        return _hl7(raw(data))
    if data[:5] in (b"POST ", b"GET /", b"HTTP/"):
        return _http(data)
    if data.lstrip()[:1] == b"<":
        return _indented(data)
    return raw(data)


def _hl7(text: str) -> str:
    """One field a line under its segment, with our French label for the fields that the journey uses."""
    labels = tables.index("hl7_champs", "champ")
    lines = []
    for segment in filter(None, text.split("\n")):
        name, *fields = segment.split("|")
        lines.append(name)
        first = 2 if name == "MSH" else 1
        for number, field in enumerate(fields, start=first):
            place = f"{name}-{number}"
            label = labels[place]["libelle"] if place in labels else ""
            for repetition in filter(None, field.split("~") if place != "MSH-2" else [field]):
                lines.append(f"  {place:<8}{label + ' : ' if label else ''}{repetition}")
    return "\n".join(lines)


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _visible(char: str) -> str:
    return "\n" if char == "\r" else f"\\x{ord(char):02x}"


def _http(data: bytes) -> str:
    try:
        message = http.read(data)
    except FormatError:
        return raw(data)
    head = "\n".join([message.start_line, *(f"{name}: {value}" for name, value in message.headers.items())])
    return f"{head}\n\n{_body(message)}"


def _body(message: http.HttpMessage) -> str:
    boundary = re.search(r'boundary="?([^";]+)', message.headers.get("content-type", ""))
    if boundary is None:
        return _indented(message.body)
    parts = message.body.split(b"--" + boundary.group(1).encode("latin-1"))
    shown = []
    for part in parts[1:]:
        head, _, body = part.strip(b"\r\n").partition(b"\r\n\r\n")
        if body:
            shown.append(f"--- partie ---\n{_decode(head)}\n\n{_indented(body)}")
    return "\n\n".join(shown) or raw(message.body)


def _indented(data: bytes) -> str:
    """XML indented on a copy; anything else as it is."""
    try:
        root = xml.parse(data.strip())
    except FormatError:
        return raw(data)
    etree.indent(root)
    return raw(etree.tostring(root, encoding="UTF-8"))
