from __future__ import annotations

from dataclasses import replace

import pypdfium2
import pytest

from banc_segur.formats import lettre
from banc_segur.formats.identite import Ins
from tests.cda_monde import PATIENT, page


def text(data: bytes) -> str:
    document = pypdfium2.PdfDocument(data)
    return "\n".join(p.get_textpage().get_text_bounded() for p in document)


def test_the_page_shows_traits_matricule_and_mention() -> None:
    shown = text(lettre.write(page()))
    for expected in (
        "Nom de naissance : ADRTROIS",
        "Premier prénom de naissance : TOUSSAINT",
        "Né(e) le : 01/01/1960",
        "Sexe : Masculin",
        "160012B02077713 (NIR)",
        "INS à scanner",
        "Hospitalisation du 10/01/2026 au 15/01/2026",
        "œuvre « d'été » – sortie",
    ):
        assert expected in shown


@pytest.mark.parametrize("statut", ["provisoire", "recuperee", "validee"])
def test_a_matricule_shows_only_for_a_qualified_identity(statut: str) -> None:
    lines = dict(lettre.cartouche(replace(PATIENT, statut=statut)))
    assert "Matricule INS" not in lines
    assert lines["Nom de naissance"] == "ADRTROIS"


def test_a_nia_is_called_so() -> None:
    patient = replace(PATIENT, ins=Ins("160012B02077713", "1.2.250.1.213.1.4.9"))
    assert dict(lettre.cartouche(patient))["Matricule INS"].endswith("(NIA)")


def test_without_payload_there_is_no_mention() -> None:
    assert "INS à scanner" not in text(lettre.write(page(datamatrix=b"")))


def test_the_same_letter_gives_the_same_bytes() -> None:
    assert lettre.write(page()) == lettre.write(page())


def test_a_long_letter_runs_over_pages() -> None:
    assert len(pypdfium2.PdfDocument(lettre.write(page(corps=("Paragraphe.",) * 80)))) > 1
