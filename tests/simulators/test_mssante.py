"""The operator, spoken to by smtplib, imaplib and curl over real sockets and real TLS."""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from banc_segur.formats import dsn, enveloppe
from banc_segur.pki.pki import AUTRE_STRUCTURE, STRUCTURE, Pki
from banc_segur.state.base import Etat
from banc_segur.transport.model import EchangeRecu, Peer
from banc_segur.transport.tls import contexte_client, contexte_serveur
from simulators.mssante.operateur import Operateur
from simulators.mssante.reglages import Reglages

APP = "pfi@ch-test.mssante.fr"
GP = "paul@medecins.mssante.fr"
PATIENT = "279035121518989@patient.mssante.fr"
MESSAGE = b"From: <pfi@ch-test.mssante.fr>\r\nMessage-ID: <m1@ch-test>\r\nSubject: essai\r\n\r\n.point\r\nfin\r\n"


class Memoire:
    """A recorder that keeps everything and wakes whoever waits."""

    def __init__(self) -> None:
        self.echanges: list[EchangeRecu] = []
        self.connexions: list[tuple[str, Peer]] = []
        self.refusees: list[tuple[Peer, str]] = []
        self._change = threading.Condition()

    def connexion(self, lien, protocole, peer, debut):  # type: ignore[no-untyped-def]
        self.connexions.append((lien, peer))
        return len(self.connexions)

    def refus(self, lien, protocole, peer, debut, cause):  # type: ignore[no-untyped-def]
        with self._change:
            self.refusees.append((peer, cause))
            self._change.notify_all()
        return 0

    def fin_connexion(self, connexion, fin):  # type: ignore[no-untyped-def]
        return None

    def echange(self, echange: EchangeRecu) -> int:
        with self._change:
            self.echanges.append(echange)
            self._change.notify_all()
        return len(self.echanges)

    def attendre(self, condition) -> None:  # type: ignore[no-untyped-def]
        with self._change:
            assert self._change.wait_for(condition, 5), [e.requete for e in self.echanges]

    def transactions(self) -> list[enveloppe.Transaction]:
        return [enveloppe.read(e.requete, e.reponse) for e in self.echanges if e.protocole == "smtp"]


class Banc:
    def __init__(self, pki: Pki) -> None:
        self.pki = pki
        self.journal = Memoire()
        serveur = pki.serveur()
        tls = contexte_serveur(serveur.certificat, serveur.cle, pki.ac, client="accepte")
        reglages = Reglages("ch-test.mssante.fr", "medecins.mssante.fr", taille_pro=20_000, taille_max=40_000)
        self.operateur = Operateur(Etat(":memory:"), self.journal, tls, "127.0.0.1", 0, 0, reglages)
        self.boites = self.operateur.boites
        self.boites.ouvrir(APP, "APP", STRUCTURE)
        self.boites.ouvrir(GP, "PER", AUTRE_STRUCTURE)
        self.boites.ouvrir(PATIENT, "PATIENT")
        self.smtp_port, self.imap_port = self.operateur.start()

    def tls(self, usage: str = "bal-app") -> ssl.SSLContext:
        if not usage:
            return contexte_client(self.pki.ac)
        paire = self.pki.produit(usage)
        return contexte_client(self.pki.ac, paire.certificat, paire.cle)

    def smtp(self, usage: str = "bal-app", login: str = APP) -> smtplib.SMTP:
        client = smtplib.SMTP("127.0.0.1", self.smtp_port, "pfi.test", timeout=5)
        client.starttls(context=self.tls(usage))
        client.ehlo()
        if login:
            client.user, client.password = login, ""
            client.auth("PLAIN", client.auth_plain)
        return client

    def imap(self, usage: str = "bal-app") -> imaplib.IMAP4:
        client = imaplib.IMAP4("127.0.0.1", self.imap_port, timeout=5)
        client.starttls(self.tls(usage))
        return client


@pytest.fixture
def banc(pki: Pki) -> Iterator[Banc]:
    bench = Banc(pki)
    yield bench
    bench.operateur.stop()


def test_nominal_delivery_is_recorded_delivered_and_notified(banc: Banc) -> None:
    client = banc.smtp()
    refused = client.sendmail(
        APP, [GP], MESSAGE, mail_options=["RET=HDRS", "ENVID=e1"], rcpt_options=["NOTIFY=SUCCESS,FAILURE"]
    )
    assert refused == {}
    client.quit()
    (transaction,) = banc.journal.transactions()
    assert transaction.message == MESSAGE
    assert transaction.identite == APP
    assert transaction.expediteur is not None and transaction.expediteur.parametres["ENVID"] == "e1"
    assert transaction.destinataires[0].parametres["NOTIFY"] == "SUCCESS,FAILURE"
    assert transaction.finale.code == 250
    assert transaction.verbes()[:4] == ("EHLO", "STARTTLS", "EHLO", "AUTH")
    (delivered,) = banc.boites.messages(GP)
    assert delivered.octets.endswith(MESSAGE)
    (notice,) = banc.boites.messages(APP)
    read = dsn.read(notice.octets)
    assert (read.original, read.envid, read.destinataires[0].action) == ("<m1@ch-test>", "e1", "delivered")


def test_what_is_refused(banc: Banc) -> None:
    client = banc.smtp()
    assert client.docmd("MAIL", f"FROM:<{GP}>")[0] == 553
    client.rset()
    client.mail(APP)
    assert client.rcpt("x@ailleurs.example")[1].startswith(b"5.1.2")
    assert client.rcpt("inconnu@medecins.mssante.fr")[1].startswith(b"5.1.1")
    client.rset()
    assert client.mail(APP, ["SIZE=99999"])[0] == 552
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refusal:
        client.sendmail(APP, [GP], MESSAGE + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 300)
    assert refusal.value.recipients[GP][0] == 552
    assert client.sendmail(APP, [GP], MESSAGE) == {}
    assert len(banc.boites.messages(GP)) == 1


def test_patient_bounces_come_late(banc: Banc) -> None:
    banc.boites.ouvrir("100000000000000@patient.mssante.fr", "PATIENT", etat="fermee")
    with banc.smtp() as client:
        for address in ("100000000000000", "279035121518900", "pas-un-matricule"):
            assert client.sendmail(APP, [f"{address}@patient.mssante.fr"], MESSAGE) == {}
        assert client.sendmail(APP, [PATIENT], MESSAGE) == {}
    statuts = [dsn.read(item.octets).destinataires[0].statut for item in banc.boites.messages(APP)]
    assert statuts == ["5.2.1", "5.1.1", "5.1.3"]
    assert len(banc.boites.messages(PATIENT)) == 1


@pytest.mark.parametrize(("usage", "login"), [("", APP), ("lgc", APP), ("bal-app", GP), ("bal-app", "x@y.fr")])
def test_wrong_certificate_or_login_is_535(banc: Banc, usage: str, login: str) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        banc.smtp(usage, login)
    banc.journal.attendre(lambda: banc.journal.echanges)
    assert banc.journal.transactions()[-1].lignes[-1][0] == f"AUTH PLAIN {login}"
    with banc.smtp() as client:
        assert client.sendmail(APP, [GP], MESSAGE) == {}


def test_unknown_authority_is_a_recorded_refusal_then_the_next_call_is_served(banc: Banc) -> None:
    with pytest.raises((ssl.SSLError, OSError, smtplib.SMTPException)):
        client = banc.smtp("autre-ac", "")
        client.noop()
        client.noop()
    banc.journal.attendre(lambda: banc.journal.refusees)
    peer, cause = banc.journal.refusees[0]
    assert "autorité inconnue" in cause and peer.certificat
    with banc.smtp() as client:
        assert client.sendmail(APP, [GP], MESSAGE) == {}


def test_commands_before_tls_are_refused_and_recorded(banc: Banc) -> None:
    with smtplib.SMTP("127.0.0.1", banc.smtp_port, timeout=5) as client:
        client.ehlo()
        assert client.docmd("AUTH", "PLAIN AHBmaQB4")[0] == 530
        assert client.docmd("MAIL", f"FROM:<{APP}>")[1].startswith(b"5.7.0")
    banc.journal.attendre(lambda: any(b"MAIL" in e.requete for e in banc.journal.echanges))
    assert banc.journal.connexions[0][1].version == ""


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\x00\xff\xfe\r\n",
        b"A" * 5000 + b"\r\n",
        b"MAIL\r\n",
        b"\r\n",
        b"EHLO\r\nDATA\r\n",
        b"EHLO x\r\nSTARTTLS\r\n\x16\x03garbage",
    ],
)
def test_bad_smtp_input_stops_nothing(banc: Banc, bytes_sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", banc.smtp_port), 5) as raw:
        raw.recv(1000)
        raw.sendall(bytes_sent)
        assert raw.recv(1000)
    with banc.smtp() as client:
        assert client.sendmail(APP, [GP], MESSAGE) == {}


def test_bytes_in_clear_behind_starttls_are_thrown_away(banc: Banc) -> None:
    with socket.create_connection(("127.0.0.1", banc.smtp_port), 5) as raw:
        lines = raw.makefile("rb")
        lines.readline()
        raw.sendall(b"EHLO x\r\n")
        while not lines.readline().startswith(b"250 "):
            pass
        raw.sendall(b"STARTTLS\r\nNOOP injected\r\n")
        assert lines.readline().startswith(b"220")
        raw.shutdown(socket.SHUT_WR)
    assert not any(b"injected" in e.requete for e in banc.journal.echanges)


def test_cut_inside_data_is_an_exchange_without_answer(banc: Banc) -> None:
    client = banc.smtp()
    client.mail(APP)
    client.rcpt(GP)
    assert client.docmd("DATA")[0] == 354
    client.send(b"Subject: coup")
    client.close()
    banc.journal.attendre(lambda: any(e.etat == "sans réponse" for e in banc.journal.echanges))
    assert banc.boites.messages(GP) == []


def test_imap_reads_flags_and_deletes(banc: Banc) -> None:
    banc.boites.livrer([(APP, MESSAGE), (APP, MESSAGE.replace(b"m1@", b"m2@"))], "2026-01-10T10:00:00+00:00")
    client = banc.imap()
    assert client.login(APP, "secret")[0] == "OK"
    assert client.select()[1] == [b"2"]
    assert client.uid("SEARCH", "UNSEEN")[1] == [b"1 2"]
    _, data = client.uid("FETCH", "1", "(BODY.PEEK[])")
    assert data[0][1] == MESSAGE
    client.uid("STORE", "1", "+FLAGS", "(\\Seen $Banc)")
    assert client.uid("SEARCH", "UNSEEN")[1] == [b"2"]
    client.uid("STORE", "2", "+FLAGS", "(\\Deleted)")
    client.expunge()
    client.logout()
    assert [(m.uid, m.drapeaux) for m in banc.boites.messages(APP)] == [(1, frozenset({"\\Seen", "$Banc"}))]
    recorded = [e for e in banc.journal.echanges if e.protocole == "imap"]
    assert {e.lien for e in recorded} == {"pfi-mss"}
    assert any(b"BODY.PEEK[]" in e.requete and MESSAGE in (e.reponse or b"") for e in recorded)
    assert not any(b"secret" in e.requete for e in recorded)


def test_a_search_by_flags_costs_one_look_at_the_mailbox(banc: Banc, monkeypatch: pytest.MonkeyPatch) -> None:
    banc.boites.livrer([(APP, MESSAGE)] * 30, "2026-01-10T10:00:00+00:00")
    client = banc.imap()
    client.login(APP, "secret")
    client.select()
    looks = [
        _compter(monkeypatch, banc.boites, "sommaire"),
        _compter(monkeypatch, banc.boites, "message"),
        _compter(monkeypatch, banc.boites, "resume"),
    ]
    assert client.uid("SEARCH", "UNSEEN")[1] == [b" ".join(b"%d" % uid for uid in range(1, 31))]
    assert len(looks[0]) <= 2 and not looks[1] and not looks[2]
    assert client.uid("SEARCH", "SUBJECT", "nothing")[1] == [b""]
    assert len(looks[1]) == 30
    client.logout()


def test_what_another_session_does_is_told(banc: Banc) -> None:
    banc.boites.livrer([(APP, MESSAGE)] * 3, "2026-01-10T10:00:00+00:00")
    one, other = banc.imap(), banc.imap()
    for client in (one, other):
        client.login(APP, "secret")
        client.select()
    other.uid("STORE", "2", "+FLAGS.SILENT", "(\\Flagged)")
    other.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
    other.expunge()
    banc.boites.livrer([(APP, MESSAGE)], "2026-01-10T10:00:01+00:00")
    one.noop()
    assert one.response("EXPUNGE")[1] == [b"1"]
    assert one.response("EXISTS")[1][-1] == b"3"
    assert one.response("FETCH")[1][0] == b"1 (FLAGS (\\Flagged))"
    assert one.uid("SEARCH", "ALL")[1] == [b"2 3 4"]
    one.logout()
    other.logout()


def _compter(monkeypatch: pytest.MonkeyPatch, cible: object, nom: str) -> list[str]:
    calls: list[str] = []
    function = getattr(cible, nom)

    def compte(*args: object) -> object:
        calls.append(nom)
        return function(*args)

    monkeypatch.setattr(cible, nom, compte)
    return calls


def test_imap_before_tls_and_with_the_wrong_certificate(banc: Banc) -> None:
    clear = imaplib.IMAP4("127.0.0.1", banc.imap_port, timeout=5)
    assert "LOGINDISABLED" in clear.capabilities
    with pytest.raises(imaplib.IMAP4.error):
        clear.login(APP, "")
    clear.shutdown()
    for usage in ("", "lgc"):
        client = banc.imap(usage)
        with pytest.raises(imaplib.IMAP4.error):
            client.login(APP, "")
        client.shutdown()
    client = banc.imap("lgc")
    assert client.authenticate("PLAIN", lambda _: f"\0{GP}\0".encode())[0] == "OK"
    client.logout()
    assert next(e.requete for e in banc.journal.echanges if e.lien == "lgc-mss").endswith(f"PLAIN {GP}\r\n".encode())


@pytest.mark.parametrize(
    "data", [b"\xff\xff\r\n", b"a LOGIN {99999999+}\r\n", b"a NOOP " + b"x" * 90_000, b"a FETCH 1 ALL\r\n"]
)
def test_bad_imap_input_stops_nothing(banc: Banc, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", banc.imap_port), 5) as raw:
        raw.recv(1000)
        raw.sendall(data)
        assert raw.recv(1000)
    client = banc.imap()
    assert client.login(APP, "")[0] == "OK"
    client.logout()


def test_curl_sends_and_reads(banc: Banc, tmp_path: Path) -> None:
    mail = tmp_path / "m.eml"
    mail.write_bytes(MESSAGE)
    paire = banc.pki.produit("bal-app")
    tls = ["--ssl-reqd", "--cacert", str(banc.pki.ac), "--cert", str(paire.certificat), "--key", str(paire.cle)]
    base = ["curl", "-sS", "--max-time", "8", *tls, "--user", f"{APP}:", "--login-options", "AUTH=PLAIN"]
    smtp = [f"smtp://localhost:{banc.smtp_port}", "--mail-from", APP, "--mail-rcpt", APP, "--upload-file", str(mail)]
    sent = subprocess.run([*base, *smtp], capture_output=True, timeout=10, check=False)
    assert sent.returncode == 0, sent.stderr
    read = subprocess.run(
        [*base, f"imap://localhost:{banc.imap_port}/INBOX;UID=1"], capture_output=True, timeout=10, check=False
    )
    assert read.returncode == 0, read.stderr
    assert read.stdout.endswith(MESSAGE)


def test_a_mail_sent_again_is_accepted_and_not_delivered_twice(banc: Banc) -> None:
    """The client did not see the 250: same Message-ID, same ENVID, perhaps other bytes."""
    for message, envid, people in (
        (MESSAGE, "e1", [GP]),
        (MESSAGE.replace(b"essai", b"encore"), "e1", [GP, PATIENT]),
        (MESSAGE, "e2", [GP]),
        (MESSAGE.replace(b"m1@", b"m2@"), "e1", [GP]),
    ):
        client = banc.smtp()
        options = {"mail_options": ["RET=HDRS", f"ENVID={envid}"], "rcpt_options": ["NOTIFY=SUCCESS,FAILURE"]}
        assert client.sendmail(APP, people, message, **options) == {}
        client.quit()
    assert len(banc.boites.messages(GP)) == 3 and len(banc.boites.messages(PATIENT)) == 1
    assert len(banc.boites.messages(APP)) == 4  # one notification for each delivery


@pytest.mark.parametrize(("usage", "cause"), [("", "aucun certificat"), ("lgc", AUTRE_STRUCTURE)])
def test_a_refused_login_is_a_refused_connection(banc: Banc, usage: str, cause: str) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        banc.smtp(usage)
    with pytest.raises(imaplib.IMAP4.error):
        banc.imap(usage).authenticate("PLAIN", lambda _: f"\0{APP}\0".encode())
    assert len(banc.journal.refusees) == 2
    for peer, said in banc.journal.refusees:
        assert cause in said and APP in said and bool(peer.certificat) == bool(usage)
