"""The people of INSi: fresh ones, search semantics, forced outcomes, persistence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from banc_segur.errors import BancError
from banc_segur.formats.identite import Ins, Traits
from banc_segur.formats.ins import cle_juste
from banc_segur.formats.insi import InsHistorique
from banc_segur.state.base import Etat
from banc_segur.state.fictives import ReglagesPersonnes, majuscules
from banc_segur.state.personnes import Forcage, Personnes, publiees

REGLAGES = ReglagesPersonnes()
NOM = re.compile(r"[A-Z]+(?:[ '-][A-Z]+)*")


@pytest.fixture
def personnes() -> Personnes:
    return Personnes(Etat(":memory:"))


def chercher(personnes: Personnes, traits: Traits, prenoms: str = "", lieu: str = "") -> list[Ins | None]:
    found = personnes.rechercher(
        traits.nom_naissance, prenoms or traits.premier_prenom, traits.sexe, traits.date_naissance, lieu
    )
    return [personne.ins for personne in found]


def test_cent_personnes_fraiches_sont_toutes_differentes_et_bien_formees(personnes: Personnes) -> None:
    people = [personnes.creer(graine, reglages=REGLAGES) for graine in range(100)]
    seen = set()
    for personne in people:
        assert personne.ins is not None
        assert cle_juste(personne.ins.matricule)
        assert personne.ins.matricule[5:10] == "63220"
        assert 900 <= int(personne.ins.matricule[10:13]) <= 999
        assert personne.ins.oid == "1.2.250.1.213.1.4.10"
        assert NOM.fullmatch(personne.traits.nom_naissance)
        assert NOM.fullmatch(personne.traits.prenoms)
        assert personne.traits.prenoms.split(" ")[0] == personne.traits.premier_prenom
        assert chercher(personnes, personne.traits) == [personne.ins]
        seen.add(personne.ins.matricule)
    assert len(seen) == 100
    assert any("-" in personne.traits.nom_naissance for personne in people)
    assert any("-" in personne.traits.premier_prenom for personne in people)


def test_la_meme_graine_donne_la_meme_personne_sur_un_etat_neuf(personnes: Personnes) -> None:
    autre = Personnes(Etat(":memory:"))
    premiere = personnes.creer(7, reglages=REGLAGES)
    assert premiere == autre.creer(7, reglages=REGLAGES)
    seconde = personnes.creer(7, reglages=REGLAGES)
    assert seconde.ins != premiere.ins
    assert seconde.traits != premiere.traits


def test_une_personne_01_est_inconnue_et_hors_des_paires_autorisees(personnes: Personnes) -> None:
    personne = personnes.creer(1, reponse="01", reglages=REGLAGES)
    assert personne.ins is None
    assert chercher(personnes, personne.traits) == []
    assert len(personnes.autorises()) == len(Personnes(Etat(":memory:")).autorises())


def test_une_personne_02_a_un_homonyme_que_rien_ne_distingue(personnes: Personnes) -> None:
    traits = personnes.creer(1, reponse="02", reglages=REGLAGES).traits
    assert len(chercher(personnes, traits)) == 2
    assert len(chercher(personnes, traits, lieu=traits.lieu_naissance)) == 2


def test_les_traits_imposes_sont_gardes_et_le_matricule_reste_fictif(personnes: Personnes) -> None:
    traits = Traits("D'ÉTÉ".replace("É", "E"), "ANNE-MARIE ZOE", "ANNE-MARIE", "F", "1975-12-31", "75056")
    personne = personnes.creer(None, traits=traits, reglages=REGLAGES)
    assert personne.traits == traits
    assert personne.ins is not None and personne.ins.matricule.startswith("2751263220900")


def test_les_matricules_epuises_arretent_avec_une_phrase(personnes: Personnes) -> None:
    etroits = ReglagesPersonnes(rang_premier=900, rang_dernier=900)
    traits = Traits("UN", "ZOE", "ZOE", "F", "1975-12-31", "63220")
    personnes.creer(None, traits=traits, reglages=etroits)
    with pytest.raises(BancError, match="plus aucun matricule"):
        personnes.creer(None, traits=traits, reglages=etroits)


@pytest.mark.parametrize(
    ("nom", "prenoms", "sexe", "date", "lieu", "attendu"),
    [
        ("ADRUN", "ZOE", "F", "1975-12-31", "", ["275126322074974"]),
        ("ADRUN", "ZOE", "M", "1975-12-31", "", []),
        ("D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN", "M", "2001-06-17", "63220", ["101066322075460"]),
        ("D'ARTAGNAN DE L'HERAULT", "PIERRE ALAIN", "M", "2001-06-17", "", []),
        ("D'ARTAGNAN DE L'HERAULT", "PIERRE-ALAIN GUNTHER", "M", "2001-06-17", "", ["101066322075460"]),
        ("TCHITCHI", "OLA", "F", "1936-06-21", "", []),
        ("TCHITCHI", "CATARINA", "F", "1936-06-21", "", ["236066322083656"]),
        ("DE VINCI", "LEONARDO", "M", "2014-02-01", "", ["114026322083356", None]),
        ("DE VINCI", "LEONARDO", "M", "2014-02-01", "63220", ["114026322083356"]),
        ("HOUILLES", "PIERRE PAUL JACQUES", "M", "1993-01-27", "", []),
    ],
)
def test_le_plan_de_la_cnda(
    personnes: Personnes, nom: str, prenoms: str, sexe: str, date: str, lieu: str, attendu: list[str | None]
) -> None:
    found = personnes.rechercher(nom, prenoms, sexe, date, lieu)
    assert [p.ins.matricule if p.ins else None for p in found] == attendu


def test_les_paires_autorisees_comptent_les_publiees_les_fraiches_et_les_anciennes(personnes: Personnes) -> None:
    fraiche = personnes.creer(3, reglages=REGLAGES)
    assert fraiche.ins is not None
    nia = Ins("275126322099999", "1.2.250.1.213.1.4.9")
    personnes.ajouter_historique(fraiche.ins.matricule, (InsHistorique(nia, "2020-01-01"),))
    pairs = personnes.autorises()
    assert {("275126322074974", "1.2.250.1.213.1.4.8"), ("209076322083439", "1.2.250.1.213.1.4.8")} <= pairs
    assert {(fraiche.ins.matricule, fraiche.ins.oid), (nia.matricule, nia.oid)} <= pairs


def test_les_paires_autorisees_suivent_chaque_changement_meme_par_un_autre(tmp_path: Path) -> None:
    etat = Etat(tmp_path / "etat.sqlite")
    one, other = Personnes(etat), Personnes(etat)
    before = one.autorises()
    fraiche = other.creer(3, reglages=REGLAGES)
    assert fraiche.ins is not None
    pair = (fraiche.ins.matricule, fraiche.ins.oid)
    assert one.autorises() == before | {pair}
    nia = Ins("275126322099999", "1.2.250.1.213.1.4.9")
    other.ajouter_historique(fraiche.ins.matricule, (InsHistorique(nia, "2020-01-01"),))
    assert one.autorises() == before | {pair, (nia.matricule, nia.oid)}
    other.reinitialiser()
    assert one.autorises() == before
    assert one.autorises() is one.autorises()


def test_un_forcage_survit_au_redemarrage_et_se_leve(tmp_path: Path) -> None:
    etat = Etat(tmp_path / "etat.sqlite")
    personnes = Personnes(etat)
    personne = personnes.creer(5, reglages=REGLAGES)
    assert personne.ins is not None
    personnes.forcer(personne.ins.matricule, "insi_102", delai=0.5, coupure="avant")
    etat.close()
    reprise = Personnes(Etat(tmp_path / "etat.sqlite"))
    traits = personne.traits
    cle = (traits.nom_naissance, traits.sexe, traits.date_naissance)
    assert reprise.fraiches() == [personne]
    assert reprise.forcage(*cle) == Forcage("insi_102", 0.5, "avant")
    reprise.forcer(traits)
    assert reprise.forcage(*cle) == Forcage()
    reprise.reinitialiser()
    assert reprise.fraiches() == []


def test_un_forcage_impossible_est_refuse(personnes: Personnes) -> None:
    with pytest.raises(BancError, match="matricule"):
        personnes.forcer("299999999999999", "01")
    with pytest.raises(BancError, match="coupure"):
        personnes.forcer("275126322074974", coupure="jamais")
    with pytest.raises(BancError, match="issue"):
        personnes.forcer("275126322074974", "panne")


def test_les_personnes_publiees_ont_une_cle_juste() -> None:
    assert all(cle_juste(p.ins.matricule) for p in publiees() if p.ins)


def test_majuscules_suit_l_alphabet_insi() -> None:
    assert majuscules("  Æ. d’Été - Çà ") == "AE D'ETE CA"
