"""One HTTP connection of the bench, under cheroot: handshake in a worker, peer facts, evidence, faults.

Differences with cheroot's own classes: the TLS handshake is not done by the thread that accepts (one silent client
would stop everybody) but by a worker, when the first byte is there; deadlines are overall; every request that got an
answer, even 400, 408 or 413, and every refused handshake is recorded; the answer is sent whole, or dripped, or cut.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import structlog
from cheroot import errors
from cheroot.server import HeaderReader, HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10

from banc_segur.formats import http
from banc_segur.transport import tls
from banc_segur.transport.flux import Ecrivain, Lecteur, couper, vider
from banc_segur.transport.model import Answer, EchangeRecu, HttpRequest, Peer, Recorder

_log = structlog.get_logger(__name__)

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


@dataclass(slots=True)
class Tete:
    """The head of a request as it came: start line and header lines in their order."""

    debut: datetime
    ligne: str = ""
    lignes: list[tuple[str, str]] = field(default_factory=list)

    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; repeated ones joined by a comma."""
        found: dict[str, str] = {}
        for name, value in self.lignes:
            key = name.lower()
            found[key] = f"{found[key]}, {value}" if key in found else value
        return found


def lire_tete(data: bytes, debut: datetime) -> Tete:
    """Read the bytes of a head, complete or not, never failing."""
    lines = data.lstrip(b"\r\n").partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    pairs = [(name.strip(), value.strip()) for name, sep, value in (line.partition(":") for line in lines[1:]) if name]
    return Tete(debut, lines[0].rstrip("\n"), pairs)


class LecteurEntetes(HeaderReader):
    """Puts in lower case the two values that cheroot compares letter by letter."""

    def __call__(self, rfile: Any, hdict: dict[bytes, bytes] | None = None) -> dict[bytes, bytes]:
        """Read header lines up to the empty one."""
        found: dict[bytes, bytes] = super().__call__(rfile, hdict)
        for name in (b"Connection", b"Expect"):
            if name in found:
                found[name] = found[name].lower()
        return found


class Requete(HTTPRequest):
    """One request; keeps its head byte for byte and records the answers that cheroot makes by itself."""

    conn: Connexion
    tete: Tete
    header_reader = LecteurEntetes()

    def parse_request(self) -> None:
        """Read the head within its deadline."""
        lecteur = self.conn.rfile
        lecteur.echeance = time.monotonic() + self.conn.reglages.delai_tete
        lecteur.tete = brut = bytearray()
        self.tete = Tete(datetime.now(UTC))
        try:
            super().parse_request()
        finally:
            self._tete_lue(bytes(brut))

    def _tete_lue(self, brut: bytes) -> None:
        self.conn.rfile.tete = None
        self.tete = lire_tete(brut, self.tete.debut)

    def read_request_headers(self) -> bool:
        """Read the headers; a negative length is refused."""
        ok = bool(super().read_request_headers())  # type: ignore[no-untyped-call]
        if ok and self.inheaders.get(b"Content-Length", b"0").strip().startswith(b"-"):
            self.simple_response("400 Bad Request", "Malformed Content-Length Header.")
            return False
        return ok

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer without the application; recorded, and the connection ends."""
        self.close_connection = True
        brut = self.conn.rfile.tete
        if brut is not None:
            self._tete_lue(bytes(brut))
        if not self.tete.ligne:
            return
        body = msg.encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
        ]
        reponse = http.write(f"HTTP/1.1 {status}", headers, body)
        self.conn.enregistrer(self, b"", reponse, meta={"cause": msg or status})
        self.sent_headers = True
        self.conn.a_vider = True
        with contextlib.suppress(OSError):
            self.conn.wfile.write(reponse)


@dataclass(frozen=True, slots=True)
class Lecture:
    """A request body. manque: French cause when it did not come whole; statut: what to answer then, 0 = nothing."""

    corps: bytes
    manque: str = ""
    statut: int = 0


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


class Passerelle(Gateway_10):
    """Between cheroot and the application: reads the whole body, records, then sends as the `Answer` says."""

    req: Requete

    def respond(self) -> None:
        """Process one request."""
        lecture = self._lire_corps()
        if lecture.manque:
            self._incomplete(lecture)
            return
        conn = self.req.conn
        tete = self.req.tete
        self.env["banc.requete"] = HttpRequest(
            self.env["REQUEST_METHOD"], self.env["PATH_INFO"], self.env["QUERY_STRING"], tete.headers(), lecture.corps,
            conn.peer,
        )  # fmt: skip
        answer: Answer = self.req.server.repondre(self.env)
        envoye = self._assembler(answer)
        meta = {"chemin": self.env["PATH_INFO"], "statut": str(answer.status)}
        if answer.cut_after is None:
            conn.enregistrer(self.req, lecture.corps, envoye, meta=meta)
        elif answer.cut_after == 0:
            envoye = b""
            conn.enregistrer(self.req, lecture.corps, None, meta={**meta, "coupure": "sans un octet"})
        else:
            envoye = envoye[: len(envoye) - len(answer.body) + answer.cut_after]
            meta["coupure"] = f"après {min(answer.cut_after, len(answer.body))} octets du corps"
            conn.enregistrer(self.req, lecture.corps, envoye, meta=meta)
        self._envoyer(envoye, answer)

    def _lire_corps(self) -> Lecture:
        lecteur = self.req.conn.rfile
        lecteur.echeance = time.monotonic() + self.req.conn.reglages.delai_corps
        source = self.req.rfile
        try:
            if self.req.chunked_read:
                corps = source.read()
                for _ in source.read_trailer_lines():
                    pass
                return Lecture(corps)
            attendu = int(self.req.inheaders.get(b"Content-Length", 0))
            corps = source.read()
        except errors.MaxSizeExceeded:
            return self._trop()
        except ValueError as error:
            return Lecture(b"", f"corps découpé (chunked) illisible : {error}", 400)
        except TimeoutError:
            return Lecture(b"", "corps non reçu en entier dans le délai", 408)
        except OSError as error:
            if error.args and error.args[0] == "Request Entity Too Large":
                return self._trop()
            return Lecture(b"", "connexion coupée par le client pendant l'envoi du corps")
        if len(corps) < attendu:
            return Lecture(corps, f"corps incomplet : {len(corps)} octets reçus sur {attendu} annoncés")
        return Lecture(corps)

    def _trop(self) -> Lecture:
        return Lecture(b"", f"corps de plus de {self.req.conn.reglages.max_corps} octets", 413)

    def _incomplete(self, lecture: Lecture) -> None:
        self.req.ready = False
        self.req.close_connection = True
        if lecture.statut:
            self.req.simple_response(f"{lecture.statut} {HTTPStatus(lecture.statut).phrase}", lecture.manque)
        else:
            self.req.conn.enregistrer(self.req, lecture.corps, None, meta={"cause": lecture.manque})

    def _assembler(self, answer: Answer) -> bytes:
        self.req.sent_headers = True
        headers = dict(answer.headers)
        noms = {name.lower() for name in headers}
        ajouts = {
            "Content-Length": str(len(answer.body)),
            "Date": formatdate(usegmt=True),
            "Connection": "close" if self.req.close_connection else "keep-alive",
        }
        lines = [*headers.items(), *((n, v) for n, v in ajouts.items() if n.lower() not in noms)]
        if any(name.lower() == "connection" and value.lower() == "close" for name, value in lines):
            self.req.close_connection = True
        body = b"" if self.env["REQUEST_METHOD"] == "HEAD" else answer.body
        return http.write(f"HTTP/1.1 {answer.status} {phrase(answer.status)}", lines, body)

    def _envoyer(self, data: bytes, answer: Answer) -> None:
        conn = self.req.conn
        arret = self.req.server.arret
        if answer.delay:
            arret.wait(answer.delay)
        for bloc in _gouttes(data, answer.drip):
            conn.wfile.write(bloc)
            if answer.drip:
                arret.wait(len(bloc) / answer.drip)
        if answer.cut_after is not None:
            conn.couper(fin=answer.coupure == "fin")
            self.req.close_connection = True


def _gouttes(data: bytes, debit: int) -> Iterable[bytes]:
    """Cut `data` into what is sent every tenth of a second at `debit` bytes per second; one block when 0."""
    taille = max(1, debit // 10 if debit else len(data))
    return (data[i : i + taille] for i in range(0, len(data), taille))


def phrase(statut: int) -> str:
    """Return the reason phrase of a status; empty for an unknown one."""
    try:
        return HTTPStatus(statut).phrase
    except ValueError:
        return ""
