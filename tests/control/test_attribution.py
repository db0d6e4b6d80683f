"""Who owns an exchange when several scenarios could."""

from __future__ import annotations

from datetime import UTC, datetime

from banc_segur.control.attribution import Emetteurs, ajouter_cles, attribuer
from banc_segur.journal.campagnes import Campagnes
from banc_segur.journal.journal import EchangeJuge, Emission, Journal
from banc_segur.transport.model import EchangeRecu

PERSONNE = Emission("", "")


class Essai:
    """A journal with a passage under way."""

    def __init__(self) -> None:
        self.journal = Journal(":memory:", autorises=frozenset, cle_masque=b"")
        self.campagnes = Campagnes(self.journal)
        self.passage = self.campagnes.ouvrir("essai", [], 1.0, [])["passage"]

    def scenario(self, *cles: tuple[str, str]) -> int:
        numero = self.campagnes.ouvrir_scenario(self.passage, "x", "x.feature", [])
        self.journal.base.ecrire(lambda base: ajouter_cles(base, numero, cles))
        return numero

    def echange(self, *cles: tuple[str, str]) -> int:
        instant = datetime.now(UTC)
        numero = self.journal.echange(EchangeRecu(0, "ri-eai", "mllp", instant, instant, b"x", b"y"))
        self.journal.juger(EchangeJuge(numero, "op", "", True, PERSONNE, PERSONNE, cles), attribuer)
        return numero

    def de(self, numero: int) -> int | None:
        found: int | None = self.journal.detail(numero)["scenario"]
        return found


def test_most_shared_keys_then_the_last_opened() -> None:
    essai = Essai()
    first = essai.scenario(("traits", "A"), ("ipp", "1"))
    second = essai.scenario(("traits", "A"))
    assert essai.de(essai.echange(("traits", "A"))) == second
    assert essai.de(essai.echange(("traits", "A"), ("ipp", "1"))) == first


def test_keys_grow_and_adopt_what_came_before() -> None:
    essai = Essai()
    scenario = essai.scenario(("matricule", "M"))
    mail = essai.echange(("Message-ID", "<1>"), ("document", "D"))
    depot = essai.echange(("document", "D"), ("ipp", "1"))
    assert (essai.de(mail), essai.de(depot)) == (None, None)
    essai.echange(("ipp", "1"), ("matricule", "M"))
    assert (essai.de(mail), essai.de(depot)) == (scenario, scenario)


def test_an_earlier_exchange_or_passage_is_never_taken() -> None:
    essai = Essai()
    before = essai.echange(("ipp", "1"))
    first = essai.scenario(("ipp", "1"))
    assert essai.de(before) is None
    essai.passage = essai.campagnes.ouvrir("essai", [], 1.0, [])["passage"]
    assert essai.de(essai.echange(("ipp", "1"))) is None  # the old scenario is of another passage
    assert essai.journal.echanges(scenario=first) == []


def test_emitters_follow_the_links() -> None:
    produits = [{"nom": "PFI+", "roles": ["PFI", "EAI"], "attendus": {"LPS_Nom": "X"}}]
    emetteurs = Emetteurs(produits)
    assert emetteurs.de("pfi-dmp") == Emission("PFI+", "PFI")
    assert emetteurs.vers("pfi-dmp") == Emission("Banc Ségur", "DMP")
    assert emetteurs.du_cote("ri-eai", "reponse") == Emission("PFI+", "EAI")
    assert emetteurs.de("ri-eai") == Emission("", "RI")
    assert emetteurs.attendus(emetteurs.de("pfi-dmp")) == {"LPS_Nom": "X"}
    assert emetteurs.de("inconnu") == PERSONNE


T = ("traits", "JUMEAU|2000-01-01")
ANNE, LEA = ("traits", "JUMEAU|2000-01-01|ANNE"), ("traits", "JUMEAU|2000-01-01|LEA")


def test_twins_at_the_same_time_never_mix() -> None:
    essai = Essai()
    anne = essai.scenario(T, ANNE, ("matricule", "MA"))
    lea = essai.scenario(T, LEA, ("matricule", "ML"))
    of_anne = [essai.echange(("ipp", "1"), T, ANNE), essai.echange(T, ANNE), essai.echange(("ipp", "1"), T)]
    of_lea = [essai.echange(("ipp", "2"), T, LEA), essai.echange(T, ("matricule", "ML")), essai.echange(("ipp", "2"))]
    assert [essai.de(e) for e in of_anne] == [anne] * 3
    assert [essai.de(e) for e in of_lea] == [lea] * 3


def test_a_twin_of_another_ipp_is_left_outside_but_not_an_ipp_that_the_eai_translates() -> None:
    essai = Essai()
    scenario = essai.scenario(T, ANNE)
    assert essai.de(essai.echange(("ipp", "1"), T, ANNE)) == scenario
    assert essai.de(essai.echange(("ipp", "9"), T, LEA)) is None
    assert essai.de(essai.echange(("ipp", "900"), T, ANNE)) == scenario


def test_a_matricule_that_strayed_into_another_scenario_does_not_take_a_patient_away() -> None:
    essai = Essai()
    first = essai.scenario(("traits", "A|2000-01-01"), ("matricule", "MA"))
    assert essai.de(essai.echange(("matricule", "MA"), ("matricule", "AUTRE"))) == first
    second = essai.scenario(T, ANNE, ("matricule", "MB"))
    essai.scenario(("traits", "C|2000-01-01"))
    assert essai.de(essai.echange(("ipp", "2"), ("matricule", "AUTRE"), T, ANNE)) == second


def test_the_counter_of_another_product_takes_no_message() -> None:
    essai = Essai()
    first = essai.scenario(("ipp", "1"), ("matricule", "M1"))
    assert essai.de(essai.echange(("ipp", "1"), ("MSH-10", "1"), ("document", "D1"))) == first
    other = essai.echange(("ipp", "2"), ("MSH-10", "1"), ("document", "D2"))
    assert essai.de(other) is None
    assert essai.de(essai.echange(("MSH-10", "1"))) == first
    essai.echange(("ipp", "1"), ("document", "D3"))
    assert essai.de(other) is None
