from __future__ import annotations

import hashlib
import pickle

import pytest

from banc_segur.formats import lettre
from banc_segur.rules.documents import juger_document
from tests.cda_monde import CONTEXTE, DOCUMENT, document, page


def test_a_cda_gives_the_facts_of_the_header_the_page_and_the_datamatrix() -> None:
    data = document()
    found = juger_document("cda", data, CONTEXTE)
    assert found.jugement.constats == ()
    by_bearer: dict[str, dict[str, str]] = {}
    for fait in found.faits:
        by_bearer.setdefault(fait.porteur, {})[fait.donnee] = fait.valeur
    assert set(by_bearer) == {"CDA", "PDF", "datamatrix"}
    for datum in ("matricule", "nom_naissance", "prenoms", "sexe", "date_naissance", "lieu_naissance"):
        assert len({values[datum] for values in by_bearer.values()}) == 1, datum
    assert by_bearer["CDA"]["document"] == DOCUMENT.document_id
    assert by_bearer["CDA"]["empreinte"] == hashlib.sha1(data).hexdigest()  # noqa: S324
    assert ("document", DOCUMENT.document_id) in found.cles
    assert len(found.sous_documents) == 1
    assert "avec datamatrix INS" in found.resume


def test_the_judgement_crosses_a_process_boundary() -> None:
    found = juger_document("cda", document().replace(b'code="FR"', b'code="US"'), CONTEXTE)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301
    assert [c.regle for c in found.jugement.constats] == ["CDA-SM-05"]


def test_a_letter_alone_is_judged() -> None:
    found = juger_document("lettre", lettre.write(page()), CONTEXTE)
    assert found.jugement.constats == ()
    assert {f.porteur for f in found.faits} == {"PDF", "datamatrix"}


@pytest.mark.parametrize(("genre", "data"), [("cda", b"<a/>"), ("lettre", b"%PDF-1.4"), ("cda", b"\x00")])
def test_unreadable_bytes_are_a_finding(genre: str, data: bytes) -> None:
    found = juger_document(genre, data, CONTEXTE)
    assert [c.regle for c in found.jugement.constats] == ["BANC-LISIBLE"]


def test_a_broken_pdf_leaves_the_header_judged() -> None:
    broken = document()
    start = broken.index(b'"B64">') + 6
    found = juger_document("cda", broken[:start] + b"JVBERi0xLjQK" + broken[broken.index(b"</text>") :], CONTEXTE)
    assert [c.regle for c in found.jugement.constats] == ["BANC-LISIBLE"]
    assert any(f.porteur == "CDA" for f in found.faits)


def test_an_unknown_genre_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="genre"):
        juger_document("image", b"", CONTEXTE)
