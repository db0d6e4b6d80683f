"""Mailboxes by IMAP4rev1 on pymap: STARTTLS first, certificate + login, one journal entry per command.

pymap serves the protocol; this class bounds what it reads, throws away what came in clear behind STARTTLS, and writes
each command with its answer in the journal before the answer leaves. Sources: RFC 3501, 2595; ECO.1.0.2, 1.3.1.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from pymap.context import connection_exit
from pymap.imap import IMAPConnection
from pymap.imap.state import ConnectionState
from pymap.parsing.response import CommandResponse, Response, ResponseBye, ResponseOk

from banc_segur.state.boites import Boite, Boites
from banc_segur.transport.model import EchangeRecu, Recorder
from banc_segur.transport.tls import cause_refus, poignee
from simulators.mssante.acces import autoriser, motif, pair, pair_refuse
from simulators.mssante.imap_boite import ConfigImap, OuvertureImap
from simulators.mssante.reglages import LIEN_PFI, Reglages

PROTOCOLE = "imap"
MAX_LIGNE = 64 * 1024
MAX_LITTERAL = 1024 * 1024
_LITTERAL = re.compile(rb"\{(\d{1,20})(\+?)\}\r?\n$")
_SECRET = re.compile(rb'(?i)^(\S+ LOGIN )("[^"]*"|\S+).*', re.DOTALL)
_INCONNU: Any = SimpleNamespace(unique_id=b"", dnsbl=None, from_localhost=False)


class _Tampon:
    """Collects what pymap would write."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.data += data


def _finale(resp: Response) -> bool:
    """True for the answer that ends an exchange: tagged, or BAD or BYE to what has no tag."""
    if isinstance(resp, CommandResponse) and resp.tag not in (b"*", b"+"):
        return True
    return getattr(resp, "condition", b"") in (b"BAD", b"BYE")


class EtatImap(ConnectionState):
    """pymap's state of a connection, without its rule that a local client may log in without TLS."""

    async def do_greeting(self) -> CommandResponse:
        """The first line."""
        return ResponseOk(b"*", self.config.greeting, self.capability)


class ConnexionImap(IMAPConnection):
    """One connection of a client."""

    def __init__(
        self,
        flux: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        config: ConfigImap,
        boites: Boites,
        reglages: Reglages,
        recorder: Recorder,
    ) -> None:
        super().__init__(config.commands, config, *flux, _INCONNU)
        self._config_imap = config
        self._boites = boites
        self._reglages = reglages
        self._recorder = recorder
        self._lien = LIEN_PFI
        self._numero = 0
        self._recu = bytearray()
        self._envoye = bytearray()
        self._debut = datetime.now(UTC)
        self._login = ""

    async def servir(self) -> None:
        """Serve the connection until its end; whatever happens, only this connection ends."""
        self.config.apply_context()
        state = EtatImap(OuvertureImap(self._boites, self._config_imap, self._ouvrir), self.config)
        try:
            async with AsyncExitStack() as stack:
                connection_exit.set(stack)
                await self.run(state)
        except Exception as fault:  # pymap said BYE and lets it go on: a fault of ours, told to the loop's handler
            asyncio.get_running_loop().call_exception_handler({"message": "IMAP command failed", "exception": fault})
        finally:
            self._finir()
            self.close()

    def _ouvrir(self, login: str) -> Boite | None:
        self._login = login
        peer = pair(self.writer.transport)
        box = autoriser(self._boites, login, peer)
        if box is None:
            cause = motif(self._boites, login, peer)
            self._recorder.refus(self._lien, PROTOCOLE, peer, datetime.now(UTC), cause)
        else:
            self._lien = self._reglages.lien(box.adresse)
        return box

    # ---- reading, bounded ----

    async def _borne(self, read: Any) -> bytes:
        """Await bytes; a silence too long, or a line too long, ends the connection."""
        try:
            data: bytes = await asyncio.wait_for(read, self._reglages.expiration)
        except TimeoutError:
            await self.write_response(ResponseBye(b"Autologout; idle for too long."))
            raise EOFError from None
        except ValueError:
            self._recu += b"(ligne de plus de %d octets)\r\n" % MAX_LIGNE
            await self._trop(b"Command line too long.")
        return data

    async def _trop(self, text: bytes) -> None:
        await self.write_response(ResponseBye(text))
        raise EOFError

    async def readline(self) -> memoryview:
        """One command line, with its non-synchronising literals."""
        line = bytearray()
        while True:
            part = await self._borne(self.reader.readline())
            if not self._recu:
                self._debut = datetime.now(UTC)
            self._recu += part
            if not part.endswith(b"\n"):
                raise EOFError
            line += part
            literal = _LITTERAL.search(part)
            if not literal or not literal[2]:
                return memoryview(bytes(line))
            line += await self._litteral(int(literal[1]))

    async def _litteral(self, size: int) -> bytes:
        if size + len(self._recu) > MAX_LITTERAL:
            await self._trop(b"Literal too long.")
        data = await self._borne(self.reader.readexactly(size))
        self._recu += data
        return data

    async def read_continuation(self, literal_length: int) -> memoryview:
        """What follows `+`: a literal, then the rest of the line."""
        data = await self._litteral(literal_length) if literal_length else b""
        return memoryview(data + bytes(await self.readline()))

    # ---- writing, recorded ----

    async def write_response(self, resp: Response) -> None:
        """Send an answer; a tagged one ends the exchange, which is recorded first."""
        buffer = _Tampon()
        await resp.async_write(buffer)
        self._envoye += buffer.data
        if self._recu and _finale(resp):
            self._consigner("complet")
        try:
            self.writer.write(bytes(buffer.data))
            await self.writer.drain()
        except ConnectionError:
            return

    def _consigner(self, etat: str) -> None:
        if not self._numero:
            peer = pair(self.writer.transport)
            self._numero = self._recorder.connexion(self._lien, PROTOCOLE, peer, self._debut)
        request, answer = self._masquer(bytes(self._recu)), bytes(self._envoye)
        self._recu.clear()
        self._envoye.clear()
        self._recorder.echange(
            EchangeRecu(
                connexion=self._numero,
                lien=self._lien,
                protocole=PROTOCOLE,
                debut=self._debut,
                fin=datetime.now(UTC),
                requete=request,
                reponse=answer or None,
                etat=etat,
                meta={"tls": pair(self.writer.transport).version, "bal": self._login},
            )
        )

    def _masquer(self, request: bytes) -> bytes:
        """Leave secrets out: the password of LOGIN, the answer of AUTHENTICATE (its login is told instead)."""
        words = request.split(None, 3)
        verb = words[1].upper() if len(words) > 1 else b""
        if verb == b"LOGIN":
            return _SECRET.sub(rb"\1\2 ***\r\n", request)
        if verb == b"AUTHENTICATE":
            return b" ".join([*words[:3], self._login.encode()]) + b"\r\n"
        return request

    def _finir(self) -> None:
        if self._recu:
            self._consigner("sans réponse")
        if self._numero:
            self._recorder.fin_connexion(self._numero, datetime.now(UTC))
            self._numero = 0

    # ---- TLS ----

    async def start_tls(self) -> None:
        """Negotiate; bytes sent in clear behind STARTTLS are thrown away (RFC 3501 §6.2.1)."""
        self.reader._buffer.clear()  # type: ignore[attr-defined]
        raw: Any = self.writer.transport
        vus: list[Any] = []  # the transport forgets its TLS protocol as soon as the handshake fails
        installer = raw.set_protocol

        def garder(protocol: Any) -> None:
            vus.append(protocol)
            installer(protocol)

        raw.set_protocol = garder
        address = raw.get_extra_info("peername") or ("", 0)
        try:
            await self.writer.start_tls(self.config.ssl_context)
        except (ssl.SSLError, OSError, TimeoutError) as error:
            ssl_object = getattr(vus[-1], "_sslobj", None) if vus else None
            cause = cause_refus(error, poignee(ssl_object))
            self._recorder.refus(self._lien, PROTOCOLE, pair_refuse(address, ssl_object), datetime.now(UTC), cause)
            raise ConnectionError from error
        self._finir()
        peer = pair(self.writer.transport)
        self._numero = self._recorder.connexion(self._lien, PROTOCOLE, peer, datetime.now(UTC))
