"""The backend that pymap asks for: one INBOX over `state.boites`, read afresh at each command.

Refused on purpose: APPEND, COPY, MOVE, CREATE… (a BAL of the simulator has no other folder); source: choice.
"""

from __future__ import annotations

import contextlib
import hashlib
from argparse import Namespace
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from proxyprotocol.version import ProxyProtocolVersion
from pymap.backend.mailbox import MailboxDataInterface, MailboxSetInterface
from pymap.backend.session import BaseSession
from pymap.concurrent import Event, Subsystem
from pymap.config import BackendCapability, IMAPConfig
from pymap.exceptions import InvalidAuth, NotAllowedError
from pymap.flags import FlagOp
from pymap.interfaces.login import IdentityInterface, LoginInterface
from pymap.interfaces.message import CachedMessage
from pymap.listtree import ListTree
from pymap.mailbox import MailboxSnapshot
from pymap.message import BaseLoadedMessage, BaseMessage
from pymap.mime import MessageContent
from pymap.parsing.message import AppendMessage
from pymap.parsing.specials import FetchRequirement, ObjectId, SequenceSet
from pymap.parsing.specials.flag import Flag, Wildcard
from pymap.selected import SelectedMailbox, SelectedSet
from pymap.user import UserMetadata
from pysasl import SASLAuth
from pysasl.hashing import BuiltinHash

from banc_segur.state.boites import Boite, Boites, Resume

VU = "\\Seen"
PAUSE_IDLE = 0.5  # seconds between two looks at the mailbox during IDLE
PLAIN = SASLAuth.named([b"PLAIN"])  # once: it reads the entry points of every installed package
_UNE_BOITE = "Only INBOX exists here"


class MessageImap(BaseMessage):
    """One message; its bytes are read only when a FETCH or SEARCH needs them."""

    def __init__(self, boites: Boites, adresse: str, uid: int, recu: str, flags: Iterable[str], **kwargs: Any) -> None:
        super().__init__(uid, datetime.fromisoformat(recu), [Flag(flag) for flag in flags], **kwargs)
        self._boites = boites
        self._adresse = adresse

    async def load_content(self, requirement: FetchRequirement) -> BaseLoadedMessage:
        """The message; with its bytes, exactly as delivered, when they are asked for."""
        if not requirement & FetchRequirement.CONTENT:
            return BaseLoadedMessage(self, requirement, None)
        found = self._boites.message(self._adresse, self.uid)
        return BaseLoadedMessage(self, requirement, MessageContent.parse(found.octets if found else b""))


class BoiteImap(MailboxDataInterface[MessageImap]):
    """INBOX of one address."""

    def __init__(self, boites: Boites, boite: Boite) -> None:
        self._boites = boites
        self._boite = boite
        self._selected = SelectedSet()
        self._id = ObjectId(b"F" + hashlib.sha256(boite.adresse.encode()).hexdigest()[:24].encode())

    @property
    def mailbox_id(self) -> ObjectId:
        """An id that depends on the address only."""
        return self._id

    @property
    def readonly(self) -> bool:
        """Flags may be changed, messages deleted."""
        return False

    @property
    def uid_validity(self) -> int:
        """That of the state."""
        return self._boite.uidvalidity

    @property
    def permanent_flags(self) -> frozenset[Flag]:
        """Every flag and keyword is kept."""
        return frozenset(super().permanent_flags | {Wildcard})

    @property
    def selected_set(self) -> SelectedSet:
        """The sessions that have it open."""
        return self._selected

    def _message(self, resume: Resume) -> MessageImap:
        return MessageImap(self._boites, self._boite.adresse, *resume)

    async def update_selected(self, selected: SelectedMailbox, *, wait_on: Event | None = None) -> SelectedMailbox:
        """Tell the session what changed in the mailbox since it last looked; with wait_on, once something did."""
        known: frozenset[Resume] = selected.mod_sequence or frozenset()
        now = frozenset(self._boites.sommaire(self._boite.adresse))
        while wait_on is not None and not wait_on.is_set() and now == known:
            with contextlib.suppress(TimeoutError):
                await wait_on.wait(timeout=PAUSE_IDLE)
            now = frozenset(self._boites.sommaire(self._boite.adresse))
        there = {uid for uid, _, _ in now}
        gone = {uid for uid, _, _ in known} - there
        selected.add_updates([self._message(resume) for resume in now - known], gone)
        selected.mod_sequence = now
        return selected

    async def find(self, seq_set: SequenceSet, selected: SelectedMailbox) -> AsyncIterator[tuple[int, MessageImap]]:
        """The messages of a SEARCH, all from one look at the mailbox."""
        there = {resume[0]: resume for resume in self._boites.sommaire(self._boite.adresse)}
        for rank, cached in selected.messages.get_all(seq_set):
            yield rank, self._message(there[cached.uid]) if cached.uid in there else self._disparu(cached)

    async def append(self, append_msg: AppendMessage, *, recent: bool = False) -> MessageImap:
        """Refused."""
        raise NotAllowedError(_UNE_BOITE)

    async def copy(self, uid: int, destination: BoiteImap, *, recent: bool = False) -> int | None:
        """Refused."""
        raise NotAllowedError(_UNE_BOITE)

    async def move(self, uid: int, destination: BoiteImap, *, recent: bool = False) -> int | None:
        """Refused."""
        raise NotAllowedError(_UNE_BOITE)

    async def get(self, uid: int, cached_msg: CachedMessage) -> MessageImap:
        """The message, or what was known of it marked as expunged."""
        resume = self._boites.resume(self._boite.adresse, uid)
        return self._message(resume) if resume else self._disparu(cached_msg)

    def _disparu(self, cached: CachedMessage) -> MessageImap:
        date = cached.internal_date.isoformat()
        return MessageImap(self._boites, self._boite.adresse, cached.uid, date, (), expunged=True)

    async def update(self, uid: int, cached_msg: CachedMessage, flag_set: frozenset[Flag], mode: FlagOp) -> MessageImap:
        """Change the flags of a message."""
        message = await self.get(uid, cached_msg)
        if not message.expunged:
            message.permanent_flags = mode.apply(message.permanent_flags, flag_set)
            names = [bytes(flag).decode("ascii") for flag in message.permanent_flags]
            self._boites.marquer(self._boite.adresse, uid, names)
        return message

    async def delete(self, uids: Iterable[int]) -> None:
        """Delete messages."""
        self._boites.supprimer(self._boite.adresse, list(uids))

    async def claim_recent(self, selected: SelectedMailbox) -> None:
        """\\Recent is not kept (RFC 9051 dropped it)."""

    async def cleanup(self) -> None:
        """Nothing to do."""

    async def snapshot(self) -> MailboxSnapshot:
        """Counts for SELECT and STATUS."""
        messages = self._boites.sommaire(self._boite.adresse)
        unseen = [rank for rank, (_, _, flags) in enumerate(messages, 1) if VU not in flags]
        box = self._boites.boite(self._boite.adresse) or self._boite
        return MailboxSnapshot(
            self.mailbox_id,
            False,
            self.uid_validity,
            self.permanent_flags,
            self.session_flags,
            len(messages),
            0,
            len(unseen),
            unseen[0] if unseen else None,
            box.uidnext,
        )


class BoitesImap(MailboxSetInterface[BoiteImap]):
    """The folders of one address: INBOX alone."""

    def __init__(self, inbox: BoiteImap) -> None:
        self._inbox = inbox

    @property
    def delimiter(self) -> str:
        """The hierarchy separator."""
        return "/"

    async def set_subscribed(self, name: str, subscribed: bool) -> None:
        """INBOX is always subscribed."""

    async def list_subscribed(self) -> ListTree:
        """INBOX."""
        return await self.list_mailboxes()

    async def list_mailboxes(self) -> ListTree:
        """INBOX."""
        return ListTree(self.delimiter).update("INBOX")

    async def get_mailbox(self, name: str) -> BoiteImap:
        """INBOX, or KeyError."""
        if name.upper() != "INBOX":
            raise KeyError(name)
        return self._inbox

    async def add_mailbox(self, name: str) -> ObjectId:
        """Refused."""
        raise NotAllowedError(_UNE_BOITE)

    async def delete_mailbox(self, name: str) -> None:
        """Refused."""
        raise NotAllowedError(_UNE_BOITE)

    async def rename_mailbox(self, before: str, after: str) -> None:
        """Refused."""
        raise NotAllowedError(_UNE_BOITE)


class ConfigImap(IMAPConfig):
    """pymap's settings: TLS before anything, PLAIN only."""

    def __init__(self, hote: str, **kwargs: Any) -> None:
        super().__init__(
            Namespace(),
            host=hote,
            port=0,
            hash_context=BuiltinHash(),
            cpu_subsystem=Subsystem.for_asyncio(),
            proxy_protocol=ProxyProtocolVersion.get("noop"),
            reject_dnsbl=False,
            max_append_len=None,
            **kwargs,
        )
        self._hote = hote

    @property
    def backend_capability(self) -> BackendCapability:
        """IDLE."""
        return BackendCapability(idle=True, object_id=False, multi_append=False)

    @property
    def tls_auth(self) -> SASLAuth:
        """PLAIN, once in TLS."""
        return PLAIN

    @property
    def greeting(self) -> bytes:
        """The text of the first line."""
        return f"{self._hote} MSSante (Banc Segur)".encode("ascii", "replace")


class SessionImap(BaseSession[MessageImap]):
    """One authenticated session."""

    def __init__(self, adresse: str, config: ConfigImap, folders: BoitesImap) -> None:
        super().__init__(adresse)
        self._config = config
        self._folders = folders

    @property
    def config(self) -> ConfigImap:
        """The settings."""
        return self._config

    @property
    def mailbox_set(self) -> BoitesImap:
        """The folders."""
        return self._folders


class IdentiteImap(IdentityInterface):
    """The owner of an opened mailbox."""

    def __init__(self, boites: Boites, boite: Boite, config: ConfigImap) -> None:
        self._boites = boites
        self._boite = boite
        self._config = config

    @property
    def name(self) -> str:
        """The address."""
        return self._boite.adresse

    @property
    def roles(self) -> frozenset[str]:
        """None."""
        return frozenset()

    @asynccontextmanager
    async def new_session(self) -> AsyncIterator[SessionImap]:
        """Open the mailbox."""
        yield SessionImap(self.name, self._config, BoitesImap(BoiteImap(self._boites, self._boite)))

    async def new_token(self, *, expiration: datetime | None = None) -> str | None:
        """No token."""
        return None

    async def get(self) -> UserMetadata:
        """Not kept."""
        raise NotAllowedError()

    async def set(self, metadata: UserMetadata) -> int | None:
        """Not kept."""
        raise NotAllowedError()

    async def delete(self) -> None:
        """Refused."""
        raise NotAllowedError()


class OuvertureImap(LoginInterface):
    """Authentication of one connection; `ouvrir` decides with its certificate."""

    def __init__(self, boites: Boites, config: ConfigImap, ouvrir: Any) -> None:
        self._boites = boites
        self._config = config
        self._ouvrir = ouvrir

    @property
    def tokens(self) -> Any:
        """No token."""
        raise NotAllowedError()

    async def authenticate(self, credentials: Any) -> IdentiteImap:
        """The mailbox of the login, if the certificate owns it."""
        box = self._ouvrir(str(credentials.authcid))
        if box is None:
            raise InvalidAuth()
        return IdentiteImap(self._boites, box, self._config)

    async def authorize(self, authenticated: IdentityInterface, authzid: str) -> Any:
        """An authorization identity may only be the login itself."""
        if authzid.lower() not in ("", authenticated.name):
            raise InvalidAuth()
        return authenticated
