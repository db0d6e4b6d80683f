from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from banc_segur.formats import cda_read, cda_write, xml
from banc_segur.formats.cda import jeu
from tests.cda_monde import CDA, DOCUMENT, PATIENT, SEJOUR, TRAITS, document, requires_cda


@pytest.fixture(scope="module")
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(file=str(CDA / "pack" / "infrastructure" / "cda" / "CDA_extended.xsd"))


@requires_cda
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"remplace": "1.2.250.1.999.1.1.2.9"},
        {"medecin_traitant": None, "destinataires": (), "destinataire_patient": False},
        {"sejour": replace(SEJOUR, classe="O", fin="")},
    ],
)
def test_written_document_is_valid_cda(schema: etree.XMLSchema, changes: dict[str, object]) -> None:
    root = xml.parse(cda_write.write(replace(DOCUMENT, **changes), b"%PDF-1.4"))  # type: ignore[arg-type]
    assert schema.validate(root), schema.error_log


@requires_cda
def test_schema_refuses_a_misplaced_element(schema: etree.XMLSchema) -> None:
    root = xml.parse(document())
    root.append(root[0])
    assert not schema.validate(root)


def test_codes_come_with_system_and_label_of_their_value_set() -> None:
    read = cda_read.read(document())
    assert read.rencontre is not None
    for code, jdv in (
        (read.auteurs[0].code, "J01"),
        (read.rencontre.etablissement, "J02"),
        (read.actes[0].executants[0].cadre, "J04"),
        (read.code, "J07"),
        (read.rencontre.code, "J142"),
    ):
        assert code is not None
        concept = jeu(jdv)[code.code]
        assert (code.systeme, code.libelle) == (concept.systeme, concept.libelle)


def test_reading_gives_back_what_was_written() -> None:
    read = cda_read.read(cda_write.write(replace(DOCUMENT, remplace="1.2.3"), b"%PDF-1.4 corps"))
    assert read.traits == TRAITS
    assert read.ins == PATIENT.ins
    assert read.ipp is not None
    assert (read.ipp.root, read.ipp.extension) == ("1.2.250.1.999.1.1.1", "IPP1")
    assert read.document_id == DOCUMENT.document_id
    assert read.pdf == b"%PDF-1.4 corps"
    assert (read.actes[0].debut, read.actes[0].fin) == ("20260110080000+0100", "20260115100000+0100")
    assert [d.nom for d in read.destinataires] == ["GENERALISTE", "ADRTROIS"]
    assert [(t, i.root) for t, i in read.remplaces] == [("RPLC", "1.2.3")]


@pytest.mark.parametrize(
    ("local", "offset"), [("20260715120000", "+0200"), ("20260115120000", "+0100"), ("202601151200", "+0100")]
)
def test_local_time_gets_the_offset_of_paris(local: str, offset: str) -> None:
    assert cda_write.instant_local(local).endswith(offset)


def test_a_pdf_too_large_for_a_text_node_is_refused() -> None:
    with pytest.raises(ValueError, match="level 1"):
        cda_write.write(DOCUMENT, b"%PDF-" + bytes(cda_write.MAX_PDF))
