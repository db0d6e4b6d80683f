"""Tier-2 documents: the worker dies or is too slow, and nobody stops; outcomes are cached."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from banc_segur.control.documents import Documents, Ouvrier, OuvrierPerdu, version_regles
from banc_segur.control.trames import contexte_json, contexte_lu
from banc_segur.journal.journal import Journal
from banc_segur.rules.model import Contexte, Document

CONTEXTE = Contexte(datetime(2026, 1, 2, tzinfo=UTC), "dpi-pfi", b"\x00der", frozenset({("1", "2")}), {"NIL": "é"})


@pytest.fixture(scope="module")
def ouvrier() -> Iterator[Ouvrier]:
    ouvrier = Ouvrier()
    yield ouvrier
    ouvrier.arreter()


def test_the_context_survives_the_journey() -> None:
    assert contexte_lu(contexte_json(CONTEXTE)) == replace(CONTEXTE, personnes=frozenset())


def test_unreadable_bytes_are_a_finding(ouvrier: Ouvrier) -> None:
    found = ouvrier.juger("cda", b"<pas du XML", CONTEXTE)
    assert [constat["regle"] for constat in found["constats"]] == ["BANC-LISIBLE"]


def test_a_dead_worker_is_replaced(ouvrier: Ouvrier) -> None:
    ouvrier.juger("cda", b"<a/>", CONTEXTE)
    first = ouvrier.pid
    assert first is not None
    with pytest.raises(OuvrierPerdu):
        ouvrier.juger("genre-qui-tue", b"", CONTEXTE)
    ouvrier.juger("cda", b"<a/>", CONTEXTE)
    second = ouvrier.pid
    assert second is not None and second != first
    os.kill(second, signal.SIGKILL)
    os.waitpid(second, 0)  # dead for sure before the next document
    assert ouvrier.juger("cda", b"<a/>", CONTEXTE)


def test_a_document_has_a_deadline() -> None:
    impatient = Ouvrier(delai=0.01)
    with pytest.raises(OuvrierPerdu):
        impatient.juger("cda", b"<a/>", CONTEXTE)
    impatient.arreter()


def test_an_outcome_is_judged_once_for_the_same_bytes_and_declarations(ouvrier: Ouvrier) -> None:
    journal = Journal(":memory:", autorises=frozenset, cle_masque=b"")
    first = Documents(journal, ouvrier).juger(Document("cda", b"<a/>", "OBX-5"), CONTEXTE)
    sans_ouvrier = Documents(journal, Ouvrier(delai=0.001))
    assert sans_ouvrier.juger(Document("cda", b"<a/>", "ailleurs"), CONTEXTE) == first
    plus = replace(CONTEXTE, personnes=frozenset({("3", "4")}))
    assert sans_ouvrier.juger(Document("cda", b"<a/>", "OBX-5"), plus) == first
    autre = replace(CONTEXTE, attendus={"LPS_Nom": "autre"})
    lost = sans_ouvrier.juger(Document("cda", b"<a/>", "OBX-5"), autre)
    assert lost["evaluees"] == [] and lost["non_evaluees"] and "OBX-5" in lost["non_evaluees"][0][1]


def test_the_version_of_the_rules_is_a_digest() -> None:
    assert len(version_regles()) == 64
