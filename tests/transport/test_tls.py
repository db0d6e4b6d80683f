"""TLS contexts, ClientHello, facts and causes of refused handshakes; openssl s_client as foreign client."""

from __future__ import annotations

import gc
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.errors import UsageError
from banc_segur.pki import Pki
from banc_segur.transport import tls


def _contexte(pki: Pki, client: tls.Exigence = "exige") -> ssl.SSLContext:
    return tls.contexte_serveur(pki.serveur().certificat, pki.serveur().cle, pki.ac, client=client)


def _negocier(contexte: ssl.SSLContext, jouer: Callable[[socket.socket], None]) -> tuple[str, tls.Poignee, str]:
    """Accept one connection of `jouer` and return (cause, facts, version)."""
    ici, la = socket.socketpair()
    fil = threading.Thread(target=jouer, args=(la,))
    fil.start()
    serveur = contexte.wrap_socket(ici, server_side=True, do_handshake_on_connect=False)
    serveur.settimeout(5)
    cause = ""
    try:
        serveur.do_handshake()
    except OSError as error:
        cause = tls.cause_refus(error, tls.poignee(serveur))
    faits, version = tls.poignee(serveur), serveur.version() or ""
    serveur.close()
    fil.join(5)
    la.close()
    return cause, faits, version


def _client(pki: Pki, usage: str | None, version: ssl.TLSVersion, ac: str = "") -> Callable[[socket.socket], None]:
    paire = pki.produit(usage) if usage else None
    contexte = tls.contexte_client(
        pki.dossier / ac if ac else pki.ac, paire.certificat if paire else None, paire.cle if paire else None
    )
    contexte.maximum_version = version

    def jouer(connexion: socket.socket) -> None:
        try:
            with contexte.wrap_socket(connexion, server_hostname="localhost") as chiffre:
                chiffre.recv(1)
        except OSError:
            connexion.close()

    return jouer


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
def test_accepted_client_leaves_its_certificate_and_hello(pki: Pki, version: ssl.TLSVersion) -> None:
    cause, faits, negociee = _negocier(_contexte(pki), _client(pki, "insi-auto", version))
    assert cause == ""
    assert negociee == version.name.replace("_", ".")
    attendu = x509.load_pem_x509_certificate(pki.produit("insi-auto").certificat.read_bytes())
    assert tls.lire_certificat(faits.certificat) == attendu
    hello = tls.lire_client_hello(faits.client_hello)
    assert hello is not None and hello.versions[0] == negociee and hello.sni == "localhost" and 0xC030 in hello.suites


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("usage", "cause"),
    [
        (None, "aucun certificat présenté"),
        ("expire", "certificat expiré le "),
        ("autre-ac", "autorité inconnue : certificat émis par « CN=TEST AC HORS IGC-SANTE"),
        ("dmp-sign", "certificat non prévu pour l'authentification d'un client"),
    ],
)
def test_refused_client_is_told_with_its_certificate(
    pki: Pki, usage: str | None, cause: str, version: ssl.TLSVersion
) -> None:
    dite, faits, _ = _negocier(_contexte(pki), _client(pki, usage, version))
    assert dite.startswith(cause)
    assert (faits.certificat is None) == (usage is None)
    if usage:
        attendu = x509.load_pem_x509_certificate(pki.produit(usage).certificat.read_bytes())
        assert tls.lire_certificat(faits.certificat) == attendu


def test_optional_certificate(pki: Pki) -> None:
    assert _negocier(_contexte(pki, "accepte"), _client(pki, None, VERSIONS[1]))[0] == ""
    assert _negocier(_contexte(pki, "accepte"), _client(pki, "expire", VERSIONS[1]))[0].startswith("certificat expiré")
    assert _negocier(_contexte(pki, "aucun"), _client(pki, "expire", VERSIONS[1]))[0] == ""


@pytest.mark.parametrize("version", VERSIONS)
def test_client_that_does_not_trust_us(pki: Pki, version: ssl.TLSVersion) -> None:
    cause, _, _ = _negocier(_contexte(pki), _client(pki, "insi-auto", version, ac="autre-ac-autorite.pem"))
    assert cause == "refusé par le client : il ne connaît pas l'autorité du certificat du service"


@pytest.mark.parametrize(
    ("octets", "cause"),
    [
        (b"POST /lps HTTP/1.1\r\nHost: x\r\n\r\n", "pas du TLS : requête HTTP en clair sur le port TLS"),
        (b"EHLO client.example\r\n", "pas du TLS"),
        (b"\x16\x03\x01\x00\x05\x01\x00", "connexion fermée par le client pendant la négociation"),
        (b"", "connexion fermée par le client pendant la négociation"),
    ],
)
def test_what_is_not_a_handshake(pki: Pki, octets: bytes, cause: str) -> None:
    def jouer(connexion: socket.socket) -> None:
        connexion.sendall(octets)
        connexion.shutdown(socket.SHUT_WR)

    assert _negocier(_contexte(pki), jouer)[0].startswith(cause)


def test_reset_and_silence(pki: Pki) -> None:
    contexte = _contexte(pki)
    ici, la = socket.socketpair()
    serveur = contexte.wrap_socket(ici, server_side=True, do_handshake_on_connect=False)
    serveur.settimeout(0.05)
    with pytest.raises(OSError) as silence:
        serveur.do_handshake()
    assert tls.cause_refus(silence.value, tls.poignee(serveur)) == "négociation TLS non terminée dans le délai"
    la.close()
    serveur.close()
    assert "coupée par le client" in tls.cause_refus(ConnectionResetError(), tls.Poignee())


def _s_client(pki: Pki, *options: str) -> tuple[str, str]:
    """Let `openssl s_client` meet our context; return our cause and what it printed."""
    contexte = _contexte(pki)
    ecoute = socket.create_server(("127.0.0.1", 0))
    port = ecoute.getsockname()[1]
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(pki.ac), *options]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    ecoute.settimeout(10)
    connexion = ecoute.accept()[0]
    serveur = contexte.wrap_socket(connexion, server_side=True, do_handshake_on_connect=False)
    serveur.settimeout(5)
    cause = ""
    try:
        serveur.do_handshake()
    except OSError as error:
        cause = tls.cause_refus(error, tls.poignee(serveur))
    serveur.close()
    ecoute.close()
    return cause, process.communicate(timeout=10)[0].decode()


def test_openssl_client_in_tls_1_1(pki: Pki) -> None:
    cause, vu = _s_client(pki, "-tls1_1", "-cipher", "ALL@SECLEVEL=0")
    assert cause == "version TLS trop ancienne (au mieux TLSv1.1) ; attendu TLSv1.2 ou plus"
    assert "alert protocol version" in vu


def test_openssl_client_without_common_suite(pki: Pki) -> None:
    cause, vu = _s_client(pki, "-tls1_2", "-cipher", "AES128-SHA")
    assert cause == "aucune suite commune entre celles du client et celles du service"
    assert "alert handshake failure" in vu


def test_openssl_client_with_certificate(pki: Pki) -> None:
    paire = pki.produit("bal-app")
    cause, vu = _s_client(pki, "-cert", str(paire.certificat), "-key", str(paire.cle), "-tls1_2")
    assert cause == ""
    assert "Verify return code: 0 (ok)" in vu and "CN = TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS" in vu


def test_official_suites_each_accepted(pki: Pki) -> None:
    for suite in tls.SUITES.split(":"):
        assert _negocier(_contexte(pki), _une_suite(pki, suite))[0] == "", suite


def _une_suite(pki: Pki, suite: str) -> Callable[[socket.socket], None]:
    paire = pki.produit("dmp-auth")
    contexte = tls.contexte_client(pki.ac, paire.certificat, paire.cle)
    contexte.maximum_version = ssl.TLSVersion.TLSv1_2
    contexte.set_ciphers(suite)

    def jouer(connexion: socket.socket) -> None:
        with contexte.wrap_socket(connexion, server_hostname="localhost") as chiffre:
            assert chiffre.cipher() is not None and chiffre.cipher()[0] == suite  # type: ignore[index]
            chiffre.recv(1)

    return jouer


def test_missing_files_are_named(pki: Pki) -> None:
    with pytest.raises(UsageError, match=r"absent\.pem"):
        tls.contexte_client(pki.dossier / "absent.pem")
    with pytest.raises(UsageError, match=r"serveur\.pem"):
        tls.contexte_serveur(pki.serveur().certificat, pki.produit("lgc").cle, pki.ac)


def test_facts_do_not_outlive_their_connection(pki: Pki) -> None:
    contexte = _contexte(pki)
    gc.collect()
    avant = len(tls._poignees)
    for _ in range(3):
        _negocier(contexte, _client(pki, "insi-auto", VERSIONS[1]))
    gc.collect()
    assert len(tls._poignees) <= avant


@settings(max_examples=50)
@given(st.binary(max_size=400))
def test_any_bytes_are_read_without_fault(data: bytes) -> None:
    for message in (data, b"\x01\x00\x00\x00\x03\x03" + data, b"\x0b\x00\x00\x00" + data):
        tls.lire_client_hello(message)
        tls.premier_certificat(message)
        tls.lire_certificat(tls.premier_certificat(message))


def test_a_cut_hello_is_none(pki: Pki) -> None:
    _, faits, _ = _negocier(_contexte(pki), _client(pki, "insi-auto", VERSIONS[1]))
    assert tls.lire_client_hello(faits.client_hello) is not None
    assert tls.lire_client_hello(faits.client_hello[: len(faits.client_hello) // 2]) is None
    assert tls.lire_client_hello(os.urandom(0)) is None
