from __future__ import annotations

from dataclasses import replace

import pytest

from banc_segur.formats import cda_read, cda_write, lettre, pdf
from banc_segur.rules.catalogue import evaluer
from banc_segur.rules.cda.page import LettreLue, lire
from banc_segur.rules.model import Jugement, Sujet
from tests.cda_monde import CDA, CONTEXTE, DOCUMENT, PATIENT, page, requires_cda

SANS_INS = replace(PATIENT, statut="provisoire", ins=None)


def lue(letter: lettre.Lettre, patient: object = PATIENT) -> LettreLue:
    body = lettre.write(letter)
    return lire(pdf.read(body), cda_read.read(cda_write.write(replace(DOCUMENT, patient=patient), body)))  # type: ignore[arg-type]


def juger(letter: LettreLue) -> Jugement:
    return evaluer(Sujet("lettre", letter), CONTEXTE)


def regles(letter: LettreLue) -> set[str]:
    return {constat.regle for constat in juger(letter).constats}


def test_silent_on_our_letter_and_every_rule_evaluated() -> None:
    jugement = juger(lue(page()))
    assert jugement.constats == ()
    assert jugement.non_evaluees == ()


def test_silent_on_a_letter_without_qualified_identity() -> None:
    jugement = juger(lue(page(SANS_INS), SANS_INS))
    assert jugement.constats == ()
    assert "CDA-DTM-05" in jugement.evaluees
    assert "CDA-DTM-01" in dict(jugement.non_evaluees)


def test_an_ins_shown_without_qualified_identity_is_caught() -> None:
    assert regles(lue(page(), SANS_INS)) == {"CDA-DTM-05"}


def test_a_letter_that_came_alone_is_compared_with_its_own_page() -> None:
    assert regles(lire(pdf.read(lettre.write(page())))) == set()
    other = page(cartouche=tuple((label, value.replace("ADRTROIS", "ADRUN")) for label, value in page().cartouche))
    (constat,) = juger(lire(pdf.read(lettre.write(other)))).constats
    assert (constat.regle, constat.donnee, constat.observe) == ("CDA-DTM-03", "nom_naissance", "ADRTROIS")


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Nom de naissance", "Nom de naissance : AUTRE"),
        ("Né(e) le", "Né(e) le : 02/01/1960"),
        ("Sexe", "Sexe : Féminin"),
    ],
)
def test_a_wrong_or_missing_trait_on_the_page_is_named(label: str, shown: str) -> None:
    lines = tuple(tuple(shown.split(" : ")) if line[0] == label else line for line in page().cartouche)
    assert "CDA-DOC-01" in regles(lue(page(cartouche=lines)))


@requires_cda
def test_the_official_level_1_example_is_told_not_pdfa() -> None:
    """Named defect of the example (`cda.md` §8.2); it shows no INS datamatrix either."""
    document = cda_read.read((CDA / "examples" / "DOC_NON_STRUCTURE_CDA-R2-N1.xml").read_bytes())
    assert document.pdf is not None
    found = regles(lire(pdf.read(document.pdf), document))
    assert {"CDA-PDF-01", "CDA-DTM-01"} <= found
    assert not found & {"CDA-PDF-02", "CDA-DTM-02", "CDA-DTM-04"}


@requires_cda
def test_pdfa_rules_are_silent_on_a_pdfa_that_we_did_not_produce() -> None:
    document = cda_read.read((CDA / "mutants" / "N1__n1-base.xml").read_bytes())
    assert document.pdf is not None
    assert not regles(lire(pdf.read(document.pdf), document)) & {"CDA-PDF-01", "CDA-PDF-02"}


@pytest.mark.parametrize(
    ("text", "datum", "value"),
    [
        ("Né le 05/03/1960 à Ajaccio", "date_naissance", "1960-03-05"),
        ("Date de naissance : 05-03-1960", "date_naissance", "1960-03-05"),
        ("NOM DE NAISSANCE : D’ARTAGNAN DE L’HÉRAULT", "nom_naissance", "D'ARTAGNAN DE L'HERAULT"),
        ("INS : 1 60 01 2B 020 777 13 NIR", "matricule", "160012B02077713"),
        ("Matricule INS 160012B02077713 (NIR)", "matricule", "160012B02077713"),
        ("1er prénom de naissance : JEAN-LOUIS", "premier_prenom", "JEAN-LOUIS"),
        ("Prénom(s) de naissance : JEAN LOUIS", "prenoms", "JEAN LOUIS"),
        ("IPP 160012B02077799\nINS 160012B02077713", "matricule", "160012B02077713"),
        ("Nom de naissance\nPrénoms\nSexe : F", "sexe", "F"),
        ("Sexe : F", "sexe", "F"),
        ("Code lieu de naissance : 2B020", "lieu_naissance", "2B020"),
    ],
)
def test_labels_of_other_products_are_understood(text: str, datum: str, value: str) -> None:
    read = lire(replace(pdf.read(lettre.write(page())), texte=text, symboles=()))
    assert read.page == {datum: value}
