"""The witness PFI against the simulated DMP, over real HTTPS with client certificates."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from banc_segur.formats import http
from banc_segur.temoin.depot import ClientDmp, Existence, Resultat
from banc_segur.temoin.erreurs import ServiceInjoignable
from tests.dmp_banc import INS, BancDmp, identifiants, message


@pytest.fixture
def banc(tmp_path: Path) -> Iterator[BancDmp]:
    found = BancDmp(tmp_path)
    yield found
    found.serveur.stop()


@pytest.mark.parametrize(
    ("statut", "attendu"),
    [
        ("actif", Existence(True, False, "VALIDE")),
        ("ferme", Existence(True, True, "VALIDE")),
        ("bloque", Existence(True, False, "INTERDIT")),
        ("absent", Existence(False, False, "")),
    ],
)
def test_existence(banc: BancDmp, statut: str, attendu: Existence) -> None:
    banc.registre.ouvrir(INS, statut)
    assert banc.client.existence(message(1)) == attendu


def test_deposit_then_replacement(banc: BancDmp) -> None:
    assert banc.client.deposer(message(1), identifiants(1)) == Resultat(True)
    first = banc.registre.trouver("1.2.250.1.999.1.1.7.1")
    assert first is not None
    assert first.octets == message(1).cda
    assert banc.client.deposer(message(2, "T10", "1.2.250.1.999.1.1.7.1"), identifiants(2)) == Resultat(True)
    assert [item.approuve for item in banc.registre.documents(INS)] == [False, True]
    assert [item.operation for item in banc.analyses()] == ["TD2.1", "TD3.1", "TD2.1"]


def test_the_clean_witness_breaks_no_rule(banc: BancDmp) -> None:
    banc.client.existence(message(1))
    banc.client.deposer(message(1), identifiants(1))
    banc.client.deposer(message(2, "T10", "1.2.250.1.999.1.1.7.1"), identifiants(2))
    assert [(item.regle, item.ou, item.attendu, item.observe) for item in banc.constats()] == []


def test_a_secret_connection_is_asked_by_the_vihf(banc: BancDmp) -> None:
    hidden = {"CONNEXION_SECRETE": True, "INVISIBLE_REP_LEGAUX": True}
    assert banc.client.deposer(replace(message(1), indicateurs=hidden), identifiants(1)) == Resultat(True)
    assert banc.client.deposer(message(2), identifiants(2)) == Resultat(True)
    asked = [
        b"resource:patient:hl7:confidentiality-code" in http.read(item.requete).body for item in banc.carnet.echanges
    ]
    assert asked == [True, False]
    assert banc.constats() == []


def test_facts_and_keys(banc: BancDmp) -> None:
    banc.client.deposer(message(1), identifiants(1))
    analyse = banc.analyses()[0]
    assert analyse.reussi is True
    assert analyse.resume == "Dépôt de « Lettre de liaison à la sortie » dans le DMP : accepté"
    assert ("document", "1.2.250.1.999.1.1.7.1") in analyse.cles
    assert ("matricule", INS.matricule) in analyse.cles
    facts = {(item.porteur, item.donnee): item.valeur for item in analyse.faits}
    assert facts["XDS", "nom_naissance"] == "DUPONT-TEST"
    assert facts["XDS", "date_naissance"] == "1963-05-15"
    assert facts["VIHF", "matricule"] == INS.matricule
    assert len(facts["XDS", "empreinte"]) == 40
    assert [(item.genre, item.octets) for item in analyse.documents] == [("cda", message(1).cda)]


@pytest.mark.parametrize(
    ("statut", "code"),
    [("absent", "XDSUnknownPatientId"), ("ferme", "DMPClosed"), ("bloque", "DMPAccessDeniedByRightsService")],
)
def test_refusals_reach_the_caller(banc: BancDmp, statut: str, code: str) -> None:
    banc.registre.ouvrir(INS, statut)
    result = banc.client.deposer(message(1), identifiants(1))
    assert (result.ok, result.code) == (False, code)
    assert result.libelle
    assert banc.analyses()[0].reussi is False
    assert code in banc.analyses()[0].resume


def test_same_ids_again_is_already_done(banc: BancDmp) -> None:
    banc.client.deposer(message(1), identifiants(1))
    assert banc.client.deposer(message(1), identifiants(1)) == Resultat(True)
    assert len(banc.registre.documents(INS)) == 1


def test_replacing_an_unknown_document(banc: BancDmp) -> None:
    result = banc.client.deposer(message(2, "T10", "1.2.250.1.999.1.1.7.99"), identifiants(2))
    assert result.code == "UnresolvedReferenceException"


def test_deletion_is_not_played(banc: BancDmp) -> None:
    assert not banc.client.deposer(message(1, "T04"), identifiants(1)).ok


def test_nobody_there(banc: BancDmp) -> None:
    banc.serveur.stop()
    with pytest.raises(ServiceInjoignable):
        ClientDmp(banc.config, banc.defauts).deposer(message(1), identifiants(1))
    with pytest.raises(ServiceInjoignable):
        ClientDmp(banc.config, banc.defauts).existence(message(1))


def test_passing_troubles_then_success_with_the_same_ids(banc: BancDmp) -> None:
    for issue, held in (("occupe", 0), ("coupe_avant", 0), ("coupe_apres", 1)):
        banc.registre.forcer(issue)
        with pytest.raises(ServiceInjoignable):
            banc.client.deposer(message(1), identifiants(1))
        assert len(banc.registre.documents(INS)) == held
    assert banc.client.deposer(message(1), identifiants(1)) == Resultat(True)
    assert len(banc.registre.documents(INS)) == 1


def test_replacement_cut_after_registering_is_found_done(banc: BancDmp) -> None:
    banc.client.deposer(message(1), identifiants(1))
    second = message(2, "T10", "1.2.250.1.999.1.1.7.1")
    banc.registre.forcer("coupe_apres")
    with pytest.raises(ServiceInjoignable):
        banc.client.deposer(second, identifiants(2))
    assert banc.client.deposer(second, identifiants(2)) == Resultat(True)
    assert [item.approuve for item in banc.registre.documents(INS)] == [False, True]
