"""Injected defects of HL7 messages, one per rule of `banc_segur.rules.hl7`.

Points: `ri.adt`, `dpi.mdm.message`, `pfi.zam`, `eai.ack` (er7.Message, before it is sent), `eai.relais` (bytes
that the EAI relays).
"""

from __future__ import annotations

from collections.abc import Callable

from banc_segur.formats.er7 import Brut, Message, Segment
from banc_segur.temoin.defauts import defaut

_OID_INCONNU = "1.2.250.1.213.1.4.5"


def _ecrire(message: Message, ou: str, value: str) -> Message:
    """A copy of the message with `value` at a place, if its segment is there."""
    changed = message.copie()
    if changed.premier(ou[:3]) is not None:
        changed.set(ou, value)
    return changed


def _sans(message: Message, garder: Callable[[Segment], bool]) -> Message:
    """A copy with only the segments to keep."""
    changed = message.copie()
    changed.segments = [segment for segment in changed.segments if garder(segment)]
    return changed


def _rang_ins(message: Message) -> int:
    """The number of the INS repetition of PID-3, 0 when there is none."""
    numbers = [n for n, cx in enumerate(message.repetitions("PID-3"), 1) if cx.get(5) == "INS"]
    return numbers[0] if numbers else 0


def _ins(message: Message, composant: str, value: str) -> Message:
    rang = _rang_ins(message)
    return _ecrire(message, f"PID-3[{rang}].{composant}", value) if rang else message


def _metadonnee(message: Message, code: str, ou: str, value: str) -> Message:
    """Write in the metadata OBX of that code."""
    changed = message.copie()
    for obx in changed.tous("OBX"):
        if obx.get("3") == code:
            obx.set(ou, value)
    return changed


@defaut("HL7-ENV-06", role="EAI", point="eai.relais", titre="L'EAI relaie avec des fins de ligne LF")
def fins_lf(data: bytes) -> bytes:
    """CR becomes LF."""
    return data.replace(b"\r", b"\n")


@defaut("HL7-ENV-07", role="EAI", point="eai.relais", titre="L'EAI change le séparateur de répétition")
def separateur(data: bytes) -> bytes:
    """MSH-2 announces `!`; the message is then cut otherwise by the receiver."""
    return data.replace(b"|^~\\&|", b"|^!\\&|", 1)


@defaut("HL7-ENV-18", role="RI", point="ri.adt", titre="MSH-10 de plus de 20 caractères")
def identifiant_long(message: Message) -> Message:
    """MSH-10 too long."""
    return _ecrire(message, "MSH-10", f"{message.identifiant}-IDENTIFIANT-TROP-LONG")


@defaut("HL7-ENV-22", role="RI", point="ri.adt", titre="Version mineure de PAM FR en MSH-12")
def version_mineure(message: Message) -> Message:
    """2.11.1 is never to be named."""
    return _ecrire(message, "MSH-12", Brut("2.5^FRA^2.11.1"))


@defaut("HL7-ENV-24", role="DPI", point="dpi.mdm.message", titre="MDM annoncé en HL7 2.5")
def version_mdm(message: Message) -> Message:
    """2.5 instead of 2.6."""
    return _ecrire(message, "MSH-12", "2.5")


@defaut("HL7-ENV-30", role="DPI", point="dpi.mdm.message", titre="MSH-21 absent du MDM")
def sans_profil(message: Message) -> Message:
    """No volet announced."""
    return _ecrire(message, "MSH-21", "")


@defaut("HL7-STA-02", role="RI", point="ri.adt", titre="PID-32 = QUAL")
def statut_inconnu(message: Message) -> Message:
    """VALI is written QUAL."""
    return _ecrire(message, "PID-32", "QUAL") if message.get("PID-32") == "VALI" else message


@defaut("HL7-INS-08", role="RI", point="ri.adt", titre="INS transmis avec un statut provisoire")
def ins_provisoire(message: Message) -> Message:
    """PID-32 = PROV beside an INS."""
    return _ecrire(message, "PID-32", "PROV") if _rang_ins(message) else message


@defaut("HL7-INS-01", role="RI", point="ri.adt", titre="OID de l'INS inconnu")
def oid_inconnu(message: Message) -> Message:
    """An OID seen in the field, which is none of the four."""
    return _ins(message, "4.2", _OID_INCONNU)


@defaut("HL7-INS-05", role="RI", point="ri.adt", titre="Clé du matricule fausse")
def cle_fausse(message: Message) -> Message:
    """The last digit of the key moves."""
    rang = _rang_ins(message)
    matricule = message.get(f"PID-3[{rang}].1") if rang else ""
    return (
        _ins(message, "1", f"{matricule[:-1]}{(int(matricule[-1]) + 1) % 10}")
        if matricule[-1:].isdecimal()
        else message
    )


@defaut("HL7-INS-09", role="RI", point="ri.adt", titre="Liste des prénoms absente avec l'INS")
def sans_prenoms(message: Message) -> Message:
    """XPN-3 empty."""
    return _ecrire(message, "PID-5[1].3", "")


@defaut("HL7-INS-11", role="RI", point="ri.adt", titre="Date de naissance tronquée avec l'INS")
def date_tronquee(message: Message) -> Message:
    """Year and month only."""
    return _ecrire(message, "PID-7", message.get("PID-7")[:6])


@defaut("HL7-INS-12", role="RI", point="ri.adt", titre="Sexe U avec l'INS")
def sexe_inconnu(message: Message) -> Message:
    """Sex unknown."""
    return _ecrire(message, "PID-8", "U")


@defaut("HL7-INS-13", role="RI", point="ri.adt", titre="Lieu de naissance absent avec l'INS")
def sans_lieu(message: Message) -> Message:
    """PID-11 empty."""
    return _ecrire(message, "PID-11", "")


@defaut("HL7-IDT-03", role="RI", point="ri.adt", titre="IPP absent quand l'INS est là")
def sans_ipp(message: Message) -> Message:
    """PID-3 keeps the INS alone."""
    rang = _rang_ins(message)
    return _ecrire(message, "PID-3", Brut(message.repetitions("PID-3")[rang - 1].brut)) if rang else message


@defaut("HL7-IDT-17", role="RI", point="ri.adt", titre="NDA absent d'un message de séjour")
def sans_nda(message: Message) -> Message:
    """PID-18 empty."""
    return _ecrire(message, "PID-18", "")


@defaut("HL7-VEN-01", role="RI", point="ri.adt", titre="PV1-2 = I dans un message d'identité")
def pv1_hospitalise(message: Message) -> Message:
    """The dummy visit says inpatient."""
    return _ecrire(message, "PV1-2", "I") if message.get("PV1-2") == "N" else message


@defaut("HL7-VEN-05", role="RI", point="ri.adt", titre="Numéro de venue absent")
def sans_venue(message: Message) -> Message:
    """PV1-19 empty."""
    return _ecrire(message, "PV1-19", "")


@defaut("HL7-MVT-01", role="RI", point="ri.adt", titre="Segment ZBE absent d'un mouvement")
def sans_zbe(message: Message) -> Message:
    """No ZBE."""
    return _sans(message, lambda segment: segment.nom != "ZBE")


@defaut("HL7-MVT-05", role="RI", point="ri.adt", titre="ZBE-4 = CANCEL dans une admission")
def zbe_annule(message: Message) -> Message:
    """The admission says that it cancels."""
    return _ecrire(message, "ZBE-4", "CANCEL")


@defaut("HL7-CHG-03", role="RI", point="ri.adt", titre="INS encore en PID-3 dans l'A47 qui le retire")
def ins_non_retire(message: Message) -> Message:
    """The former INS stays in PID-3."""
    former = message.get("MRG-1")
    return _ins(message, "1", former) if former else message


@defaut("HL7-DOC-05", role="DPI", point="dpi.mdm.message", titre="ORC-1 = RO dans un MDM^T02")
def action_incoherente(message: Message) -> Message:
    """The order says replacement, the event says new."""
    return _ecrire(message, "ORC-1", "RO")


@defaut("HL7-DOC-12", role="DPI", point="dpi.mdm.message", titre="TXA-17 = LA")
def txa_la(message: Message) -> Message:
    """The value of the older volet."""
    return _ecrire(message, "TXA-17", "LA")


@defaut("HL7-DOC-13", role="DPI", point="dpi.mdm.message", titre="TXA-12 n'est pas l'identifiant du CDA")
def autre_document(message: Message) -> Message:
    """Another document id."""
    return _ecrire(message, "TXA-12", f"{message.get('TXA-12')}.9")


@defaut("HL7-DOC-22", role="DPI", point="dpi.mdm.message", titre="Base64 du document abîmé")
def base64_abime(message: Message) -> Message:
    """A character outside the alphabet."""
    return _ecrire(message, "OBX-5.5", f"!{message.get('OBX-5.5')}")


@defaut("HL7-DOC-28", role="DPI", point="dpi.mdm.message", titre="PID-3 d'un autre patient que le CDA")
def autre_patient(message: Message) -> Message:
    """The matricule of another published test person."""
    return _ins(message, "1", "277076322082910")


@defaut("HL7-DOC-33", role="DPI", point="dpi.mdm.message", titre="Dépôt DMP demandé sans INS")
def dmp_sans_ins(message: Message) -> Message:
    """PID-3 keeps the IPP alone, PID-32 = PROV."""
    rang = _rang_ins(message)
    kept = [cx.brut for n, cx in enumerate(message.repetitions("PID-3"), 1) if n != rang]
    return _ecrire(_ecrire(message, "PID-3", Brut("~".join(kept))), "PID-32", "PROV")


@defaut("HL7-DOC-36", role="DPI", point="dpi.mdm.message", titre="PRT SB absent")
def sans_demandeur(message: Message) -> Message:
    """Nobody asks for the treatment."""
    return _sans(message, lambda segment: segment.nom != "PRT" or segment.get("4") != "SB")


@defaut("HL7-DOC-43", role="DPI", point="dpi.mdm.message", titre="Destinataires MSSanté absents")
def sans_destinataire(message: Message) -> Message:
    """No RCT although mails are asked."""
    return _sans(message, lambda segment: segment.nom != "PRT" or segment.get("4") != "RCT")


@defaut("HL7-DOC-51", role="DPI", point="dpi.mdm.message", titre="Métadonnée CONNEXION_SECRETE absente")
def metadonnee_absente(message: Message) -> Message:
    """Nine of the ten."""
    return _sans(message, lambda segment: segment.nom != "OBX" or segment.get("3") != "CONNEXION_SECRETE")


@defaut("HL7-DOC-56", role="DPI", point="dpi.mdm.message", titre="Métadonnée MASQUE_PS = 0")
def reponse_autre(message: Message) -> Message:
    """Neither Y nor N."""
    return _metadonnee(message, "MASQUE_PS", "5.1", "0")


@defaut("HL7-DOC-61", role="DPI", point="dpi.mdm.message", titre="Document invisible au patient mais envoyé au patient")
def invisible_envoye(message: Message) -> Message:
    """INVISIBLE_PATIENT and DESTMSSANTEPAT both Y."""
    both = _metadonnee(message, "INVISIBLE_PATIENT", "5.1", "Y")
    return _metadonnee(both, "DESTMSSANTEPAT", "5.1", "Y")


@defaut("HL7-ACK-03", role="EAI", point="eai.ack", titre="Applications non échangées dans l'acquittement")
def ack_non_echange(message: Message) -> Message:
    """Sender and receiver swapped back."""
    changed = _ecrire(message, "MSH-3", message.get("MSH-5"))
    return _ecrire(changed, "MSH-5", message.get("MSH-3"))


@defaut("HL7-ACK-07", role="EAI", point="eai.ack", titre="MSA-1 = OK")
def ack_ok(message: Message) -> Message:
    """Not a code of the table."""
    return _ecrire(message, "MSA-1", "OK")


@defaut("HL7-ACK-08", role="EAI", point="eai.ack", titre="MSA-2 ne répète pas MSH-10")
def ack_autre(message: Message) -> Message:
    """Another identifier."""
    return _ecrire(message, "MSA-2", "1")


@defaut("HL7-ACK-10", role="EAI", point="eai.ack", titre="AE sans segment ERR")
def ack_sans_motif(message: Message) -> Message:
    """A refusal that says nothing."""
    return _ecrire(_sans(message, lambda segment: segment.nom != "ERR"), "MSA-1", "AE")


@defaut("HL7-ZAM-02", role="PFI", point="pfi.zam", titre="Code du récépissé inconnu")
def zam_code(message: Message) -> Message:
    """A code that is not of the event."""
    return _ecrire(message, "OBX-3.1", "ACCUSE")


@defaut("HL7-ZAM-03", role="PFI", point="pfi.zam", titre="Récépissé sans message d'origine")
def zam_anonyme(message: Message) -> Message:
    """OBX-4 empty."""
    return _ecrire(message, "OBX-4", "")


@defaut("HL7-ZAM-05", role="PFI", point="pfi.zam", titre="Récépissé MSSanté sans destinataire")
def zam_sans_adresse(message: Message) -> Message:
    """The first OBX alone."""
    return _sans(message, lambda segment: segment.nom != "OBX" or segment.get("1") == "1")


@defaut("HL7-ZAM-07", role="PFI", point="pfi.zam", titre="Récépissé négatif sans cause")
def zam_sans_cause(message: Message) -> Message:
    """OBX-5 = N and no ERR."""
    negative = _ecrire(message, "OBX-5", Brut("N^^expandedYes-NoIndicator"))
    return _sans(negative, lambda segment: segment.nom != "ERR")
