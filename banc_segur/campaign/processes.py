"""The processes of a run: the bench, the witness. Both are told their settings in a JSON file and say when ready.

Each follows its parent through an inherited pipe on its standard input: when the launcher dies, even by kill -9,
they stop cleanly (a bench left alone would hold the ports).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from banc_segur.errors import BancError, UsageError

DELAI_ARRET = 20.0
ARENES = "2"  # glibc gives each thread its own heap otherwise: 30 MB more after some journeys


class Processus:
    """One child process `python -m MODULE CONFIG`; its errors go to `log`, its first output line says « ready »."""

    def __init__(self, module: str, config: Path, log: Path, suit_parent: str) -> None:
        self.nom = module
        self._log = log
        environment = {"MALLOC_ARENA_MAX": ARENES, **os.environ, suit_parent: "1"}
        with log.open("ab") as stream:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", module, str(config)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                env=environment,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process number."""
        return self._process.pid

    def attendre_pret(self) -> dict[str, Any]:
        """Return the JSON object that the process prints once it is ready.

        Raises:
            UsageError: the process refused its settings (its own French sentence).
            BancError: it stopped or said nothing readable.
        """
        line = self._process.stdout.readline() if self._process.stdout else b""
        try:
            pret: dict[str, Any] = json.loads(line)
        except ValueError as error:
            code = self._process.wait(DELAI_ARRET)
            dernier = self._log.read_text("utf-8", "replace").strip().splitlines()[-1:]
            sentence = dernier[0].removeprefix("banc : ") if dernier else f"{self.nom} s'est arrêté (code {code})."
            if code == UsageError.exit_code:
                raise UsageError(sentence) from error
            raise BancError(f"{self.nom} n'a pas démarré (voir {self._log}) : {sentence}") from error
        return pret

    def arreter(self) -> None:
        """Stop the process cleanly; kill it when it does not stop in time."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(DELAI_ARRET)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
