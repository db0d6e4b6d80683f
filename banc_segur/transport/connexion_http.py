"""One HTTP connection of the bench, under cheroot: handshake in a worker, peer facts, evidence, polite or rude end.

Differences with cheroot's own classes: the TLS handshake is not done by the thread that accepts (one silent client
would stop everybody) but by a worker, when the first byte is there; deadlines are overall; every request that got an
answer, even 400, 408 or 413, and every refused handshake is recorded.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cheroot.server import HTTPConnection

from banc_segur.formats import http
from banc_segur.transport import tls
from banc_segur.transport.flux import Ecrivain, Lecteur, couper, vider
from banc_segur.transport.model import EchangeRecu, Peer, Recorder
from banc_segur.transport.requete_http import Requete

PAS_HTTPS = "Requête HTTP en clair reçue sur un port HTTPS."


@dataclass(frozen=True, slots=True)
class Reglages:
    """What the connections of one server need. Delays in seconds, each for the whole of what it names."""

    contexte: ssl.SSLContext | None
    recorder: Recorder
    lien: str
    max_corps: int
    delai_poignee: float = 5.0
    delai_tete: float = 10.0
    delai_corps: float = 60.0
    delai_envoi: float = 30.0

    @property
    def protocole(self) -> str:
        """`HTTPS` or `HTTP`."""
        return "HTTPS" if self.contexte else "HTTP"


class Connexion(HTTPConnection):
    """One TCP connection, its TLS, its number in the journal."""

    RequestHandlerClass = Requete
    reglages: Reglages  # set on a subclass by the server

    def __init__(self, server: Any, sock: socket.socket, makefile: Any = None) -> None:
        super().__init__(server, sock, self._flux)
        self.numero: int | None = None
        self.peer = Peer("", 0)
        self.pret = self.reglages.contexte is None
        self.a_vider = False
        self._fermee = False

    def _flux(self, sock: socket.socket, mode: str, taille: int = 0) -> Lecteur | Ecrivain:
        return Lecteur(sock) if "r" in mode else Ecrivain(sock, self.reglages.delai_envoi)

    def communicate(self) -> bool:
        """Do the handshake when it is not done, else answer one request; true to keep the connection."""
        if not self.pret:
            return self._negocier()
        if self.numero is None:
            self._ouvrir()
        return bool(super().communicate())  # type: ignore[no-untyped-call]

    def _ouvrir(self) -> None:
        if self.reglages.contexte is None:
            self.peer = Peer(self.remote_addr or "", self.remote_port or 0)
        self.numero = self.reglages.recorder.connexion(
            self.reglages.lien, self.reglages.protocole, self.peer, datetime.now(UTC)
        )

    def _negocier(self) -> bool:
        debut = datetime.now(UTC)
        contexte = self.reglages.contexte
        if contexte is None:
            return False
        self.socket.settimeout(self.reglages.delai_poignee)
        try:
            if not self.socket.recv(1, socket.MSG_PEEK):
                return False  # opened and closed without a byte: nothing to tell
            self.socket = contexte.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.rfile, self.wfile = self._flux(self.socket, "rb"), self._flux(self.socket, "wb")
            self.socket.do_handshake()
        except OSError as error:
            self._refuser(error, debut)
            return False
        faits = tls.poignee(self.socket)
        suite = self.socket.cipher()
        self.peer = Peer(
            self.remote_addr or "",
            self.remote_port or 0,
            self.socket.version() or "",
            suite[0] if suite else "",
            self.socket.getpeercert(binary_form=True),
            faits.client_hello,
        )
        self.pret = True
        self._ouvrir()
        return True

    def _refuser(self, error: OSError, debut: datetime) -> None:
        faits = tls.poignee(self.socket)
        cause = tls.cause_refus(error, faits)
        peer = Peer(
            self.remote_addr or "",
            self.remote_port or 0,
            certificat=faits.certificat,
            client_hello=faits.client_hello,
        )
        self.reglages.recorder.refus(self.reglages.lien, self.reglages.protocole, peer, debut, cause)
        self.a_vider = True
        if getattr(error, "reason", "") == "HTTP_REQUEST":
            headers = [("Content-Type", "text/plain; charset=utf-8"), ("Connection", "close")]
            with contextlib.suppress(OSError):
                socket.socket.sendall(self.socket, http.write("HTTP/1.1 400 Bad Request", headers, PAS_HTTPS.encode()))

    def enregistrer(
        self, requete: Requete, corps: bytes, reponse: bytes | None, *, meta: Mapping[str, str] | None = None
    ) -> None:
        """Record one exchange; returns when it is on disk."""
        if self.numero is None:
            self._ouvrir()
        tete = requete.tete
        self.reglages.recorder.echange(
            EchangeRecu(
                connexion=self.numero or 0,
                lien=self.reglages.lien,
                protocole=self.reglages.protocole,
                debut=tete.debut,
                fin=datetime.now(UTC),
                requete=http.write(tete.ligne, tete.lignes, corps),
                reponse=reponse,
                etat="complet" if reponse is not None else "sans réponse",
                meta=dict(meta or {}),
            )
        )

    def couper(self, *, fin: bool) -> None:
        """Cut the connection at once, without TLS close: FIN or RST."""
        self._terminer()
        couper(self.socket, fin=fin)

    def close(self) -> None:
        """Close politely: TLS close_notify, FIN; drain first when the peer was answered before it had finished."""
        if self._fermee:
            return
        self.rfile.close()
        if isinstance(self.socket, ssl.SSLSocket) and self.pret:
            with contextlib.suppress(OSError, ValueError):
                self.socket.settimeout(0.0)
                self.socket.unwrap()
        if self.a_vider:
            vider(self.socket, 1.0)
        else:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)
        self.socket.close()
        self._terminer()

    def _terminer(self) -> None:
        if not self._fermee:
            self._fermee = True
            if self.numero is not None:
                self.reglages.recorder.fin_connexion(self.numero, datetime.now(UTC))
