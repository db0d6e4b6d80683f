"""Bad input at every port of the real bench: the service's own error, a constat or a refusal, the next call served.

One bench process with the witness behind its relays; the test is the badly behaved client.
"""

from __future__ import annotations

import contextlib
import imaplib
import json
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

from banc_segur.campaign import gather, ports
from banc_segur.campaign.profil import Profil, ReglagesCampagne
from banc_segur.campaign.site import Site
from banc_segur.control.client import ClientControle
from banc_segur.formats import ack, cda_write, depot, er7, insi, mdm, soap
from banc_segur.formats.ack import Ack
from banc_segur.formats.hl7_segments import EnteteHl7
from banc_segur.formats.identite import Ins, Patient
from banc_segur.formats.mllp import PARASITES_MAX, frame
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.defauts import Defauts, charger
from banc_segur.temoin.depot import ClientDmp, Resultat
from banc_segur.transport.http_client import ClientHttps
from banc_segur.transport.mllp import MAX_FRAME
from banc_segur.transport.tls import contexte_client
from tests import dmp_banc
from tests.certificats import copier_pki

RELAIS = ("ri-eai", "eai-dpi", "eai-pfi", "dpi-pfi", "pfi-dpi")
EMETTEUR = {lien: lien.partition("-")[0].upper() for lien in ("ri-insi", "pfi-dmp", "pfi-mss", *RELAIS)}
SOAP12 = "application/soap+xml; charset=utf-8"
DOCTYPE = b'<!DOCTYPE a [<!ENTITY x "xxxxxxxx">]><a>&x;</a>'
DELAI = 8.0
T = TypeVar("T")


class Abus:
    """The bench seen by a client that means no good, and by its control client."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client: ClientControle = site.client
        self.config = ConfigTemoin.model_validate(site.config_temoin(("RI", "PFI")))
        self.scenario = self.client.ouvrir_scenario("abus", "abus.feature", [])
        self.personne = self.client.nouveau_patient(self.scenario)
        self.bal = self.config.structure.bal_app
        self.medecin = self.client.etat()["monde"]["medecin_traitant"]["adresse_mss"]

    # ---- what the bench keeps ----

    def constats(self, lien: str, faire: Callable[[], None], regle: str = "BANC-LISIBLE") -> list[dict[str, Any]]:
        """Do something bad; return the constats of `regle` that it left on exchanges of `lien`."""
        avant = max((c["numero"] for c in self.client.constats()), default=0)
        faire()

        def trouves() -> list[dict[str, Any]]:
            liens = {e["numero"]: e["lien"] for e in self.client.echanges()}
            new = [c for c in self.client.constats() if c["numero"] > avant and c["regle"] == regle]
            return [c for c in new if liens.get(c["echange"]) == lien]

        return jusqua(trouves, lambda: self.client.constats()[-5:])

    def constat(self, lien: str, faire: Callable[[], None]) -> dict[str, Any]:
        """The one BANC-LISIBLE constat, laid at the door of whoever emits on that link."""
        found = self.constats(lien, faire)
        assert {c["role"] for c in found} == {EMETTEUR[lien]} and found[0]["produit"] == f"Témoin {EMETTEUR[lien]}"
        assert found[0]["observe"] and found[0]["attendu"] and found[0]["ou"]
        return found[0]

    def refus(self, faire: Callable[[], None]) -> dict[str, Any]:
        """Do something that is refused at the door; return the refused connection."""
        avant = len(self.client.refus())
        faire()
        return jusqua(lambda: self.client.refus()[avant:], self.client.refus)[0]

    # ---- clients ----

    def adresse(self, port: str) -> tuple[str, int]:
        pret = self.site.pret
        where = pret["relais"].get(port) or pret[port]
        if port in ("insi", "dmp"):
            where = urlsplit(where["url"]).netloc
        host, _, number = where.rpartition(":")
        return host, int(number)

    def tls(self, usage: str = "") -> ssl.SSLContext:
        pki = self.site.pret["pki"]
        if not usage:
            return contexte_client(Path(pki["ac"]))
        pair = pki["produits"][usage]
        return contexte_client(Path(pki["ac"]), Path(pair["certificat"]), Path(pair["cle"]))

    def brut(self, port: str) -> socket.socket:
        return socket.create_connection(self.adresse(port), timeout=DELAI)

    def https(self, port: str, usage: str) -> ssl.SSLSocket:
        return self.tls(usage).wrap_socket(self.brut(port), server_hostname="127.0.0.1")

    def poster(self, port: str, body: bytes, content_type: str = SOAP12, path: str = "") -> tuple[int, bytes]:
        """(status, body) of one POST with the right certificate."""
        pair = getattr(self.config.certificats, USAGE[port][1])
        client = ClientHttps(self.config.certificats.ac, pair.certificat, pair.cle)
        url = self.site.pret[port]["url"].rstrip("/") + ("/repository" if port == "dmp" else "") + path
        answer = client.post(url, body, {"Content-Type": content_type})
        return answer.status, answer.body

    def smtp(self, usage: str = "bal-app", *, login: bool = True) -> smtplib.SMTP:
        client = smtplib.SMTP(*self.adresse("smtp"), "pfi.test", timeout=DELAI)
        client.starttls(context=self.tls(usage))
        client.ehlo()
        if login:
            client.user, client.password = self.bal, ""
            client.auth("PLAIN", client.auth_plain)
        return client

    def imap(self, usage: str = "bal-app") -> imaplib.IMAP4:
        client = imaplib.IMAP4(*self.adresse("imap"), timeout=DELAI)
        client.starttls(self.tls(usage))
        return client

    # ---- the next good call ----

    def recherche(self) -> bytes:
        bam = insi.ContexteBam("6f0c", "2026-03-02T08:04:30.120Z", self.config.structure.id_national)
        lps = insi.ContexteLps("6f0d", bam.temps, bam.emetteur, "BANCTEMOIN01", "1.0", "2d037640", "urn:lps:BANC:1.0")
        who = self.personne
        return insi.write_request(
            insi.Recherche(
                nom=who["nom_naissance"],
                prenoms=(who["premier_prenom"],),
                sexe=who["sexe"],
                date_naissance=who["date_naissance"],
                lieu_naissance="",
                bam=bam,
                lps=lps,
                message_id="uuid:6f0e",
            )
        )

    def servi(self, port: str) -> None:
        """The port answers a good call."""
        GOOD[port if port in GOOD else "mllp"](self, port)

    def servi_insi(self, _port: str) -> None:
        status, body = self.poster("insi", self.recherche())
        assert status == 200 and insi.read_answer(body).code == "00"

    def patient(self) -> Patient:
        return replace(dmp_banc.PATIENT, ins=Ins(self.personne["matricule"], self.personne["oid"]))

    def servi_dmp(self, _port: str) -> None:
        found = ClientDmp(self.config, Defauts()).existence(replace(dmp_banc.message(1), patient=self.patient()))
        assert found.existe and found.refus is None

    def servi_smtp(self, _port: str) -> None:
        with self.smtp() as client:
            assert client.mail(self.bal)[0] == 250 and client.rcpt(self.medecin)[0] == 250

    def servi_imap(self, _port: str) -> None:
        with self.imap() as client:
            client.authenticate("PLAIN", lambda _: f"\0{self.bal}\0".encode())
            assert client.select("INBOX")[0] == "OK"

    def servi_mllp(self, port: str) -> None:
        assert self.accuse(port, b"MSH|^~\\&|A|B|C|D|20260302080430||ADT^A28^ADT_A05|NUM1|P|2.5").acquitte == "NUM1"

    def accuse(self, port: str, message: bytes) -> Ack:
        """The acknowledgement of one message."""
        with self.brut(port) as raw:
            raw.sendall(frame(message))
            return ack.read(er7.read(tout(raw, b"\x1c\r").strip(b"\x0b\x1c\r")))


USAGE = {"insi": ("insi-auto", "insi_auto"), "dmp": ("dmp-auth", "dmp_auth")}
LIEN = {"insi": "ri-insi", "dmp": "pfi-dmp"}
GOOD = {
    "insi": Abus.servi_insi,
    "dmp": Abus.servi_dmp,
    "smtp": Abus.servi_smtp,
    "imap": Abus.servi_imap,
    "mllp": Abus.servi_mllp,
}


def jusqua(lire: Callable[[], list[T]], dire: Callable[[], Any]) -> list[T]:
    """The first non-empty result before the deadline."""
    fin, pause = time.monotonic() + DELAI, threading.Event()
    while not (found := lire()):
        assert time.monotonic() < fin, dire()
        pause.wait(0.05)
    return found


def tout(raw: socket.socket, jusque: bytes = b"") -> bytes:
    """What the peer says, until it closes or has said `jusque`."""
    said = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := raw.recv(65536):
            said += data
            if jusque and jusque in said:
                break
    return said


def inonder(raw: socket.socket, bloc: bytes, maximum: int) -> int:
    """Send `bloc` again and again until the peer cuts; returns the bytes sent, which stay below `maximum`."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < maximum:
            raw.sendall(bloc)
            sent += len(bloc)
    assert sent < maximum, "le banc lit sans fin"
    return sent


@pytest.fixture(scope="module")
def abus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Abus]:
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        copier_pki(home / "pki")
        patch.setenv("BANC_HOME", str(home))
        profil = Profil(campagne=ReglagesCampagne(nom="abus"))
        with Site(profil, ports.libres()) as site:
            yield Abus(site)


# ---- HTTPS: INSi and DMP ----


def _faute(port: str, answer: tuple[int, bytes]) -> None:
    """The service's own error: a SOAP fault, HTTP 500."""
    status, body = answer
    assert status == 500, answer
    envelope = soap.read(body) if port == "insi" else depot.read_enveloppe(SOAP12, body)[0]
    assert envelope.fault is not None and envelope.fault.reason


@pytest.mark.parametrize("port", ["insi", "dmp"])
@pytest.mark.parametrize(
    "corps",
    [b"", b"\x00\xff garbage", b"<a><b></a>", b"<Envelope/>", DOCTYPE, b"<a>" * 100_000, b"\xff\xfe<\x00a\x00"],
    ids=["vide", "octets", "mal-forme", "sans-soap", "doctype", "profond", "utf-16"],
)
def test_unreadable_soap(abus: Abus, port: str, corps: bytes) -> None:
    abus.constat(LIEN[port], lambda: _faute(port, abus.poster(port, corps)))
    abus.servi(port)


@pytest.mark.parametrize("port", ["insi", "dmp"])
def test_truncated_soap(abus: Abus, port: str) -> None:
    whole = abus.recherche()
    abus.constat(LIEN[port], lambda: _faute(port, abus.poster(port, whole[: len(whole) // 2])))
    abus.servi(port)


def test_truncated_mtom(abus: Abus) -> None:
    kind = 'multipart/related; type="application/xop+xml"; boundary="b"; start="<r>"; start-info="application/soap+xml"'
    body = b"--b\r\nContent-ID: <r>\r\nContent-Type: application/xop+xml\r\n\r\n<a/>"
    abus.constat("pfi-dmp", lambda: _faute("dmp", abus.poster("dmp", body, kind)))
    abus.servi("dmp")


def test_damaged_deposits_get_a_registry_response(abus: Abus) -> None:
    """A part that is absent; a document with a DOCTYPE: errors of the registry, not SOAP faults."""
    letter = cda_write.write(replace(dmp_banc.document(77), patient=abus.patient()), dmp_banc.PDF)
    document = replace(dmp_banc.message(77), patient=abus.patient(), cda=letter)

    def doctype(_point: str, value: Any) -> Any:
        kind, body = value
        return kind, body.replace(b"<ClinicalDocument", b"<!DOCTYPE a []><ClinicalDocument", 1)

    for spoil, rule in ((None, "DMP-T04"), (doctype, "BANC-LISIBLE")):
        defauts = Defauts()
        if spoil is None:
            charger()
            defauts.activer(["DMP-T04"])
        else:
            defauts.passer = lambda point, value, f=spoil: f(point, value) if point == "pfi.depot" else value  # type: ignore[assignment, misc]
        client = ClientDmp(abus.config, defauts)
        results: list[Resultat] = []
        abus.constats(
            "pfi-dmp", lambda c=client, r=results: r.append(c.deposer(document, dmp_banc.identifiants(77))), rule
        )
        assert results and not results[0].ok and results[0].code.startswith("XDS"), results
    assert abus.client.depots(abus.personne["matricule"])["documents"] == []
    abus.servi("dmp")


def test_a_document_with_a_doctype_is_refused_by_the_pfi(abus: Abus) -> None:
    document = replace(dmp_banc.message(78), patient=abus.patient(), cda=DOCTYPE)
    entete = EnteteHl7("DPI", "CH", "PFI", "CH", "20260302080430", "DOCTYPE1")

    def envoyer() -> None:
        answer = abus.accuse("dpi-pfi", mdm.write(document, entete).write())
        assert answer.code == "AE" and answer.acquitte == "DOCTYPE1"

    abus.constats("dpi-pfi", envoyer)
    abus.servi("dpi-pfi")


def test_insi_message_over_its_limit(abus: Abus) -> None:
    big = abus.recherche().replace(b"</", b" " * insi.MAX_REQUETE + b"</", 1)
    found = abus.constat("ri-insi", lambda: _faute("insi", abus.poster("insi", big)))
    assert str(insi.MAX_REQUETE) in found["attendu"]
    abus.servi("insi")


TETE = b"POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: application/soap+xml\r\n"


@pytest.mark.parametrize("port", ["insi", "dmp"])
@pytest.mark.parametrize(
    ("octets", "statut"),
    [
        (b"n'importe quoi\r\n\r\n", b"400"),
        (TETE + b"Content-Length: -5\r\n\r\n", b"400"),
        (TETE + b"Content-Length: 999999999\r\n\r\n", b"413"),
        (TETE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (TETE + b"X: " + b"a" * 100_000 + b"\r\n\r\n", b"413"),
        (b"POST /inconnu HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b"404"),
        (b"GET %s HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", b"405"),
    ],
    ids=["ligne", "longueur", "trop-grand", "decoupe", "entete", "chemin", "methode"],
)
def test_bad_http(abus: Abus, port: str, octets: bytes, statut: bytes) -> None:
    path = urlsplit(abus.site.pret[port]["url"]).path.rstrip("/") + ("/repository" if port == "dmp" else "")

    def envoyer() -> None:
        with abus.https(port, USAGE[port][0]) as raw:
            raw.sendall(octets % path.encode() if b"%s" in octets else octets)
            assert tout(raw, b"\r\n\r\n").split(b" ")[1] == statut

    abus.constat(LIEN[port], envoyer)
    abus.servi(port)


@pytest.mark.parametrize("port", ["insi", "dmp"])
def test_wrong_media_type(abus: Abus, port: str) -> None:
    def envoyer() -> None:
        status, _body = abus.poster(port, abus.recherche(), "text/plain")
        assert status == (415 if port == "insi" else 500)

    abus.constat(LIEN[port], envoyer)
    abus.servi(port)


@pytest.mark.parametrize("port", ["insi", "dmp"])
def test_http_body_cut_by_the_client(abus: Abus, port: str) -> None:
    def envoyer() -> None:
        with abus.https(port, USAGE[port][0]) as raw:
            raw.sendall(TETE % b"/lps" + b"Content-Length: 5000\r\n\r\n<a>")

    assert "incomplet" in abus.constat(LIEN[port], envoyer)["observe"]
    abus.servi(port)


@pytest.mark.parametrize("port", ["insi", "dmp"])
def test_endless_http_body(abus: Abus, port: str) -> None:
    def envoyer() -> None:
        with abus.https(port, USAGE[port][0]) as raw:
            raw.sendall(TETE % b"/lps" + b"Transfer-Encoding: chunked\r\n\r\n")
            inonder(raw, b"10000\r\n" + b"a" * 65536 + b"\r\n", 4 * 1024**3)

    assert "413" in abus.constat(LIEN[port], envoyer)["observe"]
    abus.servi(port)


@pytest.mark.parametrize("port", ["insi", "dmp", "smtp", "imap"])
@pytest.mark.parametrize(("usage", "cause"), [("expire", "expiré"), ("autre-ac", "autorité"), ("", "certificat")])
def test_wrong_certificate(abus: Abus, port: str, usage: str, cause: str) -> None:
    def presenter() -> None:
        with pytest.raises((OSError, smtplib.SMTPException, imaplib.IMAP4.error)):
            if port == "smtp":
                abus.smtp(usage)
            elif port == "imap":
                abus.imap(usage).authenticate("PLAIN", lambda _: f"\0{abus.bal}\0".encode())
            else:
                with abus.https(port, usage) as raw:
                    raw.sendall(b"POST / HTTP/1.1\r\n\r\n")
                    said = raw.recv(100)
                    assert not said, said
                    raise ConnectionResetError

    refused = abus.refus(presenter)
    assert cause in refused["cause"].lower(), refused["cause"]
    assert bool(refused["certificat_b64"]) == bool(usage) and ("CN=" in refused["sujet"]) == bool(usage)
    abus.servi(port)


@pytest.mark.parametrize("port", ["insi", "dmp", "smtp", "imap"])
def test_plain_text_where_tls_is_awaited(abus: Abus, port: str) -> None:
    def parler() -> None:
        with abus.brut(port) as raw:
            if port == "smtp":
                tout(raw, b"\r\n")
                raw.sendall(b"EHLO a\r\nSTARTTLS\r\n")
                tout(raw, b"220 Ready")
            if port == "imap":
                tout(raw, b"\r\n")
                raw.sendall(b"a STARTTLS\r\n")
                tout(raw, b"\r\n")
            raw.sendall(b"POST /lps HTTP/1.1\r\nHost: a\r\n\r\n")
            said = tout(raw)
            assert port not in ("insi", "dmp") or b" 400 " in said

    assert "clair" in abus.refus(parler)["cause"].lower()
    abus.servi(port)


def test_refused_connections_are_in_the_report(abus: Abus) -> None:
    abus.refus(lambda: _sans_certificat(abus))
    rapport = gather.rapport(abus.client, "abus", gather.produits_de(abus.site.produits()), [], "", "9")
    assert {r.lien for r in rapport.refus} & {"ri-insi"} and all(r.cause for r in rapport.refus)
    abus.client.ouvrir_campagne("abus", abus.site.produits())  # gathering a report closes the passage


def _sans_certificat(abus: Abus) -> None:
    with contextlib.suppress(OSError), abus.https("insi", "") as raw:
        tout(raw)


# ---- MLLP relays ----


@pytest.mark.parametrize("lien", RELAIS)
@pytest.mark.parametrize(
    "octets",
    [
        b"MSH|^~\\&|sans trame",
        b"\x0bMSH|^~\\&|A|B|trame ouverte",
        b"\x0bMSH|^~\\&|A\x1cX\r",
        b"\x0bMSH|A\x0bMSH|B\x1c\r",
        b"x" * (PARASITES_MAX + 1),
    ],
    ids=["sans-trame", "tronquee", "fin-fausse", "deux-debuts", "trop-de-parasites"],
)
def test_bad_mllp_frame(abus: Abus, lien: str, octets: bytes) -> None:
    def envoyer() -> None:
        with abus.brut(lien) as raw, contextlib.suppress(ConnectionError):
            raw.sendall(octets)
            raw.shutdown(socket.SHUT_WR)
            assert tout(raw) == b""  # closed without an acknowledgement

    assert abus.constat(lien, envoyer)["ou"] == "MLLP"
    abus.servi(lien)


@pytest.mark.parametrize("lien", RELAIS)
@pytest.mark.parametrize(
    "message",
    [b"", b"PID|1", b"MSH|", b"MSH|^~\\&" + b"|" * 600, DOCTYPE, b"MSH|^~\\&|A" + b"\rZZZ|1" * 6000],
    ids=["vide", "sans-msh", "court", "champs", "doctype", "segments"],
)
def test_unreadable_hl7_message(abus: Abus, lien: str, message: bytes) -> None:
    def envoyer() -> None:
        assert abus.accuse(lien, message).code in ("AE", "AR")

    abus.constat(lien, envoyer)
    abus.servi(lien)


@pytest.mark.parametrize("lien", RELAIS)
def test_endless_mllp_frame(abus: Abus, lien: str) -> None:
    def envoyer() -> None:
        with abus.brut(lien) as raw:
            raw.sendall(b"\x0bMSH|^~\\&|A|B|C|D|20260302080430||ADT^A28|N|P|2.5\rOBX|1|ST|||")
            assert inonder(raw, b"a" * 1_000_000, 4 * MAX_FRAME) >= MAX_FRAME

    assert str(MAX_FRAME) in abus.constat(lien, envoyer)["observe"]
    abus.servi(lien)


# ---- MSSanté ----


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"\x80\x81\xff\r\n", b"500"),
        (b"\r\n", b"500"),
        (b"BLABLA <x>\r\n", b"500"),
        (b"MAIL FROM:\r\n", b"501"),
        (b"DATA\r\n", b"503"),
        (b"NOOP " + b"a" * 3000 + b"\r\n", b"500"),
        (b"NOOP " + b"a" * 200_000 + b"\r\n", b"500"),
        (b"MAIL FROM:<%s> SIZE=999999999\r\n", b"552"),
    ],
    ids=["octets", "vide", "verbe", "mail", "ordre", "longue", "tres-longue", "taille"],
)
def test_bad_smtp_command(abus: Abus, octets: bytes, code: bytes) -> None:
    def envoyer() -> None:
        with abus.smtp() as client:
            client.send(octets % abus.bal.encode() if b"%s" in octets else octets)
            assert str(client.getreply()[0]).encode() == code
            assert client.noop()[0] == 250  # the session goes on

    abus.constat("pfi-mss", envoyer)
    abus.servi("smtp")


def test_endless_smtp_line(abus: Abus) -> None:
    def envoyer() -> None:
        client = abus.smtp()
        assert client.sock is not None
        inonder(client.sock, b"a" * 65536, 200 * 1024 * 1024)

    abus.constat("pfi-mss", envoyer)
    abus.servi("smtp")


def _donnees(abus: Abus) -> smtplib.SMTP:
    client = abus.smtp()
    client.mail(abus.bal)
    client.rcpt(abus.medecin)
    client.putcmd("DATA")
    assert client.getreply()[0] == 354
    return client


def test_smtp_message_over_the_limit(abus: Abus) -> None:
    def envoyer() -> None:
        with _donnees(abus) as client:
            client.send((b"a" * 998 + b"\r\n") * 27_000 + b".\r\n")
            assert client.getreply()[0] == 552

    abus.constat("pfi-mss", envoyer)
    abus.servi("smtp")


@pytest.mark.parametrize("bloc", [b"a" * 65536, (b"a" * 998 + b"\r\n") * 100], ids=["une-ligne", "des-lignes"])
def test_endless_smtp_message(abus: Abus, bloc: bytes) -> None:
    def envoyer() -> None:
        client = _donnees(abus)
        assert client.sock is not None
        inonder(client.sock, bloc, 400 * 1024 * 1024)

    abus.constat("pfi-mss", envoyer)
    abus.servi("smtp")


def test_smtp_message_cut(abus: Abus) -> None:
    def envoyer() -> None:
        client = _donnees(abus)
        client.send(b"From: <a>\r\n\r\nmoiti")
        client.close()

    assert abus.constat("pfi-mss", envoyer)["ou"] == "DATA"
    abus.servi("smtp")


def test_unreadable_archive_is_a_constat(abus: Abus) -> None:
    """The operator does not open mails: it delivers, and the rules tell."""
    mail = (
        b"From: <%s>\r\nTo: <%s>\r\nSubject: XDM/1.0/DDM+x\r\nMessage-ID: <abus@test>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: application/zip; name="IHE_XDM.zip"\r\n'
        b'Content-Disposition: attachment; filename="IHE_XDM.zip"\r\n\r\nPK\x03\x04tronque\r\n'
    ) % (abus.bal.encode(), abus.medecin.encode())

    def envoyer() -> None:
        with _donnees(abus) as client:
            client.send(mail + b".\r\n")
            assert client.getreply()[0] == 250

    avant = len(abus.client.constats())
    envoyer()
    jusqua(lambda: [c for c in abus.client.constats()[avant:] if "XDM" in c["ou"] or "ZIP" in c["ou"]], list)
    abus.servi("smtp")


@pytest.mark.parametrize(
    ("octets", "dit"),
    [
        (b"\x80\x81\xff\r\n", b"BAD"),
        (b"\r\n", b"BAD"),
        (b"a BLABLA\r\n", b"BAD"),
        (b"a SEARCH (((\r\n", b"BAD"),
        (b"a NOOP " + b"x" * 200_000 + b"\r\n", b"BYE"),
        (b"a LOGIN {99999999}\r\n", b"BAD"),
        (b"a LOGIN {99999999+}\r\n", b"BYE"),
    ],
    ids=["octets", "vide", "verbe", "arguments", "longue", "litteral", "litteral-plus"],
)
def test_bad_imap_command(abus: Abus, octets: bytes, dit: bytes) -> None:
    def envoyer() -> None:
        client = abus.imap()
        client.send(octets)
        assert client.sock is not None
        assert dit in tout(client.sock, dit)
        client.sock.close()

    abus.constat("pfi-mss", envoyer)
    abus.servi("imap")


def test_endless_imap_line_and_cut_command(abus: Abus) -> None:
    def inonder_imap() -> None:
        client = abus.imap()
        assert client.sock is not None
        inonder(client.sock, b"a" * 65536, 200 * 1024 * 1024)

    def couper() -> None:
        client = abus.imap()
        client.send(b"a SELE")
        client.shutdown()

    abus.constat("pfi-mss", inonder_imap)
    abus.constat("pfi-mss", couper)
    abus.servi("imap")


# ---- control API ----


@pytest.mark.parametrize(
    ("operation", "corps", "jeton", "statut"),
    [
        ("etat", b"{", True, 400),
        ("etat", DOCTYPE, True, 400),
        ("etat", b"[]", True, 400),
        ("etat", b"[" * 200_000, True, 400),
        ("echange", b'{"numero": "x"}', True, 400),
        ("echange", b'{"numero": 999999}', True, 400),
        ("inconnue", b"{}", True, 404),
        ("etat", b"{}", False, 401),
        ("etat", b'{"a": "' + b"x" * (33 * 1024 * 1024) + b'"}', True, 413),
    ],
    ids=["tronque", "doctype", "liste", "profond", "type", "absent", "operation", "jeton", "trop-grand"],
)
def test_bad_control_call(abus: Abus, operation: str, corps: bytes, jeton: bool, statut: int) -> None:
    where = urlsplit(abus.client.url)
    with socket.create_connection((str(where.hostname), where.port or 0), timeout=DELAI) as raw:
        head = f"POST /v1/{operation} HTTP/1.1\r\nHost: {where.netloc}\r\nConnection: close\r\n"
        head += f"Content-Length: {len(corps)}\r\nX-Banc-Jeton: {abus.client.jeton if jeton else 'faux'}\r\n\r\n"
        with contextlib.suppress(ConnectionError):
            raw.sendall(head.encode() + corps)
        said = tout(raw)
    assert said.split(b" ")[1] == str(statut).encode(), said[:300]
    assert json.loads(said.partition(b"\r\n\r\n")[2])["erreur"]
    assert abus.client.etat()["nom"] == "abus"
