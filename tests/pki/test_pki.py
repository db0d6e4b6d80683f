"""The test PKI: names, usages, persistence, two processes; openssl as second opinion."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from banc_segur.errors import BancError, UsageError
from banc_segur.pki import USAGES, Pki


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki.ouvrir(tmp_path_factory.mktemp("pki") / "neuf", ["banc.example"])


@pytest.fixture
def copie(pki: Pki, tmp_path: Path) -> Pki:
    return Pki(shutil.copytree(pki.dossier, tmp_path / "copie"), ["banc.example"])


def _certificat(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def _verifier(pki: Pki, path: Path, usage: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", usage, "-CAfile", str(pki.ac), str(path)],
        capture_output=True,
        text=True,
    )


def test_authority_names_are_those_of_the_test_igc_sante(pki: Pki) -> None:
    racine, ac = (c.subject.rfc4514_string() for c in x509.load_pem_x509_certificates(pki.ac.read_bytes()))
    fin = ",OU=IGC-SANTE TEST,OU=0002 187512751,O=ASIP-SANTE,C=FR"
    assert racine == "CN=TEST AC RACINE IGC-SANTE ELEMENTAIRE" + fin
    assert ac == "CN=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS" + fin


@pytest.mark.parametrize("usage", [u for u in USAGES if u not in ("expire", "autre-ac", "dmp-sign")])
def test_openssl_accepts_each_client_certificate(pki: Pki, usage: str) -> None:
    answer = _verifier(pki, pki.produit(usage).certificat, "sslclient")
    assert answer.returncode == 0, answer.stderr


def test_openssl_accepts_the_server_for_its_names(pki: Pki) -> None:
    for option, nom in (("-verify_hostname", "localhost"), ("-verify_hostname", "banc.example"), ("-verify_ip", "::1")):
        command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", option, nom, "-CAfile", str(pki.ac)]
        answer = subprocess.run([*command, str(pki.serveur().certificat)], capture_output=True, text=True)
        assert answer.returncode == 0, answer.stderr


def test_openssl_refuses_the_negative_ones(pki: Pki) -> None:
    assert "expired" in _verifier(pki, pki.produit("expire").certificat, "sslclient").stderr
    assert "unable to get local issuer" in _verifier(pki, pki.produit("autre-ac").certificat, "sslclient").stderr
    assert "purpose" in _verifier(pki, pki.produit("dmp-sign").certificat, "sslclient").stderr


def test_subjects_follow_the_cards(pki: Pki) -> None:
    sujet = _certificat(pki.produit("insi-auto").certificat).subject
    ordre = [attribute.rfc4514_attribute_name for attribute in sujet]
    assert ordre == ["C", "ST", "O", "OU", "CN"]
    assert sujet.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "INSI-AUTO"
    assert sujet.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value == "175B000001"
    autre = _certificat(pki.produit("lgc").certificat).subject
    assert autre.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)[0].value != "175B000001"


def test_the_seal_signs_and_does_not_authenticate(pki: Pki) -> None:
    extensions = _certificat(pki.produit("dmp-sign").certificat).extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature and usage.content_commitment and not usage.key_encipherment
    assert list(extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.EMAIL_PROTECTION
    ]


def test_keys_are_private(pki: Pki) -> None:
    for path in pki.dossier.glob("*.key"):
        assert path.stat().st_mode & 0o777 == 0o600


def test_opening_again_changes_nothing(pki: Pki) -> None:
    avant = {path.name: path.read_bytes() for path in pki.dossier.iterdir()}
    Pki.ouvrir(pki.dossier, ["banc.example"])
    assert {path.name: path.read_bytes() for path in pki.dossier.iterdir()} == avant


def test_a_new_name_reissues_the_server_only(copie: Pki) -> None:
    pki, tmp_path = copie, copie.dossier
    avant = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    Pki.ouvrir(tmp_path, ["autre.example", "192.0.2.7"])
    changes = {path.name for path in tmp_path.iterdir() if avant.get(path.name) != path.read_bytes()}
    assert changes == {"serveur.pem"}
    noms = _certificat(pki.serveur().certificat).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "autre.example" in noms.get_values_for_type(x509.DNSName)
    assert "192.0.2.7" in [str(ip) for ip in noms.get_values_for_type(x509.IPAddress)]
    Pki.ouvrir(tmp_path, ["autre.example", "192.0.2.7"], structure="1330000001")
    assert b"1330000001" in _certificat(pki.produit("bal-app").certificat).subject.public_bytes()


def test_renewing_makes_another_authority(copie: Pki) -> None:
    pki = copie
    avant = pki.ac.read_bytes()
    pki.renouveler()
    assert pki.ac.read_bytes() != avant
    assert _verifier(pki, pki.produit("insi-auto").certificat, "sslclient").returncode == 0


def test_two_processes_at_once_make_one_pki(tmp_path: Path) -> None:
    code = "import sys, pathlib; from banc_segur.pki import Pki; Pki.ouvrir(pathlib.Path(sys.argv[1]))"
    processes = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(30) for process in processes] == [0, 0, 0]
    pki = Pki(tmp_path, [])
    for usage in ("insi-auto", "bal-app"):
        assert _verifier(pki, pki.produit(usage).certificat, "sslclient").returncode == 0
    assert not list(tmp_path.glob(".*.pem.*"))


def test_a_damaged_file_is_named(copie: Pki) -> None:
    copie.produit("lgc").certificat.write_bytes(b"abime")
    with pytest.raises(BancError, match=r"lgc\.pem"):
        Pki.ouvrir(copie.dossier)


def test_unknown_usage_and_unwritable_folder(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="INSI"):
        Pki(tmp_path, []).produit("INSI")
    (tmp_path / "fichier").write_text("")
    with pytest.raises(UsageError, match="fichier"):
        Pki.ouvrir(tmp_path / "fichier" / "pki")


@pytest.mark.parametrize("nom", ["hôpital.example", "", "a b", "https://x"])
def test_names_that_are_no_hosts(tmp_path: Path, nom: str) -> None:
    with pytest.raises(UsageError, match="attendu une adresse IP ou un nom DNS"):
        Pki.ouvrir(tmp_path, [nom])
