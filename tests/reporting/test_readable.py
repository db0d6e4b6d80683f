"""Captured bytes as text: hostile bytes never raise, base64 is folded, XML is indented."""

from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import http
from banc_segur.reporting import readable


def test_hl7_has_one_field_a_line_with_its_french_label() -> None:
    shown = readable.pretty(b"MSH|^~\\&|A\rPID|1||7~8||DUPONT\r").splitlines()
    assert shown[:3] == ["MSH", "  MSH-2   ^~\\&", "  MSH-3   application émettrice : A"]
    assert [line for line in shown if "PID-3" in line] == [
        "  PID-3   identifiants du patient (IPP, INS) : 7",
        "  PID-3   identifiants du patient (IPP, INS) : 8",
    ]


def test_http_xml_is_indented_under_its_head() -> None:
    message = http.write("POST /lps HTTP/1.1", [("Content-Type", "text/xml")], b"<a><b>1</b></a>")
    assert readable.pretty(message).endswith("<a>\n  <b>1</b>\n</a>")


def test_parts_of_a_multipart_body_are_shown_apart() -> None:
    body = b"--x\r\nContent-ID: <1>\r\n\r\n<a/>\r\n--x\r\nContent-ID: <2>\r\n\r\nPDF\r\n--x--"
    shown = readable.pretty(http.write("POST / HTTP/1.1", [("Content-Type", 'multipart/related; boundary="x"')], body))
    assert shown.count("--- partie ---") == 2


def test_long_base64_is_folded_in_the_raw_view() -> None:
    assert readable.raw(b"OBX|" + b"QUJD" * 1000) == "OBX|[base64, 4000 caracteres]"


def test_control_characters_are_made_visible() -> None:
    assert readable.raw(b"a\x00b\x1b") == "a\\x00b\\x1b"


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_ever_raise(data: bytes) -> None:
    readable.raw(data)
    readable.pretty(data)
    readable.pretty(b"POST / HTTP/1.1\r\n\r\n" + data)
