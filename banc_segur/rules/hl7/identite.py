"""Rules of the patient identity in PID: status and INS, for ADT and document messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from banc_segur.formats.er7 import Message
from banc_segur.formats.hl7_segments import lire_traits
from banc_segur.formats.ins import OIDS_INS, cle_juste
from banc_segur.rules.catalogue import regle
from banc_segur.rules.hl7.commun import DT, PAM, cx_ins, exige_traits, porte_ins, statuts
from banc_segur.rules.model import Contexte, Ecart
from banc_segur.tables import index


@regle(
    "HL7-STA-02",
    "PID-32 prend ses valeurs dans la table française 0445",
    genre="hl7.identite",
    source=f"{PAM} §6.6.15 (hl7v2.md STA-02)",
    remede="Utiliser VIDE, PROV ou VALI, puis les attributs ; « QUAL » et « RECUP » n'existent pas en HL7 v2.",
    exigences=("SBX-PAM-01",),
)
def statut(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Each repetition of PID-32 is a known code."""
    known = index("hl7_statuts_identite", "code")
    for number, value in enumerate(statuts(message), 1):
        if value not in known:
            yield Ecart(f"PID-32[{number}]", "PROV, VALI ou VIDE, puis attributs", value or "vide")


@regle(
    "HL7-INS-08",
    "L'INS n'est transmis que si l'identité est qualifiée",
    genre="hl7.identite",
    source=f"{PAM} §6.6.1 et §6.6.15 ; exigence INS/va1.53 (hl7v2.md INS-08, INS-16)",
    remede="Retirer le matricule et son OID de PID-3 tant que PID-32 n'est pas VALI.",
    exigences=("INS/va1.53", "SBX-PAM-01"),
)
def ins_qualifie(message: Message, contexte: Contexte) -> Iterable[Ecart]:
    """An INS in PID-3, or the matricule of a person of the campaign anywhere in PID, needs PID-32 = VALI."""
    if "VALI" in statuts(message):
        return
    if porte_ins(message):
        seen = "~".join(statuts(message)) or "vide"
        yield Ecart("PID-32", "VALI, puisque PID-3 porte un INS", seen, donnee="matricule")
        return
    for ou, value in _matricules_caches(message, {matricule for matricule, _oid in contexte.personnes}):
        yield Ecart(ou, "aucun matricule, puisque PID-32 n'est pas VALI", value, donnee="matricule")


def _matricules_caches(message: Message, known: set[str]) -> Iterator[tuple[str, str]]:
    """(place, value) of matricules under another type or in another field; the billing NIR (type NH) is allowed."""
    segment = message.premier("PID")
    for field in range(1, len(segment.champs) if segment else 0):
        for number, value in enumerate(message.repetitions(f"PID-{field}"), 1):
            if value.get(1) in known and not (field == 3 and value.get(5) == "NH"):
                yield f"PID-{field}[{number}].1", value.get(1)


@regle(
    "HL7-INS-01",
    "L'autorité de l'INS est l'un des quatre OID de l'INS",
    genre="hl7.identite",
    source=f"{DT} N.1 (hl7v2.md INS-01)",
    remede="Reprendre dans PID-3.4.2 l'OID rendu par INSi, avec ISO en PID-3.4.3.",
    exigences=("SBX-INS-09",),
)
def ins_oid(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Type INS needs an INS authority, typed ISO."""
    for number, cx in cx_ins(message):
        if cx.get(4, 2) not in OIDS_INS or cx.get(4, 3) != "ISO":
            seen = f"{cx.get(4, 2)}&{cx.get(4, 3)}"
            yield Ecart(f"PID-3[{number}].4", "1.2.250.1.213.1.4.8, .9, .10 ou .11, type ISO", seen, donnee="oid")


@regle(
    "HL7-INS-05",
    "Le matricule INS a 15 caractères et sa clé est juste",
    genre="hl7.identite",
    source=f"{PAM} §6.6.1 ; RNIV (hl7v2.md INS-04, INS-05)",
    remede="Reprendre le matricule et la clé rendus par INSi sans les modifier.",
    exigences=("SBX-INS-08",),
)
def ins_cle(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """Shape and key (97 - N mod 97)."""
    for number, cx in cx_ins(message):
        if not cle_juste(cx.get(1)):
            yield Ecart(f"PID-3[{number}].1", "15 caractères, clé exacte", cx.get(1), donnee="matricule")


@regle(
    "HL7-INS-09",
    "Avec l'INS : nom de naissance, premier prénom et liste des prénoms",
    genre="hl7.identite",
    source=f"{DT} N.10 (hl7v2.md INS-09, INS-10)",
    remede="Remplir XPN-1, XPN-2 et XPN-3 du nom de type L ; XPN-3 est toute la liste d'INSi et commence par XPN-2.",
    exigences=("SBX-PAM-03",),
)
def ins_noms(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """The L name is complete, and the list of given names starts with the first one."""
    if not exige_traits(message):
        return
    names = [(n, name) for n, name in enumerate(message.repetitions("PID-5"), 1) if name.get(7) == "L"]
    if not names:
        yield Ecart("PID-5", "un nom de type L (nom de naissance)", "absent", donnee="nom_naissance")
        return
    number, name = names[0]
    for component, donnee in ((1, "nom_naissance"), (2, "premier_prenom"), (3, "prenoms")):
        if not name.get(component):
            yield Ecart(f"PID-5[{number}].{component}", "une valeur, puisque PID-3 porte un INS", "vide", donnee=donnee)
    if name.get(3) and not f"{name.get(3)} ".startswith(f"{name.get(2)} "):
        expected = f"une liste qui commence par « {name.get(2)} »"
        yield Ecart(f"PID-5[{number}].3", expected, name.get(3), donnee="prenoms")


@regle(
    "HL7-INS-11",
    "Avec l'INS : date de naissance complète",
    genre="hl7.identite",
    source=f"{PAM} §6.6.4 (hl7v2.md INS-11)",
    remede="Écrire PID-7 en AAAAMMJJ, telle que rendue par INSi.",
)
def ins_date(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """PID-7 has eight digits when an INS is there."""
    value = message.get("PID-7")
    if exige_traits(message) and not (len(value) >= 8 and value[:8].isdecimal()):
        yield Ecart("PID-7", "AAAAMMJJ, puisque PID-3 porte un INS", value or "vide", donnee="date_naissance")


@regle(
    "HL7-INS-12",
    "Avec l'INS : sexe M ou F",
    genre="hl7.identite",
    source=f"{PAM} §6.6.5 (hl7v2.md INS-12)",
    remede="Écrire en PID-8 le sexe rendu par INSi, M ou F.",
)
def ins_sexe(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """PID-8 is M or F when an INS is there."""
    value = message.get("PID-8")
    if exige_traits(message) and value not in ("M", "F"):
        yield Ecart("PID-8", "M ou F, puisque PID-3 porte un INS", value or "vide", donnee="sexe")


@regle(
    "HL7-INS-13",
    "Avec l'INS : code du lieu de naissance",
    genre="hl7.identite",
    source=f"{PAM} §6.6.6 ; {DT} N.6 (hl7v2.md INS-13)",
    remede="Ajouter à PID-11 la répétition ^^^^^^BDL^^<code INSEE> avec le code rendu par INSi.",
    exigences=("SBX-PAM-04",),
)
def ins_lieu(message: Message, _contexte: Contexte) -> Iterable[Ecart]:
    """PID-11 has a BDL repetition with XAD-9 when an INS is there."""
    segment = message.premier("PID")
    if segment and exige_traits(message) and not lire_traits(segment).lieu_naissance:
        expected = "une répétition BDL avec le code officiel géographique, puisque PID-3 porte un INS"
        yield Ecart("PID-11", expected, segment.brut(11) or "vide", donnee="lieu_naissance")
