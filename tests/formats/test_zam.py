"""ZAM receipts: ours equal the skeletons, the official ones are read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from banc_segur.formats import adt, er7, zam
from banc_segur.formats.errors import FormatError
from tests.formats import corpus_hl7
from tests.formats.hl7_monde import ENTETE, PROVISOIRE

PFI = replace(ENTETE, application_emetteur="PFI", application_destinataire="DPI")


def test_a_positive_z01_is_the_skeleton() -> None:
    entete = replace(PFI, instant="20260305170010", identifiant="PFI-0002")
    assert zam.write_z01("DPI-0001", entete).write() == corpus_hl7.lire("squelettes/zam_z01_ok.er7").replace(
        b"\n", b"\r"
    )


def test_a_negative_z02_is_the_skeleton() -> None:
    model = er7.read(corpus_hl7.lire("squelettes/zam_z02_ko.er7"))
    entete = replace(PFI, instant="20260305170020", identifiant="PFI-0003")
    label = "Action non effectuée : boîte aux lettres non disponible"
    mine = zam.write_z02(
        "DPI-0001",
        entete,
        "adam.hoda@test-ci-sis.mssante.fr",
        destinataire="801234567897",
        code="550",
        libelle=label,
    )
    assert mine.write() == model.write()
    seen = zam.read(mine)
    assert (seen.evenement, seen.message, seen.positif, seen.code) == ("Z02", "DPI-0001", False, "550")
    assert seen.adresse == "adam.hoda@test-ci-sis.mssante.fr"


def test_official_receipts_are_read() -> None:
    folder = "ans-exemples/volets/trans_cda_v2.1/oru_initial"
    dmp = zam.read(er7.read(corpus_hl7.lire(f"{folder}/accuse_metier_reception_DMP.hl7")))
    assert dmp == zam.Zam("Z01", "017", "015", False, code="DMPClosed", libelle="DMP fermé")
    mss = zam.read(er7.read(corpus_hl7.lire(f"{folder}/accuse_metier_reception_MSS.hl7")))
    assert mss.positif
    assert mss.destinataire == "801234567897"


def test_not_a_zam() -> None:
    with pytest.raises(FormatError):
        zam.read(adt.write("A28", PROVISOIRE, ENTETE))
