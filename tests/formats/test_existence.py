"""TD0.2: official samples, HL7 schemas as second opinion, round trips."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from banc_segur.formats import existence, soap, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Traits
from tests import corpus
from tests.dmp_exemples import MATRICULE

INS = Ins(MATRICULE, "1.2.250.1.213.1.4.10")
TRAITS = Traits("DUPONT-TEST", "ANNE", "ANNE", "F", "1963-05-15", "63220")
DEMANDE = existence.DemandeExistence(INS, "m-1", "q-1", "20260115083000", "1.2.250.1.999.1", "BANC")
SCHEMAS = "dmp/schemas/hl7v3-NE2009/multicacheschemas"


def test_official_pair() -> None:
    root = soap.read(corpus.fichier("dmp/gie-sv-messages/TD0.2_Test_dexistence_requete.xml").read_bytes()).payload
    demande = existence.read_demande(root)
    assert demande.ins == Ins("207058575627097", "1.2.250.1.213.1.4.10")
    assert (demande.motif, demande.traitement, demande.emetteur_nom) == ("TEST_EXST", "D", "LPS GIE-SV")
    root = soap.read(corpus.fichier("dmp/gie-sv-messages/TD0.2_Test_dexistence_reponse.xml").read_bytes()).payload
    reponse = existence.read_reponse(root)
    assert reponse == existence.ReponseExistence("OK", "active", "VALIDE", True, "AA", (), demande.ins)


def test_ours_are_valid_against_the_hl7_schemas() -> None:
    found = existence.ReponseExistence("OK", "active", "VALIDE", ins=INS, traits=TRAITS)
    absent = existence.ReponseExistence("NF")
    refused = existence.ReponseExistence("AE", acquittement="AE", details=(("X", "Y"),))
    schema = etree.XMLSchema(file=str(corpus.fichier(f"{SCHEMAS}/{existence.REPONSE}.xsd")))
    for reponse in (found, absent, refused):
        root = xml.parse(xml.serialize(existence.write_reponse(reponse, DEMANDE, "1.2.3", "20260115083000")))
        assert schema.validate(root), schema.error_log
    schema = etree.XMLSchema(file=str(corpus.fichier(f"{SCHEMAS}/{existence.DEMANDE}.xsd")))
    root = xml.parse(xml.serialize(existence.write_demande(DEMANDE)))
    assert schema.validate(root), schema.error_log


def test_round_trips() -> None:
    assert existence.read_demande(existence.write_demande(DEMANDE)) == DEMANDE
    reponse = existence.ReponseExistence("OK", "terminated", "INTERDIT", True, "AA", (("DMPClosed", "DMP fermé"),), INS)
    assert existence.read_reponse(existence.write_reponse(reponse, DEMANDE, "m-2", "20260115083000")) == reponse


@pytest.mark.parametrize("data", [b"<a/>", b'<PRPA_IN201307UV02 xmlns="urn:hl7-org:v3"/>'])
def test_bad_input_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        existence.read_demande(xml.parse(data))
    with pytest.raises(FormatError):
        existence.read_reponse(None)


@settings(max_examples=50)
@given(st.text(st.characters(codec="ascii", min_codepoint=32), max_size=30), st.text("0123456789.", max_size=30))
def test_any_identifier_survives(matricule: str, oid: str) -> None:
    demande = existence.DemandeExistence(Ins(matricule, oid), "m", "q", "2026", "1.2", "x")
    assert existence.read_demande(xml.parse(xml.serialize(existence.write_demande(demande)))).ins == demande.ins
