"""Lot signatures: written, read, confronted; every alteration is named."""

import base64
import re
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import dsig, lot_signature, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.lot_signature import DocumentLot
from tests.formats.test_dsig import cle
from tests.signature import materiel

LOT = "1.2.250.1.999.1"
CDA = '<?xml version="1.0"?>\n<!-- tête --><a  x="1"><!-- é --><b/></a>'.encode()
DOCUMENTS = (DocumentLot("1.2.250.1.999.2", CDA), DocumentLot("1.2.250.1.999.3", b"\x00KOS", xml=False))
INSTANT = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)


def written(*, sha1: bool = False) -> bytes:
    return lot_signature.write(LOT, DOCUMENTS, cle(), INSTANT, sha1=sha1)


@pytest.mark.parametrize("sha1", [False, True])
def test_written_then_read(sha1: bool) -> None:
    found = lot_signature.read(written(sha1=sha1))
    assert found.motifs == ()
    assert lot_signature.manifest_faults(found, LOT, DOCUMENTS) == []
    assert found.references[0].digest == "AA=="
    assert found.certificat is not None and found.certificat.der == materiel().sign.der
    assert (found.instant, found.purpose) == ("2026-01-15T08:30:00Z", lot_signature.PURPOSE_SOURCE)
    assert [announce.serie for announce in found.annonces] == [str(c.serie) for c in (found.certificat, *cle().chaine)]
    assert len(found.annonces) == 2


def test_value_verified_by_cryptography() -> None:
    """Independent check: SignedInfo canonicalised by hand, RSA verified by another library."""
    text = written().decode()
    info = re.search("<ds:SignedInfo>.*</ds:SignedInfo>", text, re.DOTALL)
    value = re.search("<ds:SignatureValue>(.*)</ds:SignatureValue>", text)
    assert info and value
    canonical = info[0].replace("<ds:SignedInfo>", f'<ds:SignedInfo xmlns:ds="{dsig.DS}">')
    canonical = re.sub(r"<([\w:]+)( [^>]*)/>", r"<\1\2></\1>", canonical)
    key = x509.load_der_x509_certificate(materiel().sign.der).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(base64.b64decode(value[1]), canonical.encode(), padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("2026-01-15", "2026-01-16", "SignedProperties"),
        ("urn:oid:1.2.250.1.999.2", "urn:oid:1.2.250.1.999.9", "manifeste"),
        ('URI="#IHEManifest"', 'URI="#autre"', "référence"),
        ("<ds:X509Certificate>", "<ds:X509Certificate>!", "KeyInfo"),
        ("xmldsig-more#rsa-sha256", "xmldsig-more#hmac-sha256", "algorithme"),
        ("<ds:SignatureValue>", "<ds:SignatureValue>AAAA", "valeur"),
    ],
)
def test_alterations_are_named(old: str, new: str, word: str) -> None:
    altered = written().decode().replace(old, new, 1)
    assert any(word in motif for motif in lot_signature.read(altered.encode()).motifs)


def test_manifest_against_the_lot() -> None:
    found = lot_signature.read(written())
    assert "première" in lot_signature.manifest_faults(found, "1.2.3", DOCUMENTS)[0]
    changed = DocumentLot(DOCUMENTS[0].unique_id, CDA.replace(b"<b/>", b"<c/>"))
    assert "empreinte" in lot_signature.manifest_faults(found, LOT, (changed, DOCUMENTS[1]))[0]
    assert "étranger" in lot_signature.manifest_faults(found, LOT, DOCUMENTS[:1])[0]
    more = (*DOCUMENTS, DocumentLot("1.2.3.4", b"<c/>"))
    assert "absent" in lot_signature.manifest_faults(found, LOT, more)[0]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 4000), st.binary(max_size=5))
def test_garbage_never_raises_anything_else(position: int, octets: bytes) -> None:
    whole = written_once()
    try:
        lot_signature.read(whole[:position] + octets + whole[position + len(octets) :])
    except FormatError as error:
        assert error.ou
    with pytest.raises(FormatError):
        lot_signature.read(xml.serialize(xml.parse(b"<Signature/>")))


_once: list[bytes] = []


def written_once() -> bytes:
    if not _once:
        _once.append(written())
    return _once[0]
