"""XDS metadata: round trip, official material, the ebRIM schema as second opinion, tolerance."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from banc_segur.formats import registry_response, requete_stockee, soap, xds_schemas, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.xds_read import read_entree, read_soumission
from banc_segur.formats.xds_types import RPLC, Code, Cx, Lot, Xcn, Xon, lier
from banc_segur.formats.xds_write import write_provide_and_register, write_soumission
from tests import corpus
from tests.dmp_exemples import lot_exemple


def test_round_trip_keeps_every_attribute() -> None:
    lot = lier(lot_exemple(), {"Document01": "urn:uuid:00000000-0000-4000-8000-000000000001"})
    again = read_soumission(xml.parse(xml.serialize(write_soumission(lot))))
    assert again == lot
    assert again.anomalies == ()
    assert [item.type for item in again.remplacements()] == [RPLC]


def test_provide_and_register_is_valid_against_the_ebrim_schema() -> None:
    path = corpus.fichier("dmp/schemas/ebrim3-xdsb/XDS.b_DocumentRepository.xsd")
    schema = etree.XMLSchema(file=str(path))
    root = write_provide_and_register(lot_exemple(), {"Document01": "doc1@banc", "Signature01": "sig1@banc"})
    for include in root.iter(xml.q(xds_schemas.XOP, "Include")):
        parent = include.getparent()
        assert parent is not None
        parent.remove(include)
        parent.text = "AA=="
    assert schema.validate(root), schema.error_log


def test_official_template_is_read_whole() -> None:
    root = xml.parse(corpus.fichier("dmp/gie-sv-templates/template_XDS.xml").read_bytes())
    lot = read_soumission(root)
    assert lot.unique_id == "1.2.250.1.999.1.1.7898.1.1103987654324"
    assert lot.content_type_code == Code("04", "1.2.250.1.213.2.2", "Hospitalisation de jour")
    document = lot.entrees[0]
    assert Cx.read(document.patient_id).date == "20100907"
    assert Xcn.read(document.authors[0].personne).nom == "CARDIO-CH2232"
    assert Xon.read(lot.authors[0].institutions[0]).identifiant == "10B0007712"
    assert document.source_patient_info[1] == "PID-7|19760717"
    assert lot.signature is not None
    assert [code.code for code in lot.signature.confidentiality_codes] == ["N", "MASQUE_PS", "INVISIBLE_PATIENT"]
    # The template's own slip: an eventCode written outside the ebRIM namespace, hence lost.
    assert [item.code for item in lot.anomalies] == ["M03"]
    assert document.event_codes == ()


def test_official_query_answer() -> None:
    name = "dmp/gie-sv-messages/TD3.1_Recherche_de_document_reponse_EXTRAIT_2_entrees.xml"
    payload = soap.read(corpus.fichier(name).read_bytes()).payload
    answer = requete_stockee.read_reponse(payload)
    assert answer.reussi
    assert answer.references == (
        "urn:uuid:9cded812-ba1d-11eb-816f-0050569e422e",
        "urn:uuid:6485194a-ae6b-11eb-8f5d-0050569e422e",
    )
    assert payload is not None
    entries = [read_entree(item) for item in payload.iter(xml.q(xds_schemas.RIM, "ExtrinsicObject"))]
    assert entries[1].type_code == Code(
        "11490-0", "2.16.840.1.113883.6.1", "Lettre de liaison à la sortie d'un établissement de soins"
    )
    assert entries[1].size == "359163"


def test_official_query_request() -> None:
    root = soap.read(corpus.fichier("dmp/gie-sv-messages/TD3.1_Recherche_de_document_requete.xml").read_bytes()).payload
    query = requete_stockee.read_requete(root)
    assert query.id == requete_stockee.FIND_DOCUMENTS
    assert query.retour == "LeafClass"
    assert query.valeurs(requete_stockee.PATIENT_ID) == ("207058575627097^^^&1.2.250.1.213.1.4.10&ISO^NH",)


def test_reference_query_round_trip() -> None:
    query = requete_stockee.read_requete(requete_stockee.par_reference(("1.2.3", "1.2.4")))
    assert query.id == requete_stockee.GET_DOCUMENTS
    assert query.valeurs(requete_stockee.UNIQUE_ID) == ("1.2.3", "1.2.4")
    answer = requete_stockee.read_reponse(requete_stockee.write_reponse(("urn:uuid:1",)))
    assert answer.references == ("urn:uuid:1",)


def test_registry_response_official_and_ours() -> None:
    payload = soap.read(corpus.fichier("dmp/gie-sv-messages/TD2.1_Alimentation_reponse.xml").read_bytes()).payload
    assert registry_response.read_registry_response(payload).reussi
    error = registry_response.RegistryError("DMPClosed", "DMP fermé")
    answer = registry_response.read_registry_response(registry_response.registry_response((error,)))
    assert not answer.reussi
    assert answer.errors == (error,)
    with pytest.raises(FormatError):
        registry_response.read_registry_response(None)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a", "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143b", "M03"),
        ("urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd", "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bde", "M01"),
        ('registryObject="Document01"', 'registryObject="Document02"', "M15"),
        ("urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1", "urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c2", "M01"),
    ],
)
def test_slips_are_named_not_fatal(old: str, new: str, code: str) -> None:
    data = xml.serialize(write_soumission(lot_exemple())).decode().replace(old, new)
    lot = read_soumission(xml.parse(data.encode()))
    assert code in {item.code for item in lot.anomalies}


def test_repeated_single_attribute() -> None:
    root = write_soumission(lot_exemple())
    value = next(slot for slot in root.iter(xml.q(xds_schemas.RIM, "Slot")) if slot.get("name") == "languageCode")[0]
    etree.SubElement(value, xml.q(xds_schemas.RIM, "Value")).text = "en"
    assert [item.code for item in read_soumission(root).anomalies] == ["M02"]


def test_no_object_list_is_a_format_error() -> None:
    with pytest.raises(FormatError):
        read_soumission(xml.parse(b"<a/>"))


TEXTE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), max_size=20)


@settings(max_examples=50)
@given(title=TEXTE, unique_id=TEXTE, libelle=TEXTE)
def test_any_text_survives_the_round_trip(title: str, unique_id: str, libelle: str) -> None:
    base = lot_exemple()
    entree = replace(base.entrees[0], title=title, unique_id=unique_id, class_code=Code("10", "x", libelle))
    lot = lier(replace(base, entrees=(entree,)))
    assert read_soumission(xml.parse(xml.serialize(write_soumission(lot)))) == lot


@settings(max_examples=50)
@given(st.text(max_size=80))
def test_composite_types_never_fail(texte: str) -> None:
    for kind in (Cx, Xcn, Xon):
        kind.read(texte).write()


def test_empty_lot_is_written_and_read() -> None:
    lot = read_soumission(write_soumission(Lot("SubmissionSet01")))
    assert lot.entrees == ()
    assert lot.signature is None


def test_signature_of_the_lot_among_signatures_of_documents() -> None:
    base = lot_exemple()
    assert base.signature is not None
    single = replace(base.signature, id="Signature02", unique_id="1.2.3")
    lot = replace(base, entrees=(single, *base.entrees))
    again = read_soumission(write_soumission(lot))
    assert again.signature == base.signature
    assert [entree.id for entree in again.entrees] == ["Signature02", "Document01"]
