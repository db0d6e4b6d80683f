"""The HTTPS client: what it says when the other end is absent, refuses, cuts, or speaks something else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from banc_segur.errors import UsageError
from banc_segur.pki import Pki
from banc_segur.transport import http_client, tls
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.http_client import ClientHttps
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.model import Answer
from tests.transport.conftest import Greffier


@pytest.fixture
def port(pki: Pki, greffier: Greffier) -> Iterator[int]:
    contexte = tls.contexte_serveur(pki.serveur().certificat, pki.serveur().cle, pki.ac)
    serveur = HttpsServer({"/lps": lambda r: Answer(r.body)}, contexte, greffier, "ri-insi")
    yield serveur.start()
    serveur.stop()


def _client(pki: Pki, usage: str | None = "insi-auto", ac: str = "ac-bundle.pem") -> ClientHttps:
    paire = pki.produit(usage) if usage else None
    return ClientHttps(
        pki.dossier / ac, paire.certificat if paire else None, paire.cle if paire else None, delai_lecture=0.5
    )


@contextlib.contextmanager
def _brut(jouer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server in clear that plays one connection."""
    with socket.create_server(("127.0.0.1", 0)) as ecoute:

        def servir() -> None:
            connexion = ecoute.accept()[0]
            with connexion, contextlib.suppress(OSError):
                connexion.recv(65536)
                jouer(connexion)

        fil = threading.Thread(target=servir)
        fil.start()
        yield f"http://127.0.0.1:{ecoute.getsockname()[1]}/lps"
        fil.join(5)


@pytest.mark.parametrize(
    ("usage", "ac", "cause"),
    [
        (None, "ac-bundle.pem", "exige un certificat client"),
        ("expire", "ac-bundle.pem", "notre certificat expiré"),
        ("autre-ac", "ac-bundle.pem", "ne connaît pas l'autorité de notre certificat"),
        ("dmp-sign", "ac-bundle.pem", "n'est pas prévu pour cet usage"),
        ("insi-auto", "autre-ac-autorite.pem", "le certificat du serveur est refusé"),
    ],
)
def test_tls_refusals(pki: Pki, port: int, usage: str | None, ac: str, cause: str) -> None:
    with pytest.raises(Injoignable, match=cause):
        _client(pki, usage, ac).post(f"https://localhost:{port}/lps", b"x", {})


def test_wrong_host_name(pki: Pki, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    vrai = socket.create_connection
    monkeypatch.setattr(socket, "create_connection", lambda adresse, *a, **k: vrai(("127.0.0.1", adresse[1]), *a, **k))
    with pytest.raises(Injoignable, match="le certificat du serveur est refusé"):
        _client(pki).post(f"https://autre.example:{port}/lps", b"x", {})


def test_absent_server_and_unknown_name(pki: Pki) -> None:
    with socket.create_server(("127.0.0.1", 0)) as libre:
        port = libre.getsockname()[1]
    with pytest.raises(Injoignable, match="rien n'écoute à cette adresse"):
        _client(pki).post(f"https://127.0.0.1:{port}/lps", b"x", {})
    with pytest.raises(UsageError, match="ftp"):
        _client(pki).post("ftp://x/lps", b"x", {})


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (b"", "connexion fermée sans réponse"),
        (b"n'importe quoi\r\n\r\n", "réponse HTTP illisible"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "réponse coupée après 3 octets"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "réponse coupée"),
    ],
)
def test_broken_answers(pki: Pki, octets: bytes, cause: str) -> None:
    def jouer(connexion: socket.socket) -> None:
        connexion.sendall(octets)
        connexion.shutdown(socket.SHUT_WR)

    with _brut(jouer) as url, pytest.raises(Injoignable, match=cause):
        _client(pki).post(url, b"x", {})


def test_an_endless_answer(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "MAX_REPONSE", 3)
    octets = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabcd"
    with (
        _brut(lambda connexion: connexion.sendall(octets)) as url,
        pytest.raises(Injoignable, match="de 3 octets"),
    ):
        _client(pki).post(url, b"x", {})


def test_silent_server(pki: Pki) -> None:
    fini = threading.Event()
    with _brut(lambda c: fini.wait(5) and None) as url:
        with pytest.raises(Injoignable, match="pas de réponse dans le délai"):
            _client(pki).post(url, b"x", {})
        fini.set()


def test_tls_to_a_server_in_clear(pki: Pki) -> None:
    with (
        _brut(lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url,
        pytest.raises(Injoignable, match="ne parle pas TLS sur ce port"),
    ):
        _client(pki).post(url.replace("http:", "https:"), b"x", {})


def test_a_closed_kept_connection_is_opened_again_and_nothing_is_sent_twice(pki: Pki, greffier: Greffier) -> None:
    serveur = HttpsServer({"/a": lambda r: Answer(b"1", headers={"Connection": "close"})}, None, greffier, "x")
    client = ClientHttps(pki.ac)
    url = f"http://127.0.0.1:{serveur.start()}/a"
    for _ in range(3):
        assert client.post(url, b"x", {}).body == b"1"
    serveur.stop()
    assert len(greffier.echanges) == 3 and len(greffier.connexions) == 3


def test_each_thread_has_its_connection(pki: Pki, port: int, greffier: Greffier) -> None:
    client = _client(pki)
    recus: list[bytes] = []

    def appeler(numero: int) -> None:
        for tour in range(5):
            corps = b"%d-%d" % (numero, tour)
            recus.append(client.post(f"https://localhost:{port}/lps", corps, {}).body)
        client.close()

    fils = [threading.Thread(target=appeler, args=(n,)) for n in range(4)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(10)
    assert sorted(recus) == sorted(b"%d-%d" % (n, t) for n in range(4) for t in range(5))
    assert len(greffier.connexions) == 4


def test_a_resumed_session_still_gives_the_certificate(pki: Pki, port: int, greffier: Greffier) -> None:
    paire = pki.produit("insi-auto")
    contexte = tls.contexte_client(pki.ac, paire.certificat, paire.cle)
    session, reprises = None, []
    for _ in range(2):
        brut = socket.create_connection(("127.0.0.1", port), 5)
        with contexte.wrap_socket(brut, server_hostname="localhost", session=session) as chiffre:
            chiffre.sendall(b"POST /lps HTTP/1.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\nz")
            while chiffre.recv(65536):
                pass
            session = chiffre.session
            reprises.append(chiffre.session_reused)
    assert reprises == [False, True]
    premier, second = (peer.certificat for _, _, peer in greffier.connexions)
    assert premier == second is not None
