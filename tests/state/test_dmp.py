"""The registry of the simulated DMP: statuses, atomic deposit, duplicates, replacement, restart."""

from dataclasses import replace
from pathlib import Path

import pytest

from banc_segur.formats.identite import Ins, Traits
from banc_segur.formats.xds import Cx, Lot, lier
from banc_segur.state.base import Etat
from banc_segur.state.dmp import RegistreDmp
from tests.dmp_exemples import MATRICULE, lot_exemple

INS = Ins(MATRICULE, "1.2.250.1.213.1.4.10")
OCTETS = {"Document01": b"<doc/>", "Signature01": b"<sig/>"}
INSTANT = "20260115083100"


@pytest.fixture
def registre() -> RegistreDmp:
    return RegistreDmp(Etat(":memory:"))


def _suivant(lot: Lot, suffixe: str, cible: str) -> Lot:
    """The lot that replaces `cible`."""
    entree = replace(lot.entrees[0], unique_id=f"{lot.entrees[0].unique_id}.{suffixe}")
    assert lot.signature is not None
    signature = replace(lot.signature, unique_id=f"{lot.signature.unique_id}.{suffixe}")
    new = replace(lot, unique_id=f"{lot.unique_id}.{suffixe}", entrees=(entree,), signature=signature)
    return lier(new, {"Document01": cible})


def test_statuses(registre: RegistreDmp) -> None:
    assert registre.statut(INS) == "absent"
    for statut in ("actif", "ferme", "bloque", "absent"):
        registre.ouvrir(INS, statut)
        assert registre.statut(INS) == statut
    with pytest.raises(ValueError, match="attendu"):
        registre.ouvrir(INS, "perdu")


def test_the_traits_of_a_person_outlive_a_change_of_status(registre: RegistreDmp) -> None:
    traits = Traits("PAT-TROIS", "DOMINIQUE", "DOMINIQUE", "F", "1979-03-28", "51215")
    assert registre.traits(INS) is None
    registre.ouvrir(INS, traits=traits)
    registre.ouvrir(INS, "ferme")
    assert registre.traits(INS) == traits


def test_deposit_is_found_again(registre: RegistreDmp) -> None:
    lot = lot_exemple()
    assert registre.deposer(lot, OCTETS, INSTANT) == ()
    document = registre.trouver(lot.entrees[0].unique_id)
    assert document is not None
    assert document.octets == b"<doc/>"
    assert document.entree.title == "Lettre de liaison à la sortie"
    assert document.entree.size == "6"
    assert document.approuve
    assert registre.entree(document.entry_uuid) == document
    assert registre.documents(INS) == (document,)
    assert registre.documents(Ins(MATRICULE, "1.2.3")) == ()


def test_same_lot_twice_is_a_duplicate(registre: RegistreDmp) -> None:
    registre.deposer(lot_exemple(), OCTETS, INSTANT)
    assert [e.code for e in registre.deposer(lot_exemple(), OCTETS, INSTANT)] == ["XDSDuplicateUniqueIdInRegistry"]
    assert len(registre.documents(INS)) == 1


def test_same_document_with_other_content(registre: RegistreDmp) -> None:
    registre.deposer(lot_exemple(), OCTETS, INSTANT)
    other = replace(lot_exemple(), unique_id="1.2.3")
    errors = registre.deposer(other, OCTETS | {"Document01": b"<autre/>"}, INSTANT)
    assert [e.code for e in errors] == ["XDSNonIdenticalHash"]
    assert registre.deposer(other, OCTETS, INSTANT) == ()


def test_replacement_deprecates_and_only_once(registre: RegistreDmp) -> None:
    lot = lot_exemple()
    registre.deposer(lot, OCTETS, INSTANT)
    old = registre.trouver(lot.entrees[0].unique_id)
    assert old is not None
    assert registre.deposer(_suivant(lot, "2", old.entry_uuid), OCTETS, INSTANT) == ()
    assert [item.approuve for item in registre.documents(INS)] == [False, True]
    errors = registre.deposer(_suivant(lot, "3", old.entry_uuid), OCTETS, INSTANT)
    assert [e.code for e in errors] == ["XDSRegistryDeprecatedDocumentError"]
    errors = registre.deposer(_suivant(lot, "4", lot.entrees[0].unique_id), OCTETS, INSTANT)
    assert [e.code for e in errors] == ["UnresolvedReferenceException"]


def test_replacement_of_another_patient(registre: RegistreDmp) -> None:
    lot = lot_exemple()
    registre.deposer(lot, OCTETS, INSTANT)
    old = registre.trouver(lot.entrees[0].unique_id)
    assert old is not None
    other = replace(_suivant(lot, "2", old.entry_uuid), patient_id=Cx("163056322090038", INS.oid).write())
    assert [e.code for e in registre.deposer(other, OCTETS, INSTANT)] == ["XDSPatientIdDoesNotMatch"]


def test_missing_bytes_leave_nothing_behind(registre: RegistreDmp) -> None:
    lot = lot_exemple()
    with pytest.raises(KeyError):
        registre.deposer(lot, {"Document01": b"<doc/>"}, INSTANT)
    assert registre.trouver(lot.entrees[0].unique_id) is None
    assert registre.deposer(lot, OCTETS, INSTANT) == ()


def test_survives_a_restart(tmp_path: Path) -> None:
    etat = Etat(tmp_path / "etat.sqlite")
    registre = RegistreDmp(etat)
    registre.ouvrir(INS)
    registre.deposer(lot_exemple(), OCTETS, INSTANT)
    etat.close()
    again = RegistreDmp(Etat(tmp_path / "etat.sqlite"))
    assert again.statut(INS) == "actif"
    assert len(again.documents(INS)) == 1


def test_forced_issues_are_spent(registre: RegistreDmp) -> None:
    assert registre.prendre_forcage() == ""
    registre.forcer("occupe", 2)
    assert [registre.prendre_forcage() for _ in range(3)] == ["occupe", "occupe", ""]
    registre.forcer("muet")
    registre.forcer("muet", 0)
    assert registre.prendre_forcage() == ""
    with pytest.raises(ValueError, match="attendu"):
        registre.forcer("autre")
