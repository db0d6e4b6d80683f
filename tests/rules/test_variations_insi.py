"""Lawful INSi calls of other vendors raise nothing; keys and facts of the answers they get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from banc_segur.formats import insi
from banc_segur.rules import catalogue
from banc_segur.rules.analyse import analyser
from banc_segur.rules.model import Contexte
from tests.rules.test_insi import echange, recherche

VARIANTES: dict[str, Callable[[], insi.Recherche]] = {
    "sans lieu de naissance": lambda: recherche(lieu_naissance=""),
    "né à l'étranger": lambda: recherche(lieu_naissance="99134"),
    "né en Corse": lambda: recherche(lieu_naissance="2B033"),
    "né outre-mer": lambda: recherche(lieu_naissance="98818"),
    "un prénom": lambda: recherche(prenoms=("ANNE",)),
    "tous les prénoms joints": lambda: recherche(prenoms=("ANNE-MARIE ZOE LOU",)),
    "apostrophe en tête du nom": lambda: recherche(nom="'AH"),
    "jour inconnu": lambda: recherche(date_naissance="1975-12-00"),
    "date lunaire": lambda: recherche(date_naissance="1975-20-00"),
    "nouveau-né de la nuit, heure de Paris": lambda: recherche(date_naissance="2026-11-22"),
    "heure locale avec fuseau": lambda: _temps("2026-03-02T09:04:30+01:00"),
    "MessageID en URN": lambda: recherche(message_id="urn:uuid:6f0c1e1a-0000-4000-8000-000000000001"),
    "SIRET pour émetteur": lambda: _emetteur("331800350240004"),
}


def _temps(temps: str) -> insi.Recherche:
    found = recherche()
    assert found.bam and found.lps
    return replace(found, bam=replace(found.bam, temps=temps), lps=replace(found.lps, temps=temps))


def _emetteur(emetteur: str) -> insi.Recherche:
    found = recherche()
    assert found.bam and found.lps
    return replace(found, bam=replace(found.bam, emetteur=emetteur), lps=replace(found.lps, emetteur=emetteur))


def ids(demande: insi.Recherche, instant: datetime) -> set[str]:
    sujet = analyser(echange(insi.write_request(demande))).sujets[0]
    return {c.regle for c in catalogue.evaluer(sujet, Contexte(instant, "ri-insi")).constats}


@pytest.mark.parametrize("nom", VARIANTES)
def test_a_lawful_call_is_silent(nom: str) -> None:
    assert ids(VARIANTES[nom](), datetime(2026, 11, 21, 23, 30, tzinfo=UTC)) == set()


def test_tomorrow_is_still_the_future() -> None:
    assert "INSI-B03" in ids(recherche(date_naissance="2026-11-23"), datetime(2026, 11, 21, 23, 30, tzinfo=UTC))


def test_keys_are_those_of_the_identity_messages() -> None:
    analyse = analyser(echange(insi.write_request(recherche(nom="Née", prenoms=("Zoé Lou",)))))
    assert analyse.cles == (
        ("traits", "NEE|1975-12-31"),
        ("traits", "NEE|1975-12-31|ZOE"),
        ("traits", "NEE|1975-12-31|LOU"),
    )
