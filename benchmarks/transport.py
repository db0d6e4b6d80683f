"""Print the CPU milliseconds that one call costs the transport room, both ends of it together and the server alone.

    python -m benchmarks.transport [number of calls]

Server and client run in two processes; recording is stubbed. One line is printed per case.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from banc_segur.pki import Pki
from banc_segur.transport import tls
from banc_segur.transport.http_client import ClientHttps
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.mllp import MllpClient, MllpServer
from banc_segur.transport.model import Answer, EchangeRecu

CORPS = b"<a>" + b"x" * 2041 + b"</a>"


class SansJournal:
    """A recorder that keeps nothing."""

    def connexion(self, *_: object) -> int:
        return 1

    def refus(self, *_: object) -> int:
        return 1

    def fin_connexion(self, *_: object) -> None:
        return

    def echange(self, _: EchangeRecu) -> int:
        return 1


def _serveur(dossier: Path) -> None:
    """The server process: prints its ports, then its CPU time after each line read."""
    pki = Pki.ouvrir(dossier)
    contexte = tls.contexte_serveur(pki.serveur().certificat, pki.serveur().cle, pki.ac)
    routes = {"/echo": lambda request: Answer(request.body, 200, {"Content-Type": "application/soap+xml"})}
    https = HttpsServer(routes, contexte, SansJournal(), "banc")
    mllp = MllpServer(lambda message: message)
    print(https.start(), mllp.start(), flush=True)
    for _ in sys.stdin:
        print(time.process_time(), flush=True)
    https.stop()
    mllp.stop()


def main(nombre: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as temporaire:
        dossier = Path(temporaire)
        pki = Pki.ouvrir(dossier)
        child = subprocess.Popen(
            [sys.executable, __file__, "--serveur", temporaire],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdin and child.stdout
        ports = [int(word) for word in child.stdout.readline().split()]

        def cpu() -> float:
            assert child.stdin and child.stdout
            child.stdin.write("\n")
            child.stdin.flush()
            return float(child.stdout.readline())

        def mesurer(titre: str, appel: Callable[[], object], fois: int) -> None:
            for _ in range(min(50, fois)):
                appel()
            debut, debut_client = cpu(), time.process_time()
            for _ in range(fois):
                appel()
            serveur = (cpu() - debut) * 1000 / fois
            client = (time.process_time() - debut_client) * 1000 / fois
            print(f"{titre:45} {serveur:6.2f} cpu-ms server {client:6.2f} cpu-ms client", flush=True)

        produit = pki.produit("insi-auto")
        url = f"https://localhost:{ports[0]}/echo"
        garde = ClientHttps(pki.ac, produit.certificat, produit.cle)
        mesurer("HTTPS, echo of 2 kB, keep-alive", lambda: garde.post(url, CORPS, {}), nombre)
        mesurer("HTTPS, echo of 400 kB, keep-alive", lambda: garde.post(url, CORPS * 200, {}), nombre // 5)

        def neuve() -> None:
            garde.close()
            garde.post(url, CORPS, {})

        mesurer("HTTPS, echo of 2 kB, new connection", neuve, nombre // 5)
        client = MllpClient("127.0.0.1", ports[1])
        mesurer("MLLP, echo of 2 kB, one connection", lambda: client.envoyer(CORPS, 5), nombre)
        child.stdin.close()
        child.wait(10)
        garde.close()
        client.close()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serveur"]:
        _serveur(Path(sys.argv[2]))
    else:
        print(f"pid {os.getpid()}, {sys.version.split()[0]}")
        main(int(sys.argv[1]) if sys.argv[1:] else 1000)
