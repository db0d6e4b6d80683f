"""MTOM: our own messages come back whole; sloppy and hostile ones are tolerated or refused."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import mtom
from banc_segur.formats.errors import FormatError

CIDS = st.text("abcdefghijklmnop0123456789.@-", min_size=1, max_size=20)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=300), st.dictionaries(CIDS, st.binary(max_size=300), max_size=4))
def test_round_trip(root: bytes, parts: dict[str, bytes]) -> None:
    content_type, body = mtom.write(root, {cid: ("text/xml", data) for cid, data in parts.items()}, "urn:x")
    found = mtom.read(content_type, body)
    assert found.root == root
    assert {cid: bytes(part.body) for cid, part in found.parts.items()} == parts
    assert found.remarques == ()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80), st.binary(max_size=300))
def test_garbage_never_raises_anything_else(content_type: str, body: bytes) -> None:
    for value in (content_type, f"multipart/related; boundary=a{content_type}", "multipart/related; boundary=a"):
        with contextlib.suppress(FormatError):
            mtom.read(value, b"--a\r\n" + body + b"\r\n--a--")


def test_sloppy_client_is_read_and_reported() -> None:
    body = (
        b'preamble\n--B\nContent-Type: application/xop+xml;\n type="application/soap+xml"\n\n<root/>\n'
        b"--B\nContent-Transfer-Encoding: base64\nContent-ID: <doc@x>\n\nPGEv\nPg==\n--B--\nepilogue --B\n"
    )
    found = mtom.read("Multipart/Related; boundary=B", body)
    assert found.root == b"<root/>"
    assert bytes(found.parts["doc@x"].body) == b"<a/>"
    assert "soap+xml" in found.root_headers["content-type"]
    assert len(found.remarques) == 2


def test_start_names_the_root_and_cids_are_decoded() -> None:
    content_type, body = mtom.write(b"<r/>", {"urn:ihe:iti:xds-b:2007": ("text/xml", b"x")}, boundary="=_b (1)")
    swapped = content_type.replace("<root@banc.local>", "urn:ihe:iti:xds-b:2007")
    assert mtom.read(swapped, body).root == b"x"
    assert mtom.cid_of("cid:urn%3Aihe%3Aiti%3Axds-b%3A2007") == "urn:ihe:iti:xds-b:2007"


@pytest.mark.parametrize(
    ("content_type", "body", "ou"),
    [
        ("application/soap+xml", b"", "Content-Type"),
        ("multipart/related", b"", "Content-Type"),
        ("multipart/related; boundary=B", b"--B\r\n\r\nx", "multipart"),
        ("multipart/related; boundary=B", b"--B--", "multipart"),
        ("multipart/related; boundary=B", b"--B\r\nno header end\r\n--B--", "multipart"),
        ("multipart/related; boundary=B", b"--B\r\n\r\nr\r\n--B\r\n\r\nno cid\r\n--B--", "Content-ID"),
        ('multipart/related; boundary=B; start="<z>"', b"--B\r\n\r\nr\r\n--B--", "Content-Type"),
        ("multipart/related; boundary=B", b"--B\r\n\r\n" * 300 + b"--B--", "multipart"),
    ],
)
def test_refused(content_type: str, body: bytes, ou: str) -> None:
    with pytest.raises(FormatError) as caught:
        mtom.read(content_type, body)
    assert caught.value.ou == ou


def test_too_big(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mtom, "MAX_BYTES", 10)
    with pytest.raises(FormatError, match="octets"):
        mtom.read("multipart/related; boundary=B", b"--B\r\n\r\nrrrrr\r\n--B--")
