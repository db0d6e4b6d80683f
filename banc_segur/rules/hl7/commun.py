"""What the HL7 rules share: sources, the volet's version, the INS of a message."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lxml import etree

from banc_segur.formats import mdm, xml
from banc_segur.formats.er7 import EFFACER, Message, Repetition
from banc_segur.formats.errors import FormatError
from banc_segur.formats.ins import OID_NIA, OIDS_INS

PAM = "IHE France, PAM National Extension 2.11"
DT = "IHE France, Constraints on HL7 v2.5 data types 1.8 (annexe N)"
VOLET = "CI-SIS, volet Transmission de documents CDA R2 en HL7v2 2.1"
ITI = "IHE ITI TF-2, ITI-30/ITI-31 et annexe C"

# MSH-21 of a document message or receipt -> version of the volet.
VERSIONS = {
    "2.1^CISIS_CDA_HL7_V2": "2.1",
    "2.0^CISIS_CDA_HL7_V2": "2.0",
    "1.2^CISIS_CDA_HL7_V1": "1.2",
}


@dataclass(frozen=True, slots=True)
class Acquittement:
    """Subject of the `hl7.ack` rules: a message and what was answered to it."""

    recu: Message
    ack: Message


class Transmission:
    """Subject of the `hl7.mdm` rules: a document message; its document is decoded and parsed once."""

    def __init__(self, message: Message) -> None:
        self.message = message

    @cached_property
    def document(self) -> bytes | FormatError:
        """The bytes of the first document, or why there are none."""
        try:
            return mdm.document(self.message)
        except FormatError as error:
            return error

    @cached_property
    def cda(self) -> etree._Element | None:
        """The root of the first document, None when it cannot be read (judged by DOC-22 and the CDA rules)."""
        if isinstance(self.document, FormatError):
            return None
        try:
            return xml.parse(self.document)
        except FormatError:
            return None


def profil(message: Message) -> str:
    """The repetition of MSH-21 that names a volet of the CI-SIS, else the first, as ER7 text.

    The stray spaces of the printed examples and empty components at the end are left out.
    """
    found = ["^".join(part.strip() for part in r.composants()).rstrip("^") for r in message.repetitions("MSH-21")]
    return next((name for name in found if "CISIS_CDA_HL7" in name), found[0] if found else "")


def version_volet(message: Message) -> str:
    """`2.1`, `2.0`, `1.2` or empty."""
    return VERSIONS.get(profil(message), "")


def est_lps(message: Message) -> bool:
    """True for the profile LPS (document received by MSSanté, handed to the DPI)."""
    return profil(message).endswith("CISIS_CDA_HL7_LPS")


def est_ins(cx: Repetition) -> bool:
    """True for an identifier typed INS or under an INS authority (a billing NIR, type NH, is none)."""
    return cx.get(5) == "INS" or (cx.get(4, 2) in OIDS_INS and cx.get(5) != "NH")


def cx_ins(message: Message) -> Iterator[tuple[int, Repetition]]:
    """The INS repetitions of PID-3 that hold a value, with their number from 1."""
    for number, cx in enumerate(message.repetitions("PID-3"), 1):
        if est_ins(cx) and cx.get(1) not in ("", EFFACER):
            yield number, cx


def porte_ins(message: Message) -> bool:
    """True when PID-3 holds an INS."""
    return any(True for _ in cx_ins(message))


def exige_traits(message: Message) -> bool:
    """True when an INS must come with its traits: PAM FR tells so since 2.10, not in 2.9 (`hl7v2.md` §1.14)."""
    return porte_ins(message) and not (message.code == "ADT" and message.get("MSH-12.3") == "2.9")


def ins_retenus(message: Message) -> list[tuple[int, Repetition]]:
    """The INS that a receiver keeps: when a NIR and a NIA both come, the NIR (PAM FR §4.4.1)."""
    found = list(cx_ins(message))
    return [(number, cx) for number, cx in found if cx.get(4, 2) != OID_NIA] or found


def reponse_codee(repetition: Repetition, systeme: str) -> str:
    """Y or N of a coded answer in that system, empty for anything else; the label is free."""
    value = repetition.get(1)
    return value if value in ("Y", "N") and repetition.get(3) == systeme else ""


def statuts(message: Message) -> list[str]:
    """The values of PID-32."""
    return [value.get(1) for value in message.repetitions("PID-32")]


def indicateurs(message: Message) -> dict[str, str]:
    """Code -> Y or N of the metadata OBX of a document message (all OBX but the documents)."""
    return {obx.get("3"): obx.get("5") for obx in message.tous("OBX") if obx.get("2") in ("CE", "CWE")}
