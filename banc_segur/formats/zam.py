"""ZAM business receipts, PFI to DPI: Z01 (DMP answer) and Z02 (MSSanté, one per recipient); Z03 is read too.

Source: volet Transmission de documents CDA R2 en HL7v2 2.1 (`hl7v2.md` §2.9).
"""

from __future__ import annotations

from dataclasses import dataclass

from banc_segur.formats.er7 import Brut, Message, Segment, composer
from banc_segur.formats.errors import FormatError
from banc_segur.formats.hl7_segments import EnteteHl7, msh

VERSION = "2.6"
PROFIL = "2.1^CISIS_CDA_HL7_V2"
# Event -> (code, label) of its first OBX.
STATUTS = {
    "Z01": ("ACK_RECEPTION_DMP", "Accusé de réception DMP"),
    "Z02": ("ACK_RECEPTION_MSS", "Accusé de réception MSSanté"),
    "Z03": ("ACK_LECTURE_MSS", "Accusé de lecture"),
}


@dataclass(frozen=True, slots=True)
class Zam:
    """A receipt. message: MSH-10 of the document message; positif: Y or N; adresse: recipient (Z02, Z03).

    code, libelle: ERR-5 when negative (DMP_ERROR_CODE or SMTPERRORCODE).
    """

    evenement: str
    identifiant: str
    message: str
    positif: bool
    adresse: str = ""
    destinataire: str = ""
    code: str = ""
    libelle: str = ""


def write_z01(message: str, entete: EnteteHl7, *, code: str = "", libelle: str = "") -> Message:
    """The DMP receipt of document message `message` (MSH-10): positive without `code`, else the DMP's error."""
    return Message(_statut("Z01", message, entete, not code) + _erreur(code, libelle, "DMP_ERROR_CODE"))


def write_z02(
    message: str, entete: EnteteHl7, adresse: str, *, destinataire: str = "", code: str = "", libelle: str = ""
) -> Message:
    """The MSSanté receipt for one recipient address: positive without `code`, else an SMTPERRORCODE.

    destinataire: OBX-4 of the address, the recipient's national id or matricule.
    """
    obx = {
        1: "2",
        2: "XTN",
        3: composer("DESTINATAIRE_MSS", "Destinataire MSSanté", "AckMetierZAM"),
        4: destinataire,
        5: composer("", "", "X.400", adresse),
        11: "F",
    }
    segments = [*_statut("Z02", message, entete, not code), Segment.neuf("OBX", obx)]
    return Message(segments + _erreur(code, libelle, "SMTPERRORCODE"))


def _statut(evenement: str, message: str, entete: EnteteHl7, positif: bool) -> list[Segment]:
    obx = {
        1: "1",
        2: "CWE",
        3: composer(*STATUTS[evenement], "AckMetierZAM"),
        4: message,
        5: Brut(f"{'Y' if positif else 'N'}^^expandedYes-NoIndicator"),
        11: "F",
    }
    return [
        msh(entete, f"ZAM^{evenement}^ZAM_Z01", VERSION, PROFIL),
        Segment.neuf("EVN", {2: entete.instant}),
        Segment.neuf("OBX", obx),
    ]


def _erreur(code: str, libelle: str, table: str) -> list[Segment]:
    if not code:
        return []
    error = composer("207", "Application error", "messageErrorCondition")
    return [Segment.neuf("ERR", {3: error, 4: "E", 5: composer(code, libelle, table)})]


def read(message: Message) -> Zam:
    """Understand a ZAM, leniently.

    Raises:
        FormatError: not a ZAM, or no OBX.
    """
    if message.code != "ZAM":
        raise FormatError("MSH-9", "un message ZAM", message.code)
    obx = message.tous("OBX")
    if not obx:
        raise FormatError("OBX", "un OBX de statut")
    second = obx[1] if len(obx) > 1 else Segment(["OBX"])
    return Zam(
        evenement=message.evenement,
        identifiant=message.identifiant,
        message=obx[0].get("4"),
        positif=obx[0].get("5") == "Y",
        adresse=second.get("5.4"),
        destinataire=second.get("4"),
        code=message.get("ERR-5"),
        libelle=message.get("ERR-5.2"),
    )
