"""Exchanges per second and CPU per recorded exchange: `python -m benchmarks.journal [FOLDER]`.

The figures are those of `Journal.echange` alone, masking and commit included, one writer thread.
"""

from __future__ import annotations

import base64
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from banc_segur.journal.journal import Journal
from banc_segur.transport.model import EchangeRecu

SIZES = {"2 kB": (2_000, 1500), "300 kB": (300_000, 150)}


def body(size: int, number: int) -> bytes:
    """A message of that size, half text and half base64, different each time."""
    head = b"MSH|^~\\&|%d|PID|||260058815400233^^^ASIP-SANTE-INS-NIR&1.2.250.1.213.1.4.8&ISO^INS|" % number
    return (head + base64.b64encode(os.urandom(size * 3 // 8)) + b"|NTE|du texte clair " * (size // 38))[:size]


def mesurer(journal: Journal, size: int, count: int) -> tuple[float, float]:
    """Return (exchanges per second, cpu milliseconds per exchange)."""
    messages = [body(size, number) for number in range(count)]
    instant = datetime.now(UTC)
    wall, cpu = time.perf_counter(), time.process_time()
    for message in messages:
        journal.echange(EchangeRecu(0, "ri-eai", "mllp", instant, instant, message, b"MSA|AA|1"))
    return count / (time.perf_counter() - wall), 1000 * (time.process_time() - cpu) / count


def main(folder: str | None) -> None:
    """Print one line per size."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        allowed = frozenset({("260058815400233", "1.2.250.1.213.1.4.8")})
        journal = Journal(Path(temporary) / "journal.sqlite", autorises=lambda: allowed, cle_masque=b"cle")
        for name, (size, count) in SIZES.items():
            rate, cpu = mesurer(journal, size, count)
            sys.stdout.write(f"{name:>7} : {rate:7.0f} échanges/s, {cpu:6.2f} ms cpu par échange\n")
        journal.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
