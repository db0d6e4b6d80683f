"""Between cheroot and the application: the whole body is read, the exchange recorded, then the answer sent.

The answer is sent whole, or late, or dripped, or cut, as its `Answer` says.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

from cheroot.wsgi import Gateway_10

from banc_segur.formats import http
from banc_segur.transport.flux import lire_decoupe
from banc_segur.transport.model import Answer, HttpRequest
from banc_segur.transport.requete_http import Requete


@dataclass(frozen=True, slots=True)
class Lecture:
    """A request body. manque: French cause when it did not come whole; statut: what to answer then, 0 = nothing."""

    corps: bytes
    manque: str = ""
    statut: int = 0


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
        try:
            if self.req.chunked_read:
                return Lecture(lire_decoupe(lecteur, self.req.conn.reglages.max_corps))
            attendu = int(self.req.inheaders.get(b"Content-Length", 0))
            corps = lecteur.read(attendu)
        except OverflowError:
            return self._trop()
        except ValueError as error:
            return Lecture(b"", f"corps découpé (chunked) illisible : {error}", 400)
        except TimeoutError:
            return Lecture(b"", "corps non reçu en entier dans le délai", 408)
        except (EOFError, OSError):
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
