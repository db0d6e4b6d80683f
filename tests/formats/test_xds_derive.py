"""Derivation from the CDA: official example, our letter, time zones, masking, formats, X16."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import cda_read, cda_write, xds
from banc_segur.formats.cda import CorpsLu, IdLu
from banc_segur.tables import lire
from tests import corpus
from tests.dmp_banc import INS, PDF, document

LETTRE = cda_read.read(cda_write.write(document(1), PDF))


@pytest.mark.parametrize(
    ("temps", "attendu"),
    [
        ("20260115093000+0100", "20260115083000"),
        ("202601150930+0100", "202601150830"),
        ("20260101003000+0200", "20251231223000"),
        ("20260115093000-0430", "20260115140000"),
        ("20260115", "20260115"),
        ("20260115093000", "20260115093000"),
        ("20269915093000+0100", "20269915093000+0100"),
        ("", ""),
    ],
)
def test_times_become_utc(temps: str, attendu: str) -> None:
    assert xds.utc(temps) == attendu


@settings(max_examples=50)
@given(st.text(max_size=24))
def test_any_time_text_is_survived(temps: str) -> None:
    xds.utc(temps)


def test_our_letter() -> None:
    entree = xds.derive(LETTRE, b"abc")
    assert entree.unique_id == "1.2.250.1.999.1.1.7.1"
    assert entree.patient_id == f"{INS.matricule}^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert entree.source_patient_id == "1234567^^^&1.2.250.1.999.1.1.1&ISO^PI"
    assert entree.source_patient_info == ("PID-5|DUPONT-TEST^ANNE^^^^^L", "PID-7|19630515", "PID-8|F")
    assert entree.hash == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert entree.size == "3"
    assert entree.class_code == xds.Code("10", "1.2.250.1.213.1.1.4.1", "Compte rendu")
    assert entree.format_code is not None
    assert entree.format_code.code == "urn:ihe:iti:xds-sd:pdf:2008"
    assert entree.creation_time == "20260115083000"
    assert entree.service_start_time == "20260110080000"
    assert entree.service_stop_time == "20260115083000"
    assert entree.authors[0].personne == "899900000019^MARTEL^Jeanne^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS"
    assert entree.authors[0].institutions == ("CH SEGUR TEST^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^175B000001",)
    assert entree.legal_authenticator == entree.authors[0].personne
    assert [code.code for code in entree.confidentiality_codes] == ["N"]


def test_masking_codes_of_the_message() -> None:
    entree = xds.derive(LETTRE, b"", masquages=("MASQUE_PS", "INVISIBLE_REP_LEGAUX"))
    assert [code.code for code in entree.confidentiality_codes] == ["N", "MASQUE_PS", "INVISIBLE_REPRESENTANTS_LEGAUX"]
    assert entree.confidentiality_codes[2].systeme == "1.2.250.1.213.1.1.4.13"


def test_official_discharge_letter() -> None:
    octets = corpus.fichier("cda/examples/LDL-SES_2022.01.xml").read_bytes()
    entree = xds.derive(cda_read.read(octets), octets)
    assert entree.type_code == xds.Code(
        "11490-0", "2.16.840.1.113883.6.1", "Lettre de liaison à la sortie d'un établissement de soins"
    )
    assert entree.class_code is not None and entree.class_code.code == "10"
    assert entree.format_code is not None and entree.format_code.code == "urn:asip:ci-sis:ldl-ses:2017"
    assert entree.language_code == "fr-FR"
    assert entree.legal_authenticator.count("^") == 12


@pytest.mark.parametrize(
    ("media", "code"),
    [("application/pdf", "urn:ihe:iti:xds-sd:pdf:2008"), ("text/plain", "urn:ihe:iti:xds-sd:text:2008")],
)
def test_format_of_a_level_1(media: str, code: str) -> None:
    assert xds.code_format(replace(LETTRE, corps=CorpsLu("nonXMLBody", media_type=media))).code == code


def test_format_of_an_unknown_level_3() -> None:
    cda = replace(LETTRE, corps=CorpsLu("structuredBody"), modeles=(IdLu("1.2.3", "", ""),))
    assert xds.code_format(cda).code == "urn:asipSante:modelesHorsProfils:2011"


def test_imaging_report_is_of_class_31() -> None:
    found = xds.code_classe("18748-4")
    assert found is not None and found.code == "31"
    assert xds.code_classe("00000-0") is None


@pytest.mark.parametrize(("classe", "code"), [("I", "03"), ("O", "07"), ("E", "07"), ("R", "19"), ("N", "97")])
def test_content_type_of_a_stay(classe: str, code: str) -> None:
    found = xds.content_type(classe)
    assert found is not None and found.code == code
    assert found.libelle


def test_tables_hold_together() -> None:
    types = {row["code"] for row in lire("jdv_j66")}
    formats = {row["code"] for row in lire("jdv_j60")}
    classes = {row["code"] for row in lire("jdv_j57")}
    assert {row["classCode"] for row in lire("ass_x16")} <= classes
    assert {row["formatCode"] for row in lire("format_cda")} <= formats
    assert len(types & {row["typeCode"] for row in lire("ass_x16")}) > 100
    assert not types & {"27899-4", "46241-6", "11493-4", "11526-1"}
