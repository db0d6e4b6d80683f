"""Submission by SMTP on aiosmtpd: STARTTLS first, AUTH PLAIN with the certificate, DSN parameters, one journal entry
per transaction. Sources: RFC 5321, 3207, 4954, 3461, 1870; ECO.1.0.1, 1.3.1; answers of `mssante.md` §3.1.

aiosmtpd refuses DSN parameters, so they are taken off the argument of MAIL and RCPT before its own parser sees them.
"""

from __future__ import annotations

import asyncio
import collections
import re
import ssl
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword, TLSSetupException

from banc_segur.state.boites import Boite
from banc_segur.transport.model import Recorder
from banc_segur.transport.tls import cause_refus, poignee
from simulators.mssante.acces import autoriser, motif, pair, pair_refuse
from simulators.mssante.reglages import Reglages
from simulators.mssante.remise import Envoi, Remise
from simulators.mssante.smtp_journal import JournalSmtp

# Texts of aiosmtpd that lack the enhanced code of RFC 3463.
_ENRICHIES = {
    "530 Must issue a STARTTLS command first": "530 5.7.0 Must issue a STARTTLS command first",
    "552 Error: Too much mail data": "552 5.3.4 Message size exceeds fixed limit",
    "552 Error: message size exceeds fixed maximum message size": "552 5.3.4 Message size exceeds fixed limit",
    "250 OK": "250 2.0.0 OK",
}
MAX_COMMANDE = 1024 * 1024  # bytes of an endless line before the connection is cut
_DSN_MAIL = {"RET": re.compile(r"(?i)FULL|HDRS"), "ENVID": re.compile(r"[!-~]{1,100}")}
_DSN_RCPT = {
    "NOTIFY": re.compile(r"(?i)NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*"),
    "ORCPT": re.compile(r"(?i)[a-z0-9-]+;[!-~]{1,500}"),
}


def separer(arg: str | None, connus: dict[str, re.Pattern[str]]) -> tuple[str | None, dict[str, str] | None]:
    """Take the known parameters off the argument of MAIL or RCPT.

    Returns the argument without them, and their values by name; None instead of the values when one is malformed.
    """
    if arg is None:
        return None, {}
    kept: list[str] = []
    found: dict[str, str] = {}
    for word in arg.split(" "):
        name, equals, value = word.partition("=")
        if not equals or name.upper() not in connus or "<" in name:
            kept.append(word)
        elif name.upper() in found or not connus[name.upper()].fullmatch(value):
            return arg, None
        else:
            found[name.upper()] = value
    return " ".join(kept), found


class SmtpOperateur(SMTP):
    """One connection of a client."""

    command_size_limit = 1000

    def __init__(self, remise: Remise, reglages: Reglages, recorder: Recorder, tls: ssl.SSLContext, hote: str) -> None:
        self.command_size_limits = collections.defaultdict(lambda: 1000)
        super().__init__(
            self,
            data_size_limit=reglages.taille_max,
            enable_SMTPUTF8=True,
            hostname=hote,
            ident="MSSante (Banc Segur)",
            tls_context=tls,
            require_starttls=True,
            auth_required=True,
            auth_exclude_mechanism=["LOGIN"],
            authenticator=self._authentifier,
            timeout=reglages.expiration,
            command_call_limit={"AUTH": 10, "*": 10_000},
            loop=asyncio.get_running_loop(),
        )
        self._remise = remise
        self._reglages = reglages
        self._journal = JournalSmtp(recorder)
        self._boite: Boite | None = None
        self._envoi = Envoi("")
        self._recu: bytes | None = None
        self._ehlo: list[str] = []

    # ---- connection ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """TCP opened, or TLS negotiated over it."""
        self._journal.pair(pair(transport))
        self._boite = None
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """The client left; what was pending is recorded."""
        self._journal.fin()
        if self._handler_coroutine is not None:
            super().connection_lost(error)

    def _cb_client_connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Note every command line, those that aiosmtpd refuses by itself included; cut what never ends."""
        original = reader.readuntil
        lus = 0  # bytes of the line (of the message, in DATA) that are not over

        async def readuntil(separator: bytes = b"\n") -> bytes:
            nonlocal lus
            commande = separator == b"\n"
            try:
                line = await original(separator)
            except asyncio.LimitOverrunError as error:
                if commande and not lus:
                    self._journal.commande(bytes(reader._buffer[:1000]))  # type: ignore[attr-defined]
                lus += error.consumed
                await self._borner(lus, commande=commande)
                raise
            if not commande:
                lus += len(line)
                await self._borner(lus, commande=False)
                return line
            if not lus or self._journal.en_donnees:
                self._journal.commande(line)
            lus = 0
            return line

        reader.readuntil = readuntil  # type: ignore[method-assign, assignment]
        super()._cb_client_connected(reader, writer)

    async def _borner(self, lus: int, *, commande: bool) -> None:
        """Answer, then cut, a line or a message that goes on far beyond its limit."""
        if lus > (MAX_COMMANDE if commande else 2 * self._reglages.taille_max):
            await self.push("500 5.5.2 Line too long" if commande else "552 5.3.4 Message size exceeds fixed limit")
            self.transport.close()  # type: ignore[union-attr]
            raise asyncio.CancelledError

    async def push(self, status: str | bytes) -> None:
        """Send a reply; the transaction that it ends is recorded first."""
        text = status.decode("utf-8", "replace") if isinstance(status, bytes) else status
        text = _ENRICHIES.get(text, text)
        if re.match(r"250-", text):
            self._ehlo.append(text)
        else:
            self._journal.reponse("\r\n".join([*self._ehlo, text]), self._recu)
            self._ehlo, self._recu = [], None
        await super().push(text)

    async def handle_exception(self, error: Exception) -> str:
        """What a fault inside a command answers; the session goes on."""
        if isinstance(error, TLSSetupException):
            return "454 4.7.0 TLS not available"
        self.loop.call_exception_handler({"message": "SMTP command failed", "exception": error})
        return "451 4.3.0 Internal error"

    async def smtp_STARTTLS(self, arg: str) -> None:
        """Negotiate; a refused handshake is recorded with its cause."""
        before = pair(self.transport)
        try:
            await super().smtp_STARTTLS(arg)
        except TLSSetupException as error:
            ssl_object = getattr(self._tls_protocol, "_sslobj", None)
            cause = error.__cause__
            text = cause_refus(cause if isinstance(cause, Exception) else error, poignee(ssl_object))
            self._journal.refus(pair_refuse((before.adresse, before.port), ssl_object), text)
            raise

    # ---- commands ----

    async def handle_EHLO(
        self, _server: Any, session: Any, _envelope: Any, hostname: str, lines: list[str]
    ) -> list[str]:
        """Announce DSN and enhanced codes."""
        session.host_name = hostname
        return [*lines[:-1], "250-DSN", "250-ENHANCEDSTATUSCODES", lines[-1]]

    def _authentifier(self, _server: Any, _session: Any, _envelope: Any, mechanism: str, data: Any) -> AuthResult:
        login = data.login.decode("utf-8", "replace") if isinstance(data, LoginPassword) else ""
        self._journal.defi(login)
        self._boite = autoriser(self._remise.boites, login, pair(self.transport))
        if self._boite is None:
            refused = pair(self.transport)
            self._journal.refus(refused, motif(self._remise.boites, login, refused))
            return AuthResult(success=False, handled=False, message="535 5.7.8 Authentication credentials invalid")
        self._journal.lien = self._reglages.lien(self._boite.adresse)
        return AuthResult(success=True, auth_data=data)

    async def smtp_MAIL(self, arg: str | None) -> None:
        """MAIL with RET and ENVID."""
        rest, found = separer(arg, _DSN_MAIL)
        if found is None:
            await self.push("501 5.5.4 Bad RET or ENVID parameter")
            return
        self._envoi = Envoi("", envid=found.get("ENVID", ""))
        await super().smtp_MAIL(rest)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """The sender must be the authenticated mailbox."""
        if self._boite is None or address.lower() != self._boite.adresse:
            return "553 5.7.1 Sender address not owned by the authenticated mailbox"
        sizes = [int(option[5:]) for option in options if option.startswith("SIZE=")]
        self._envoi.expediteur = address.lower()
        self._envoi.taille_annoncee = sizes[0] if sizes else 0
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def smtp_RCPT(self, arg: str | None) -> None:
        """RCPT with NOTIFY and ORCPT."""
        rest, found = separer(arg, _DSN_RCPT)
        if found is None:
            await self.push("501 5.5.4 Bad NOTIFY or ORCPT parameter")
            return
        self._envoi.notify = found.get("NOTIFY", "").upper()
        await super().smtp_RCPT(rest)

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:
        """Is there such a domain, such a mailbox?"""
        refusal = self._remise.refuser(address.lower(), self._envoi.taille_annoncee)
        if refusal:
            return refusal
        self._envoi.destinataires[address.lower()] = self._envoi.notify
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        """Deliver, then answer."""
        content: bytes = envelope.content or b""
        self._recu = content
        return self._remise.remettre(self._envoi, content)
