"""TD2.1 on the wire: round trip, what is tolerated, what is not, truncation everywhere."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import depot
from banc_segur.formats.errors import FormatError
from tests.dmp_exemples import lot_exemple

OCTETS = {"Document01": b"<doc>\r\n--b\xc3\xa9</doc>", "Signature01": b"<sig/>"}


def _codes(content_type: str, body: bytes) -> list[str]:
    return sorted({item.code for item in depot.read(content_type, body).anomalies})


def test_round_trip() -> None:
    found = depot.read(*depot.write(lot_exemple(), OCTETS))
    assert found.lot == lot_exemple()
    assert found.documents == OCTETS
    assert found.anomalies == ()


def test_slips_of_the_package() -> None:
    content_type, body = depot.write(lot_exemple(), OCTETS)
    assert _codes(content_type.replace('start-info="application/soap+xml"; ', ""), body) == ["T03"]
    assert _codes(content_type, body.replace(b"cid:Document01@banc", b"cid:Document99@banc")) == ["T04"]
    assert _codes(content_type, body.replace(b'Document id="Document01"', b'Document id="document01"')) == ["T05"]
    assert _codes(content_type, body.replace(b"application/xop+xml; ch", b"text/xml; ch")) == ["T03"]


def test_url_encoded_cid_is_resolved() -> None:
    content_type, body = depot.write(lot_exemple(), OCTETS)
    assert _codes(content_type, body.replace(b"cid:Document01@banc", b"cid:Document01%40banc")) == []


def test_inline_base64_is_read_and_told() -> None:
    lot = lot_exemple()
    _, body = depot.write(lot, OCTETS)
    envelope = body.split(b"\r\n\r\n", 1)[1].split(b"\r\n--uuid", 1)[0]
    for name in (b"Document01", b"Signature01"):
        include = (
            b'<xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="cid:' + name + b'@banc.local"/>'
        )
        assert include in envelope
        envelope = envelope.replace(include, b"PGE+\n PC9hPg==")
    found = depot.read("application/soap+xml; charset=UTF-8", envelope)
    assert found.documents == {"Document01": b"<a></a>", "Signature01": b"<a></a>"}
    assert {item.code for item in found.anomalies} == {"T03"}


@pytest.mark.parametrize("body", [b"", b"<a/>", b"<!DOCTYPE a><a/>"])
def test_other_content_is_a_format_error(body: bytes) -> None:
    with pytest.raises(FormatError):
        depot.read("application/soap+xml", body)


@settings(max_examples=50)
@given(st.integers(0, 8000))
def test_truncated_anywhere_is_a_format_error(size: int) -> None:
    content_type, body = depot.write(lot_exemple(), OCTETS, boundary="b")
    with pytest.raises(FormatError):
        depot.read(content_type, body[: min(size, len(body) - 6)])
