"""The operator: its two servers in one thread with one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading

from banc_segur.errors import UsageError
from banc_segur.state.base import Etat
from banc_segur.state.boites import Boites
from banc_segur.transport.model import Recorder
from simulators.mssante.imap import MAX_LIGNE, ConnexionImap
from simulators.mssante.imap_boite import ConfigImap
from simulators.mssante.reglages import Reglages
from simulators.mssante.remise import Remise
from simulators.mssante.smtp import SmtpOperateur

DELAI_ARRET = 5.0


class Operateur:
    """Submission and mailboxes. `boites`: its mailboxes, opened and read by the control room.

    tls: server context that asks for a client certificate without demanding it (`client="accepte"`), so that a client
    without one is told 535 and seen; hote: address to listen on; a port 0 takes any free port.
    """

    def __init__(
        self,
        etat: Etat,
        recorder: Recorder,
        tls: ssl.SSLContext,
        hote: str,
        port_smtp: int,
        port_imap: int,
        reglages: Reglages,
    ) -> None:
        self.boites = Boites(etat)
        self._recorder = recorder
        self._tls = tls
        self._hote = hote
        self._ports = (port_smtp, port_imap)
        self._reglages = reglages
        self._nom = f"smtp.{reglages.domaine_hopital}"
        self._boucle = asyncio.new_event_loop()
        self._connexions: set[asyncio.Task[None]] = set()
        self._serveurs: list[asyncio.Server] = []
        self._fil = threading.Thread(target=self._tourner, name="mssante", daemon=True)

    def start(self) -> tuple[int, int]:
        """Listen; return the ports of SMTP and IMAP.

        Raises:
            UsageError: a port is taken.
        """
        self._fil.start()
        try:
            return asyncio.run_coroutine_threadsafe(self._ecouter(), self._boucle).result()
        except OSError as error:
            self.stop()
            raise UsageError(
                f"Les ports SMTP {self._ports[0]} et IMAP {self._ports[1]} de {self._hote} ne peuvent pas être ouverts "
                f"({error.strerror}) : en choisir d'autres."
            ) from error

    def stop(self) -> None:
        """Close the servers and their connections; what was delivered stays in the state."""
        if not self._fil.is_alive():
            return
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._fermer(), self._boucle).result(DELAI_ARRET)
        self._boucle.call_soon_threadsafe(self._boucle.stop)
        self._fil.join(DELAI_ARRET)

    def _tourner(self) -> None:
        asyncio.set_event_loop(self._boucle)
        self._boucle.run_forever()
        self._boucle.close()

    async def _ecouter(self) -> tuple[int, int]:
        delivery = Remise(self.boites, self._reglages, self._nom)
        smtp = await self._boucle.create_server(
            lambda: SmtpOperateur(delivery, self._reglages, self._recorder, self._tls, self._nom),
            self._hote,
            self._ports[0],
        )
        self._serveurs.append(smtp)
        imap = await asyncio.start_server(self._servir_imap, self._hote, self._ports[1], limit=MAX_LIGNE)
        self._serveurs.append(imap)
        return smtp.sockets[0].getsockname()[1], imap.sockets[0].getsockname()[1]

    async def _servir_imap(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connexions.add(task)
            task.add_done_callback(self._connexions.discard)
        config = ConfigImap(self._nom, ssl_context=self._tls)
        connection = ConnexionImap((reader, writer), config, self.boites, self._reglages, self._recorder)
        await connection.servir()

    async def _fermer(self) -> None:
        for server in self._serveurs:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
