"""MLLP server, client and relay on real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from banc_segur.errors import UsageError
from banc_segur.formats.errors import FormatError
from banc_segur.formats.mllp import frame
from banc_segur.transport import mllp
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.mllp import MllpClient, MllpServer
from banc_segur.transport.relais import RelaisMllp
from tests.transport.conftest import Greffier

MSG = b"MSH|^~\\&|RI|CH|EAI|CH|20261122||ADT^A01^ADT_A01|1|P|2.5\rPID|1\r"


@contextlib.contextmanager
def _serveur(handler: Callable[[bytes], bytes], max_frame: int = 100_000) -> Iterator[int]:
    serveur = MllpServer(handler, "127.0.0.1", 0, max_frame=max_frame)
    try:
        yield serveur.start()
    finally:
        serveur.stop()


def _accuser(message: bytes) -> bytes:
    return b"ACK:" + message


def test_messages_one_after_the_other_on_one_connection() -> None:
    with _serveur(_accuser) as port:
        client = MllpClient("127.0.0.1", port)
        assert [client.envoyer(MSG + b"%d" % n, 5) for n in range(3)] == [b"ACK:" + MSG + b"%d" % n for n in range(3)]
        client.close()


def test_two_messages_in_one_segment_and_one_in_many() -> None:
    with _serveur(_accuser) as port, socket.create_connection(("127.0.0.1", port), 5) as brut:
        brut.sendall(frame(b"un") + frame(b"deux"))
        for octet in frame(b"trois"):
            brut.sendall(bytes([octet]))
        attendu = frame(b"ACK:un") + frame(b"ACK:deux") + frame(b"ACK:trois")
        recu = b""
        while len(recu) < len(attendu):
            recu += brut.recv(100)
        assert recu == attendu


def test_endless_and_broken_frames_are_cut_and_the_server_goes_on() -> None:
    with _serveur(_accuser, max_frame=1000) as port:
        for octets in (b"\x0b" + b"x" * 5000, b"\x0babc\x1cz", b"\x0babc\x0bdef"):
            with socket.create_connection(("127.0.0.1", port), 5) as brut:
                brut.sendall(octets)
                with contextlib.suppress(ConnectionResetError):
                    assert brut.recv(10) == b""
        assert MllpClient("127.0.0.1", port).envoyer(b"x", 5) == b"ACK:x"


def test_a_handler_that_raises_cuts_its_connection_only(capsys: pytest.CaptureFixture[str]) -> None:
    def handler(message: bytes) -> bytes:
        if message == b"panne":
            raise ZeroDivisionError
        return message

    with _serveur(handler) as port:
        autre = MllpClient("127.0.0.1", port)
        assert autre.envoyer(b"a", 5) == b"a"
        with pytest.raises(Injoignable, match="coupée"):
            MllpClient("127.0.0.1", port).envoyer(b"panne", 5)
        assert autre.envoyer(b"b", 5) == b"b"
    assert "ZeroDivisionError" in capsys.readouterr().out


def test_client_errors_are_told_in_french() -> None:
    with socket.create_server(("127.0.0.1", 0)) as libre:
        port = libre.getsockname()[1]
    with pytest.raises(Injoignable, match=rf"127\.0\.0\.1:{port} injoignable : connexion refusée"):
        MllpClient("127.0.0.1", port).envoyer(MSG, 5)
    with _serveur(lambda m: b"") as port:
        debut = time.monotonic()
        with pytest.raises(Injoignable, match="pas de réponse dans le délai"):
            MllpClient("127.0.0.1", port).envoyer(MSG, 0.2)
        assert time.monotonic() - debut < 2
        with pytest.raises(FormatError):
            MllpClient("127.0.0.1", port).envoyer(b"a\x1cb", 5)


def test_a_late_answer_is_not_taken_for_the_next_one() -> None:
    libere = threading.Event()

    def handler(message: bytes) -> bytes:
        if message == b"lent":
            libere.wait(5)
        return b"R:" + message

    with _serveur(handler) as port:
        client = MllpClient("127.0.0.1", port)
        with pytest.raises(Injoignable):
            client.envoyer(b"lent", 0.1)
        libere.set()
        assert client.envoyer(b"suivant", 5) == b"R:suivant"


def test_client_reconnects_when_the_server_came_back() -> None:
    premier = MllpServer(_accuser)
    port = premier.start()
    client = MllpClient("127.0.0.1", port)
    assert client.envoyer(b"a", 5) == b"ACK:a"
    premier.stop()
    with pytest.raises(Injoignable):
        client.envoyer(b"b", 1)
    second = MllpServer(_accuser, port=port)
    second.start()
    assert client.envoyer(b"c", 5) == b"ACK:c"
    second.stop()


def test_taken_port() -> None:
    with _serveur(_accuser) as port, pytest.raises(UsageError, match=str(port)):
        MllpServer(_accuser, port=port).start()


def test_200_idle_connections() -> None:
    with _serveur(_accuser) as port, contextlib.ExitStack() as pile:
        for _ in range(200):
            pile.enter_context(socket.create_connection(("127.0.0.1", port), 5))
        assert MllpClient("127.0.0.1", port).envoyer(b"x", 5) == b"ACK:x"


def test_one_connection_too_many_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mllp, "MAX_CONNEXIONS", 1)
    with _serveur(_accuser) as port, socket.create_connection(("127.0.0.1", port), 5) as first:
        first.sendall(b"\x0bx\x1c\r")
        assert first.recv(100)
        with socket.create_connection(("127.0.0.1", port), 5) as second:
            assert second.recv(1) == b""


# ---- relay ----


@pytest.fixture
def relais(greffier: Greffier) -> Iterator[RelaisMllp]:
    relais = RelaisMllp("ri-eai", "127.0.0.1", 0, greffier, max_frame=10_000, delai=0.5)
    relais.start()
    yield relais
    relais.stop()


def test_relay_forwards_and_records_before_the_answer(relais: RelaisMllp, greffier: Greffier) -> None:
    with _serveur(_accuser) as port:
        relais.destination = f"127.0.0.1:{port}"
        client = MllpClient("127.0.0.1", relais.port)
        for numero in range(3):
            assert client.envoyer(MSG, 5) == b"ACK:" + MSG
            assert len(greffier.echanges) == numero + 1
        client.close()
        greffier.attendre(lambda: greffier.finies == [1])
    echange = greffier.echanges[0]
    assert (echange.lien, echange.protocole, echange.etat) == ("ri-eai", "MLLP", "complet")
    assert (echange.requete, echange.reponse, echange.connexion) == (MSG, b"ACK:" + MSG, 1)
    assert greffier.connexions[0][2].adresse == "127.0.0.1"


def test_relay_destination_changes_at_run_time(relais: RelaisMllp) -> None:
    with _serveur(lambda m: b"un") as un, _serveur(lambda m: b"deux") as deux:
        client = MllpClient("127.0.0.1", relais.port)
        relais.destination = f"127.0.0.1:{un}"
        assert client.envoyer(MSG, 5) == b"un"
        relais.destination = f"127.0.0.1:{deux}"
        assert client.envoyer(MSG, 5) == b"deux"


@pytest.mark.parametrize("muet", ["absent", "nulle part", "coupe", "tait"])
def test_relay_without_answer_closes_and_records(relais: RelaisMllp, greffier: Greffier, muet: str) -> None:
    def handler(message: bytes) -> bytes:
        if muet == "coupe":
            raise OSError("coupé")
        return b""

    with _serveur(handler) as port:
        relais.destination = {"absent": "", "nulle part": "127.0.0.1:1"}.get(muet, f"127.0.0.1:{port}")
        with pytest.raises(Injoignable, match="coupée par le serveur"):
            MllpClient("127.0.0.1", relais.port).envoyer(MSG, 5)
    (echange,) = greffier.echanges
    assert (echange.requete, echange.reponse, echange.etat) == (MSG, None, "sans réponse")
    attendu = {"absent": "destination", "nulle part": "refusée", "coupe": "coupée", "tait": "délai"}[muet]
    assert attendu in echange.meta["cause"]


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (b"\x0b" + b"x" * 20_000, "10000 octets"),
        (b"\x0bMSH|a\x1cb", "0x0D"),
        (b"\x0bMSH|coup", "au milieu d'une trame"),
    ],
)
def test_relay_records_what_cannot_be_read(relais: RelaisMllp, greffier: Greffier, octets: bytes, cause: str) -> None:
    with _serveur(_accuser) as port:
        relais.destination = f"127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", relais.port), 5) as brut:
            brut.sendall(frame(b"bon") + octets)
            brut.shutdown(socket.SHUT_WR)
            greffier.attendre(lambda: any("illisible" in e.meta for e in greffier.echanges))
    illisible = greffier.echanges[-1]
    assert cause in illisible.meta["cause"] and illisible.reponse is None
    assert illisible.requete[:4] in octets or illisible.requete.startswith(frame(b"bon")[:4])


def test_relay_tells_bytes_outside_frames(relais: RelaisMllp, greffier: Greffier) -> None:
    with _serveur(_accuser) as port:
        relais.destination = f"127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", relais.port), 5) as brut:
            brut.sendall(b"xyz" + frame(MSG))
            greffier.attendre(lambda: len(greffier.echanges) == 1)
    assert greffier.echanges[0].meta == {"octets_hors_trame": "3"}


def test_relay_stops_while_a_message_waits(greffier: Greffier) -> None:
    relais = RelaisMllp("ri-eai", "127.0.0.1", 0, greffier, delai=60)
    port = relais.start()
    recu = threading.Event()

    def handler(message: bytes) -> bytes:
        recu.set()
        return b""

    with _serveur(handler) as muet:
        relais.destination = f"127.0.0.1:{muet}"
        brut = socket.create_connection(("127.0.0.1", port), 5)
        brut.sendall(frame(MSG))
        assert recu.wait(5)
        debut = time.monotonic()
        relais.stop()
        assert time.monotonic() - debut < 2
        brut.close()
    greffier.attendre(lambda: greffier.finies == [1])
