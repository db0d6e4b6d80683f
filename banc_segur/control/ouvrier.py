"""The tier-2 worker process: judges documents one at a time, so that a crash of a PDF library stops nobody.

Frames on standard input and output: length of a JSON header (4 bytes, big endian), header; a request is followed by
the document's bytes, whose length the header gives.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

from banc_segur.control.trames import contexte_lu, ecrire_trame, jugement_json, lire_trame
from banc_segur.rules.documents import juger_document


def _juger(header: dict[str, Any], octets: bytes) -> dict[str, Any]:
    found = juger_document(header["genre"], octets, contexte_lu(header["contexte"]))
    return jugement_json(found.jugement) | {
        "faits": [asdict(fait) for fait in found.faits],
        "cles": [list(pair) for pair in found.cles],
    }


def main() -> None:
    """Serve until standard input closes."""
    sortie = sys.stdout.buffer
    sys.stdout = sys.stderr  # a library that prints must not break the frames
    while (header := lire_trame(sys.stdin.buffer)) is not None:
        ecrire_trame(sortie, _juger(header, sys.stdin.buffer.read(header["taille"])))


if __name__ == "__main__":
    main()
