"""The HTTPS server met by foreign clients (curl, raw sockets) and by ours; what it answers and what it records."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from banc_segur.errors import UsageError
from banc_segur.formats import http
from banc_segur.pki import Pki
from banc_segur.transport import tls
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.http_client import ClientHttps
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.model import Answer, HttpRequest
from tests.transport.conftest import Greffier

MAX_CORPS = 100_000
SOAP = {"Content-Type": "application/soap+xml; charset=utf-8"}


def _echo(requete: HttpRequest) -> Answer:
    return Answer(requete.body, 200, SOAP)


def _panne(requete: HttpRequest) -> Answer:
    raise ZeroDivisionError("une faute du simulateur")


ROUTES = {
    "/lps": _echo,
    "/panne": _panne,
    "/fault": lambda r: Answer(b"<Fault/>", 500, SOAP),
    "/lent": lambda r: Answer(b"lent", delay=0.3),
    "/goutte": lambda r: Answer(b"g" * 30, drip=200),
    "/coupe": lambda r: Answer(b"0123456789", cut_after=4),
    "/coupe-fin": lambda r: Answer(b"0123456789", cut_after=4, coupure="fin"),
    "/rien": lambda r: Answer(b"0123456789", cut_after=0),
    "/attend": lambda r: Answer(b"tard", delay=60),
    "GET /autoconfig": lambda r: Answer(b"ok:" + r.query.encode()),
}


@contextlib.contextmanager
def _serveur(pki: Pki, greffier: Greffier, **options: float) -> Iterator[int]:
    contexte = None if options.pop("clair", 0) else tls.contexte_serveur(*_paire(pki), pki.ac)
    serveur = HttpsServer(ROUTES, contexte, greffier, "pfi-dmp", max_corps=MAX_CORPS, **options)
    port = serveur.start()
    try:
        yield port
    finally:
        serveur.stop()


def _paire(pki: Pki) -> tuple[Path, Path]:
    return pki.serveur().certificat, pki.serveur().cle


@pytest.fixture
def port(pki: Pki, greffier: Greffier) -> Iterator[int]:
    with _serveur(pki, greffier) as port:
        yield port


@pytest.fixture
def client(pki: Pki) -> Iterator[ClientHttps]:
    paire = pki.produit("dmp-auth")
    client = ClientHttps(pki.ac, paire.certificat, paire.cle, delai_lecture=5)
    yield client
    client.close()


def _curl(pki: Pki, url: str, *options: str, usage: str | None = "dmp-auth") -> subprocess.CompletedProcess[str]:
    command = ["curl", "-sS", "--max-time", "10", "--noproxy", "*", "--cacert", str(pki.ac)]
    if usage:
        paire = pki.produit(usage)
        command += ["--cert", str(paire.certificat), "--key", str(paire.cle)]
    return subprocess.run(
        [*command, "-w", "\n%{http_code} %{num_connects}", *options, url], capture_output=True, text=True
    )


def test_curl_gets_its_echo_and_everything_is_recorded(pki: Pki, port: int, greffier: Greffier) -> None:
    url = f"https://localhost:{port}/lps"
    answer = _curl(pki, url, "-H", "X-Un: é", "--data-binary", "<a/>")
    assert answer.stdout == "<a/>\n200 1"
    (echange,) = greffier.echanges
    requete, reponse = http.read(echange.requete), http.read(echange.reponse or b"")
    assert requete.start_line == "POST /lps HTTP/1.1" and requete.body == b"<a/>"
    assert b"\r\nHost: localhost:" in echange.requete and b"\r\nX-Un: \xc3\xa9\r\n" in echange.requete
    assert reponse.status == 200 and reponse.body == b"<a/>"
    assert reponse.headers["content-type"] == SOAP["Content-Type"]
    assert echange.etat == "complet" and echange.lien == "pfi-dmp" and echange.protocole == "HTTPS"
    assert echange.debut <= echange.fin and echange.debut.tzinfo is not None
    (lien, protocole, peer) = greffier.connexions[0]
    assert (lien, protocole, peer.adresse, peer.version) == ("pfi-dmp", "HTTPS", "127.0.0.1", "TLSv1.3")
    attendu = x509.load_pem_x509_certificate(pki.produit("dmp-auth").certificat.read_bytes())
    assert peer.certificat is not None and x509.load_der_x509_certificate(peer.certificat) == attendu
    assert tls.lire_client_hello(peer.client_hello) is not None
    greffier.attendre(lambda: greffier.finies == [1])


def test_behaviour_sees_request_and_peer(pki: Pki, greffier: Greffier) -> None:
    vus: list[HttpRequest] = []

    def voir(requete: HttpRequest) -> Answer:
        vus.append(requete)
        assert greffier.echanges == []
        return Answer(b"vu", 202, {"X-Repos": "oui"})

    serveur = HttpsServer({"/a/b": voir}, None, greffier, "ri-insi")
    try:
        answer = ClientHttps(pki.ac).post(f"http://127.0.0.1:{serveur.start()}/a/b?x=1", b"corps", {"X-Deux": "2"})
    finally:
        serveur.stop()
    assert (answer.status, answer.body, answer.headers["x-repos"]) == (202, b"vu", "oui")
    (vu,) = vus
    assert (vu.method, vu.path, vu.query, vu.body, vu.headers["x-deux"]) == ("POST", "/a/b", "x=1", b"corps", "2")
    assert vu.peer.adresse == "127.0.0.1" and vu.peer.certificat is None


def test_the_exchange_is_recorded_before_the_answer_leaves(pki: Pki, greffier: Greffier) -> None:
    ecrire = threading.Event()

    class Lent(Greffier):
        def echange(self, echange: object) -> int:
            assert ecrire.wait(5)
            return super().echange(echange)  # type: ignore[arg-type]

    lent = Lent()
    with _serveur(pki, lent, clair=1) as port, socket.create_connection(("127.0.0.1", port)) as brut:
        brut.sendall(b"POST /lps HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
        brut.settimeout(0.3)
        with pytest.raises(TimeoutError):
            brut.recv(1)
        ecrire.set()
        brut.settimeout(5)
        assert brut.recv(9) == b"HTTP/1.1 "
    assert len(lent.echanges) == 1


def test_keep_alive_is_one_connection(pki: Pki, port: int, greffier: Greffier, client: ClientHttps) -> None:
    for numero in range(5):
        assert client.post(f"https://localhost:{port}/lps", b"%d" % numero, {}).body == b"%d" % numero
    assert len(greffier.connexions) == 1 and [e.connexion for e in greffier.echanges] == [1] * 5
    url = f"https://localhost:{port}/lps"
    assert _curl(pki, url, "-d", "a", "--next", "-sS", "-d", "b", url, "--cacert", str(pki.ac)).returncode in (
        0,
        35,
        56,
    )


@pytest.mark.parametrize(
    ("path", "options", "statut"),
    [
        ("/inconnu", ["-d", "x"], 404),
        ("/lps/", ["-d", "x"], 404),
        ("/lps", [], 405),
        ("/lps", ["-X", "PUT", "-d", "x"], 405),
        ("/autoconfig", ["-d", "x"], 405),
        ("/panne", ["-d", "x"], 500),
        ("/fault", ["-d", "x"], 500),
    ],
)
def test_errors_are_answered_and_recorded(
    pki: Pki, port: int, greffier: Greffier, path: str, options: list[str], statut: int
) -> None:
    assert _curl(pki, f"https://localhost:{port}{path}", *options).stdout.endswith(f"\n{statut} 1")
    assert http.read(greffier.echanges[0].reponse or b"").status == statut
    assert _curl(pki, f"https://localhost:{port}/lps", "-d", "encore").stdout.startswith("encore\n200")


def test_get_route(pki: Pki, port: int) -> None:
    assert _curl(pki, f"https://localhost:{port}/autoconfig?e=1").stdout == "ok:e=1\n200 1"


def test_a_fault_of_the_simulator_is_logged(port: int, client: ClientHttps, capsys: pytest.CaptureFixture[str]) -> None:
    assert client.post(f"https://localhost:{port}/panne", b"", {}).body == b"Erreur interne du banc."
    assert "ZeroDivisionError" in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect: 100-continue"]])
def test_oversized_body_is_refused(pki: Pki, port: int, greffier: Greffier, tmp_path: Path, options: list[str]) -> None:
    gros = tmp_path / "gros"
    gros.write_bytes(b"x" * 3_000_000)
    answer = _curl(pki, f"https://localhost:{port}/lps", "--data-binary", f"@{gros}", *options)
    assert answer.stdout.endswith("\n413 1"), answer.stderr
    assert http.read(greffier.echanges[0].reponse or b"").status == 413
    assert greffier.echanges[0].requete.startswith(b"POST /lps HTTP/1.1\r\n")


@pytest.mark.parametrize("entete", ["Transfer-Encoding: chunked", "Expect: 100-Continue"])
def test_chunked_and_expect(pki: Pki, port: int, greffier: Greffier, tmp_path: Path, entete: str) -> None:
    corps = tmp_path / "corps"
    corps.write_bytes(b"<a>" + b"x" * 90_000 + b"</a>")
    debut = time.monotonic()
    answer = _curl(
        pki, f"https://localhost:{port}/lps", "--data-binary", f"@{corps}", "-H", entete, "--expect100-timeout", "9"
    )
    assert answer.stdout == corps.read_text() + "\n200 1"
    assert time.monotonic() - debut < 8, "curl waits nine seconds when 100 Continue does not come"
    assert http.read(greffier.echanges[0].requete).body == corps.read_bytes()


def test_two_chunked_requests_on_one_connection(pki: Pki, greffier: Greffier) -> None:
    morceaux = (
        b"POST /lps HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n"
    )
    with _serveur(pki, greffier, clair=1) as port, socket.create_connection(("127.0.0.1", port), 5) as brut:
        brut.sendall(morceaux * 2)
        recu = b""
        while recu.count(b"abcde") < 2:
            data = brut.recv(65536)
            assert data, recu
            recu += data
    assert [http.read(e.requete).body for e in greffier.echanges] == [b"abcde", b"abcde"]


def test_a_chunked_body_cut_is_without_answer(pki: Pki, greffier: Greffier) -> None:
    with _serveur(pki, greffier, clair=1) as port, socket.create_connection(("127.0.0.1", port), 5) as brut:
        brut.sendall(b"POST /lps HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab")
        brut.shutdown(socket.SHUT_WR)
        assert brut.recv(10) == b""
    assert "coupée par le client" in greffier.echanges[0].meta["cause"] and greffier.echanges[0].reponse is None


def test_many_small_chunks_stay_cheap(pki: Pki, greffier: Greffier) -> None:
    with _serveur(pki, greffier, clair=1) as port, socket.create_connection(("127.0.0.1", port), 5) as brut:
        debut = time.process_time()
        brut.sendall(
            b"POST /lps HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nz\r\n" * MAX_CORPS + b"0\r\n\r\n"
        )
        assert brut.recv(17).startswith(b"HTTP/1.1 200 ")
        assert time.process_time() - debut < 2
    assert http.read(greffier.echanges[0].requete).body == b"z" * MAX_CORPS


def test_delay_and_drip(port: int, client: ClientHttps) -> None:
    debut = time.monotonic()
    assert client.post(f"https://localhost:{port}/lent", b"", {}).body == b"lent"
    assert 0.3 <= time.monotonic() - debut < 2
    debut = time.monotonic()
    assert client.post(f"https://localhost:{port}/goutte", b"", {}).body == b"g" * 30
    assert 0.4 <= time.monotonic() - debut < 5  # head and body, about 150 bytes at 200 bytes per second


@pytest.mark.parametrize(
    ("path", "vu", "cause"),
    [
        ("/coupe", b"0123", "réponse coupée après 4 octets|coupée"),
        ("/coupe-fin", b"0123", "réponse coupée après 4 octets"),
        ("/rien", None, "coupée|fermée sans réponse"),
    ],
)
def test_cut_answers(
    port: int, client: ClientHttps, greffier: Greffier, path: str, vu: bytes | None, cause: str
) -> None:
    with pytest.raises(Injoignable, match=cause):
        client.post(f"https://localhost:{port}{path}", b"x", {})
    (echange,) = greffier.echanges
    if vu is None:
        assert echange.reponse is None and echange.etat == "sans réponse"
    else:
        assert http.read(echange.reponse or b"").body == vu
    assert "coupure" in echange.meta
    assert client.post(f"https://localhost:{port}/lps", b"apres", {}).body == b"apres"


def test_cut_by_reset_or_by_fin(pki: Pki, greffier: Greffier) -> None:
    demande = "POST {} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with _serveur(pki, greffier, clair=1) as port:
        for path, reset in (("/coupe", True), ("/coupe-fin", False), ("/rien", True)):
            with socket.create_connection(("127.0.0.1", port), 5) as brut:
                brut.sendall(demande.format(path).encode())
                recu, coupe = b"", False
                try:
                    while data := brut.recv(65536):
                        recu += data
                except ConnectionResetError:
                    coupe = True
            assert coupe is reset, path
            assert recu.endswith(b"\r\n\r\n0123") if path != "/rien" else recu == b""


@pytest.mark.parametrize(
    ("usage", "options", "cause", "alerte"),
    [
        (None, [], "aucun certificat présenté", "certificate required"),
        (None, ["--tls-max", "1.2"], "aucun certificat présenté", "handshake failure"),
        ("expire", [], "certificat expiré le ", "certificate expired"),
        ("expire", ["--tls-max", "1.2"], "certificat expiré le ", "certificate"),
        ("autre-ac", [], "autorité inconnue", "unknown ca"),
        ("dmp-sign", [], "certificat non prévu", "unsupported certificate"),
        (
            "dmp-auth",
            ["--tls-max", "1.1", "--ciphers", "ALL@SECLEVEL=0"],
            "version TLS trop ancienne",
            "protocol version",
        ),
    ],
)
def test_refused_handshakes(
    pki: Pki, port: int, greffier: Greffier, usage: str | None, options: list[str], cause: str, alerte: str
) -> None:
    answer = _curl(pki, f"https://localhost:{port}/lps", "-d", "x", *options, usage=usage)
    assert answer.returncode != 0 and alerte in answer.stderr
    greffier.attendre(lambda: bool(greffier.refuses))
    dite, peer = greffier.refuses[0]
    assert dite.startswith(cause) and peer.adresse == "127.0.0.1"
    if usage in ("expire", "autre-ac"):
        attendu = x509.load_pem_x509_certificate(pki.produit(usage).certificat.read_bytes())
        assert tls.lire_certificat(peer.certificat) == attendu
    assert greffier.echanges == [] and greffier.connexions == []


def test_plain_http_on_the_tls_port(pki: Pki, port: int, greffier: Greffier) -> None:
    answer = _curl(pki, f"http://localhost:{port}/lps", "-d", "x")
    assert answer.stdout.endswith("\n400 1")
    assert greffier.refuses[0][0] == "pas du TLS : requête HTTP en clair sur le port TLS"


def test_slow_head_and_cut_body(pki: Pki, greffier: Greffier) -> None:
    with _serveur(pki, greffier, clair=1, delai_tete=0.4) as port:
        with socket.create_connection(("127.0.0.1", port), 5) as brut:
            brut.sendall(b"POST /lps HTTP/1.1\r\nHost: lent")
            assert brut.recv(100).startswith(b"HTTP/1.1 408 ")
        with socket.create_connection(("127.0.0.1", port), 5) as brut:
            brut.sendall(b"POST /lps HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc")
            brut.shutdown(socket.SHUT_WR)
            assert brut.recv(100) == b""
    lent, coupe = greffier.echanges
    assert b"Host: lent" in lent.requete and http.read(lent.reponse or b"").status == 408
    assert coupe.reponse is None and coupe.etat == "sans réponse"
    assert coupe.meta["cause"] == "corps incomplet : 3 octets reçus sur 9 annoncés"


@pytest.mark.parametrize(
    "octets",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"POST /lps HTTP/1.1\r\nContent-Length: -4\r\n\r\n",
        b"POST /lps HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /lps HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /lps HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n",
        b"POST /lps HTTP/1.1\r\nsans deux-points\r\n\r\n",
        b"POST http://x/lps HTTP/1.1\r\n\r\n",
        b"POST /lps HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"POST /" + b"l" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_bad_requests_get_a_4xx_and_a_record(pki: Pki, greffier: Greffier, octets: bytes) -> None:
    with _serveur(pki, greffier, clair=1) as port:
        with socket.create_connection(("127.0.0.1", port), 5) as brut:
            brut.sendall(octets)
            assert brut.recv(10).startswith(b"HTTP/1.1 4")
        greffier.attendre(lambda: len(greffier.echanges) == 1)
        assert ClientHttps(pki.ac).post(f"http://127.0.0.1:{port}/lps", b"ok", {}).body == b"ok"


def test_200_silent_connections_stop_nobody(pki: Pki, port: int, client: ClientHttps) -> None:
    with contextlib.ExitStack() as pile:
        for _ in range(200):
            pile.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        for _ in range(10):  # and some that began a handshake
            pile.enter_context(socket.create_connection(("127.0.0.1", port), 5)).sendall(b"\x16\x03\x01\x02\x00")
        debut = time.monotonic()
        assert client.post(f"https://localhost:{port}/lps", b"vivant", {}).body == b"vivant"
        assert time.monotonic() - debut < 4


def test_stop_does_not_wait_for_a_delayed_answer(pki: Pki, greffier: Greffier) -> None:
    with _serveur(pki, greffier, clair=1) as port:
        brut = socket.create_connection(("127.0.0.1", port), 5)
        brut.sendall(b"POST /attend HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        greffier.attendre(lambda: len(greffier.echanges) == 1)
        debut = time.monotonic()
    assert time.monotonic() - debut < 3
    brut.close()


def test_taken_port_is_a_usage_error(pki: Pki, greffier: Greffier) -> None:
    with _serveur(pki, greffier, clair=1) as port, pytest.raises(UsageError, match=str(port)):
        HttpsServer(ROUTES, None, greffier, "x", port=port).start()


def test_close_notify_is_sent(pki: Pki, port: int) -> None:
    paire = pki.produit("dmp-auth")
    contexte = tls.contexte_client(pki.ac, paire.certificat, paire.cle)
    with (
        socket.create_connection(("127.0.0.1", port), 5) as brut,
        contexte.wrap_socket(brut, server_hostname="localhost", suppress_ragged_eofs=False) as chiffre,
    ):
        chiffre.sendall(b"POST /lps HTTP/1.1\r\nConnection: Close\r\nContent-Length: 1\r\n\r\nz")
        recu = b""
        with contextlib.suppress(ssl.SSLZeroReturnError):
            while data := chiffre.recv(65536):
                recu += data
    assert recu.endswith(b"\r\n\r\nz") and b"Connection: close" in recu
