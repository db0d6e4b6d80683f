from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from banc_segur.formats import cda_read
from banc_segur.formats.errors import FormatError
from tests.cda_monde import CDA, document, requires_cda, verdicts

NS = {"h": "urn:hl7-org:v3"}


@requires_cda
@pytest.mark.parametrize("name", [row["file"] for row in verdicts() if row["kind"] == "example"])
def test_official_examples_are_read_as_an_independent_xpath_reads_them(name: str) -> None:
    data = (CDA / name).read_bytes()
    read = cda_read.read(data)
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True))  # noqa: TID251 - a second opinion
    if root.tag != "{urn:hl7-org:v3}ClinicalDocument":
        root = root.find(".//h:ClinicalDocument", NS)
    role = "h:recordTarget/h:patientRole"
    assert read.ids[0].root == root.xpath("string(h:id/@root)", namespaces=NS)
    assert [i.extension for i in read.patient_ids] == root.xpath(f"{role}/h:id/@extension", namespaces=NS)
    assert read.traits.nom_naissance == root.xpath(
        f"normalize-space({role}/h:patient/h:name/h:family[@qualifier='BR'])", namespaces=NS
    )
    assert len(read.auteurs) == len(root.findall("h:author", NS))
    assert read.corps.sorte in {"nonXMLBody", "structuredBody"}


@requires_cda
def test_the_official_level_1_holds_a_pdf() -> None:
    read = cda_read.read((CDA / "examples" / "DOC_NON_STRUCTURE_CDA-R2-N1.xml").read_bytes())
    assert read.pdf is not None
    assert read.pdf.startswith(b"%PDF-1.5")
    assert read.rencontre is not None
    assert read.rencontre.etablissement is not None
    assert read.rencontre.etablissement.code == "SA07"
    assert read.conservateur is not None
    assert read.conservateur.organisation_ids[0].extension == "1120459876"


def test_a_signed_or_self_displaying_document_is_found_under_its_root() -> None:
    inner = document().split(b"?>", 1)[1]
    read = cda_read.read(b'<s:Signature xmlns:s="http://www.w3.org/2000/09/xmldsig#">' + inner + b"</s:Signature>")
    assert read.titre == "Lettre de liaison à la sortie"


@pytest.mark.parametrize("data", [b"", b"<a/>", b"<!DOCTYPE a [<!ENTITY e 'x'>]><ClinicalDocument/>", b"\xff\xfe"])
def test_what_is_no_cda_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        cda_read.read(data)


@pytest.mark.parametrize(
    ("body", "reason"), [(b"", "corps vide"), (b"JVBE*", "base64"), ("é".encode(), "alphabet"), (b"abc", "base64")]
)
def test_a_body_that_does_not_decode_says_why(body: bytes, reason: str) -> None:
    data = (
        b'<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody>'
        b'<text mediaType="application/pdf" representation="B64">' + body + b"</text>"
        b"</nonXMLBody></component></ClinicalDocument>"
    )
    read = cda_read.read(data)
    assert read.pdf is None
    assert reason in read.corps.erreur


GOOD = document()


@settings(max_examples=50, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_damaged_bytes_are_read_or_refused_never_a_traceback(position: int, noise: bytes) -> None:
    data = GOOD[:position] + noise + GOOD[position + len(noise) :]
    try:
        cda_read.read(data)
    except FormatError as error:
        assert error.ou
