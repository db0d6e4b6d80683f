"""The witness RI against the simulated INSi: its messages break no HL7 rule and its dossier is coherent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from banc_segur.formats.identite import Traits
from banc_segur.rules.analyse import analyser
from banc_segur.rules.catalogue import evaluer
from banc_segur.rules.model import Analyse, Constat, Contexte, Dossier, EchangeBrut, Sujet
from banc_segur.state.fictives import ReglagesPersonnes
from tests.certificats import pki_partagee
from tests.rules.dossier.test_dossier import DEBUT, etape
from tests.temoin.test_ri import Monde, attendre


@pytest.fixture
def monde(tmp_path: Path) -> Iterator[Monde]:
    found = Monde(pki_partagee(), tmp_path)
    yield found
    found.stop()


def _analyses(monde: Monde) -> list[tuple[str, Analyse]]:
    """(link, analysis): the creation, then the INSi calls, then the rest, as they happened."""
    calls = [
        ("ri-insi", analyser(EchangeBrut("http", "ri-insi", e.requete, e.reponse))) for e in monde.memoire.echanges
    ]
    adts = [
        ("ri-eai", analyser(EchangeBrut("mllp", "ri-eai", message.write(), None))) for message in monde.eai.messages
    ]
    return [adts[0], *calls, *adts[1:]]


def _juger(monde: Monde) -> tuple[list[Constat], set[str]]:
    """(constats, dossier rules evaluated) of everything the RI said."""
    steps = _analyses(monde)
    contexte = Contexte(DEBUT)
    subjects = [s for lien, a in steps if lien == "ri-eai" for s in a.sujets]
    subjects.append(Sujet("dossier", Dossier(tuple(etape(n, lien, a) for n, (lien, a) in enumerate(steps, 1)))))
    outcomes = [evaluer(subject, contexte) for subject in subjects]
    return [c for outcome in outcomes for c in outcome.constats], set(outcomes[-1].evaluees)


def test_a_qualified_admission_and_its_discharge_are_clean(monde: Monde) -> None:
    personne = monde.personnes.creer(11, reglages=ReglagesPersonnes())
    admitted = monde.admettre(personne.traits)
    monde.ri.actions["sortir"]({"ipp": admitted["ipp"]})
    assert attendre(monde.ri.au_repos)
    found, evaluated = _juger(monde)
    assert found == []
    assert evaluated >= {"DOS-01", "DOS-02", "DOS-03", "DOS-04", "DOS-05", "DOS-06", "DOS-07", "DOS-08", "DOS-10"}


def test_an_unknown_person_carries_no_ins(monde: Monde) -> None:
    monde.admettre(Traits("INCONNU-TEST", "ALIX", "ALIX", "F", "1988-02-03", "63220"))
    found, evaluated = _juger(monde)
    assert found == []
    assert "DOS-10" in evaluated
    assert not evaluated & {"DOS-01", "DOS-03"}


@pytest.mark.parametrize(("regle", "connue"), [("DOS-04", True), ("DOS-10", False)])
def test_its_defects_are_caught(monde: Monde, regle: str, connue: bool) -> None:
    traits = Traits("INCONNU-TEST", "ALIX", "ALIX", "F", "1988-02-03", "63220")
    if connue:
        traits = monde.personnes.creer(12, reglages=ReglagesPersonnes()).traits
    monde.ri.defauts.activer([regle])
    monde.admettre(traits)
    assert regle in {constat.regle for constat in _juger(monde)[0]}
