"""The world of a bench: fresh people and published ones, with what services hold of them."""

from __future__ import annotations

import pytest

from banc_segur.control.monde import Monde
from banc_segur.errors import UsageError
from banc_segur.formats.identite import Ins
from banc_segur.state.base import Etat
from banc_segur.state.boites import Boites
from banc_segur.state.dmp import RegistreDmp
from tests.control.conftest import MONDE

PAT_TROIS = Ins("279035121518989", "1.2.250.1.213.1.4.10")


@pytest.fixture
def etat() -> Etat:
    return Etat(":memory:")


@pytest.fixture
def monde(etat: Etat) -> Monde:
    return Monde(etat, MONDE)


def test_the_dmp_knows_the_traits_of_a_fresh_person(monde: Monde, etat: Etat) -> None:
    personne = monde.nouveau_patient("00", {"premier_prenom": "ANNE", "prenoms": "ANNE MARIE"}, "actif", "ouverte")
    traits = RegistreDmp(etat).traits(Ins(personne["matricule"], personne["oid"]))
    assert traits is not None
    assert (traits.nom_naissance, traits.premier_prenom) == (personne["nom_naissance"], "ANNE")


def test_a_published_person_gets_a_dmp_and_a_mailbox(monde: Monde, etat: Etat) -> None:
    opened = monde.ouvrir_patient(PAT_TROIS.matricule, PAT_TROIS.oid, "actif", "ouverte")
    assert (opened["nom_naissance"], opened["dmp"]) == ("PAT-TROIS", "actif")
    assert opened["adresse_mss"] == "279035121518989@patient.mssante.fr"
    assert Boites(etat).boite(opened["adresse_mss"]) is not None
    traits = RegistreDmp(etat).traits(PAT_TROIS)
    assert traits is not None and traits.date_naissance == "1979-03-28"
    monde.ouvrir_patient(PAT_TROIS.matricule, PAT_TROIS.oid, "ferme", "fermee")
    assert RegistreDmp(etat).statut(PAT_TROIS) == "ferme"


@pytest.mark.parametrize(
    ("matricule", "oid", "dmp"),
    [
        ("279035121518980", PAT_TROIS.oid, "actif"),
        (PAT_TROIS.matricule, "1.2.250.1.213.1.4.8", "actif"),
        (PAT_TROIS.matricule, PAT_TROIS.oid, "perdu"),
    ],
)
def test_nobody_else_is_opened(monde: Monde, matricule: str, oid: str, dmp: str) -> None:
    with pytest.raises(UsageError):
        monde.ouvrir_patient(matricule, oid, dmp, "ouverte")


def test_published_people_are_there_from_the_first_start_and_keep_what_was_changed(etat: Etat) -> None:
    Monde(etat, MONDE)
    assert RegistreDmp(etat).statut(PAT_TROIS) == "actif"
    assert Boites(etat).boite("279035121518989@patient.mssante.fr") is not None
    RegistreDmp(etat).ouvrir(PAT_TROIS, "ferme")
    Monde(etat, MONDE)
    assert RegistreDmp(etat).statut(PAT_TROIS) == "ferme"


def test_the_recipient_of_the_official_examples_has_a_mailbox(monde: Monde, etat: Etat) -> None:
    found = Boites(etat).boite(MONDE["exemples_ans"]["boite"])
    assert found is not None and found.etat == "ouverte"
