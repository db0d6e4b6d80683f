"""ADT: our messages against the skeletons of the card, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from banc_segur.formats import adt, er7
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Identifiant, Ins
from tests.formats import corpus_hl7
from tests.formats.hl7_monde import ENTETE, INS, PROVISOIRE, QUALIFIE, RECUPERE, SEJOUR, SORTIE


def test_an_identity_without_qualification_carries_no_ins() -> None:
    for patient in (PROVISOIRE, RECUPERE, replace(QUALIFIE, statut="validee"), replace(RECUPERE, ins=INS)):
        text = adt.write("A31", patient, ENTETE).write()
        assert INS.matricule.encode() not in text
        assert b"1.2.250.1.213.1.4." not in text


def test_the_qualified_a31_is_the_skeleton_of_the_card() -> None:
    model = er7.read(corpus_hl7.lire("squelettes/a31_qual.er7"))
    ipp = Identifiant("000003", "750100125", "M", "CHU-X")
    entete = replace(ENTETE, instant="20260302081000", identifiant="RI-0003")
    mine = adt.write("A31", replace(QUALIFIE, ipp=ipp), entete, preuve="CN", insi_appele="20260302080430")
    for ou in ("MSH-9", "MSH-10", "MSH-12", "MSH-17", "MSH-18", "MSH-19", "MSH-21", "EVN-2", "EVN-6", "PV1-2"):
        number = er7.place(ou).champ
        ours, theirs = mine.premier(ou[:3]), model.premier(ou[:3])
        assert ours is not None and theirs is not None
        assert ours.brut(number) == theirs.brut(number), ou
    pid, expected = mine.premier("PID"), model.premier("PID")
    assert pid is not None and expected is not None
    assert [pid.brut(n) for n in (3, 5, 7, 8, 30, 32, 33)] == [expected.brut(n) for n in (3, 5, 7, 8, 30, 32, 33)]
    assert "^^^^^^BDL^^63220" in expected.brut(11).split("~") == ["28 AV DE BRETEUIL^^PARIS^^75007^FRA^H", pid.brut(11)]
    assert mine.get("ZFD-5") == "INSI"
    assert mine.get("ZFD-7") == "CN"


@pytest.mark.parametrize(
    ("event", "segments"),
    [
        ("A28", ["MSH", "EVN", "PID", "PV1", "ZFD"]),
        ("A31", ["MSH", "EVN", "PID", "PV1", "ZFD"]),
        ("A47", ["MSH", "EVN", "PID", "MRG"]),
        ("A01", ["MSH", "EVN", "PID", "PV1", "ZBE", "ZFD"]),
        ("A03", ["MSH", "EVN", "PID", "PV1", "ZBE"]),
    ],
)
def test_structures(event: str, segments: list[str]) -> None:
    message = adt.write(event, QUALIFIE, ENTETE, sejour=SORTIE, ancien_ins=INS)
    assert [s.nom for s in message.segments] == segments
    assert message.get("MSH-9.3") == adt.STRUCTURES[event]
    assert er7.read(message.write()).write() == message.write()


def test_what_is_written_is_read_back() -> None:
    message = er7.read(adt.write("A01", QUALIFIE, ENTETE, sejour=SEJOUR, preuve="PA", insi_appele="20260302").write())
    seen = adt.read(message)
    assert seen == adt.Adt("A01", "RI-0001", QUALIFIE, SEJOUR, None, "20260302", "PA")
    assert adt.read(er7.read(adt.write("A31", RECUPERE, ENTETE, insi_appele="2026").write())).patient == RECUPERE
    assert adt.read(er7.read(adt.write("A28", PROVISOIRE, ENTETE).write())).patient == PROVISOIRE


def test_the_removal_of_an_ins() -> None:
    message = adt.write("A47", RECUPERE, ENTETE, ancien_ins=INS)
    assert message.get("PID-3[2].1") == '""'
    seen = adt.read(message)
    assert seen.patient.ins is None
    assert seen.ancien_ins == INS
    assert adt.write("A31", RECUPERE, ENTETE, ancien_ins=INS).get("PID-3[2].1") == ""


def test_an_ins_without_vali_is_not_integrated_and_the_nir_wins_over_the_nia() -> None:
    message = adt.write("A31", QUALIFIE, ENTETE)
    message.set("PID-3[3]", er7.composer("279035121518989", "", "", ("N", "1.2.250.1.213.1.4.9", "ISO"), "INS"))
    assert adt.read(message).patient.ins == INS
    message.set("PID-32", "PROV")
    assert adt.read(message).patient.ins is None


def test_the_official_admission_is_read() -> None:
    seen = adt.read(er7.read(corpus_hl7.lire("ans-exemples/sgl/admission.er7")))
    assert seen.patient.statut == "qualifiee"
    assert seen.patient.ins == Ins("279035121518989", "1.2.250.1.213.1.4.10")
    assert seen.patient.traits.lieu_naissance == "63220"
    assert seen.sejour is not None
    assert (seen.sejour.venue, seen.sejour.nda.valeur) == ("000897406", "24000006")


def test_not_an_adt() -> None:
    message = adt.write("A28", PROVISOIRE, ENTETE)
    message.set("MSH-9.1", "ORU")
    with pytest.raises(FormatError):
        adt.read(message)
