"""Delivery status notifications (« avis de remise »): read and write.

Sources: RFC 3464 (message/delivery-status), RFC 6522 (multipart/report), RFC 3461 (envelope id); `mssante.md` §2.7,
§2.9. The French texts are ours: those of Mon espace santé are not public (hypothèse).
"""

from __future__ import annotations

import email
import hashlib
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import Message
from email.utils import format_datetime

from banc_segur.formats.courriel_lu import decoder
from banc_segur.formats.courriel_lu import read as lire_courriel
from banc_segur.formats.errors import FormatError

SUCCES = "Successful Mail Delivery Report"


@dataclass(frozen=True, slots=True)
class AvisDestinataire:
    """One recipient. action: `delivered`, `relayed`, `failed`, `delayed`, `expanded`; statut: `5.1.1`;
    diagnostic: `550 5.1.1 …` without its `smtp;`."""

    destinataire: str
    action: str
    statut: str
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class AvisRemise:
    """One notification. de: the reporting system's address; a: sender of the original. message_id: of the
    notification itself; original: Message-ID of the original, both with `<>`. envid: RFC 3461, may be empty."""

    de: str
    a: str
    message_id: str
    date: datetime
    mta: str
    original: str
    destinataires: tuple[AvisDestinataire, ...]
    texte: str
    envid: str = ""
    sujet_original: str = ""


@dataclass(frozen=True, slots=True)
class AvisLu:
    """A notification as read: Message-ID of the original (empty when absent), envelope id, recipients."""

    original: str
    envid: str
    destinataires: tuple[AvisDestinataire, ...]
    texte: str


def write(avis: AvisRemise) -> bytes:
    """The notification as a mail, CRLF, three parts (text, delivery-status, headers of the original)."""
    failed = any(item.action == "failed" for item in avis.destinataires)
    boundary = f"=_dsn_{hashlib.sha256(avis.message_id.encode()).hexdigest()[:24]}"
    subject = "=?utf-8?q?Message_non_distribu=C3=A9?=" if failed else SUCCES
    lines = [
        f"From: <{avis.de}>",
        f"To: <{avis.a}>",
        f"Subject: {subject}",
        f"Date: {format_datetime(avis.date)}",
        f"Message-ID: {avis.message_id}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
        "",
        f"--{boundary}",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit",
        "",
        *avis.texte.splitlines(),
        "",
        f"--{boundary}",
        "Content-Type: message/delivery-status",
        "",
        f"Reporting-MTA: dns; {avis.mta}",
        *([f"Original-Envelope-Id: {avis.envid}"] if avis.envid else []),
        f"Arrival-Date: {format_datetime(avis.date)}",
        "",
        *(line for item in avis.destinataires for line in _champs(item)),
        f"--{boundary}",
        "Content-Type: text/rfc822-headers",
        "",
        *([f"Subject: {avis.sujet_original}"] if avis.sujet_original.isascii() and avis.sujet_original else []),
        f"Message-ID: {avis.original}",
        "",
        f"--{boundary}--",
        "",
    ]
    return "\r\n".join(lines).encode()


def _champs(item: AvisDestinataire) -> list[str]:
    fields = [
        f"Original-Recipient: rfc822;{item.destinataire}",
        f"Final-Recipient: rfc822;{item.destinataire}",
        f"Action: {item.action}",
        f"Status: {item.statut}",
    ]
    return [*fields, *([f"Diagnostic-Code: smtp; {item.diagnostic}"] if item.diagnostic else []), ""]


def read(data: bytes) -> AvisLu:
    """Read a notification, ours or a foreign operator's.

    Raises:
        FormatError: not a readable mail, not a multipart/report of delivery-status, or no recipient told.
    """
    mail = lire_courriel(data)
    if mail.rapport.lower() != "delivery-status":
        raise FormatError("Content-Type", "multipart/report; report-type=delivery-status", mail.rapport)
    message = email.message_from_bytes(data, policy=policy.compat32)
    blocks = [block for part in message.walk() for block in _blocs(part)]
    recipients = tuple(_destinataire(block) for block in blocks if block.get("Final-Recipient"))
    if not recipients:
        raise FormatError("message/delivery-status", "au moins un Final-Recipient", "aucun")
    envid = next((str(block["Original-Envelope-Id"]) for block in blocks if block.get("Original-Envelope-Id")), "")
    return AvisLu(_original(message), envid.strip(), recipients, mail.corps)


def _blocs(part: Message) -> list[Message]:
    if part.get_content_type() != "message/delivery-status" or not part.is_multipart():
        return []
    return [block for block in part.get_payload() if isinstance(block, Message)]


def _apres_type(value: str) -> str:
    return value.partition(";")[2].strip() if ";" in value else value.strip()


def _destinataire(block: Message) -> AvisDestinataire:
    return AvisDestinataire(
        _apres_type(str(block["Final-Recipient"])).lower(),
        str(block.get("Action", "")).strip().lower(),
        str(block.get("Status", "")).split("(")[0].strip(),
        decoder(_apres_type(str(block.get("Diagnostic-Code", "")))),
    )


def _original(message: Message) -> str:
    """Message-ID of the returned headers or returned mail."""
    for part in message.walk():
        if part.get_content_type() == "text/rfc822-headers":
            raw = part.get_payload(decode=True)
            inner = email.message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=policy.compat32)
            return str(inner.get("Message-ID", "")).strip()
        inside = part.get_payload() if part.get_content_type() == "message/rfc822" else None
        if isinstance(inside, list) and inside and isinstance(inside[0], Message):
            return str(inside[0].get("Message-ID", "")).strip()
    return ""
