from __future__ import annotations

from dataclasses import replace

import pytest

from banc_segur.formats import cda_read
from banc_segur.rules.catalogue import evaluer
from banc_segur.rules.cda import corps, entete, identite
from banc_segur.rules.model import Jugement, Sujet
from tests.cda_monde import CDA, CONTEXTE, PATIENT, document, requires_cda, verdicts

assert corps, entete and identite  # registered at import

# Own rules, stricter than the schematron (their ids are not SM/RT…): the corpus names these files' defects.
CLE_FAUSSE = {
    "examples/CSE-CS24_2024.01.xml",
    "examples/CSE-CS8_2024.01.xml",
    "examples/CSE-CS9_2024.01.xml",
    "examples/CSE-MDE_2023.01.xml",
    "examples/OBP-SNE_2024.01.xml",
    "mutants/LDL-SES__pat-ins-badkey.xml",
    "mutants/N1__pat-ins-badkey.xml",
}
STRICTES = {name: {"CDA-INS-01"} for name in CLE_FAUSSE} | {
    "mutants/N1__n1-reference.xml": {"CDA-N1-03"},
    "mutants/N1__n1-text-empty.xml": {"CDA-N1-03"},
    "mutants/N1__n1-repr-none.xml": {"CDA-N1-02"},
}
# One mutated fact -> the rule of ours that must see it.
MUTANTS = {
    "LDL-SES__aut-id-missing": "CDA-AU-06",
    "LDL-SES__aut-timenull": "CDA-AU-06",
    "LDL-SES__code-nosystem": "CDA-SM-11",
    "LDL-SES__conf-missing": "CDA-SM-08",
    "LDL-SES__cus-id-null": "CDA-CU-03",
    "LDL-SES__doc-badsic": "CDA-DO-07",
    "LDL-SES__doc-lownull": "CDA-SM-02",
    "LDL-SES__doc-nolow": "CDA-SM-02",
    "LDL-SES__doc-noperf": "CDA-SM-02",
    "LDL-SES__doc-second-first": "CDA-SM-02",
    "LDL-SES__doc-twoperf": "CDA-SM-02",
    "LDL-SES__eff-month13": "CDA-SM-13",
    "LDL-SES__eff-null": "CDA-SM-08",
    "LDL-SES__eff-z": "CDA-SM-13",
    "LDL-SES__id-root-bad": "CDA-SM-10",
    "LDL-SES__la-id-two": "CDA-LA-02",
    "LDL-SES__la-missing": "CDA-SM-09",
    "LDL-SES__pat-birth-31feb": "CDA-RT-09",
    "LDL-SES__pat-birth-slash": "CDA-RT-09",
    "LDL-SES__pat-birth-null": "CDA-SM-18",
    "LDL-SES__pat-fam-br-missing": "CDA-SM-18",
    "LDL-SES__pat-fam-noqual": "CDA-RT-06",
    "LDL-SES__pat-fam-sp": "CDA-RT-06",
    "LDL-SES__pat-given-sp": "CDA-RT-06",
    "LDL-SES__pat-id-twice": "CDA-RT-03",
    "LDL-SES__pat-ids-none": "CDA-RT-03",
    "LDL-SES__pat-ins-noext": "CDA-RT-03",
    "LDL-SES__pat-two": "CDA-SM-08",
    "LDL-SES__realm-us": "CDA-SM-05",
    "LDL-SES__title-missing": "CDA-SM-08",
    "LDL-SES__tpl-doc-missing": "CDA-SM-07",
    "LDL-SES__tpl-hl7fr-missing": "CDA-SM-07",
    "N1__doc-badsic": "CDA-DO-07",
    "N1__doc-twoperf": "CDA-SM-02",
    "N1__n1-volettpl": "CDA-SM-03",
    "N1__cus-id-null": "CDA-CU-03",
}


def juger(data: bytes) -> Jugement:
    return evaluer(Sujet("cda", cda_read.read(data)), CONTEXTE)


def regles(data: bytes) -> set[str]:
    return {constat.regle for constat in juger(data).constats}


@requires_cda
@pytest.mark.parametrize("name", [row["file"] for row in verdicts() if row["verdict_header"] == "PASS"])
def test_silent_on_documents_that_the_official_checks_pass(name: str) -> None:
    assert regles((CDA / name).read_bytes()) == STRICTES.get(name, set())


@requires_cda
@pytest.mark.parametrize(("name", "rule"), MUTANTS.items())
def test_each_mutant_of_a_guarded_fact_is_caught(name: str, rule: str) -> None:
    assert rule in regles((CDA / "mutants" / f"{name}.xml").read_bytes())


@requires_cda
def test_a_wrong_type_id_fails_here_though_the_schematron_checks_nothing() -> None:
    good = (CDA / "mutants" / "N1__n1-base.xml").read_bytes()
    assert regles(good.replace(b"POCD_HD000040", b"POCD_HD000041")) == {"CDA-SM-00"}


def test_every_rule_is_evaluated_and_silent_on_our_document() -> None:
    jugement = juger(document())
    assert jugement.constats == ()
    assert jugement.non_evaluees == ()
    assert len(jugement.evaluees) >= 20


def test_silent_on_our_document_without_ins() -> None:
    assert regles(document(replace(PATIENT, statut="provisoire", ins=None))) == set()


def test_a_place_names_the_repeated_element() -> None:
    data = document().replace(b'<id root="1.2.250.1.999.1.1.1" extension="IPP1"/>', b"<id/>")
    (constat,) = juger(data).constats
    assert constat.regle == "CDA-RT-03"
    assert constat.ou == "recordTarget/patientRole/id[2]"
