"""multipart/related with XOP (MTOM): cut a body into its parts without copying, write one.

Sources: RFC 2046 §5.1, RFC 2387, W3C XOP 1.0; `dmp.md` §1.6, `stack.md` §6.2.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from urllib.parse import unquote

from banc_segur.formats.errors import FormatError

MAX_BYTES = 64 * 1024 * 1024
MAX_PARTS = 200
MAX_HEADERS = 16 * 1024
ROOT_TYPE = 'application/xop+xml; charset=UTF-8; type="application/soap+xml"'

Octets = bytes | memoryview

_PARAMETER = re.compile(r';\s*([!#$%&\'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]*))')


@dataclass(frozen=True, slots=True)
class Part:
    """One part. headers: names in lower case. body: a view on the message, or bytes when it was base64."""

    headers: Mapping[str, str]
    body: Octets


@dataclass(frozen=True, slots=True)
class Mtom:
    """A whole package. parts: every part but the root, by Content-ID without `<>`.

    remarques: French notes on what was tolerated (line ends, missing `start`).
    """

    root: bytes
    root_headers: Mapping[str, str]
    parts: Mapping[str, Part]
    remarques: tuple[str, ...] = ()


def parameters(content_type: str) -> tuple[str, dict[str, str]]:
    """Return the media type and the parameters of a Content-Type, names in lower case."""
    media, _, _ = content_type.partition(";")
    found = {
        m[1].lower(): re.sub(r"\\(.)", r"\1", m[2]) if m[2] is not None else m[3]
        for m in _PARAMETER.finditer(content_type)
    }
    return media.strip().lower(), found


def cid_of(href: str) -> str:
    """Return the Content-ID that an `xop:Include/@href` names (`cid:` taken off, URL-decoded)."""
    return unquote(href[4:] if href[:4].lower() == "cid:" else href)


def read(content_type: str, body: bytes) -> Mtom:
    """Cut a multipart/related body.

    Args:
        content_type: the HTTP header, whole.
        body: at most `MAX_BYTES`, in at most `MAX_PARTS` parts.

    Raises:
        FormatError: not multipart/related, no boundary, unterminated, no root, twice the same Content-ID, too big.
    """
    media, params = parameters(content_type)
    if media != "multipart/related":
        raise FormatError("Content-Type", "multipart/related", media)
    boundary = params.get("boundary", "")
    if not boundary or len(boundary) > 200:
        raise FormatError("Content-Type", "un paramètre boundary", content_type)
    if len(body) > MAX_BYTES:
        raise FormatError("multipart", f"au plus {MAX_BYTES} octets", f"{len(body)} octets")
    remarques: list[str] = []
    parts = [_part(chunk, remarques) for chunk in _chunks(body, boundary.encode("latin-1", "replace"))]
    root = _root_index(parts, params.get("start", ""), remarques)
    others: dict[str, Part] = {}
    for index, part in enumerate(parts):
        if index == root:
            continue
        cid = _bare(part.headers.get("content-id", ""))
        if not cid or cid in others:
            raise FormatError("Content-ID", "un Content-ID propre à chaque partie", cid or "absent")
        others[cid] = part
    return Mtom(bytes(parts[root].body), parts[root].headers, others, tuple(dict.fromkeys(remarques)))


def _chunks(body: bytes, boundary: bytes) -> list[memoryview]:
    """The bytes between delimiter lines, headers included; preamble and epilogue dropped."""
    line = re.escape(b"--" + boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    first = re.match(line, body)
    others = re.finditer(rb"\n" + line, body)  # begins with plain bytes: searched a hundred times faster
    view = memoryview(body)
    chunks: list[memoryview] = []
    start = -1
    for match in chain([first] if first else [], others):
        if start >= 0:
            end = match.start() - (body[match.start() - 1 : match.start()] == b"\r")
            chunks.append(view[start : max(start, end)])
        if match[1]:
            break
        if len(chunks) >= MAX_PARTS:
            raise FormatError("multipart", f"au plus {MAX_PARTS} parties", "davantage")
        start = match.end()
    else:
        raise FormatError("multipart", "la ligne de fin --boundary--", "absente (message tronqué ?)")
    if not chunks:
        raise FormatError("multipart", "au moins une partie", "aucune")
    return chunks


def _part(chunk: memoryview, remarques: list[str]) -> Part:
    # the line end after the delimiter starts the chunk: an empty header block is then an empty line
    head = bytes(chunk[:MAX_HEADERS])
    match = re.search(rb"\r?\n\r?\n", head)
    if match is None:
        raise FormatError("multipart", "une ligne vide après les en-têtes de la partie", head[:60].decode("latin-1"))
    if b"\r" not in match[0]:
        remarques.append("fins de ligne LF seules dans les en-têtes de partie")
    headers = _headers(head[: match.start()])
    body: Octets = chunk[match.end() :]
    if headers.get("content-transfer-encoding", "").lower() == "base64":
        try:
            body = base64.b64decode(bytes(body).translate(None, b" \t\r\n"), validate=True)
        except binascii.Error as error:
            raise FormatError("Content-Transfer-Encoding", "du base64 lisible", str(error)) from error
    return Part(headers, body)


def _headers(head: bytes) -> dict[str, str]:
    unfolded = re.sub(r"\r?\n[ \t]+", " ", head.decode("latin-1").lstrip("\r\n"))
    headers: dict[str, str] = {}
    for line in unfolded.splitlines():
        name, separator, value = line.partition(":")
        if not separator:
            raise FormatError("multipart", "un en-tête « nom: valeur »", line)
        headers[name.strip().lower()] = value.strip()
    return headers


def _bare(cid: str) -> str:
    cid = cid.strip()
    return cid[1:-1] if cid[:1] == "<" and cid[-1:] == ">" else cid


def _root_index(parts: list[Part], start: str, remarques: list[str]) -> int:
    if not start:
        remarques.append("paramètre start absent : la première partie est la racine")
        return 0
    wanted = _bare(start)
    for index, part in enumerate(parts):
        if _bare(part.headers.get("content-id", "")) == wanted:
            return index
    raise FormatError("Content-Type", f"une partie dont le Content-ID est {start}", "aucune")


def write(
    root: bytes, parts: Mapping[str, tuple[str, bytes]], action: str = "", *, boundary: str = ""
) -> tuple[str, bytes]:
    """Return (Content-Type, body) of a package.

    Args:
        root: bytes of the SOAP 1.2 envelope.
        parts: Content-ID without `<>` -> (content type, bytes), sent binary.
        action: WS-Addressing action, put in the root's type when given.
        boundary: a fixed boundary for tests; random otherwise.
    """
    boundary = boundary or f"uuid:{uuid.uuid4()}"
    suffix = f'; action="{action}"' if action else ""
    chunks = [_write_part(boundary, "root@banc.local", ROOT_TYPE + suffix, root)]
    chunks += [_write_part(boundary, cid, media, content) for cid, (media, content) in parts.items()]
    content_type = (
        f'multipart/related; type="application/xop+xml"; start="<root@banc.local>"; '
        f'start-info="application/soap+xml"; boundary="{boundary}"{suffix}'
    )
    return content_type, b"".join(chunks) + f"--{boundary}--\r\n".encode("ascii")


def _write_part(boundary: str, cid: str, media: str, content: bytes) -> bytes:
    head = f"--{boundary}\r\nContent-Type: {media}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{cid}>\r\n\r\n"
    return head.encode("latin-1", "replace") + content + b"\r\n"
