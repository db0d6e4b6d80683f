"""Rules of every HL7 message: end of segments, MSH."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.er7 import Message
from banc_segur.rules.catalogue import regle
from banc_segur.rules.hl7.commun import ITI, PAM, VERSIONS, VOLET, est_lps, profil
from banc_segur.rules.model import Contexte, Ecart, Severite

_PROFILS_PAM = ("2.9", "2.10", "2.11")
_VERSIONS_HL7 = {"ORU": "2.5", "MDM": "2.6", "ZAM": "2.6"}


@regle(
    "HL7-ENV-06",
    "Chaque segment se termine par CR",
    genre="hl7.message",
    severite=Severite.AVERTISSEMENT,
    source="HL7 v2.5, chapitre 2.8 (hl7v2.md ENV-06)",
    remede="Terminer chaque segment par le seul octet 0x0D, sans LF, BOM ni ligne vide.",
)
def fins_de_segment(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """What the reader forgave: LF or CRLF ends, blank lines, BOM."""
    for tolerance in message.tolerances:
        yield Ecart("message", "des segments terminés par CR seul", tolerance)


@regle(
    "HL7-ENV-07",
    "MSH-2 vaut exactement ^~\\&",
    genre="hl7.message",
    source=f"{ITI} C.2.2 (hl7v2.md ENV-07)",
    remede="Écrire les séparateurs standard ; vérifier que le tilde est l'ASCII 0x7E.",
)
def separateurs(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Standard delimiters, ASCII tilde."""
    if message.get("MSH-2") != "^~\\&":
        yield Ecart("MSH-2", "^~\\&", message.get("MSH-2"))


@regle(
    "HL7-ENV-18",
    "MSH-10 est présent, en 20 caractères au plus",
    genre="hl7.message",
    source=f"{ITI} C.2.2 (hl7v2.md ENV-18)",
    remede="Donner à chaque message un identifiant propre de 1 à 20 caractères.",
)
def identifiant(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Without MSH-10 nothing can be acknowledged."""
    if not 1 <= len(message.identifiant) <= 20:
        yield Ecart("MSH-10", "un identifiant de 1 à 20 caractères", message.identifiant or "vide")


@regle(
    "HL7-ENV-22",
    "MSH-12 annonce PAM FR : 2.5^FRA^2.11",
    genre="hl7.adt",
    source=f"{PAM} §6.5 (hl7v2.md ENV-22, ENV-23)",
    remede="Écrire « 2.5^FRA^2.11 » : version HL7, pays, version majeure du profil.",
    exigences=("INS/va1.66",),
)
def version_pam(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """HL7 version, country, profile version; minor versions are never named."""
    seen = [message.get(f"MSH-12.{n}") for n in (1, 2, 3)]
    if seen[:2] != ["2.5", "FRA"] or seen[2] not in _PROFILS_PAM:
        yield Ecart("MSH-12", "2.5^FRA^2.11 (ou 2.10, 2.9)", "^".join(seen).rstrip("^") or "vide")


@regle(
    "HL7-ENV-24",
    "MSH-12 porte la version HL7 du volet",
    genre="hl7.message",
    source=f"{VOLET}, profils de messages (hl7v2.md ENV-24)",
    remede="Écrire 2.6 pour un MDM ou un ZAM, 2.5 pour un ORU.",
)
def version_hl7(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """2.5 for ORU, 2.6 for MDM and ZAM."""
    expected = _VERSIONS_HL7.get(message.code)
    if expected and message.get("MSH-12") != expected:
        yield Ecart("MSH-12", expected, message.get("MSH-12") or "vide")


@regle(
    "HL7-ENV-30",
    "MSH-21 annonce le volet Transmission de documents CDA",
    genre="hl7.message",
    source=f"{VOLET}, profils de messages (hl7v2.md ENV-30)",
    remede="Écrire « 2.1^CISIS_CDA_HL7_V2 » en MSH-21.",
    exigences=("CDA/HL7.02", "SBX-TR-01"),
)
def profil_volet(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Documents to the PFI and receipts; an older version selects older rules."""
    concerned = message.code in _VERSIONS_HL7 and not est_lps(message)
    if concerned and profil(message) not in VERSIONS:
        yield Ecart("MSH-21", "2.1^CISIS_CDA_HL7_V2", profil(message) or "vide")
