"""DMP rules: each defect is caught by its rule, good material is silent, official samples give what the card names."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from banc_segur.formats import depot, http, xml
from banc_segur.formats.soap import Envelope
from banc_segur.formats.xds import read_soumission
from banc_segur.rules import catalogue
from banc_segur.rules.analyse import analyser
from banc_segur.rules.dmp.sujets import Soumission
from banc_segur.rules.model import Contexte, EchangeBrut, Sujet
from banc_segur.tables import lire
from banc_segur.temoin import defauts
from banc_segur.temoin.defauts import dmp
from tests import corpus
from tests.dmp_banc import BancDmp, identifiants, message
from tests.dmp_exemples import lot_exemple

INSTANT = datetime(2026, 1, 15, 8, 31, tzinfo=UTC)
MIENS = tuple(item for item in defauts.tous() if item.muter.__module__ == dmp.__name__)
FILS = {  # rule -> what the wire answers; absent: the deposit is accepted all the same
    "DMP-T04": "XDSMissingDocument",
    "DMP-T05": "XDSMissingDocument",
    "DMP-M01": "XDSRegistryMetadataError",
    "DMP-M02": "XDSRegistryMetadataError",
    "DMP-M03": "XDSRegistryMetadataError",
    "DMP-M04": "XDSRegistryMetadataError",
    "DMP-M07": "XDSPatientIdDoesNotMatch",
    "DMP-M08": "XDSRegistryMetadataError",
    "DMP-M10": "XDSRegistryMetadataError",
    "DMP-M11": "XDSRepositoryMetadataError",
    "DMP-M12": "XDSRegistryMetadataError",
    "DMP-M13": "XDSRegistryMetadataError",
}


@pytest.fixture(scope="module")
def banc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BancDmp]:
    found = BancDmp(tmp_path_factory.mktemp("pfi"))
    yield found
    found.serveur.stop()


def test_every_rule_has_its_defect() -> None:
    mine = {entry.id for entry in catalogue.toutes() if entry.controle.__module__.startswith("banc_segur.rules.dmp.")}
    assert {item.regle for item in MIENS} == mine


@pytest.mark.parametrize(("rang", "defaut"), list(enumerate(MIENS, 10)), ids=[item.id for item in MIENS])
def test_defect_raises_its_rule(banc: BancDmp, rang: int, defaut: defauts.Defaut) -> None:
    banc.carnet.echanges.clear()
    banc.defauts.activer([defaut.id])
    if defaut.point == "pfi.td02":
        banc.client.existence(message(rang))
    else:
        result = banc.client.deposer(message(rang), identifiants(rang))
        assert result.code == FILS.get(defaut.regle, "")
        assert result.ok == (defaut.regle not in FILS)
    banc.defauts.activer([])
    assert defaut.regle in {item.regle for item in banc.constats()}


def test_good_lot_is_silent() -> None:
    read = depot.read(*depot.write(lot_exemple(), {"Document01": b"<doc/>", "Signature01": b"<Signature/>"}))
    outcome = catalogue.evaluer(Sujet("dmp.soumission", Soumission(read)), Contexte(INSTANT))
    assert {item.regle for item in outcome.constats} == {"DMP-T06"}  # written without header here
    assert [item[0] for item in outcome.non_evaluees] == ["DMP-D02"]


def test_official_template_gives_what_the_card_names() -> None:
    """The kit's template is of the v1 API: INS-C with its date, retired typeCode, old labels, a stray namespace.

    It has no SOAP header, hence T06.
    """
    root = xml.parse(corpus.fichier("dmp/gie-sv-templates/template_XDS.xml").read_bytes())
    read = depot.Depot(Envelope(root, None, root), read_soumission(root), {})
    outcome = catalogue.evaluer(Sujet("dmp.soumission", Soumission(read)), Contexte(INSTANT))
    found = {item.regle for item in outcome.constats}
    assert found == {"DMP-T06", "DMP-M03", "DMP-M04", "DMP-M04-LIBELLE", "DMP-M07", "DMP-M07-CX7"}


def test_official_td02_pair() -> None:
    request = corpus.fichier("dmp/gie-sv-messages/TD0.2_Test_dexistence_requete.xml").read_bytes()
    answer = corpus.fichier("dmp/gie-sv-messages/TD0.2_Test_dexistence_reponse.xml").read_bytes()
    headers = [("Content-Type", "application/soap+xml; charset=UTF-8")]
    analyse = analyser(
        EchangeBrut(
            "http",
            "pfi-dmp",
            http.write("POST /si-dmp-server/v2/services/patients HTTP/1.1", headers, request),
            http.write("HTTP/1.1 200 OK", headers, answer),
        )
    )
    assert analyse.operation == "TD0.2"
    assert analyse.reussi is True
    assert analyse.resume == "Test d'existence du DMP : DMP actif, autorisation VALIDE"
    assert ("matricule", "207058575627097") in analyse.cles
    subject = next(item for item in analyse.sujets if item.genre == "dmp.existence")
    assert catalogue.evaluer(subject, Contexte(INSTANT)).constats == ()


def test_official_search_pair() -> None:
    request = corpus.fichier("dmp/gie-sv-messages/TD3.1_Recherche_de_document_requete.xml").read_bytes()
    answer = corpus.fichier(
        "dmp/gie-sv-messages/TD3.1_Recherche_de_document_reponse_EXTRAIT_2_entrees.xml"
    ).read_bytes()
    headers = [("Content-Type", "application/soap+xml; charset=UTF-8")]
    start = "POST /si-dmp-server/v2/services/registry HTTP/1.1"
    analyse = analyser(
        EchangeBrut(
            "http",
            "pfi-dmp",
            http.write(start, headers, request),
            http.write("HTTP/1.1 200 OK", headers, answer),
        )
    )
    assert (analyse.operation, analyse.reussi) == ("TD3.1", True)
    assert analyse.resume == "Recherche de documents par critères dans le DMP : accepté, 2 trouvé(s)"


def test_wrong_lot_institution() -> None:
    lot = lot_exemple()
    lot = replace(lot, authors=(replace(lot.authors[0], institutions=()),))
    read = depot.read(*depot.write(lot, {"Document01": b"<doc/>", "Signature01": b"<Signature/>"}))
    outcome = catalogue.evaluer(Sujet("dmp.soumission", Soumission(read)), Contexte(INSTANT))
    assert "DMP-M10" not in {item.regle for item in outcome.constats}  # without a VIHF the structure is unknown


@pytest.mark.parametrize("request_bytes", [b"", b"POST / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\n\r\n<a/>"])
def test_unreadable_bytes_never_raise(request_bytes: bytes) -> None:
    assert analyser(EchangeBrut("http", "pfi-dmp", request_bytes, None)).operation == "illisible"


def test_requirements_named_by_the_rules_exist() -> None:
    known = {row["id"] for row in lire("exigences")}
    mine = [entry for entry in catalogue.toutes() if entry.controle.__module__.startswith("banc_segur.rules.dmp.")]
    assert {item for entry in mine for item in entry.exigences} <= known
