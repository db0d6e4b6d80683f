"""ADT of PAM France 2.11: identity (A28, A31, A47) and stay (A01, A03).

Source: PAM FR 2.11 §1-6 (`hl7v2.md` §1). Skeletons of the same card are the models.
"""

from __future__ import annotations

from dataclasses import dataclass

from banc_segur.formats.er7 import Message, Segment, composer
from banc_segur.formats.errors import FormatError
from banc_segur.formats.hl7_segments import (
    EnteteHl7,
    cx_ins,
    hd,
    lire_ins,
    lire_patient,
    lire_sejour,
    msh,
    pid,
)
from banc_segur.formats.identite import Ins, Patient, Sejour

__all__ = ["STRUCTURES", "VERSION", "Adt", "EnteteHl7", "read", "write"]

VERSION = "2.5^FRA^2.11"
PROFIL = "2.11^IHE_FRANCE-2.11-PAM"
# Event -> message structure, for the events that the witness emits.
STRUCTURES = {"A28": "ADT_A05", "A31": "ADT_A05", "A47": "ADT_A30", "A01": "ADT_A01", "A03": "ADT_A03"}
_DECISION_MEDICALE = "3"  # PV1-36, discharge by medical decision (hypothèse: usual default of French products)


@dataclass(frozen=True, slots=True)
class Adt:
    """An ADT as a receiver understands it. ancien_ins: MRG-1 of an A47; insi_appele, preuve: ZFD-6, ZFD-7."""

    evenement: str
    identifiant: str
    patient: Patient
    sejour: Sejour | None = None
    ancien_ins: Ins | None = None
    insi_appele: str = ""
    preuve: str = ""


def write(
    evenement: str,
    patient: Patient,
    entete: EnteteHl7,
    *,
    sejour: Sejour | None = None,
    ancien_ins: Ins | None = None,
    preuve: str = "",
    insi_appele: str = "",
) -> Message:
    """Build the ADT.

    Args:
        evenement: A28, A31, A47 (ancien_ins required), A01, A03 (sejour required; A03 with its end).
        preuve: ZFD-7, type of identity proof (`CN`, `PA`…), sent for a validated or qualified identity.
        insi_appele: ZFD-6, AAAAMMJJHHMMSS of the INSi call, sent when the traits come from INSi.

    Raises:
        ValueError: the event is not one of these or its required argument is missing (programming error).
    """
    segments = [msh(entete, f"ADT^{evenement}^{STRUCTURES[evenement]}", VERSION, PROFIL, pays="FR")]
    if evenement in ("A01", "A03"):
        if sejour is None:
            raise ValueError(f"{evenement} needs a stay")
        return Message(segments + _sejour(evenement, patient, entete, sejour, preuve, insi_appele))
    segments.append(Segment.neuf("EVN", {2: entete.instant, 6: entete.instant}))
    segments.append(pid(patient, modifie=entete.instant, retire=ancien_ins if evenement == "A47" else None))
    if evenement == "A47":
        if ancien_ins is None:
            raise ValueError("A47 needs the former INS")
        return Message([*segments, Segment.neuf("MRG", {1: cx_ins(ancien_ins)})])
    return Message([*segments, Segment.neuf("PV1", {2: "N"}), _zfd(patient, preuve, insi_appele)])


def _sejour(
    evenement: str, patient: Patient, entete: EnteteHl7, sejour: Sejour, preuve: str, insi_appele: str
) -> list[Segment]:
    sortie = evenement == "A03"
    date = sejour.fin if sortie else sejour.debut
    segments = [
        Segment.neuf("EVN", {2: entete.instant, 6: date}),
        pid(patient, sejour=sejour, modifie=entete.instant),
        _pv1(sejour, sortie),
        _zbe(sejour, evenement, date),
    ]
    return segments if sortie else [*segments, _zfd(patient, preuve, insi_appele)]


def _pv1(sejour: Sejour, sortie: bool) -> Segment:
    return Segment.neuf(
        "PV1",
        {
            1: "1",
            2: sejour.classe,
            3: composer(sejour.uf, "", "", hd(sejour.nda)),
            4: "" if sortie else "R",
            19: composer(sejour.venue, "", "", hd(sejour.nda), "VN"),
            36: _DECISION_MEDICALE if sortie else "",
            41: "D" if sortie else "",
            44: sejour.debut,
            45: sejour.fin if sortie else "",
            51: "V",
        },
    )


def _zbe(sejour: Sejour, evenement: str, date: str) -> Segment:
    unite = composer(sejour.uf, "", "", "", "", hd(sejour.nda), "UF", "", "", sejour.uf)
    return Segment.neuf(
        "ZBE",
        {
            1: composer(f"{sejour.venue}-{evenement}", *hd(sejour.nda)),
            2: date,
            4: "INSERT",
            5: "N",
            7: unite,
            8: unite,
            9: "HMS",
        },
    )


def _zfd(patient: Patient, preuve: str, insi_appele: str) -> Segment:
    insi = patient.statut in ("recuperee", "qualifiee")
    prouvee = patient.statut in ("validee", "qualifiee")
    return Segment.neuf(
        "ZFD",
        {4: "N", 5: "INSI" if insi else "SM", 6: insi_appele if insi else "", 7: preuve if prouvee else ""},
    )


def read(message: Message) -> Adt:
    """Understand an ADT of any event, leniently.

    Raises:
        FormatError: not an ADT, or no PID.
    """
    if message.code != "ADT":
        raise FormatError("MSH-9", "un message ADT", message.code)
    return Adt(
        evenement=message.evenement,
        identifiant=message.identifiant,
        patient=lire_patient(message),
        sejour=lire_sejour(message),
        ancien_ins=lire_ins(message.repetitions("MRG-1")),
        insi_appele=message.get("ZFD-6"),
        preuve=message.get("ZFD-7"),
    )
