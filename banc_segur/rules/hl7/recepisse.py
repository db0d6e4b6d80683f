"""Rules of what comes back: acknowledgements (ACK) and business receipts (ZAM)."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats import zam
from banc_segur.formats.er7 import Message
from banc_segur.rules.catalogue import regle
from banc_segur.rules.hl7.commun import ITI, VOLET, Acquittement, reponse_codee, version_volet
from banc_segur.rules.model import Contexte, Ecart, Severite

_SYSTEMES = {"2.0": "HL70136"}  # since 2.1: expandedYes-NoIndicator


@regle(
    "HL7-ACK-07",
    "MSA-1 vaut AA, AE ou AR",
    genre="hl7.ack",
    source=f"{ITI} C.2.3 (hl7v2.md ACK-07)",
    remede="Répondre AA (accepté), AE (message en erreur) ou AR (refusé, à renvoyer).",
)
def code(acquittement: Acquittement, _contexte: Contexte) -> Iterable[Ecart]:
    """Original mode; the codes of the enhanced mode only when the message asked for it (MSH-15)."""
    value = acquittement.ack.get("MSA-1")
    enhanced = acquittement.recu.get("MSH-15") in ("AL", "ER", "SU") and value in ("CA", "CE", "CR")
    if value not in ("AA", "AE", "AR") and not enhanced:
        yield Ecart("MSA-1", "AA, AE ou AR", value or "vide")


@regle(
    "HL7-ACK-08",
    "MSA-2 répète le MSH-10 du message reçu",
    genre="hl7.ack",
    source=f"{ITI} C.2.3 (hl7v2.md ACK-08)",
    remede="Recopier MSH-10 du message dans MSA-2 ; sans cela l'émetteur ne sait pas ce qui est acquitté.",
)
def echo(acquittement: Acquittement, _contexte: Contexte) -> Iterable[Ecart]:
    """The echo."""
    expected, seen = acquittement.recu.identifiant, acquittement.ack.get("MSA-2")
    if seen != expected:
        yield Ecart("MSA-2", expected, seen or "vide")


@regle(
    "HL7-ACK-03",
    "L'acquittement part de l'application qui a reçu",
    genre="hl7.ack",
    severite=Severite.AVERTISSEMENT,
    source=f"{VOLET}, acquittements (hl7v2.md ACK-03)",
    remede="Échanger MSH-3 et MSH-5, MSH-4 et MSH-6 par rapport au message reçu.",
)
def applications(acquittement: Acquittement, _contexte: Contexte) -> Iterable[Ecart]:
    """MSH-3/4/5/6 swapped: demanded by the volet, only advised for PAM, hence the severity."""
    received = acquittement.recu
    expected = [received.get(f"MSH-{n}") for n in (5, 6, 3, 4)]
    seen = [acquittement.ack.get(f"MSH-{n}") for n in (3, 4, 5, 6)]
    if seen != expected:
        yield Ecart("MSH-3 à MSH-6", "|".join(expected), "|".join(seen))


@regle(
    "HL7-ACK-10",
    "Un refus dit pourquoi dans un segment ERR",
    genre="hl7.ack",
    source=f"{VOLET}, acquittements ; {ITI} C.2.3 (hl7v2.md ACK-10)",
    remede="Ajouter à AE ou AR un segment ERR : emplacement, code de la table 0357, sévérité.",
)
def motif(acquittement: Acquittement, _contexte: Contexte) -> Iterable[Ecart]:
    """AE and AR have an ERR with a code."""
    if acquittement.ack.get("MSA-1") in ("AE", "AR") and not acquittement.ack.get("ERR-3"):
        yield Ecart("ERR-3", "un code de la table 0357", "absent")


@regle(
    "HL7-ZAM-02",
    "Le récépissé dit de quel accusé il s'agit",
    genre="hl7.zam",
    source=f"{VOLET}, acquittements métier (hl7v2.md ZAM-01, ZAM-02)",
    remede="Écrire en OBX-3 du premier OBX le code de l'événement, système AckMetierZAM.",
    exigences=("SBX-TR-03",),
)
def nature(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Code and system of the first OBX follow the event."""
    expected = zam.STATUTS.get(message.evenement)
    if expected is None:
        yield Ecart("MSH-9.2", "Z01, Z02 ou Z03", message.evenement or "vide")
    elif (message.get("OBX-3"), message.get("OBX-3.3")) != (expected[0], "AckMetierZAM"):
        seen = f"{message.get('OBX-3')}^^{message.get('OBX-3.3')}"
        yield Ecart("OBX-3", f"{expected[0]}^{expected[1]}^AckMetierZAM", seen)


@regle(
    "HL7-ZAM-03",
    "Le récépissé nomme le message du document",
    genre="hl7.zam",
    source=f"{VOLET}, acquittements métier (hl7v2.md ZAM-03)",
    remede="Recopier en OBX-4 le MSH-10 du MDM ou de l'ORU dont il rend compte.",
)
def message_nomme(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """OBX-4 is given; that it exists is judged on the dossier."""
    if not message.get("OBX-4"):
        yield Ecart("OBX-4", "le MSH-10 du message du document", "vide")


@regle(
    "HL7-ZAM-05",
    "Un récépissé MSSanté nomme le destinataire",
    genre="hl7.zam",
    source=f"{VOLET}, acquittements métier (hl7v2.md ZAM-05, ZAM-06)",
    remede="Ajouter un second OBX, type XTN, ^^X.400^<adresse du destinataire>.",
    exigences=("SBX-TR-03",),
)
def adresse(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Z02 and Z03 have an XTN with an X.400 address."""
    if message.evenement not in ("Z02", "Z03"):
        return
    obx = message.tous("OBX")
    if len(obx) < 2 or obx[1].get("5.3") != "X.400" or "@" not in obx[1].get("5.4"):
        yield Ecart("OBX[2]-5", "^^X.400^adresse du destinataire", obx[1].brut(5) if len(obx) > 1 else "absent")


@regle(
    "HL7-ZAM-07",
    "Un récépissé négatif dit la cause, un positif n'en a pas",
    genre="hl7.zam",
    source=f"{VOLET}, acquittements métier (hl7v2.md ZAM-04, ZAM-07)",
    remede="OBX-5 = N avec un ERR (207 et le code d'origine en ERR-5), ou OBX-5 = Y sans ERR.",
    exigences=("SBX-TR-03",),
)
def cause(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Y without ERR, or N with ERR-3 207 and an ERR-5."""
    answers = message.repetitions("OBX-5")
    system = _SYSTEMES.get(version_volet(message), "expandedYes-NoIndicator")
    value = reponse_codee(answers[0], system) if answers else ""
    if not value:
        yield Ecart("OBX-5", f"Y^^{system} ou N^^{system}", answers[0].brut if answers else "vide")
        return
    error = message.premier("ERR")
    if value == "Y" and error is not None:
        yield Ecart("ERR", "aucun segment ERR avec OBX-5 = Y", "présent")
    if value == "N" and (error is None or error.get("3") != "207" or not error.get("5")):
        yield Ecart("ERR", "207 en ERR-3 et le code d'origine en ERR-5", error.texte() if error else "absent")
