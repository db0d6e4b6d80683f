"""MLLP framing: any cut of the stream gives the same messages."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats.errors import FormatError
from banc_segur.formats.mllp import PARASITES_MAX, MllpReader, frame

MESSAGES = st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\x0b", b"").replace(b"\x1c", b"")), max_size=5)


@settings(max_examples=50, deadline=None)
@given(MESSAGES, st.lists(st.integers(0, 250), max_size=8))
def test_any_cut_gives_the_same_frames(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"\r\n".join(frame(m) for m in messages)
    reader = MllpReader()
    seen: list[bytes] = []
    bounds = sorted({0, len(stream), *(c for c in cuts if c < len(stream))})
    for start, end in itertools.pairwise(bounds):
        seen += reader.feed(stream[start:end])
    assert seen == messages
    assert reader.parasites == 0
    assert not reader.entame


def test_byte_by_byte_and_stray_bytes() -> None:
    reader = MllpReader()
    seen = [m for byte in b"xx" + frame(b"MSH|1\r") + b"y" + frame(b"2") for m in reader.feed(bytes([byte]))]
    assert seen == [b"MSH|1\r", b"2"]
    assert reader.parasites == 3


@pytest.mark.parametrize("stream", [b"\x0b" + b"a" * 11, b"\x0ba\x0bb", b"\x0ba\x1cb"])
def test_broken_frames_raise(stream: bytes) -> None:
    with pytest.raises(FormatError):
        MllpReader(max_frame=10).feed(stream)


def test_the_largest_frame_passes() -> None:
    reader = MllpReader(max_frame=10)
    assert reader.feed(b"\x0b" + b"a" * 10) == []
    assert reader.entame
    assert reader.feed(b"\x1c\r") == [b"a" * 10]


def test_a_message_with_framing_bytes_is_not_framed() -> None:
    with pytest.raises(FormatError):
        frame(b"a\x1cb")


def test_bytes_without_any_frame_are_refused_beyond_their_bound() -> None:
    reader = MllpReader()
    assert reader.feed(b"x" * PARASITES_MAX + b"\x0bA\x1c\r") == [b"A"]
    assert reader.feed(b"y" * PARASITES_MAX) == []
    with pytest.raises(FormatError):
        reader.feed(b"y")
