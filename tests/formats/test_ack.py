"""Acknowledgements: ours, and the official ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from banc_segur.formats import ack, adt, er7, mdm
from banc_segur.formats.errors import FormatError
from tests.formats import corpus_hl7
from tests.formats.hl7_monde import DOCUMENT, ENTETE, PROVISOIRE

ACKS = [p for p in corpus_hl7.fichiers() if b"|ACK^" in p.read_bytes()[:200]]


def test_the_ack_of_the_skeleton_is_ours() -> None:
    model = corpus_hl7.lire("squelettes/ack_t02.er7").replace(b"\n", b"\r")
    received = er7.read(corpus_hl7.lire("squelettes/mdm_t02.er7"))
    mine = ack.write(received, "AA", identifiant="PFI-0001", instant="20260305170001")
    assert mine.write() == model


def test_a_refusal_names_the_place_and_the_table_of_its_profile() -> None:
    errors = [ack.Erreur("101", "Required field missing", "PID^1^3")]
    answer = ack.write(adt.write("A28", PROVISOIRE, ENTETE), "AE", identifiant="1", instant="2026", erreurs=errors)
    assert b"\rERR||PID^1^3|101^Required field missing^HL70357|E\r" in answer.write()
    assert answer.get("MSH-12.2") == "FRA"
    seen = ack.read(er7.read(answer.write()))
    assert (seen.code, seen.acquitte, seen.evenement, seen.accepte) == ("AE", "RI-0001", "A28", False)
    assert seen.erreurs == tuple(errors)
    answer = ack.write(mdm.write(DOCUMENT, ENTETE), "AR", identifiant="1", instant="2026", erreurs=errors)
    assert answer.get("ERR-3.3") == "messageErrorCondition"


@corpus_hl7.requis
@pytest.mark.parametrize("path", ACKS, ids=corpus_hl7.nom_court)
def test_every_official_ack_is_read(path: Path) -> None:
    seen = ack.read(er7.read(path.read_bytes()))
    assert seen.accepte
    assert seen.acquitte


@pytest.mark.parametrize(
    ("data", "acquitte"),
    [
        (b"MSH|^~\\&|A|B|C|D|2026||ADT^A31^ADT_A05|77|T|2.5|\rpid|\xff", "77"),
        (b"garbage\n", ""),
        (b"", ""),
        (b"\r", ""),
    ],
)
def test_unreadable_bytes_get_an_ae(data: bytes, acquitte: str) -> None:
    with pytest.raises(FormatError) as error:
        er7.read(data)
    answer = er7.read(ack.refuser(data, error.value, identifiant="9", instant="2026").write())
    seen = ack.read(answer)
    assert (seen.code, seen.acquitte) == ("AE", acquitte)
    assert len(seen.erreurs) == 1
