"""Rules of ADT beyond the INS: local identifier, visit, movement, change of identifier."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.er7 import EFFACER, Message
from banc_segur.rules.catalogue import regle
from banc_segur.rules.hl7.commun import ITI, PAM, est_ins
from banc_segur.rules.model import Contexte, Ecart

ITI_30 = frozenset({"A24", "A28", "A31", "A37", "A40", "A47"})
_SANS_ZBE = ITI_30 | {"A44", "A49"}
_ZBE_LIBRE = frozenset({"A09", "A10", "A32", "A33"})  # tracking: ZBE is not asked by ITI-31
_CLASSES_VENUE = frozenset("EIOR")
_ANNULATIONS = frozenset({"A11", "A12", "A13", "A38", "A27", "A26", "A25", "A52", "A53", "A55", "A32", "A33"})


@regle(
    "HL7-IDT-03",
    "PID-3 porte l'IPP (type PI)",
    genre="hl7.adt",
    source=f"{PAM} §4.1 (hl7v2.md IDT-03)",
    remede="Envoyer l'IPP local, type PI, à côté de l'INS dans chaque ADT.",
    exigences=("SBX-PAM-02",),
)
def ipp(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """A local identifier is always sent."""
    if not any(cx.get(5) == "PI" and cx.get(1) for cx in message.repetitions("PID-3")):
        segment = message.premier("PID")
        yield Ecart("PID-3", "une répétition de type PI", segment.brut(3) if segment else "PID absent")


@regle(
    "HL7-IDT-17",
    "PID-18 porte le numéro de dossier administratif",
    genre="hl7.adt",
    source=f"{PAM} §6.6.9 (hl7v2.md IDT-17)",
    remede="Envoyer le NDA en PID-18, type AN, dans tous les messages de séjour.",
)
def nda(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """PID-18, type AN, in ITI-31."""
    if message.evenement in ITI_30:
        return
    if not message.get("PID-18") or message.get("PID-18.5") != "AN":
        segment = message.premier("PID")
        yield Ecart("PID-18", "un NDA de type AN", (segment.brut(18) if segment else "") or "vide")


@regle(
    "HL7-VEN-01",
    "Un message d'identité porte un PV1 de classe N",
    genre="hl7.adt",
    source=f"{PAM} §6.10, {ITI} (hl7v2.md VEN-01)",
    remede="Écrire « PV1||N » dans A28 et A31 ; les données de séjour vont dans les messages ITI-31.",
)
def pv1_identite(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """A28 and A31 have the dummy visit."""
    if message.evenement in ("A28", "A31") and message.get("PV1-2") != "N":
        yield Ecart("PV1-2", "N", message.get("PV1-2") or "vide")


@regle(
    "HL7-VEN-05",
    "PV1-19 porte le numéro de venue",
    genre="hl7.adt",
    source=f"{PAM} §6.10.11 (hl7v2.md VEN-05)",
    remede="Envoyer le numéro de venue, type VN, dès que PV1-2 est E, I, O ou R.",
)
def venue(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """PV1-19, type VN, for the classes that make a visit."""
    if message.evenement in ITI_30 or message.get("PV1-2") not in _CLASSES_VENUE:
        return
    if not message.get("PV1-19") or message.get("PV1-19.5") != "VN":
        segment = message.premier("PV1")
        yield Ecart("PV1-19", "un numéro de venue de type VN", (segment.brut(19) if segment else "") or "vide")


@regle(
    "HL7-MVT-01",
    "Un mouvement porte ZBE, une identité n'en porte pas",
    genre="hl7.adt",
    source=f"{PAM} §5.2 (hl7v2.md MVT-01)",
    remede="Ajouter le segment ZBE aux messages de séjour (ITI-31), l'ôter des messages d'identité (ITI-30).",
)
def zbe_present(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """ZBE in ITI-31 events but A44, A49 and (free) patient tracking, never in ITI-30."""
    present = message.premier("ZBE") is not None
    if message.evenement in _SANS_ZBE and present:
        yield Ecart("ZBE", f"aucun segment ZBE dans un {message.evenement}", "présent")
    if message.evenement not in _SANS_ZBE | _ZBE_LIBRE and not present:
        yield Ecart("ZBE", f"un segment ZBE dans un {message.evenement}", "absent")


@regle(
    "HL7-MVT-05",
    "ZBE-4 convient à l'événement",
    genre="hl7.adt",
    source=f"{PAM} §6.13.4 (hl7v2.md MVT-05)",
    remede="Écrire INSERT pour un mouvement nouveau, CANCEL pour son annulation, UPDATE pour Z99 seul.",
)
def zbe_action(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """INSERT, UPDATE (Z99), CANCEL (cancel events); A06 and A07 may do both."""
    if message.premier("ZBE") is None:
        return
    expected: tuple[str, ...] = ("INSERT",)
    if message.evenement == "Z99":
        expected = ("UPDATE",)
    elif message.evenement in _ANNULATIONS:
        expected = ("CANCEL",)
    elif message.evenement in ("A06", "A07"):
        expected = ("INSERT", "CANCEL")
    if message.get("ZBE-4") not in expected:
        yield Ecart("ZBE-4", " ou ".join(expected), message.get("ZBE-4") or "vide")


@regle(
    "HL7-CHG-03",
    "Le retrait d'un INS se dit par \"\" en PID-3 et l'INS retiré en MRG-1",
    genre="hl7.adt",
    source=f"{PAM} §4.4.3 (hl7v2.md CHG-01, CHG-03)",
    remede="Dans l'A47, répéter PID-3 avec l'IPP et \"\" sous l'autorité de l'INS ; mettre l'INS retiré en MRG-1.",
)
def retrait_ins(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """An A47 whose MRG-1 is an INS has, in PID-3, another INS or the null."""
    if message.evenement != "A47":
        return
    merged = [cx for cx in message.repetitions("MRG-1") if est_ins(cx)]
    kept = [cx.get(1) for cx in message.repetitions("PID-3") if est_ins(cx)]
    if EFFACER in kept and not merged:
        yield Ecart("MRG-1", "l'INS retiré", "vide")
    for cx in merged:
        if not kept or cx.get(1) in kept:
            observed = "l'ancien INS encore présent" if kept else "aucune répétition sous l'autorité de l'INS"
            yield Ecart("PID-3", "\"\" ou le nouvel INS sous l'autorité de l'INS", observed, donnee="matricule")
