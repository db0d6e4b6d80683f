"""Packages as other MTOM libraries write them: what may be changed once the body is made."""

from __future__ import annotations

import base64
from collections.abc import Callable

from banc_segur.formats import mtom
from tests.dmp_envoi import Paquet


def renommer(lot: str, document: str, signature: str) -> Callable[[Paquet], Paquet]:
    """Other ids of the objects of the message."""

    def changer(paquet: Paquet) -> Paquet:
        body = paquet[1]
        for old, new in (("SubmissionSet01", lot), ("Document01", document), ("Signature01", signature)):
            body = body.replace(f'"{old}"'.encode(), f'"{new}"'.encode())
        return paquet[0], body

    return changer


def limite(nouveau: str, cite: bool = True) -> Callable[[Paquet], Paquet]:
    """Another boundary."""

    def changer(paquet: Paquet) -> Paquet:
        quoted = f'boundary="{nouveau}"' if cite else f"boundary={nouveau}"
        return (
            paquet[0].replace('boundary="frontiere"', quoted),
            paquet[1].replace(b"--frontiere", b"--" + nouveau.encode()),
        )

    return changer


def parties(
    *, base64_cte: bool = False, preambule: bool = False, cid: Callable[[str], str] = str, cxf: bool = False
) -> Callable[[Paquet], Paquet]:
    """The package written by another MTOM library."""

    def changer(paquet: Paquet) -> Paquet:
        package = mtom.read(*paquet)
        root = package.root
        chunks = [b"Ceci est un message MIME.\r\n"] if preambule else []
        names = {name: cid(name) for name in package.parts}
        for old, new in names.items():
            root = root.replace(b"cid:" + old.encode(), b"cid:" + new.encode())
        media = 'application/xop+xml; charset=UTF-8; type="application/soap+xml"'
        head = f"--B_1\r\ncontent-type: {media}\r\nContent-ID: <racine@vendeur>\r\n\r\n"
        chunks += [head.encode(), root, b"\r\n"]
        for name, part in package.parts.items():
            data = bytes(part.body)
            cte = "base64" if base64_cte else "8bit"
            if base64_cte:
                data = base64.encodebytes(data).replace(b"\n", b"\r\n")
            chunks += [
                f"--B_1\r\nContent-Type: text/xml\r\nContent-Transfer-Encoding: {cte}\r\n"
                f"Content-ID: <{mtom.cid_of(names[name])}>\r\nX-Extra: 1\r\n\r\n".encode(),
                data,
                b"\r\n",
            ]
        info = r"application/soap+xml; action=\"urn:x\"" if cxf else "application/soap+xml"
        content_type = (
            f'Multipart/Related; start-info="{info}"; boundary=B_1; type="application/xop+xml"; '
            'start="<racine@vendeur>"; action="urn:autre"'
        )
        return content_type, b"".join(chunks) + b"--B_1--\r\nepilogue"

    return changer


def base64_non_dit(paquet: Paquet) -> Paquet:
    """The document as base64 text in a part said to be binary."""
    package = mtom.read(*paquet)
    data = bytes(package.parts["Document01@banc.local"].body)
    return paquet[0], paquet[1].replace(data, base64.b64encode(data))
