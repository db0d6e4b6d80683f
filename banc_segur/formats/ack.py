"""HL7 v2 acknowledgements: MSH, MSA, ERR.

Source: ITI TF-2 C.2.3; volet Transmission de documents CDA R2 en HL7v2 2.1 (`hl7v2.md` §1.15, §2.8).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from banc_segur.formats.er7 import Brut, Message, Segment, composer
from banc_segur.formats.errors import FormatError
from banc_segur.formats.hl7_segments import EnteteHl7, msh


@dataclass(frozen=True, slots=True)
class Erreur:
    """One ERR. ou: `PID^1^3` (segment, occurrence, field…), may be empty; code: table 0357.

    applicatif: ERR-5 as (code, label, table), empty when there is none.
    """

    code: str
    libelle: str
    ou: str = ""
    severite: str = "E"
    applicatif: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True, slots=True)
class Ack:
    """An acknowledgement. code: AA, AE or AR; acquitte: MSA-2, the MSH-10 of the message it answers."""

    code: str
    acquitte: str
    identifiant: str
    evenement: str
    erreurs: tuple[Erreur, ...] = ()

    @property
    def accepte(self) -> bool:
        """True for AA (and CA)."""
        return self.code in ("AA", "CA")


def write(recu: Message, code: str, *, identifiant: str, instant: str, erreurs: Sequence[Erreur] = ()) -> Message:
    """Build the ACK of `recu`: applications swapped, MSH-11 and 12 repeated.

    identifiant: MSH-10 of the ACK; instant: AAAAMMJJHHMMSS. AE and AR need at least one Erreur.
    """
    entete = EnteteHl7(
        application_emetteur=recu.get("MSH-5"),
        etablissement_emetteur=recu.get("MSH-6"),
        application_destinataire=recu.get("MSH-3"),
        etablissement_destinataire=recu.get("MSH-4"),
        instant=instant,
        identifiant=identifiant,
        mode=recu.get("MSH-11") or "P",
    )
    header = recu.premier("MSH")
    version = header.brut(12) if header else ""
    header_ack = msh(entete, f"ACK^{recu.evenement}^ACK", version or "2.5")
    table = "HL70357" if recu.code == "ADT" else "messageErrorCondition"
    msa = Segment.neuf("MSA", {1: code, 2: recu.identifiant})
    return Message([header_ack, msa, *(_err(erreur, table) for erreur in erreurs)])


def refuser(data: bytes, error: FormatError, *, identifiant: str, instant: str) -> Message:
    """The AE for bytes that `er7.read` refused: MSH-10 and the applications are guessed from the first line."""
    line = data.lstrip(b"\xef\xbb\xbf").splitlines()[0] if data.strip() else b""
    fields = line[:1000].decode("ascii", "replace").split("|")
    ack = Message([Segment.neuf("MSH", {n: fields[n - 1] for n in (3, 4, 5, 6, 10, 11) if n <= len(fields)})])
    event = (fields[8].split("^") if len(fields) > 8 else [""])[1:2]
    ack.set("MSH-9.2", Brut("".join(event).strip() or "A01"))
    return write(
        ack,
        "AE",
        identifiant=identifiant,
        instant=instant,
        erreurs=[Erreur("102", f"Data type error: {error.ou}")],
    )


def _err(erreur: Erreur, table: str) -> Segment:
    return Segment.neuf(
        "ERR",
        {
            2: Brut(erreur.ou),
            3: composer(erreur.code, erreur.libelle, table),
            4: erreur.severite,
            5: composer(*erreur.applicatif),
        },
    )


def read(message: Message) -> Ack:
    """Understand an ACK, leniently (`MSH-9` may be `ACK` alone).

    Raises:
        FormatError: not an ACK, or no MSA.
    """
    if message.code != "ACK":
        raise FormatError("MSH-9", "un acquittement ACK", message.code)
    msa = message.premier("MSA")
    if msa is None:
        raise FormatError("MSA", "un segment MSA")
    erreurs = tuple(
        Erreur(
            err.get("3.1"), err.get("3.2"), err.brut(2), err.get("4"), (err.get("5.1"), err.get("5.2"), err.get("5.3"))
        )
        for err in message.tous("ERR")
    )
    return Ack(msa.get("1"), msa.get("2"), message.identifiant, message.evenement, erreurs)
