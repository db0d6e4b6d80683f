"""The INSi rules: silent on published requests but for what their card names, each broken by its defect alone."""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import http, insi
from banc_segur.formats.identite import Ins
from banc_segur.pki.pki import Pki
from banc_segur.rules import catalogue
from banc_segur.rules import insi as regles_insi
from banc_segur.rules.analyse import analyser
from banc_segur.rules.insi.traits import _nom_correct, _prenom_correct
from banc_segur.rules.model import Contexte, EchangeBrut, Fait, Jugement
from banc_segur.temoin import defauts
from banc_segur.temoin.defauts import insi as defauts_insi
from tests import corpus
from tests.certificats import der

EXEMPLES = corpus.CORPUS / "insi" / "examples"
INSTANT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
REGLES = [entry.id for entry in catalogue.toutes() if entry.id.startswith("INSI-")]
UUID = "6f0c1e1a-0000-4000-8000-000000000001"


def echange(corps: bytes, reponse: bytes | None = None, statut: str = "200 OK") -> EchangeBrut:
    requete = http.write("POST /lps HTTP/1.1", [("Content-Type", "application/soap+xml")], corps)
    retour = None if reponse is None else http.write(f"HTTP/1.1 {statut}", [], reponse)
    return EchangeBrut("http", "ri-insi", requete, retour)


def juger(corps: bytes, certificat: bytes | None = None) -> Jugement:
    sujet = analyser(echange(corps)).sujets[0]
    return catalogue.evaluer(sujet, Contexte(INSTANT, "ri-insi", certificat))


def ids(jugement: Jugement) -> list[str]:
    return sorted({constat.regle for constat in jugement.constats})


def recherche(**changements: object) -> insi.Recherche:
    bam = insi.ContexteBam(UUID, "2026-03-02T08:04:30.120Z", "175B000001")
    lps = insi.ContexteLps(UUID, bam.temps, bam.emetteur, "BANCTEMOIN01", "1.0", UUID, "urn:lps:BANC:1.0")
    valeurs: dict[str, object] = {
        "nom": "D'AEION--DUPONT", "prenoms": ("ANNE-MARIE ZOE",), "sexe": "F", "date_naissance": "1975-12-31",
        "lieu_naissance": "2A020", "bam": bam, "lps": lps, "message_id": f"uuid:{UUID}",
    }  # fmt: skip
    return insi.Recherche(**{**valeurs, **changements})  # type: ignore[arg-type]


@corpus.requiert("insi")
@pytest.mark.parametrize(
    ("fichier", "attendu"),
    [
        ("gie-sv/WS_INS2_rechercherInsAvecTraitsIdentite_requete.xml", ["INSI-C03", "INSI-S02"]),
        ("requests/soapui_rechercherInsAvecTraitsIdentite_ADRDEUX.xml", ["INSI-C03", "INSI-S02"]),
        ("live/2023-07_DARTAGNAN_request_jaxws.xml", ["INSI-C01-VERSION"]),
    ],
)
def test_les_requetes_publiees_n_ont_que_les_ecarts_de_la_fiche(fichier: str, attendu: list[str]) -> None:
    jugement = juger((EXEMPLES / fichier).read_bytes())
    assert ids(jugement) == attendu
    assert not [reason for _, reason in jugement.non_evaluees if reason.startswith("erreur du banc")]
    assert set(jugement.evaluees) == set(REGLES) - {"INSI-T01"}


def test_une_requete_saine_ne_leve_rien(pki: Pki) -> None:
    for usage in ("insi-auto", "insi-manu"):
        jugement = juger(insi.write_request(recherche()), der(pki, usage))
        assert ids(jugement) == []
        assert set(jugement.evaluees) == set(REGLES)


@pytest.mark.parametrize("regle", REGLES)
def test_chaque_regle_a_son_defaut_et_lui_seul_la_fait_parler(regle: str, pki: Pki) -> None:
    entry = next(d for d in defauts.tous() if d.regle == regle)
    assert entry.role == "RI"
    if entry.point == "ri.certificat":
        usage = entry.muter("insi_auto").replace("_", "-")
        jugement = juger(insi.write_request(recherche()), der(pki, usage))
    else:
        assert entry.point == defauts_insi.RECHERCHE
        jugement = juger(insi.write_request(entry.muter(recherche())), der(pki, "insi-auto"))
    assert ids(jugement) == [regle]


@pytest.mark.parametrize("usage", ["mauvais-cn", "expire", "autre-ac"])
def test_t01_voit_chaque_mauvais_certificat(pki: Pki, usage: str) -> None:
    assert "INSI-T01" in ids(juger(insi.write_request(recherche()), der(pki, usage)))


@corpus.requiert("insi")
def test_t01_refuse_la_carte_d_un_professionnel() -> None:
    octets = (EXEMPLES / "gie-sv/WS_INS2_rechercherInsAvecTraitsIdentite_requete.xml").read_bytes()
    found = re.search(rb"<X509Certificate>(.*?)</X509Certificate>", octets, re.S)
    assert found
    pem = b"-----BEGIN CERTIFICATE-----\n" + found[1].replace(b"&#xD;", b"") + b"\n-----END CERTIFICATE-----\n"
    jugement = juger(octets, ssl.PEM_cert_to_DER_cert(pem.decode()))
    places = [constat.ou for constat in jugement.constats if constat.regle == "INSI-T01"]
    assert len(places) == 4


@pytest.mark.parametrize(
    ("changements", "attendu"),
    [
        ({"date_naissance": "1981-00-01"}, []),
        ({"date_naissance": "1981-25-00"}, []),
        ({"date_naissance": "2027-01-01"}, ["INSI-B03"]),
        ({"date_naissance": "1781-01-01"}, ["INSI-B03"]),
        ({"date_naissance": "1981-01-41"}, ["INSI-B03"]),
        ({"sexe": "I"}, ["INSI-B03"]),
        ({"sexe": ""}, ["INSI-B01"]),
        ({"prenoms": ()}, ["INSI-B01"]),
        ({"lieu_naissance": ""}, []),
        ({"lieu_naissance": "6322"}, ["INSI-B06"]),
        ({"bam": None}, ["INSI-C01"]),
        ({"lps": None}, ["INSI-C02"]),
        ({"action": insi.ACTION_CARTE_VITALE}, ["INSI-S01"]),
    ],
)
def test_les_bords_des_regles(changements: dict[str, object], attendu: list[str]) -> None:
    assert ids(juger(insi.write_request(recherche(**changements)))) == attendu


@pytest.mark.parametrize("nom", ["ADRUN", "'T HOEN", "D'ARTAGNAN DE L'HERAULT", "DUPONT--MARTIN", "PATB-QUATRE"])
def test_noms_admis(nom: str) -> None:
    assert _nom_correct(nom)


@pytest.mark.parametrize(
    "nom", ["Adrun", "ÉTÉ", "D’AEION", "ŒUF", "DUPONT  A", "D' A", "-DUPONT", " A", "A1", "A.", "A---B"]
)
def test_noms_refuses(nom: str) -> None:
    assert not _nom_correct(nom)


@pytest.mark.parametrize(
    ("prenom", "bon"), [("ANNE-MARIE", True), ("ANNE--MARIE", False), ("ANNE-", False), ("L'", False)]
)
def test_prenoms(prenom: str, bon: bool) -> None:
    assert _prenom_correct(prenom) is bon


def test_les_faits_et_les_cles_viennent_de_la_reponse() -> None:
    individu = insi.Individu(Ins("275126322074974", "1.2.3"), "ADRUN", "ZOE ANNE", "F", "1975-12-31", "63220")
    reponse = insi.write_answer(insi.Resultat("00", "OK", individu))
    analyse = analyser(echange(insi.write_request(recherche(nom="ADRUN")), reponse))
    assert analyse.reussi is True
    assert analyse.cles[0] == ("traits", "ADRUN|1975-12-31")
    assert ("matricule", "275126322074974") in analyse.cles
    assert Fait("prenoms", "ZOE ANNE", "INSi", "INDIVIDU/TIQ/ListePrenom") in analyse.faits
    assert len(analyse.faits) == 7
    assert analyse.attributs == (("CodeCR", "00"),)
    assert "identité trouvée" in analyse.resume


@pytest.mark.parametrize(
    ("reponse", "reussi", "dit"),
    [
        (None, None, "sans réponse"),
        (insi.write_answer(insi.Resultat("01", "Aucune")), True, "aucune identité"),
        (insi.write_answer(insi.Resultat("02", "Plusieurs")), True, "plusieurs identités"),
        (insi.write_fault(insi.faute("insi_102")), False, "insi_102"),
        (b"<html>panne</html>", False, "illisible"),
    ],
)
def test_chaque_issue_est_dite_en_francais(reponse: bytes | None, reussi: bool | None, dit: str) -> None:
    analyse = analyser(echange(insi.write_request(recherche()), reponse))
    assert analyse.reussi is reussi
    assert dit in analyse.resume
    assert analyse.faits == ()


def test_une_requete_illisible_ne_leve_jamais() -> None:
    for octets in (b"", b"POST / HTTP/1.1\r\n\r\n<a/>", b"\x00" * 50):
        analyse = analyser(EchangeBrut("http", "ri-insi", octets, None))
        assert analyse.operation == "illisible"


@settings(max_examples=50)
@given(st.text(max_size=30))
def test_aucun_nom_ne_fait_tomber_les_regles(nom: str) -> None:
    sujet = regles_insi.analyse.Requete(
        recherche(nom=nom, prenoms=(nom,)), analyser(echange(BONNE)).sujets[0].objet.enveloppe
    )
    for controle in (regles_insi.traits.b01, regles_insi.traits.b02):
        list(controle(sujet, Contexte(INSTANT)))


BONNE = insi.write_request(recherche())
