"""The one XML parser: what it refuses, each limit at its edge."""

from __future__ import annotations

import pytest

from banc_segur.formats import xml
from banc_segur.formats.errors import FormatError


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "vide|bien form"),
        (b"<a>", "bien form"),
        (b"<a/><b/>", "bien form"),
        (b'<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>', "DOCTYPE"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DOCTYPE"),
        (b'<?xml version="1.0" encoding="inconnu"?><a/>', "bien form"),
        (b"<a>\xff</a>", "bien form"),
    ],
)
def test_what_is_not_plain_xml_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        xml.parse(data)


def test_size() -> None:
    assert xml.parse(b"<a/>", max_bytes=4).tag == "a"
    with pytest.raises(FormatError, match="au plus 4 octets"):
        xml.parse(b"<a />", max_bytes=4)


def test_depth() -> None:
    assert xml.parse(b"<a>" * 255 + b"</a>" * 255).tag == "a"
    with pytest.raises(FormatError, match="256"):
        xml.parse(b"<a>" * 300 + b"</a>" * 300)


def test_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml, "MAX_BALISES", 4)
    assert len(xml.parse(b"<a><b/><b/></a>")) == 2
    with pytest.raises(FormatError, match="au plus 4 balises"):
        xml.parse(b"<a><b/><b/><b/></a>")


def test_one_text() -> None:
    with pytest.raises(FormatError, match="bien form"):
        xml.parse(b"<a>" + b"x" * 10_000_001 + b"</a>")


def test_text_skips_comments() -> None:
    assert xml.text(xml.parse(b"<a> b<!-- c -->d </a>")) == "bd"
    assert xml.text(None) == ""
