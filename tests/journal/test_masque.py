"""Suspected real matricules are replaced; allowed ones, look-alikes and digests are not."""

from __future__ import annotations

import base64
import io
import time
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import ins
from banc_segur.journal import masque as module
from banc_segur.journal.masque import Masque, suspects

PERMIS = b"260058815400233"  # published on the sites of the ANS: here, the only allowed one
SUSPECT = b"1850699326999" + ins.cle("1850699326999").encode()  # commune 326 of department 99 never existed
FAUSSE_CLE = SUSPECT[:13] + f"{(int(SUSPECT[13:]) % 97) + 1:02d}".encode()


def masque() -> Masque:
    return Masque(b"secret", lambda: frozenset({PERMIS.decode()}))


def test_a_suspected_matricule_becomes_a_token_of_the_same_shape() -> None:
    (requete, reponse), masqued = masque().appliquer(b"PID|1||" + SUSPECT + b"^^^ASIP", b"ACK " + SUSPECT)
    assert masqued and requete is not None and reponse is not None
    assert SUSPECT not in requete + reponse
    token = requete[7:22].decode()
    assert token.startswith("9") and ins.cle_juste(token)
    assert reponse == b"ACK " + token.encode()  # the same value, the same token


def test_another_key_gives_another_token() -> None:
    assert masque().jeton(SUSPECT) != Masque(b"autre", frozenset).jeton(SUSPECT)


def test_allowed_wrong_key_oid_and_digest_are_left_alone() -> None:
    digest = b"ab12" * 4 + SUSPECT + b"ef" * 8
    data = b" ".join([PERMIS, FAUSSE_CLE, b"1.2.250.1.999." + SUSPECT, b"7" + SUSPECT, digest])
    assert masque().appliquer(data, None) == ((data, None), False)


def test_base64_blocks_of_a_masked_message_are_emptied() -> None:
    block = base64.b64encode(b"lettre de " + SUSPECT + b" " * 60)
    data = b"PID|" + SUSPECT + b"|OBX|" + block + b"|"
    (stored, _), masqued = masque().appliquer(data, None)
    assert masqued and stored is not None and len(stored) == len(data)
    assert block not in stored


def test_a_matricule_only_inside_base64_is_seen() -> None:
    block = base64.encodebytes(b"<id extension='" + SUSPECT + b"'/>" + b" " * 200).replace(b"\n", b"\r\n")
    (stored, _), masqued = masque().appliquer(b"Subject: x\r\n\r\n" + block, None)
    assert masqued and stored is not None and block not in stored


def test_a_matricule_in_a_zip_inside_base64_is_seen() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("IHE_XDM/SUBSET01/DOC.XML", b"<id extension='" + SUSPECT + b"'/>" * 20)
    data = b"\r\n\r\n" + base64.b64encode(packed.getvalue())
    assert masque().appliquer(data, None)[1]


def test_how_far_the_masking_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("A", b"rien")
        archive.writestr("B", b"x" * 50 + b"<id extension='" + SUSPECT + b"'/>" * 20)
    data = b"\r\n\r\n" + base64.b64encode(packed.getvalue())
    assert masque().appliquer(data, None)[1]
    for limit, value in (("MAX_MEMBRES", 1), ("MAX_MEMBRE", 50), ("MAX_DECODE", 50)):
        with monkeypatch.context() as patch:
            patch.setattr(module, limit, value)
            assert not masque().appliquer(data, None)[1], limit


def test_a_broken_zip_stops_nothing() -> None:
    data = base64.b64encode(b"PK\x03\x04" + b"\xff" * 300)
    assert masque().appliquer(data, None) == ((data, None), False)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=400), st.binary(max_size=400))
def test_never_left_in_clear_whatever_surrounds_it(before: bytes, after: bytes) -> None:
    data = before + b" |" + SUSPECT + b"| " + after
    (stored, _), masqued = masque().appliquer(data, None)
    assert masqued and stored is not None
    assert not suspects(stored, lambda value: value == PERMIS.decode())


def test_the_corsican_departments_are_seen() -> None:
    value = "185062A326999"
    matricule = (value + ins.cle(value)).encode()
    assert suspects(b"x" + matricule + b"^", lambda _: False) == {matricule}


def test_bounded_time_on_hostile_bytes() -> None:
    hostile = [
        b"1" * 2_000_000,
        b"A" * 2_000_000,
        b"185069932699912 " * 100_000,
        b"A" * 47 + b"\n",
        b"1850.6" * 300_000,
    ]
    start = time.process_time()
    for data in hostile:
        masque().appliquer(data, None)
    assert time.process_time() - start < 3
