"""What travels between the bench and its document worker: JSON headers in length-prefixed frames. No pickle: what
comes back from a process that opened hostile files is only data."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any, BinaryIO

from banc_segur.rules.model import Contexte, Jugement


def contexte_json(contexte: Contexte) -> dict[str, Any]:
    """A context as JSON-able data, without the allowed people: what a document is judged by is its content."""
    certificat = contexte.certificat
    return {
        "instant": contexte.instant.isoformat(),
        "lien": contexte.lien,
        "certificat": None if certificat is None else base64.b64encode(certificat).decode("ascii"),
        "attendus": dict(contexte.attendus),
    }


def contexte_lu(data: dict[str, Any]) -> Contexte:
    """The context that `contexte_json` wrote."""
    certificat = data["certificat"]
    return Contexte(
        instant=datetime.fromisoformat(data["instant"]),
        lien=data["lien"],
        certificat=None if certificat is None else base64.b64decode(certificat),
        attendus=data["attendus"],
    )


def jugement_json(jugement: Jugement) -> dict[str, Any]:
    """A judgement as JSON-able data: `constats`, `evaluees`, `non_evaluees`."""
    return {
        "constats": [asdict(constat) for constat in jugement.constats],
        "evaluees": list(jugement.evaluees),
        "non_evaluees": [list(pair) for pair in jugement.non_evaluees],
    }


def lire_trame(flux: BinaryIO) -> dict[str, Any] | None:
    """Read one header; None at the end of the stream."""
    prefix = flux.read(4)
    if len(prefix) < 4:
        return None
    header: dict[str, Any] = json.loads(flux.read(int.from_bytes(prefix, "big")))
    return header


def ecrire_trame(flux: BinaryIO, header: dict[str, Any], suite: bytes = b"") -> None:
    """Write one header and what follows it."""
    data = json.dumps(header, ensure_ascii=False).encode()
    flux.write(len(data).to_bytes(4, "big") + data + suite)
    flux.flush()
