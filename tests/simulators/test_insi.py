"""The INSi simulator against the official exchanges, its refusals, its faults, and over real TLS."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from lxml import etree

from banc_segur.formats import insi, xml
from banc_segur.pki.pki import Pki
from banc_segur.state.base import Etat
from banc_segur.state.fictives import ReglagesPersonnes
from banc_segur.state.personnes import Personnes
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.http_client import ClientHttps, ReponseHttp
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.model import Answer, HttpRequest, Peer
from banc_segur.transport.tls import contexte_serveur
from simulators.insi import ReglagesInsi, routes
from tests import corpus
from tests.carnet import Carnet
from tests.certificats import der

EXEMPLES = corpus.CORPUS / "insi" / "examples"
TYPE = "application/soap+xml; charset=utf-8"


@pytest.fixture
def etat() -> Etat:
    return Etat(":memory:")


def requete(**changements: object) -> insi.Recherche:
    bam = insi.ContexteBam("6f0c", "2026-03-02T08:04:30.120Z", "175B000001")
    lps = insi.ContexteLps("6f0d", bam.temps, bam.emetteur, "BANCTEMOIN01", "1.0", "2d037640", "urn:lps:BANC:1.0")
    valeurs: dict[str, object] = {
        "nom": "ADRUN", "prenoms": ("ZOE",), "sexe": "F", "date_naissance": "1975-12-31", "lieu_naissance": "",
        "bam": bam, "lps": lps, "message_id": "uuid:6f0e",
    }  # fmt: skip
    return insi.Recherche(**{**valeurs, **changements})  # type: ignore[arg-type]


def poster(
    etat: Etat,
    corps: bytes | insi.Recherche,
    certificat: bytes | None,
    reglages: ReglagesInsi | None = None,
    *,
    methode: str = "POST",
    contenu: str = TYPE,
) -> Answer:
    body = corps if isinstance(corps, bytes) else insi.write_request(corps)
    peer = Peer("127.0.0.1", 1, "TLSv1.2", "", certificat)
    request = HttpRequest(methode, "/lps", "", {"content-type": contenu}, body, peer)
    return routes(etat, reglages or ReglagesInsi())["/lps"](request)


def lire(answer: Answer) -> str:
    """CodeCR or fault code."""
    lu = insi.read_answer(answer.body)
    assert answer.status == (500 if isinstance(lu, insi.Faute) else 200)
    assert answer.headers["Content-Type"] == TYPE
    return lu.code


def canonique(octets: bytes) -> bytes:
    """Canonical bytes of the Body's only element, white space between elements aside."""
    root = xml.parse(octets)
    for element in root.iter():
        if not (element.text or "").strip():
            element.text = None
        if not (element.tail or "").strip():
            element.tail = None
    bodies = [child for child in root if str(child.tag).endswith("}Body")]
    return etree.tostring(bodies[0][0], method="c14n", exclusive=True)


@corpus.requiert("insi")
@pytest.mark.parametrize(
    ("demande", "reponse", "dialecte"),
    [
        (
            "gie-sv/WS_INS2_rechercherInsAvecTraitsIdentite_requete.xml",
            "gie-sv/WS_INS2_rechercherInsAvecTraitsIdentite_reponse.xml",
            "2021",
        ),
        ("live/2023-07_DARTAGNAN_request_jaxws.xml", "live/2023-07_DARTAGNAN_response.xml", "2025"),
    ],
)
@pytest.mark.parametrize("usage", ["insi-auto", "insi-manu"])
def test_une_requete_officielle_recoit_la_reponse_du_service(
    etat: Etat, pki: Pki, demande: str, reponse: str, dialecte: str, usage: str
) -> None:
    answer = poster(etat, (EXEMPLES / demande).read_bytes(), der(pki, usage), ReglagesInsi(dialecte=dialecte))
    assert lire(answer) == "00"
    assert canonique(answer.body) == canonique((EXEMPLES / reponse).read_bytes())


@corpus.requiert("insi")
@pytest.mark.parametrize(
    ("changements", "reponse"),
    [
        (
            {"nom": "DE VINCI", "prenoms": ("LEONARDO",), "sexe": "M", "date_naissance": "2014-02-01"},
            "live/2022_CR02_DE_VINCI_response.xml",
        ),
        (
            {"nom": "ECETINSI", "prenoms": ("PIERRE-ALAIN",), "sexe": "M", "date_naissance": "2009-07-14"},
            "live/2022_ECETINSI_response.xml",
        ),
        ({"nom": "INCONNU"}, "cnda-kit/REP_CR01.xml"),
    ],
)
def test_la_reponse_est_celle_du_service_reel(
    etat: Etat, pki: Pki, changements: dict[str, object], reponse: str
) -> None:
    answer = poster(etat, requete(**changements), der(pki, "insi-auto"))
    assert canonique(answer.body) == canonique((EXEMPLES / reponse).read_bytes())


@corpus.requiert("insi")
def test_les_requetes_publiees_sont_servies_en_mode_certificat_et_cpx(etat: Etat, pki: Pki) -> None:
    soapui = (EXEMPLES / "requests" / "soapui_rechercherInsAvecTraitsIdentite_ADRDEUX.xml").read_bytes()
    gie = (EXEMPLES / "gie-sv" / "WS_INS2_rechercherInsAvecTraitsIdentite_requete.xml").read_bytes()
    assert lire(poster(etat, soapui, der(pki, "insi-auto"))) == "00"
    assert lire(poster(etat, gie, None)) == "00"
    assert lire(poster(etat, soapui, None)) == "desir_560"


BAM = requete().bam
LPS = requete().lps
assert BAM is not None and LPS is not None


@pytest.mark.parametrize(
    ("changements", "attendu"),
    [
        ({}, "00"),
        ({"prenoms": ("ZOE", "")}, "00"),
        ({"message_id": ""}, "00"),
        ({"lieu_naissance": "63220"}, "00"),
        ({"lieu_naissance": "75056"}, "01"),
        ({"nom": ""}, "insi_19"),
        ({"prenoms": ()}, "banc_05"),
        ({"sexe": ""}, "insi_24"),
        ({"sexe": "I"}, "insi_24"),
        ({"date_naissance": "31/12/1975"}, "banc_06"),
        ({"date_naissance": ""}, "banc_06"),
        ({"lieu_naissance": "632"}, "banc_07"),
        ({"action": "urn:autre"}, "banc_02"),
        ({"action": ""}, "banc_02"),
        ({"action": insi.ACTION_CARTE_VITALE}, "banc_02"),
        ({"lps": None}, "desir_550"),
        ({"lps": insi.ContexteLps("6f0d", BAM.temps, "x", "INCONNU", "1", "i", "n")}, "desir_550"),
        ({"lps": insi.ContexteLps("6f0d", "hier", "x", "BANCTEMOIN01", "1", "i", "n")}, "banc_04"),
        ({"bam": None}, "banc_03"),
        ({"bam": insi.ContexteBam("6f0c", BAM.temps, "x", couverture=False)}, "banc_03"),
        ({"bam": insi.ContexteBam("6f0c", "2020-01-01T00:00:00.0041+02:00", "moi@x", version="1.0")}, "00"),
    ],
)
def test_les_controles_dans_leur_ordre(etat: Etat, pki: Pki, changements: dict[str, object], attendu: str) -> None:
    reglages = ReglagesInsi(idams=frozenset({"BANCTEMOIN01"}))
    assert lire(poster(etat, requete(**changements), der(pki, "insi-auto"), reglages)) == attendu


@pytest.mark.parametrize("usage", ["mauvais-cn", "dmp-auth"])
def test_un_certificat_d_un_autre_cn_est_refuse(etat: Etat, pki: Pki, usage: str) -> None:
    answer = poster(etat, requete(), der(pki, usage))
    assert lire(answer) == "desir_560"
    faute = insi.read_answer(answer.body)
    assert isinstance(faute, insi.Faute)
    assert (faute.sous_code, faute.message_id) == ("siram_100", "uuid:6f0e")


def test_un_certificat_illisible_est_refuse(etat: Etat) -> None:
    assert lire(poster(etat, requete(), b"\x30\x03abc")) == "desir_560"


BONNE = insi.write_request(requete())
MAUVAISES = {
    "vide": b"",
    "pas du XML": b"<soap:Envelope",
    "tronquee": BONNE[:-40],
    "doctype": BONNE.replace(b"?>\n", b'?>\n<!DOCTYPE soap:Envelope [<!ENTITY a "b">]>', 1),
    "soap 1.1": BONNE.replace(b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/"),
    "sans corps": re.sub(rb"<soap:Body>.*</soap:Body>", b"", BONNE, flags=re.S),
    "profonde": b"<a>" * 5000,
    "enorme": BONNE + b" " * (1024 * 1024),
}


@pytest.mark.parametrize("nom", MAUVAISES)
def test_une_mauvaise_enveloppe_est_une_faute_sender(etat: Etat, pki: Pki, nom: str) -> None:
    answer = poster(etat, MAUVAISES[nom], der(pki, "insi-auto"))
    faute = insi.read_answer(answer.body)
    assert isinstance(faute, insi.Faute)
    assert (answer.status, faute.classe, faute.sous_code, faute.code) == (500, "Sender", "siram_10", "banc_01")


@pytest.mark.parametrize(
    "corps",
    [
        BONNE.replace(b"<r:Sexe>", b"<r:Inconnu/><r:Sexe>"),
        re.sub(rb"(<r:NomNaissance>.*</r:NomNaissance>)(.*)(</r:REC)", rb"\2\1\3", BONNE, flags=re.S),
        BONNE.replace(b"<r:Sexe>F</r:Sexe>", b"<r:Sexe>F</r:Sexe><r:Sexe>F</r:Sexe>"),
    ],
)
def test_un_corps_hors_schema_est_refuse(etat: Etat, pki: Pki, corps: bytes) -> None:
    assert lire(poster(etat, corps, der(pki, "insi-auto"))) == "banc_08"


def test_methode_et_type_de_contenu(etat: Etat, pki: Pki) -> None:
    assert poster(etat, requete(), der(pki, "insi-auto"), methode="GET").status == 405
    assert poster(etat, requete(), der(pki, "insi-auto"), contenu="text/xml").status == 415


def test_sans_wsa_action_celle_de_http_est_prise(etat: Etat, pki: Pki) -> None:
    contenu = f'application/soap+xml; charset=utf-8; action="{insi.ACTION_TRAITS}"'
    assert lire(poster(etat, requete(action=""), der(pki, "insi-auto"), contenu=contenu)) == "00"


def test_la_carte_vitale_n_est_pas_offerte(etat: Etat, pki: Pki) -> None:
    corps = insi.write_request(requete(action=insi.ACTION_CARTE_VITALE))
    corps = corps.replace(b"INSiRecSans", b"INSiRecVit").replace(b"RECSANSVITALE", b"RECVITALE")
    assert lire(poster(etat, corps, der(pki, "insi-auto"))) == "banc_09"


@pytest.mark.parametrize(
    ("issue", "attendu"), [("01", "01"), ("02", "02"), ("insi_102", "insi_102"), ("cle-fausse", "00")]
)
def test_une_issue_forcee_vaut_pour_la_personne_seule(etat: Etat, pki: Pki, issue: str, attendu: str) -> None:
    personnes = Personnes(etat)
    une, autre = (personnes.creer(graine, reglages=ReglagesPersonnes()).traits for graine in (1, 2))
    personnes.forcer(une, issue)
    codes = []
    for traits in (une, autre):
        recherche = requete(
            nom=traits.nom_naissance,
            prenoms=(traits.premier_prenom,),
            sexe=traits.sexe,
            date_naissance=traits.date_naissance,
        )
        codes.append(lire(poster(etat, recherche, der(pki, "insi-auto"))))
    assert codes == [attendu, "00"]


def test_les_alterations_changent_la_reponse(etat: Etat, pki: Pki) -> None:
    personnes = Personnes(etat)
    champs = {}
    for issue in ("cle-fausse", "jour-00", "sexe-vide", "nom-vide", "prenoms-vides", "oid-inconnu"):
        personnes.forcer("275126322074974", issue)
        lu = insi.read_answer(poster(etat, requete(), der(pki, "insi-auto")).body)
        assert isinstance(lu, insi.Resultat) and lu.individu is not None
        champs[issue] = lu.individu
    assert champs["cle-fausse"].ins.matricule == "275126322074975"
    assert champs["jour-00"].date_naissance == "1975-12-00"
    assert champs["sexe-vide"].sexe == champs["nom-vide"].nom_naissance == champs["prenoms-vides"].prenoms == ""
    assert champs["oid-inconnu"].ins.oid.endswith(".99")


@pytest.mark.parametrize(("coupure", "part"), [("", None), ("avant", 0.0), ("pendant", 0.5), ("apres", 1.0)])
def test_le_delai_et_la_coupure_sont_demandes_au_transport(
    etat: Etat, pki: Pki, coupure: str, part: float | None
) -> None:
    Personnes(etat).forcer("275126322074974", delai=0.25, coupure=coupure)
    answer = poster(etat, requete(), der(pki, "insi-auto"))
    assert answer.delay == 0.25
    assert answer.cut_after == (None if part is None else int(len(answer.body) * part))


@pytest.fixture
def serveur(etat: Etat, pki: Pki) -> Iterator[tuple[str, Carnet]]:
    paire, memoire = pki.serveur(), Carnet()
    contexte = contexte_serveur(paire.certificat, paire.cle, pki.ac)
    server = HttpsServer(routes(etat, ReglagesInsi()), contexte, memoire, "ri-insi")
    port = server.start()
    yield f"https://127.0.0.1:{port}/lps", memoire
    server.stop()


def appeler(pki: Pki, url: str, corps: bytes, usage: str = "insi-auto") -> ReponseHttp:
    paire = pki.produit(usage)
    client = ClientHttps(pki.ac, paire.certificat, paire.cle, delai_lecture=5.0)
    try:
        return client.post(url, corps, {"Content-Type": TYPE})
    finally:
        client.close()


def test_apres_chaque_mauvais_appel_le_bon_est_servi(serveur: tuple[str, Carnet], pki: Pki) -> None:
    url, memoire = serveur
    for corps in (MAUVAISES["tronquee"], MAUVAISES["doctype"], MAUVAISES["enorme"], MAUVAISES["profonde"]):
        assert appeler(pki, url, corps).status == 500
        assert b"<CodeCR>00" in appeler(pki, url, BONNE).body
    assert b"desir_560" in appeler(pki, url, BONNE, "mauvais-cn").body
    assert b"<CodeCR>00" in appeler(pki, url, BONNE, "insi-manu").body
    assert len(memoire.echanges) == 10


@pytest.mark.parametrize("usage", ["expire", "autre-ac"])
def test_un_certificat_hors_confiance_est_refuse_a_la_poignee(
    serveur: tuple[str, Carnet], pki: Pki, usage: str
) -> None:
    url, memoire = serveur
    with pytest.raises(Injoignable):
        appeler(pki, url, BONNE, usage)
    assert b"<CodeCR>00" in appeler(pki, url, BONNE).body
    assert len(memoire.echanges) == 1


@pytest.mark.parametrize("coupure", ["avant", "pendant"])
def test_une_coupure_puis_le_service_revient(serveur: tuple[str, Carnet], pki: Pki, etat: Etat, coupure: str) -> None:
    url, _ = serveur
    Personnes(etat).forcer("275126322074974", coupure=coupure)
    try:
        recu = appeler(pki, url, BONNE).body
    except Injoignable:
        recu = b""
    assert b"</soap:Envelope>" not in recu
    Personnes(etat).forcer("275126322074974")
    assert b"<CodeCR>00" in appeler(pki, url, BONNE).body
