"""The MLLP relay (tap): between two products, it forwards each frame and records it with its answer.

The sender sees the relay as its receiver. What the destination answers goes back unchanged; what the destination does
not answer is not answered: the sender's connection is closed, as it would be by a receiver that is down. Messages are
recorded without their framing bytes.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

from banc_segur.formats.errors import FormatError
from banc_segur.formats.mllp import FIN, MllpReader, frame
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.mllp import BLOC, MAX_FRAME, MllpClient, ServeurTcp
from banc_segur.transport.model import EchangeRecu, Peer, Recorder

MAX_TRACE = 64 * 1024  # bytes kept of what cannot be read
DELAI = 30.0

_log = structlog.get_logger(__name__)


class RelaisMllp:
    """Listens for one link and forwards to `destination`.

    Attributes:
        destination: `hote:port`, may be changed at any time (used by the next message); empty: nobody there.
    """

    def __init__(
        self,
        lien: str,
        hote: str,
        port: int,
        recorder: Recorder,
        *,
        max_frame: int = MAX_FRAME,
        delai: float = DELAI,
    ) -> None:
        """`delai`: seconds that the destination has to answer one message; `port` 0: any free one."""
        self.lien = lien
        self.destination = ""
        self._recorder = recorder
        self._max_frame = max_frame
        self._delai = delai
        self._serveur = ServeurTcp(self._servir, hote, port)
        self._passages: set[_Passage] = set()

    def start(self) -> int:
        """Listen and return the port; UsageError when it cannot be bound."""
        return self._serveur.start()

    @property
    def port(self) -> int:
        """The port listened on, after `start`."""
        return self._serveur.port

    def stop(self) -> None:
        """Stop listening and cut the open connections, on both sides."""
        for passage in list(self._passages):
            passage.couper()
        self._serveur.stop()

    def _servir(self, connexion: socket.socket, adresse: tuple[str, int]) -> None:
        peer = Peer(adresse[0], adresse[1])
        numero = self._recorder.connexion(self.lien, "MLLP", peer, datetime.now(UTC))
        passage = _Passage(self, numero, connexion)
        self._passages.add(passage)
        try:
            passage.mener()
        finally:
            self._passages.discard(passage)
            passage.fermer()
            self._recorder.fin_connexion(numero, datetime.now(UTC))

    def enregistrer(
        self, numero: int, debut: datetime, requete: bytes, reponse: bytes | None, meta: Mapping[str, str]
    ) -> None:
        """Record one exchange of this link."""
        self._recorder.echange(
            EchangeRecu(
                connexion=numero,
                lien=self.lien,
                protocole="MLLP",
                debut=debut,
                fin=datetime.now(UTC),
                requete=requete,
                reponse=reponse,
                etat="complet" if reponse is not None else "sans réponse",
                meta=meta,
            )
        )

    def client(self) -> MllpClient:
        """Return a client of the current destination.

        Raises:
            Injoignable: no destination, or one that is not `hote:port`.
        """
        hote, _, port = self.destination.rpartition(":")
        if not hote or not port.isdigit():
            raise Injoignable(f"le relais {self.lien} n'a pas de destination (« {self.destination} »)")
        return MllpClient(hote.strip("[]"), int(port), max_frame=self._max_frame)

    @property
    def limites(self) -> tuple[int, float]:
        """Longest frame in bytes, delay of an answer in seconds."""
        return self._max_frame, self._delai


class _Passage:
    """One connection of the sender and, behind it, one connection to the destination."""

    def __init__(self, relais: RelaisMllp, numero: int, connexion: socket.socket) -> None:
        self._relais = relais
        self._numero = numero
        self._connexion = connexion
        self._max_frame, self._delai = relais.limites
        self._aval: tuple[str, MllpClient] | None = None
        self._trace = bytearray()

    def mener(self) -> None:
        """Forward until the sender closes or something cannot be forwarded."""
        self._connexion.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        lecteur = MllpReader(self._max_frame)
        debut = datetime.now(UTC)
        passes = 0
        while data := self._recevoir():
            if not lecteur.entame:
                debut = datetime.now(UTC)
            self._noter(data)
            try:
                messages = lecteur.feed(data)
            except FormatError as error:
                self._illisible(debut, str(error))
                return
            for message in messages:
                if not self._passer(message, debut, lecteur.parasites):
                    return
                passes += 1
            if messages:
                self._trace = bytearray(data.rpartition(FIN)[2][:MAX_TRACE])
        if lecteur.entame:
            self._illisible(debut, "connexion fermée par l'émetteur au milieu d'une trame")
        elif lecteur.parasites and not passes:
            self._illisible(debut, "aucun octet de début 0x0B jusqu'à la fermeture par l'émetteur")

    def fermer(self) -> None:
        """Close the connection to the destination."""
        if self._aval is not None:
            self._aval[1].close()

    def couper(self) -> None:
        """Stop waiting for the destination."""
        if self._aval is not None:
            self._aval[1].couper()

    def _recevoir(self) -> bytes:
        with contextlib.suppress(ConnectionError):
            return self._connexion.recv(BLOC)
        return b""

    def _noter(self, data: bytes) -> None:
        self._trace += data[: max(0, MAX_TRACE - len(self._trace))]

    def _illisible(self, debut: datetime, cause: str) -> None:
        _log.warning("trame MLLP illisible, connexion coupée", lien=self._relais.lien, cause=cause)
        meta = {"cause": cause, "illisible": "oui"}
        self._relais.enregistrer(self._numero, debut, bytes(self._trace), None, meta)

    def _passer(self, message: bytes, debut: datetime, parasites: int) -> bool:
        meta = {"octets_hors_trame": str(parasites)} if parasites else {}
        try:
            reponse = self._vers_aval().envoyer(message, self._delai)
        except Injoignable as error:
            self._relais.enregistrer(self._numero, debut, message, None, {**meta, "cause": str(error)})
            return False
        self._relais.enregistrer(self._numero, debut, message, reponse, meta)
        self._connexion.sendall(frame(reponse))
        return True

    def _vers_aval(self) -> MllpClient:
        destination = self._relais.destination
        if self._aval is None or self._aval[0] != destination:
            self.fermer()
            self._aval = (destination, self._relais.client())
        return self._aval[1]
