"""ER7: lossless on the official messages, python-hl7 as second opinion."""

from __future__ import annotations

import base64
import time
from pathlib import Path

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import er7
from banc_segur.formats.er7 import Brut, Message, Segment, composer, repeter
from banc_segur.formats.errors import FormatError
from tests.formats import corpus_hl7

FICHIERS = corpus_hl7.fichiers()
MSH = b"MSH|^~\\&|A|B|C|D|20260302||ADT^A28^ADT_A05|1|T|2.5^FRA^2.11|||||FRA|UNICODE UTF-8"


@corpus_hl7.requis
@pytest.mark.parametrize("path", FICHIERS, ids=corpus_hl7.nom_court)
def test_every_official_message_round_trips_and_agrees_with_python_hl7(path: Path) -> None:
    data = path.read_bytes()
    message = Message.read(data)
    # blank lines are read by `str.splitlines`-free logic of our own: compare without them
    expected = b"".join(line + b"\r" for line in data.replace(b"\r\n", b"\n").split(b"\n") if line.strip())
    assert message.write() == expected
    codec = er7.ENCODAGES[message.get("MSH-18")]
    other = hl7.parse(expected.decode(codec))
    assert [str(s[0]) for s in other] == [s.nom for s in message.segments]
    for mine, theirs in zip(message.segments, other, strict=True):
        assert mine.champs == [str(field) for field in theirs][: len(mine.champs)]


def test_tolerances_are_recorded() -> None:
    assert Message.read(MSH + b"\r").tolerances == ()
    assert Message.read(MSH + b"\nEVN||1\n\n").tolerances == ("segments terminés par LF au lieu de CR", "lignes vides")
    assert Message.read(b"\xef\xbb\xbf" + MSH).tolerances == ("BOM avant MSH",)
    assert Message.read(MSH + b"\r\nEVN||1\r\n").tolerances == ("segments terminés par CRLF au lieu de CR",)


def test_places_give_decoded_text() -> None:
    message = Message.read(MSH + b"\rPID|||1^^^H&750&M^PI~2^^^I&1.2.3&ISO^INS||A\\T\\B^C\\E\\D\\X41\\\\Z9\\\r")
    assert message.get("PID-3[2].4.2") == "1.2.3"
    assert message.get("PID-3") == "1"
    assert message.get("PID-3[2].5") == "INS"
    assert message.get("PID-5.1") == "A&B"
    assert message.get("PID-5.2") == "C\\DA\\Z9\\"
    assert message.get("PID-99[3].2.2") == "" == message.get("ZZZ-1")
    assert message.get("MSH-1") == "|"
    assert message.get("MSH-2") == "^~\\&"
    assert [r.get(4, 2) for r in message.repetitions("PID-3")] == ["750", "1.2.3"]


def test_writing_at_a_place_keeps_the_neighbours() -> None:
    message = Message.read(MSH + b"\rPID|||1^^^H&750&M^PI\r")
    message.set("PID-3[2].4.2", "x|y")
    message.set("PID-3[1].1", "9")
    message.set("PID-8", "F")
    assert message.premier("PID") is not None
    assert message.write().split(b"\r")[1] == rb"PID|||9^^^H&750&M^PI~^^^&x\F\y|||||F"
    assert message.get("PID-3[2].4.2") == "x|y"


def test_builders_escape_plain_text_only() -> None:
    segment = Segment.neuf("PID", {3: repeter(composer("1", "", ("a&b", "c")), ""), 8: "F^", 9: Brut("a^b"), 12: ""})
    assert segment.texte() == r"PID|||1^^a\T\b&c|||||F\S\|a^b"
    assert segment.get("3.3.1") == "a&b"


@pytest.mark.parametrize(
    ("data", "ou"),
    [
        (b"", "MSH"),
        (b"PID|1\r", "MSH"),
        (b"MSH", "MSH-2"),
        (b"MSH|^^\\&|A\r", "MSH-2"),
        (MSH.replace(b"UNICODE UTF-8", b"KLINGON"), "MSH-18"),
        (MSH + b"\rPID|||||\xe9\r", "PID (MSH-18)"),
        (MSH.replace(b"|UNICODE UTF-8", b"") + b"\rPID|||||\xc3\xa9\r", "PID (MSH-18)"),
        (MSH + b"\rpid|1\r", "segment 2"),
        (MSH + b"\rPIDX|1\r", "segment 2"),
        (MSH + b"\r" + b"NTE|1\r" * er7.SEGMENTS_MAX, "message"),
        (MSH + b"\rNTE" + b"|" * 10_000, "NTE"),
        (MSH + b"\rNTE|" + b"~" * 10_000, "NTE"),
    ],
)
def test_unreadable_bytes_name_the_place(data: bytes, ou: str) -> None:
    with pytest.raises(FormatError) as error:
        Message.read(data)
    assert error.value.ou == ou


def test_latin9_is_read_and_written() -> None:
    data = MSH.replace(b"UNICODE UTF-8", b"8859/15") + b"\rNTE|1||\xa4\xe9\r"
    message = Message.read(data)
    assert message.get("NTE-3") == "€é"
    assert message.write() == data
    message.set("NTE-3", "日")
    with pytest.raises(FormatError):
        message.write()


def test_a_large_document_stays_cheap() -> None:
    document = base64.b64encode(b"x" * 15_000_000)
    data = MSH + b"\rOBX|1|ED|a^b^LN||^text^XML^Base64^" + document + b"||||||F\r"
    started = time.process_time()
    message = Message.read(data)
    assert len(message.get("OBX-5.5")) == len(document)
    assert message.get("OBX-11") == "F"
    assert message.write() == data
    assert time.process_time() - started < 1.5


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40))
def test_any_text_survives_a_field(text: str) -> None:
    message = Message.read(MSH + b"\r")
    message.segments.append(Segment.neuf("NTE", {1: "1", 3: composer("a", text, ("x", text))}))
    again = Message.read(message.write())
    assert again.get("NTE-3.2") == text
    assert again.get("NTE-3.3.2") == text


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_message_or_a_format_error(tail: bytes) -> None:
    for data in (tail, MSH + b"\r" + tail, b"MSH" + tail):
        try:
            Message.read(data).get("PID-3[2].4.2")
        except FormatError as error:
            assert error.ou
