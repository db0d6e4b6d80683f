"""MLLP over TCP: a threaded server and a client. Framing is `formats.mllp`'s (hl7v2.md, MLLP release 1)."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable

import structlog

from banc_segur.errors import UsageError
from banc_segur.formats.errors import FormatError
from banc_segur.formats.mllp import MllpReader, frame
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.http_client import cause_client

MAX_FRAME = 16 * 1024 * 1024
MAX_CONNEXIONS = 500
BLOC = 65536

_log = structlog.get_logger(__name__)


class ServeurTcp:
    """Accepts TCP connections, one thread each, and stops cleanly. `servir(socket, adresse)` owns one connection."""

    def __init__(self, servir: Callable[[socket.socket, tuple[str, int]], None], hote: str, port: int) -> None:
        self._servir = servir
        self._hote, self._port = hote, port
        self._ecoute: socket.socket | None = None
        self._vivantes: set[socket.socket] = set()
        self._fils: set[threading.Thread] = set()
        self._verrou = threading.Lock()
        self._arret = threading.Event()

    def start(self) -> int:
        """Listen and return the port.

        Raises:
            UsageError: the address or port cannot be bound.
        """
        try:
            famille = socket.AF_INET6 if ":" in self._hote else socket.AF_INET
            self._ecoute = socket.create_server((self._hote, self._port), family=famille, backlog=128)
        except OSError as error:
            raise UsageError(f"Impossible d'écouter sur {self._hote}:{self._port} : {error.strerror}.") from error
        threading.Thread(target=self._accepter, name=f"mllp-{self.port}", daemon=True).start()
        return self.port

    @property
    def port(self) -> int:
        """The port listened on, after `start`."""
        return int(self._ecoute.getsockname()[1]) if self._ecoute and self._ecoute.fileno() >= 0 else self._port

    def stop(self) -> None:
        """Stop listening, cut the open connections, wait for their threads (at most 5 s)."""
        self._arret.set()
        if self._ecoute is not None:
            with contextlib.suppress(OSError):
                self._ecoute.shutdown(socket.SHUT_RDWR)
            self._ecoute.close()
        with self._verrou:
            vivantes, fils = list(self._vivantes), list(self._fils)
        for connexion in vivantes:
            with contextlib.suppress(OSError):
                connexion.shutdown(socket.SHUT_RDWR)
        fin = time.monotonic() + 5
        for fil in fils:
            if fil is not threading.current_thread():
                fil.join(max(0.0, fin - time.monotonic()))

    def _accepter(self) -> None:
        ecoute = self._ecoute
        while ecoute is not None and not self._arret.is_set():
            try:
                connexion, adresse = ecoute.accept()
            except OSError:
                if self._arret.is_set() or self._arret.wait(0.05):
                    return
                continue
            with self._verrou:
                if len(self._vivantes) >= MAX_CONNEXIONS or self._arret.is_set():
                    connexion.close()
                    continue
                fil = threading.Thread(target=self._mener, args=(connexion, adresse), daemon=True)
                self._vivantes.add(connexion)
                self._fils.add(fil)
            fil.start()

    def _mener(self, connexion: socket.socket, adresse: tuple[str, int]) -> None:
        try:
            connexion.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._servir(connexion, adresse)
        except OSError as error:
            _log.info("connexion MLLP coupée", adresse=adresse[0], port=adresse[1], cause=str(error))
        finally:
            with self._verrou:
                self._vivantes.discard(connexion)
                self._fils.discard(threading.current_thread())
            connexion.close()


class MllpServer:
    """Answers each MLLP frame with `handler(message)`; an empty answer sends nothing back."""

    def __init__(
        self, handler: Callable[[bytes], bytes], hote: str = "127.0.0.1", port: int = 0, *, max_frame: int = MAX_FRAME
    ) -> None:
        """`max_frame`: bytes of the longest frame accepted; beyond, the connection is cut."""
        self._handler = handler
        self._max_frame = max_frame
        self._serveur = ServeurTcp(self._servir, hote, port)

    def start(self) -> int:
        """Listen and return the port; UsageError when it cannot be bound."""
        return self._serveur.start()

    def stop(self) -> None:
        """Stop listening and cut the open connections."""
        self._serveur.stop()

    def _servir(self, connexion: socket.socket, adresse: tuple[str, int]) -> None:
        lecteur = MllpReader(self._max_frame)
        while data := connexion.recv(BLOC):
            try:
                messages = lecteur.feed(data)
            except FormatError as error:
                _log.warning("trame MLLP illisible, connexion coupée", adresse=adresse[0], cause=str(error))
                return
            for message in messages:
                try:
                    answer = self._handler(message)
                    reponse = frame(answer) if answer else b""
                except Exception:  # the handler's own fault must not stop the listener; it is logged whole
                    _log.exception("le traitement d'un message MLLP a échoué", adresse=adresse[0])
                    return
                if reponse:
                    connexion.sendall(reponse)


class MllpClient:
    """Sends messages over one MLLP connection, kept open between messages. Thread-safe."""

    def __init__(self, hote: str, port: int, *, max_frame: int = MAX_FRAME) -> None:
        self._hote, self._port = hote, port
        self._max_frame = max_frame
        self._connexion: socket.socket | None = None
        self._verrou = threading.Lock()

    def envoyer(self, message: bytes, delai: float) -> bytes:
        """Send one message (without framing) and return its answer.

        `delai` (seconds) covers connecting, sending and the whole answer. After any failure the connection is closed;
        a message is never sent twice by one call.

        Raises:
            Injoignable: no connection, connection cut, no answer in time, unreadable answer.
            FormatError: the message holds a framing byte.
        """
        trame = frame(message)
        fin = time.monotonic() + delai
        with self._verrou:
            try:
                connexion = self._ouverte(delai)
                connexion.settimeout(delai)
                connexion.sendall(trame)
                return self._reponse(connexion, fin)
            except FormatError as error:
                self._fermer()
                raise Injoignable(f"{self._hote}:{self._port} : réponse MLLP illisible ({error}).") from error
            except OSError as error:
                self._fermer()
                raise Injoignable(f"{self._hote}:{self._port} injoignable : {cause_client(error)}.") from error

    def close(self) -> None:
        """Close the connection; the next `envoyer` opens another."""
        with self._verrou:
            self._fermer()

    def couper(self) -> None:
        """Cut the connection from another thread: an `envoyer` that waits raises Injoignable at once."""
        connexion = self._connexion
        if connexion is not None:
            with contextlib.suppress(OSError):
                connexion.shutdown(socket.SHUT_RDWR)

    def _ouverte(self, delai: float) -> socket.socket:
        if self._connexion is not None:
            self._connexion.settimeout(0)
            try:  # nothing may be waiting: an empty read means closed, bytes mean a late answer to another message
                self._connexion.recv(1)
            except BlockingIOError:
                return self._connexion
            except OSError:
                pass
            self._fermer()
        self._connexion = socket.create_connection((self._hote, self._port), timeout=delai)
        self._connexion.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._connexion

    def _reponse(self, connexion: socket.socket, fin: float) -> bytes:
        lecteur = MllpReader(self._max_frame)
        while True:
            reste = fin - time.monotonic()
            if reste <= 0:
                raise TimeoutError
            connexion.settimeout(reste)
            data = connexion.recv(BLOC)
            if not data:
                raise ConnectionResetError
            messages = lecteur.feed(data)
            if messages:
                return messages[0]

    def _fermer(self) -> None:
        if self._connexion is not None:
            self._connexion.close()
            self._connexion = None
