"""Certificates and names: the two official ones, one of ours read by `cryptography` too, garbage."""

import contextlib
import re
from datetime import UTC, datetime

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import certificat, dn
from banc_segur.formats.errors import FormatError
from tests import corpus
from tests.signature import materiel


def _sample(name: str) -> certificat.FaitsCertificat:
    path = corpus.fichier("dmp", "gie-sv-messages", name)
    found = re.search(rb"<X509Certificate>([^<]+)<", path.read_bytes())
    assert found
    return certificat.read_base64(found[1].decode())


def test_structure_certificate_of_the_official_sample() -> None:
    facts = _sample("VIHF_INDIRECTE_signe.xml")
    assert (facts.cn, facts.ou, facts.o) == ("serviceps.sesam-vitale.fr", "339172288100052", "GIE SESAM VITALE")
    assert facts.usages == {"digitalSignature", "nonRepudiation"}
    assert facts.eku == {certificat.EKU_COURRIEL}
    assert facts.valide_a(datetime(2019, 6, 26, tzinfo=UTC))
    assert not facts.valide_a(datetime(2026, 6, 26, tzinfo=UTC))
    text = "CN=serviceps.sesam-vitale.fr,OU=339172288100052,O=GIE SESAM VITALE,ST=Sarthe (72),C=FR"
    assert dn.write(facts.sujet) == text


def test_card_certificate_with_an_unordered_rdn() -> None:
    facts = _sample("VIHF_DIRECTE_signe.xml")
    assert facts.cn == "899900038839"
    wanted = "C=FR, O=TEST, OU=Médecin, CN=899900038839+GN=ADEMIS+2.5.4.4=#14045452414c"
    assert dn.memes(facts.sujet, dn.read_text(wanted))


def test_same_facts_as_cryptography() -> None:
    other = x509.load_der_x509_certificate(materiel().sign.der)
    facts = certificat.read(materiel().sign.der)
    assert facts.serie == other.serial_number
    assert (facts.debut, facts.fin) == (other.not_valid_before_utc, other.not_valid_after_utc)
    assert dn.memes(facts.sujet, dn.read_text(other.subject.rfc4514_string()))
    assert dn.memes(facts.emetteur, dn.read_text(other.issuer.rfc4514_string()))


def test_issued_by() -> None:
    ca, sign = certificat.read(materiel().ca.der), certificat.read(materiel().sign.der)
    assert certificat.emis_par(sign, [ca])
    assert not certificat.emis_par(sign, [])
    assert not certificat.emis_par(sign, [certificat.read(materiel().auth.der)])
    broken = bytearray(materiel().sign.der)
    broken[-1] ^= 1
    assert not certificat.emis_par(certificat.read(bytes(broken)), [ca])


def test_names_compare_rdn_by_rdn() -> None:
    one = dn.read_text("CN=DMP SIGN,OU=10B0000001,O=CH TEST,ST=Sarthe (72),C=FR")
    assert dn.memes(one, dn.read_text("C=FR, ST=Sarthe (72), O=CH  test, OU=10B0000001, CN=DMP SIGN"))
    assert not dn.memes(one, dn.read_text("CN=DMP SIGN,OU=10B0000001,O=CH TEST,S=Sarthe (72),C=FR"))
    assert not dn.memes(one, dn.read_text("CN=DMP SIGN+OU=10B0000001,O=CH TEST,ST=Sarthe (72),C=FR"))
    with pytest.raises(FormatError):
        dn.read_text("CH TEST")


VALEURS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x17F), min_size=1, max_size=20).map(str.strip)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(dn.NOMS)), VALEURS.filter(bool)), min_size=1, max_size=5))
def test_written_names_are_read_back(attributes: list[tuple[str, str]]) -> None:
    name: dn.Dn = tuple((attribute,) for attribute in attributes)
    assert dn.read_text(dn.write(name)) == name[::-1]


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 900))
def test_garbage_is_refused_cleanly(octets: bytes, position: int) -> None:
    whole = materiel().sign.der
    for value in (octets, whole[:position], whole[:position] + octets + whole[position + len(octets) :]):
        with contextlib.suppress(FormatError):
            certificat.read(value)
