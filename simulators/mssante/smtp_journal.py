"""What one SMTP connection writes in the journal: each transaction once, before its last answer leaves.

Lines that belong to the session (EHLO, STARTTLS, accepted AUTH) are repeated at the head of each transaction. A
session that ends with commands of its own and no transaction gives one exchange too. Form: `formats.enveloppe`.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime

from banc_segur.formats import enveloppe
from banc_segur.transport.model import EchangeRecu, Peer, Recorder
from simulators.mssante.reglages import LIEN_PFI

PROTOCOLE = "smtp"
MAX_LIGNES = 2000
MAX_LIGNE = 1000
_SESSION = ("EHLO", "HELO", "STARTTLS")
_SANS_INTERET = ("NOOP", "RSET", "QUIT", "HELP")


def _masquer(line: str) -> str:
    """`AUTH PLAIN <base64>` with the login in clear and without the password."""
    words = line.split(" ")
    if words[0].upper() != "AUTH" or len(words) < 3:
        return line
    try:
        login = base64.b64decode(words[2], validate=True).split(b"\0")[1].decode("utf-8", "replace")
    except (binascii.Error, ValueError, IndexError):
        login = "(illisible)"
    return f"AUTH {words[1].upper()} {login}"


class JournalSmtp:
    """The evidence of one connection."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.lien = LIEN_PFI
        self._connexion = 0
        self._peer = Peer("", 0)
        self._session: list[tuple[str, str]] = []
        self._lignes: list[tuple[str, str]] = []
        self._attente = ""
        self._donnees = False
        self._debut = datetime.now(UTC)

    @property
    def en_donnees(self) -> bool:
        """True between 354 and the reply to the message."""
        return self._donnees

    def pair(self, peer: Peer) -> None:
        """The connection as it is now; after STARTTLS it is a new one."""
        self._peer = peer
        if peer.version:
            self.fin()
            self._ouvrir()

    def refus(self, peer: Peer, cause: str) -> None:
        """A refused handshake."""
        self.recorder.refus(self.lien, PROTOCOLE, peer, datetime.now(UTC), cause)

    def commande(self, raw: bytes) -> None:
        """One command line was received."""
        line = raw.rstrip(b"\r\n")[:MAX_LIGNE].decode("utf-8", "replace")
        verb = line.split(" ", 1)[0].upper()
        if verb in ("EHLO", "HELO", "RSET", "QUIT"):
            self.flush()
        if not self._lignes:
            self._debut = datetime.now(UTC)
        self._attente = _masquer(line) or "(ligne vide)"

    def defi(self, login: str) -> None:
        """AUTH told its login in answer to a challenge, not on its line."""
        self._attente = f"{' '.join(self._attente.split(' ')[:2])} {login}"

    def reponse(self, reply: str, message: bytes | None) -> None:
        """A whole reply is about to leave; message: bytes of DATA when they were read."""
        if self._donnees:
            self._donnees = False
            self._ecrire([*self._lignes, ("", reply)], message or b"")
            return
        if not self._attente or len(self._lignes) >= MAX_LIGNES or reply.startswith("334"):
            return
        line, self._attente = self._attente, ""
        verb = line.split(" ", 1)[0].upper()
        if verb in _SESSION:
            self._session = [*self._session, (line, reply)][-10:]
            return
        if verb == "AUTH" and reply.startswith("235"):
            self._session.append((line, reply))
            return
        if verb in _SANS_INTERET and not reply.startswith("5"):
            return
        self._lignes.append((line, reply))
        self._donnees = verb == "DATA" and reply.startswith("354")
        if verb == "AUTH":
            self.flush()

    def flush(self) -> None:
        """Record what is pending without message."""
        if self._lignes and not self._donnees:
            self._ecrire(self._lignes, None)

    def fin(self) -> None:
        """The connection ends, or becomes TLS; a cut in the middle of DATA is an exchange without answer."""
        if self._donnees:
            self._donnees = False
            self._ecrire(self._lignes, b"", etat="sans réponse")
        self.flush()
        if self._connexion:
            self.recorder.fin_connexion(self._connexion, datetime.now(UTC))
            self._connexion = 0

    def _ouvrir(self) -> int:
        if not self._connexion:
            self._connexion = self.recorder.connexion(self.lien, PROTOCOLE, self._peer, datetime.now(UTC))
        return self._connexion

    def _ecrire(self, lines: list[tuple[str, str]], message: bytes | None, etat: str = "complet") -> None:
        whole = [*self._session, *lines]
        self._lignes = []
        self.recorder.echange(
            EchangeRecu(
                connexion=self._ouvrir(),
                lien=self.lien,
                protocole=PROTOCOLE,
                debut=self._debut,
                fin=datetime.now(UTC),
                requete=enveloppe.write([line for line, _ in whole if line], message),
                reponse=enveloppe.write_reponse([reply for _, reply in whole]),
                etat=etat,
                meta={"tls": self._peer.version},
            )
        )
