"""The bench as its user starts it: `./banc …` in its own process, with a home of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from banc_segur.campaign.home import RACINE
from banc_segur.campaign.ports import DECALAGES
from tests.certificats import copier_pki


def environnement(home: Path) -> dict[str, str]:
    """The environment of a command: its own BANC_HOME, no terminal."""
    return {**os.environ, "BANC_HOME": str(home), "COLUMNS": "160", "NO_COLOR": "1"}


def banc(home: Path, *arguments: str, delai: float = 120, pki: bool = True) -> subprocess.CompletedProcess[str]:
    """Run one command to its end; pki False: the command makes its own certificates, as a user's first one."""
    if pki and home.is_dir():
        copier_pki(home / "pki")
    return subprocess.run(
        [sys.executable, "-m", "banc_segur.cli", *arguments],
        cwd=RACINE,
        env=environnement(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=delai,
        check=False,
    )


class Service:
    """`./banc serve` until `stop`, which is a Ctrl-C."""

    def __init__(self, home: Path, *arguments: str) -> None:
        copier_pki(home / "pki")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "banc_segur.cli", "serve", *arguments],
            cwd=RACINE,
            env=environnement(home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def until(self, words: str) -> str:
        """Read its output until a line holds these words."""
        read = ""
        for line in self.process.stdout or ():
            read += line
            if words in line:
                return read
        raise AssertionError(f"« {words} » jamais affiché :\n{read}")

    def stop(self) -> str:
        """Ctrl-C, then the rest of the output."""
        self.process.send_signal(signal.SIGINT)
        out, _ = self.process.communicate(timeout=60)
        return out


def plage_libre() -> int:
    """The first port of a range whose every offset is free at this moment."""
    for first in range(20000 + os.getpid() % 300 * 100, 60000, 100):
        if all(_libre(first + offset) for offset in DECALAGES.values()):
            return first
    raise AssertionError("aucune plage de ports libre")


def _libre(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def ports_libres(count: int) -> list[int]:
    """Ports free at this moment, all different."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports
