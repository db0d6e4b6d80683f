from __future__ import annotations

import csv

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import datamatrix
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Traits
from tests import corpus
from tests.cda_monde import PATIENT, TRAITS

VECTORS = corpus.CORPUS / "insi" / "datamatrix-vectors.csv"


def vectors() -> list[tuple[str, bytes, int]]:
    if not VECTORS.is_file():
        return []
    with VECTORS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [(case, payload.replace("<GS>", "\x1d").encode("latin-1"), int(size)) for case, payload, size, _ in rows]


@corpus.requiert("insi", "datamatrix-vectors.csv")
def test_vectors_are_there() -> None:
    assert len(vectors()) >= 5


@pytest.mark.parametrize(("case", "payload", "size"), vectors())
def test_vectors_decode_without_anomaly_and_encode_back(case: str, payload: bytes, size: int) -> None:
    read = datamatrix.decode(payload)
    assert len(payload) == size
    assert read.anomalies == ()
    if case == "adrun_reordered":
        assert read.ordre[-1] == "S4"
        return
    ins = Ins(read.valeur("matricule"), read.valeur("oid"))
    traits = Traits(
        read.valeur("nom_naissance"),
        read.valeur("prenoms"),
        "",
        read.valeur("sexe"),
        read.valeur("date_naissance"),
        read.valeur("lieu_naissance"),
    )
    assert datamatrix.encode(ins, traits) == payload


@pytest.mark.parametrize(("case", "payload", "size"), vectors())
def test_symbol_is_square_and_decodes_to_the_payload(case: str, payload: bytes, size: int) -> None:
    image = datamatrix.symbole(payload)
    assert image.width == image.height
    (found,) = zxingcpp.read_barcodes(image)
    assert found.bytes == payload
    rectangle = datamatrix.symbole(payload, carre=False)
    assert rectangle.width != rectangle.height


GOOD = datamatrix.encode(PATIENT.ins or Ins("", ""), TRAITS)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (GOOD.replace(b"\x1d", b""), "séparateur GS manquant"),
        (GOOD + b"\x1d", "superflu après le bloc S7"),
        (GOOD.replace(b"S4ADRTROIS\x1d", b"") + b"S4ADRTROIS\x1d", "superflu à la fin"),
        (GOOD.replace(b"213.1.4.10S3", b"213.1.4.10\x1dS3"), "superflu"),
        (GOOD.replace(b"S5M", b"S5X"), "S5 : sexe"),
        (GOOD.replace(b"S601-01-1960", b"S61960-01-01"), "S6 : date"),
        (GOOD.replace(b"S601-01-1960", b"S631-02-1960"), "S6 : date"),
        (GOOD.replace(b"7713", b"7714"), "clé fausse"),
        (GOOD.replace(b"1.4.10", b"1.4.99"), "S2 : OID"),
        (GOOD.replace(b"S4ADRTROIS\x1d", b""), "bloc S4 absent"),
        (GOOD.replace(b"S5M", b"S5MS5M"), "deux fois"),
        (GOOD.replace(b"ADRTROIS", b"adrtrois"), "S4 : caractères"),
        (GOOD[:-2], "S7 : 3 caractères"),
    ],
)
def test_each_departure_from_the_referential_is_named(payload: bytes, reason: str) -> None:
    anomalies = datamatrix.decode(payload).anomalies
    assert any(reason in anomaly for anomaly in anomalies), anomalies


def test_the_place_of_birth_may_be_left_out() -> None:
    assert datamatrix.decode(GOOD.replace(b"S72B020", b"")).anomalies == ()


@pytest.mark.parametrize("payload", [b"", b"DC0100", b"IS02" + b"0" * 22, GOOD + b"S3" + b"A" * 400])
def test_what_is_no_ins_datamatrix_is_a_format_error(payload: bytes) -> None:
    with pytest.raises(FormatError):
        datamatrix.decode(payload)


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=150))
def test_any_content_after_the_header_is_read(noise: bytes) -> None:
    read = datamatrix.decode(datamatrix.ENTETE + noise)
    assert read.anomalies  # the six mandatory blocks never come by chance


names = st.from_regex(r"[A-Z][A-Z '\-]{0,98}", fullmatch=True)


@settings(max_examples=50, deadline=None)
@given(names, names, st.sampled_from(["1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.10"]), st.sampled_from(["", "63220"]))
def test_what_is_encoded_decodes(nom: str, prenoms: str, oid: str, lieu: str) -> None:
    read = datamatrix.decode(
        datamatrix.encode(Ins("160012B02077713", oid), Traits(nom, prenoms, "", "F", "1960-01-01", lieu))
    )
    assert read.anomalies == ()
    assert (read.valeur("nom_naissance"), read.valeur("prenoms")) == (nom, prenoms)
    assert (read.valeur("oid"), read.valeur("lieu_naissance")) == (oid, lieu)
