"""`python -m banc_segur.control REGLAGES.json`: one bench process.

It prints one line of JSON (the content of `pret.json`) when ready, and runs until SIGTERM, SIGINT, the API's `arreter`
or, with BANC_SUIT_PARENT=1, the end of its standard input. Exit: 0 stopped cleanly, 2 wrong settings,
3 the bench broke.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path

from banc_segur.control.banc import Banc
from banc_segur.control.reglages import lire
from banc_segur.errors import BancError, UsageError
from banc_segur.traces import journaliser_sur_stderr


def main(arguments: list[str]) -> int:
    """Run a bench; return the exit code."""
    journaliser_sur_stderr()
    try:
        if len(arguments) != 1:
            raise UsageError("usage : python -m banc_segur.control REGLAGES.json")
        _mener(Path(arguments[0]))
    except BancError as error:
        sys.stderr.write(f"banc : {error}\n")
        return error.exit_code
    return 0


def _mener(path: Path) -> None:
    banc = Banc(lire(path))
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: banc.arret.set())
    if os.environ.get("BANC_SUIT_PARENT") == "1":
        threading.Thread(target=_suivre_parent, args=(banc.arret,), daemon=True).start()
    try:
        sys.stdout.write(json.dumps(banc.start(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        banc.arret.wait()
    finally:
        banc.stop()


def _suivre_parent(arret: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    arret.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
