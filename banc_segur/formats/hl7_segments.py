"""Segments that ADT, MDM and ZAM share: header, event, patient, visit; French HL7 identifiers.

Source: PAM FR 2.11 §6.1-6.13, IHE France data types 1.8 (`hl7v2.md` §1.3-1.11).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from banc_segur.formats.er7 import EFFACER, Brut, Message, Repetition, Segment, composer, repeter
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import OID_PS, OID_STRUCTURES, Identifiant, Ins, Patient, Sejour, Traits
from banc_segur.formats.ins import OID_NIA, OIDS_INS

AUTORITE_PS = ("ASIP-SANTE-PS", OID_PS, "ISO")
AUTORITE_ST = ("ASIP-SANTE-ST", OID_STRUCTURES, "ISO")

_STATUTS = {"provisoire": "PROV", "recuperee": "PROV", "validee": "VALI", "qualifiee": "VALI"}


@dataclass(frozen=True, slots=True)
class EnteteHl7:
    """What a sender puts in MSH. instant: AAAAMMJJHHMMSS local time; identifiant: MSH-10, at most 20 characters.

    mode: MSH-11, T (test), P (production) or D.
    """

    application_emetteur: str
    etablissement_emetteur: str
    application_destinataire: str
    etablissement_destinataire: str
    instant: str
    identifiant: str
    mode: str = "T"


def msh(entete: EnteteHl7, nature: str, version: str, profil: str = "", pays: str = "") -> Segment:
    """Build MSH. nature `ADT^A28^ADT_A05`, version and profil as ER7 text, pays = MSH-19; UTF-8 declared."""
    segment = Segment.neuf(
        "MSH",
        {
            3: entete.application_emetteur,
            4: entete.etablissement_emetteur,
            5: entete.application_destinataire,
            6: entete.etablissement_destinataire,
            7: entete.instant,
            9: Brut(nature),
            10: entete.identifiant,
            11: entete.mode,
            12: Brut(version),
            17: "FRA",
            18: "UNICODE UTF-8",
            19: pays,
            21: Brut(profil),
        },
    )
    segment.champs[1:3] = ["|", "^~\\&"]
    return segment


def hd(identifiant: Identifiant) -> tuple[str, str, str]:
    """The HD (name, universal id, type) of an identifier's authority; the name is required."""
    return (identifiant.nom_autorite or identifiant.autorite, identifiant.autorite, identifiant.type_autorite)


def cx_ins(ins: Ins, valeur: str | None = None) -> Brut:
    """The CX of an INS; `valeur` replaces the matricule (`""` to remove it in an A47). CX-7 and 8 stay empty."""
    nature = "ASIP-SANTE-INS-NIA" if ins.oid == OID_NIA else "ASIP-SANTE-INS-NIR"
    return composer(ins.matricule if valeur is None else valeur, "", "", (nature, ins.oid, "ISO"), "INS")


def pid(patient: Patient, *, sejour: Sejour | None = None, modifie: str = "", retire: Ins | None = None) -> Segment:
    """Build PID. The INS is there only when the identity is qualifiée; retire: the INS that an A47 removes.

    modifie: PID-33, date of the last change.
    """
    traits = patient.traits
    qualifiee = patient.statut == "qualifiee" and patient.ins is not None
    ins = cx_ins(patient.ins) if qualifiee and patient.ins else ""
    if retire is not None and not ins:
        ins = cx_ins(retire, EFFACER)
    naissance = composer("", "", "", "", "", "", "BDL", "", traits.lieu_naissance) if traits.lieu_naissance else ""
    return Segment.neuf(
        "PID",
        {
            1: "1",
            3: repeter(composer(patient.ipp.valeur, "", "", hd(patient.ipp), "PI"), ins),
            5: composer(traits.nom_naissance, traits.premier_prenom, traits.prenoms, "", "", "", "L"),
            7: traits.date_naissance.replace("-", ""),
            8: traits.sexe,
            11: naissance,
            18: composer(sejour.nda.valeur, "", "", hd(sejour.nda), "AN") if sejour else "",
            30: "N",
            32: _STATUTS[patient.statut],
            33: modifie,
        },
    )


def lire_ins(repetitions: list[Repetition]) -> Ins | None:
    """The INS among the CX of a field: type INS or an INS authority; the NIR before the NIA; None when removed."""
    found = [
        Ins(cx.get(1), cx.get(4, 2))
        for cx in repetitions
        if cx.get(1) not in ("", EFFACER) and (cx.get(5) == "INS" or (cx.get(4, 2) in OIDS_INS and cx.get(5) != "NH"))
    ]
    return min(found, key=lambda ins: ins.oid == OID_NIA, default=None)


def lire_identifiant(cx: Repetition) -> Identifiant:
    """A CX as a local identifier."""
    return Identifiant(cx.get(1), cx.get(4, 2), cx.get(4, 3) or "ISO", cx.get(4, 1))


def lire_date(text: str) -> str:
    """`19790328…` -> `1979-03-28`; anything else is returned as it came."""
    match = re.match(r"(\d{4})(\d{2})(\d{2})", text)
    return "-".join(match.groups()) if match else text


def lire_traits(segment: Segment) -> Traits:
    """The traits of a PID: name of type L (the first name when none says so), birth place of the BDL address."""
    names = segment.repetitions(5)
    name = next((n for n in names if n.get(7) == "L"), names[0] if names else Repetition(""))
    places = [address.get(9) for address in segment.repetitions(11) if address.get(7) == "BDL" and address.get(9)]
    return Traits(
        nom_naissance=name.get(1),
        prenoms=name.get(3),
        premier_prenom=name.get(2),
        sexe=segment.get("8"),
        date_naissance=lire_date(segment.get("7")),
        lieu_naissance=places[0] if places else "",
    )


def lire_patient(message: Message) -> Patient:
    """The patient of the first PID, as a receiver must understand it.

    An INS that comes without PID-32 = VALI is not integrated (PAM FR §6.6.15); rules read the raw PID instead.

    Raises:
        FormatError: no PID.
    """
    segment = message.premier("PID")
    if segment is None:
        raise FormatError("PID", "un segment PID")
    identifiers = segment.repetitions(3)
    local = [cx for cx in identifiers if cx.get(5) == "PI"] or [cx for cx in identifiers if cx.get(5) == ""]
    validated = "VALI" in [r.get(1) for r in segment.repetitions(32)]
    ins = lire_ins(identifiers) if validated else None
    ipp = lire_identifiant(local[0]) if local else Identifiant("", "")
    return Patient(ipp, lire_traits(segment), _statut(validated, ins, message.get("ZFD-5")), ins)


def _statut(validated: bool, ins: Ins | None, obtention: str) -> str:
    if validated:
        return "qualifiee" if ins else "validee"
    return "recuperee" if obtention == "INSI" else "provisoire"


def lire_sejour(message: Message) -> Sejour | None:
    """The stay of PID-18 and PV1; None when PV1-2 is N or absent."""
    classe = message.get("PV1-2")
    if classe in ("", "N"):
        return None
    nda = message.repetitions("PID-18")
    return Sejour(
        nda=lire_identifiant(nda[0]) if nda else Identifiant("", ""),
        venue=message.get("PV1-19"),
        classe=classe,
        debut=message.get("PV1-44"),
        uf=message.get("PV1-3"),
        fin=message.get("PV1-45"),
    )
