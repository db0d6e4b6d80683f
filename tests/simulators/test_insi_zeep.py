"""Second opinion: a client that zeep generates from the official WSDL, over mutual TLS. It sends no wsa:Action."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from banc_segur.pki.pki import Pki
from banc_segur.state.base import Etat
from banc_segur.transport.https import HttpsServer
from banc_segur.transport.tls import contexte_serveur
from simulators.insi import ReglagesInsi, routes
from tests import corpus
from tests.carnet import Carnet

zeep = pytest.importorskip("zeep", reason="zeep absent : second avis non rendu")
WSDL = corpus.CORPUS / "insi" / "wsdl"
pytestmark = corpus.requiert("insi", "wsdl")
UUID = "6f0c1e1a-0000-4000-8000-000000000001"


class HorsLigne(zeep.Transport):  # type: ignore[misc, name-defined]
    """Reads the WS-Addressing schema from the corpus."""

    def load(self, url: str) -> Any:
        return (WSDL / "external" / "ws-addr.xsd").read_bytes() if "ws-addr" in url else super().load(url)


@pytest.fixture(scope="module")
def service(pki: Pki) -> Iterator[tuple[Any, Any]]:
    """(zeep client, service bound to the simulator)."""
    paire, auto = pki.serveur(), pki.produit("insi-auto")
    contexte = contexte_serveur(paire.certificat, paire.cle, pki.ac)
    reglages = ReglagesInsi(idams=frozenset({"BANCTEMOIN01"}))
    serveur = HttpsServer(routes(Etat(":memory:"), reglages), contexte, Carnet(), "ri-insi")
    port = serveur.start()
    session = requests.Session()
    session.trust_env = False  # REQUESTS_CA_BUNDLE would win over verify
    session.cert, session.verify = (str(auto.certificat), str(auto.cle)), str(pki.ac)
    client = zeep.Client(str(WSDL / "DESIR_ICIR_EXP_1.5.0.wsdl"), transport=HorsLigne(session=session))
    binding = "{http://www.cnamts.fr/webservice}ICIRServiceBinding"
    yield client, client.create_service(binding, f"https://localhost:{port}/lps")
    serveur.stop()


def entetes(client: Any, idam: str) -> list[Any]:
    """The header blocks, without wsse:Security: the WSDL cannot express the certificate mode."""
    base = {"Id": UUID, "Temps": datetime(2026, 3, 2, 8, 4, 30, tzinfo=UTC), "Emetteur": "175B000001"}
    logiciel = {"IDAM": {"_value_1": idam, "R": "4"}, "Version": "1", "Instance": UUID, "Nom": "urn:lps:X:1"}
    return [
        client.get_element("{urn:siram:lps:ctxlps}ContexteLPS")(**base, LPS=logiciel, Version="01_00"),
        client.get_element("{http://www.w3.org/2005/08/addressing}MessageID")(f"uuid:{UUID}"),
        client.get_element("{urn:siram:bam:ctxbam}ContexteBAM")(**base, COUVERTURE={}, Version="01_02"),
    ]


def rechercher(service: tuple[Any, Any], idam: str = "BANCTEMOIN01", **traits: Any) -> Any:
    return service[1].rechercherInsAvecTraitsIdentite(**traits, _soapheaders=entetes(service[0], idam))


def test_un_client_genere_lit_la_reponse(service: tuple[Any, Any]) -> None:
    found = rechercher(service, NomNaissance="ECETINSI", Prenom=["PIERRE-ALAIN"], Sexe="M", DateNaissance="2009-07-14")
    assert found.CR.CodeCR == "00"
    assert found.INDIVIDU.INSACTIF.IdIndividu.NumIdentifiant == "1090763220834"
    assert found.INDIVIDU.INSHISTO[0].IdIndividu.Cle == "39"
    assert found.INDIVIDU.TIQ.ListePrenom == "PIERRE-ALAIN MURIEL FLORIANT"


def test_un_client_genere_lit_l_absence_d_identite(service: tuple[Any, Any]) -> None:
    found = rechercher(service, NomNaissance="HOUILLES", Prenom=["PAUL"], Sexe="M", DateNaissance="1993-01-27")
    assert (found.CR.CodeCR, found.INDIVIDU) == ("01", None)


def test_un_client_genere_lit_la_faute(service: tuple[Any, Any]) -> None:
    with pytest.raises(zeep.exceptions.Fault) as caught:
        rechercher(service, "INCONNU", NomNaissance="ADRUN", Prenom=["ZOE"], Sexe="F", DateNaissance="1975-12-31")
    assert caught.value.code == "soap:Sender"
    assert caught.value.detail[0].get("code") == "desir_550"
    assert caught.value.detail[0].get("messageID") == f"uuid:{UUID}"
