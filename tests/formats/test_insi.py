"""WS_INS2 on the wire: our bytes against the official and live ones, reading of every dialect."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from banc_segur.formats import insi, soap, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins
from tests import corpus

EXEMPLES = corpus.CORPUS / "insi" / "examples"


def schema(nom: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(corpus.CORPUS / "insi" / "wsdl" / "xsd" / nom))  # noqa: TID251 - a schema, not a message


@corpus.requiert("insi")
@pytest.mark.parametrize(
    ("fichier", "dialecte"),
    [
        ("live/2022_CR02_DE_VINCI_response.xml", "2022"),
        ("live/2022_ECETINSI_response.xml", "2025"),
    ],
)
def test_les_reponses_reelles_sont_refaites_octet_pour_octet(fichier: str, dialecte: str) -> None:
    octets = (EXEMPLES / fichier).read_bytes()
    resultat = insi.read_answer(octets)
    assert isinstance(resultat, insi.Resultat)
    assert insi.write_answer(resultat, dialecte) == octets.strip()


@corpus.requiert("insi")
def test_la_faute_reelle_de_2022_est_refaite_octet_pour_octet() -> None:
    octets = (EXEMPLES / "live/2022_fault_insi_102.xml").read_bytes()
    assert insi.write_fault(insi.faute("insi_102"), "uuid:1", "2022") == octets.strip()


@corpus.requiert("insi")
def test_la_faute_de_2025_est_lue_avec_son_message_id() -> None:
    faute = insi.read_answer((EXEMPLES / "live/2025-05_fault_desir_550.xml").read_bytes())
    assert isinstance(faute, insi.Faute)
    assert faute.message_id == "uuid:b3549edd-4ae9-472a-b26f-fd2fb4ef397f"
    connue = insi.faute("desir_550")
    assert (faute.code, faute.sous_code, faute.classe, faute.severite) == ("desir_550", "siram_100", "Sender", "erreur")
    assert (faute.message, faute.motif) == (connue.message, connue.motif)


def test_une_faute_2025_se_relit_et_porte_l_echo_echappe() -> None:
    octets = insi.write_fault(insi.faute("insi_19"), 'uuid:"<&>')
    assert b"<soap:Fault>" in octets and b'xml:lang="fr"' in octets
    faute = insi.read_answer(octets)
    assert isinstance(faute, insi.Faute)
    assert (faute.code, faute.message_id) == ("insi_19", 'uuid:"<&>')


@corpus.requiert("insi")
@pytest.mark.parametrize("fichier", sorted(EXEMPLES.glob("*/*.xml")), ids=lambda path: path.name)
def test_tout_exemple_publie_est_lu(fichier: Path) -> None:
    octets = fichier.read_bytes()
    if "req" in fichier.name or fichier.parent.name == "requests":
        recherche = insi.read_request(soap.read(octets))
        assert recherche.nom and recherche.prenoms and recherche.bam and recherche.lps
        assert recherche.action == insi.ACTION_TRAITS
        assert recherche.lps.idam and recherche.lps.idam_r == "4"
        assert recherche.bam.couverture
    else:
        assert insi.read_answer(octets)


@corpus.requiert("insi")
def test_les_dialectes_du_cahier_sont_lus() -> None:
    kit = EXEMPLES / "cnda-kit"
    deux = insi.read_answer((kit / "TEST_2.04_cas2.xml").read_bytes())
    nia = insi.read_answer((kit / "TEST_2.05.xml").read_bytes())
    ancien = insi.read_answer((EXEMPLES / "gie-sv/WS_INS2_rechercherInsAvecTraitsIdentite_reponse.xml").read_bytes())
    assert isinstance(deux, insi.Resultat) and deux.individu is not None
    assert [h.ins.matricule for h in deux.individu.historique] == ["209076322083439", "209066322012355"]
    assert deux.individu.ins.matricule == "109076322083489"
    assert isinstance(nia, insi.Resultat) and nia.individu is not None
    assert nia.individu.ins == Ins("109076322088835", "1.2.250.1.213.1.4.9")
    assert isinstance(ancien, insi.Resultat) and ancien.individu is not None
    assert (ancien.individu.prenoms, ancien.individu.ins.matricule) == ("LAURENCE", "207058575627097")


def recherche() -> insi.Recherche:
    bam = insi.ContexteBam("6f0c", "2026-03-02T08:04:30.120Z", "175B000001")
    lps = insi.ContexteLps("6f0d", bam.temps, bam.emetteur, "BANCTEMOIN01", "1.0", "2d037640", "urn:lps:BANC:1.0")
    return insi.Recherche("ADRUN", ("ZOE",), "F", "1975-12-31", "63220", bam, lps, "uuid:6f0e")


def test_une_requete_ecrite_se_relit_egale() -> None:
    assert insi.read_request(soap.read(insi.write_request(recherche()))) == recherche()


@corpus.requiert("insi")
def test_une_requete_ecrite_est_valide_contre_les_schemas() -> None:
    envelope = soap.read(insi.write_request(recherche()))
    schema("CTX/ROOT_ctxbam_CTXBAM_V01_02.xsd").assertValid(envelope.header_blocks(insi.BAM, "ContexteBAM")[0])
    schema("CTX/ROOT_ctxlps_CTXLPS_V01_00.xsd").assertValid(envelope.header_blocks(insi.LPS, "ContexteLPS")[0])
    schema("ServiceIdentiteCertifiee/INSi_RECSANS_INS.xsd").assertValid(envelope.payload)


def test_un_corps_etranger_est_refuse() -> None:
    octets = soap.write(etree.Element("{urn:x}AUTRE"))
    with pytest.raises(FormatError):
        insi.read_request(soap.read(octets))
    with pytest.raises(FormatError):
        insi.read_answer(octets)


TEXTE = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=40).map(str.strip)


@settings(max_examples=50)
@given(nom=TEXTE, prenoms=TEXTE)
def test_une_reponse_ecrite_se_relit_egale(nom: str, prenoms: str) -> None:
    individu = insi.Individu(Ins("2" * 15, "1.2"), nom, prenoms, "F", "1975-12-31", "63220")
    resultat = insi.Resultat("00", "OK", individu)
    assert insi.read_answer(insi.write_answer(resultat)) == resultat


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_des_octets_quelconques_ne_levent_que_format_error(octets: bytes) -> None:
    with pytest.raises(FormatError):
        insi.read_answer(octets)


def test_un_code_00_sans_individu_est_refuse() -> None:
    with pytest.raises(FormatError, match="INDIVIDU"):
        insi.read_answer(insi.write_answer(insi.Resultat("00", "OK")))


def test_un_commentaire_dans_un_champ_ne_coupe_pas_sa_valeur() -> None:
    octets = insi.write_answer(insi.Resultat("01", "Aucune identite trouvee"))
    resultat = insi.read_answer(octets.replace(b"<CodeCR>01", b"<CodeCR>0<!-- x -->1"))
    assert isinstance(resultat, insi.Resultat)
    assert resultat.code == "01"
    assert xml.parse(octets) is not None
