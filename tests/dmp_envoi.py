"""One good deposit of ours, and the way to send it changed: over HTTPS, or straight to the routes and to the judge."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from lxml import etree

from banc_segur.formats import cda_read, cda_write, depot, dsig, lot_signature, soap, xds, xml
from banc_segur.formats import http as http_lu
from banc_segur.formats.certificat import read_pem
from banc_segur.formats.registry_response import read_registry_response
from banc_segur.formats.vihf import Vihf, indirecte
from banc_segur.formats.vihf import write as write_vihf
from banc_segur.rules import catalogue
from banc_segur.rules.analyse import analyser
from banc_segur.rules.model import Contexte, EchangeBrut
from banc_segur.state.base import Etat
from banc_segur.state.dmp import RegistreDmp
from banc_segur.transport.model import Answer, HttpRequest, Peer
from simulators.dmp import RACINE, ReglagesDmp, routes
from tests.certificats import pki_partagee
from tests.dmp_banc import AUTEUR, INS, PDF, STRUCTURE, document

CHEMIN = f"{RACINE}/repository"
Paquet = tuple[str, bytes]


def cle(usage: str = "dmp-sign") -> dsig.Cle:
    """A key of the shared PKI with its certificate."""
    files = pki_partagee().produit(usage)
    return dsig.Cle.charger(files.cle, files.certificat, files.certificat)


def vihf_exemple(instant: datetime) -> Vihf:
    """The VIHF of that deposit."""
    return indirecte(
        structure=STRUCTURE,
        acteur=AUTEUR,
        ins=INS,
        cle=cle(),
        instant=instant,
        authn_instant=instant,
        lps=("LPS", "1.0", "H"),
    )


def lot_exemple(instant: datetime, cdas: dict[str, bytes]) -> xds.Lot:
    """A lot with one entry for each CDA, neither signed nor linked yet."""
    return xds.Lot(
        "SubmissionSet01",
        unique_id="1.2.250.1.999.1.1.9.1",
        source_id="1.2.250.1.999.1.1",
        patient_id=xds.Cx(INS.matricule, INS.oid).write(),
        submission_time=instant.strftime("%Y%m%d%H%M%S"),
        title="Sortie",
        authors=(
            xds.Auteur(
                xds.Xcn(AUTEUR.id_national, AUTEUR.nom, AUTEUR.prenom).write(),
                (xds.Xon(STRUCTURE.nom, STRUCTURE.id_national).write(),),
            ),
        ),
        content_type_code=xds.content_type("I"),
        entrees=tuple(xds.derive(cda_read.read(data), data, entree=name) for name, data in cdas.items()),
    )


def _meme(value: object) -> object:
    return value


@dataclass
class Envoi:
    """What may be changed in a deposit. Each change is made before what depends on it is computed.

    cdas: bytes by id of entry. lot: changes the lot before it is signed and linked; lie: after. vihf: before signing;
    assertion: the signed element. enveloppe: the parsed envelope. paquet: (Content-Type, body).
    """

    cdas: dict[str, bytes] = field(default_factory=lambda: {"Document01": cda_write.write(document(1), PDF)})
    lot: Callable[[xds.Lot], xds.Lot] = _meme  # type: ignore[assignment]
    lie: Callable[[xds.Lot], xds.Lot] = _meme  # type: ignore[assignment]
    vihf: Callable[[Vihf], Vihf] = _meme  # type: ignore[assignment]
    enveloppe: Callable[[etree._Element], None] = lambda root: None
    paquet: Callable[[Paquet], Paquet] = _meme  # type: ignore[assignment]
    sha1: bool = False

    def ecrire(self) -> Paquet:
        """(Content-Type, body) of the HTTP request."""
        now = datetime.now(UTC)
        lot = self.lot(lot_exemple(now, self.cdas))
        signed = tuple(
            lot_signature.DocumentLot(entree.unique_id, self.cdas[entree.id], entree.mime_type != "application/dicom")
            for entree in lot.entrees
        )
        octets = lot_signature.write(lot.unique_id, signed, cle(), now, sha1=self.sha1)
        lot = replace(lot, signature=xds.entree_signature(lot, "1.2.250.1.999.1.1.10.1", octets))
        security = etree.Element(xml.q(soap.WSSE, "Security"))
        security.append(write_vihf(self.vihf(vihf_exemple(now)), cle(), sha1=self.sha1))
        blocks = [*soap.addressing_blocks(depot.ACTION, "urn:uuid:5c1bd8b0-5d8c-4f0d-9d3e-0c3a2b7f1a11"), security]
        content_type, body = depot.write(
            self.lie(xds.lier(lot)), {**self.cdas, "Signature01": octets}, blocks, boundary="frontiere"
        )
        return self.paquet((content_type, self._recrire(body)))

    def _recrire(self, body: bytes) -> bytes:
        """Put the changed envelope in place of the root part."""
        start = body.index(b"<?xml")
        end = body.index(b"\r\n--frontiere", start)
        root = xml.parse(body[start:end])
        self.enveloppe(root)
        return body[:start] + xml.serialize(root) + body[end:]


def tls() -> bytes:
    """DER of the TLS certificate."""
    return read_pem(pki_partagee().produit("dmp-auth").certificat.read_bytes())[0].der


def envoyer(paquet: Paquet, reglages: ReglagesDmp | None = None) -> Answer:
    """The answer of a fresh DMP, without transport."""
    etat = Etat(":memory:")
    RegistreDmp(etat).ouvrir(INS)
    peer = Peer("127.0.0.1", 1, certificat=tls())
    request = HttpRequest("POST", CHEMIN, "", {"content-type": paquet[0]}, paquet[1], peer)
    return routes(etat, reglages or ReglagesDmp())[CHEMIN](request)


def juger(paquet: Paquet) -> dict[str, list[str]]:
    """Rule -> what it says, as the judge would ask the rules."""
    raw = http_lu.write(f"POST {CHEMIN} HTTP/1.1", [("Content-Type", paquet[0])], paquet[1])
    context = Contexte(datetime.now(UTC), "pfi-dmp", tls())
    found: dict[str, list[str]] = {}
    for sujet in analyser(EchangeBrut("http", "pfi-dmp", raw, None)).sujets:
        for constat in catalogue.evaluer(sujet, context).constats:
            found.setdefault(constat.regle, []).append(f"{constat.ou} : {constat.attendu} / {constat.observe}")
    return found


def erreurs(answer: Answer) -> list[str]:
    """The error codes and labels of an answer, a fault told by its reason."""
    envelope = soap.read(answer.body)
    if envelope.fault is not None:
        return [f"fault {envelope.fault.subcode} {envelope.fault.reason}"]
    return [f"{item.code} {item.contexte}" for item in read_registry_response(envelope.payload).errors]


def poster(port: int, paquet: Paquet, *, morceaux: int = 0) -> tuple[int, bytes]:
    """Send over HTTPS with the TLS certificate of the product; (status, body).

    morceaux: size of the chunks of a body sent without Content-Length; 0: whole, with its length.
    """
    pki = pki_partagee()
    files = pki.produit("dmp-auth")
    context = ssl.create_default_context(cafile=str(pki.ac))
    context.check_hostname = False
    context.load_cert_chain(files.certificat, files.cle)
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
    try:
        body = paquet[1]
        pieces = (body[at : at + morceaux] for at in range(0, len(body), morceaux)) if morceaux else body
        connection.request("POST", CHEMIN, pieces, {"Content-Type": paquet[0]}, encode_chunked=bool(morceaux))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
