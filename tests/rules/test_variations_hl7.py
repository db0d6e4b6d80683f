"""Lawful HL7 messages of other vendors raise nothing; small changes of them that are wrong are still seen."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from banc_segur.formats import ack, adt, mdm, zam
from banc_segur.formats.er7 import Brut, Message, Segment
from banc_segur.formats.identite import Ins
from banc_segur.formats.ins import cle
from banc_segur.rules import hl7
from banc_segur.rules.analyse import analyser
from banc_segur.rules.catalogue import evaluer
from banc_segur.rules.model import Analyse, Contexte, EchangeBrut
from tests.formats.hl7_monde import DOCUMENT, ENTETE, INS, PROVISOIRE, QUALIFIE, RECUPERE, SEJOUR, TRAITS

assert hl7
CONTEXTE = Contexte(datetime(2026, 3, 2, 8, 0, tzinfo=UTC), personnes=frozenset({(INS.matricule, INS.oid)}))
NIA_AUTRE = "277076322082910"
CX_NIR = f"{INS.matricule}^^^ASIP-SANTE-INS-NIR&{INS.oid}&ISO^INS"
CX_NIA = f"{NIA_AUTRE}^^^ASIP-SANTE-INS-NIA&1.2.250.1.213.1.4.9&ISO^INS"
CX_IPP = "000003^^^CHU-X&750100125&M^PI"
CX_NH = "279035121518989^^^ASIP-SANTE-NIR&1.2.250.1.213.1.4.8&ISO^NH^^20210506"
OUI = "Y^Oui^expandedYes-NoIndicator"


def juger(message: Message, reponse: Message | None = None) -> tuple[Analyse, set[str]]:
    """The analysis of the message, and the ids of the rules that found something in it or in its answer."""
    answer = reponse.write() if reponse else None
    analyse = analyser(EchangeBrut("mllp", "ri-eai", message.write(), answer))
    outcomes = [evaluer(sujet, CONTEXTE) for sujet in analyse.sujets]
    assert [o.non_evaluees for o in outcomes if o.non_evaluees] == []
    return analyse, {constat.regle for outcome in outcomes for constat in outcome.constats}


def a31(**champs: str) -> Message:
    """A qualified A31 with other raw fields: `pid_3` is PID-3."""
    return poser(adt.write("A31", QUALIFIE, ENTETE, insi_appele="20260302080430", preuve="CN"), **champs)


def mouvement(evenement: str, **champs: str) -> Message:
    """A message of the stay."""
    message = adt.write("A01", QUALIFIE, ENTETE, sejour=SEJOUR, insi_appele="20260302080430", preuve="CN")
    return poser(message, msh_9=f"ADT^{evenement}^ADT_A01", **champs)


def lettre(document: mdm.DocumentMdm = DOCUMENT, **champs: str) -> Message:
    """A document message with other raw fields in the first segments of a name."""
    entete = replace(ENTETE, application_emetteur="DPI", application_destinataire="PFI", identifiant="DPI-1")
    return poser(mdm.write(document, entete), **champs)


def poser(message: Message, **champs: str) -> Message:
    for place, text in champs.items():
        name, _, number = place.upper().partition("_")
        message.set(f"{name}-{number}", Brut(text))
    return message


def sans(message: Message, nom: str) -> Message:
    """The message without the segments of that name."""
    return Message([s for s in message.segments if s.nom != nom])


def sans_prt(role: str, **indicateurs: bool) -> Message:
    """A letter without the PRT of a role, with these metadata."""
    message = lettre(replace(DOCUMENT, indicateurs=indicateurs))
    return Message([s for s in message.segments if not (s.nom == "PRT" and s.get("4") == role)])


def cda(*identifiants: tuple[str, str], document: str = DOCUMENT.document_id) -> bytes:
    """A minimal CDA whose patient has these (root, extension)."""
    ids = "".join(f'<id root="{root}" extension="{extension}"/>' for root, extension in identifiants)
    patient = f"<recordTarget><patientRole>{ids}</patientRole></recordTarget>"
    return f'<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="{document}"/>{patient}</ClinicalDocument>'.encode()


def oru(*documents: bytes) -> Message:
    """An ORU^R01 that carries documents (one or two: N1 and N3)."""
    source = lettre()
    content = [
        Segment.neuf(
            "OBX", {1: str(n), 2: "ED", 3: Brut("11502-2^CR^LN"), 5: Brut(f"^TEXT^XML^Base64^{b64(d)}"), 11: "F"}
        )
        for n, d in enumerate(documents, 1)
    ]
    metadata = [s for s in source.tous("OBX") if s.get("2") == "CWE"]
    for segment in metadata:
        segment.set("2", "CE")
    kept = [s for s in source.segments if s.nom in ("MSH", "PID", "PV1", "ORC", "OBR")]
    participants = source.tous("PRT")
    message = Message([*kept, content[0], *participants, *content[1:], *metadata])
    return poser(message, msh_9="ORU^R01^ORU_R01", msh_12="2.5")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def dire_oui(message: Message) -> Message:
    """The label of the answer is given too."""
    for obx in message.tous("OBX"):
        if obx.get("2") in ("CE", "CWE"):
            obx.set("5", Brut(OUI if obx.get("5") == "Y" else "N^Non^expandedYes-NoIndicator"))
    return message


def majuscules(message: Message) -> Message:
    """Mail addresses in upper case."""
    for prt in message.tous("PRT"):
        if prt.get("15.4"):
            prt.set("15.4", prt.get("15.4").upper())
    return message


def latin9(message: Message) -> Message:
    """The message in ISO 8859-15, with a first name that needs it."""
    return poser(message, msh_18="8859/15")


NIA = replace(QUALIFIE, ins=Ins("279035121518989", "1.2.250.1.213.1.4.9"))
CORSE = replace(QUALIFIE, ins=Ins(f"279032A004001{cle('279032A004001')}", INS.oid))
VARIANTES: dict[str, Callable[[], Message]] = {
    "INS avant IPP": lambda: a31(pid_3=f"{CX_NIR}~{CX_IPP}"),
    "NIR de facturation à côté": lambda: a31(pid_3=f"{CX_IPP}~{CX_NH}~{CX_NIR}"),
    "NIR de facturation, identité provisoire": lambda: poser(
        adt.write("A31", PROVISOIRE, ENTETE), pid_3=f"{CX_IPP}~{CX_NH}"
    ),
    "deux IPP": lambda: a31(pid_3=f"{CX_IPP}~17^^^GHT&1.2.250.1.999.4&ISO^PI~{CX_NIR}"),
    "NIA seul": lambda: adt.write("A31", NIA, ENTETE, insi_appele="20260302080430", preuve="CN"),
    "NIR et NIA": lambda: a31(pid_3=f"{CX_IPP}~{CX_NIA}~{CX_NIR}"),
    "nom utilisé d'abord": lambda: a31(pid_5="MARTIN^DOMI^^^Mme^^D~PAT-TROIS^DOMINIQUE^DOMINIQUE^^Mme^^L"),
    "plusieurs prénoms": lambda: a31(pid_5="PAT-TROIS^DOMINIQUE MARIE^DOMINIQUE MARIE ANNE-SOPHIE^^^^L"),
    "adresse puis naissance": lambda: a31(pid_11="1 RUE X^^PARIS^^75001^FRA^H~^^LYON^^^FRA^BDL^^69123"),
    "naissance en deux répétitions": lambda: a31(pid_11="^^LYON^^^FRA^BDL~^^^^^^BDL^^69123"),
    "naissance en Corse": lambda: poser(adt.write("A31", CORSE, ENTETE), pid_11="^^^^^^BDL^^2A004"),
    "naissance à l'étranger": lambda: a31(pid_11="^^^^^ESP^BDL^^99134"),
    "heure de naissance": lambda: a31(pid_7="197903281530"),
    "version 2.10": lambda: a31(msh_12="2.5^FRA^2.10"),
    "version 2.9 : INS sans liste de prénoms": lambda: a31(
        msh_12="2.5^FRA^2.9", pid_5="PAT-TROIS^DOMINIQUE^^^^^L", pid_11=""
    ),
    "identité validée, sans INS": lambda: adt.write("A31", replace(QUALIFIE, statut="validee", ins=None), ENTETE),
    "date de naissance incomplète, sans INS": lambda: poser(adt.write("A31", PROVISOIRE, ENTETE), pid_7="1979"),
    "attributs après le statut": lambda: poser(adt.write("A31", PROVISOIRE, ENTETE), pid_32="PROV~DOUT"),
    "ISO 8859-15": lambda: latin9(poser(adt.write("A28", PROVISOIRE, ENTETE), pid_5="Pat-Trois^Zoé^^^^^L")),
    "A04 externe": lambda: mouvement("A04", pv1_2="O"),
    "A05 préadmission": lambda: mouvement("A05"),
    "Z99 correction": lambda: mouvement("Z99", zbe_4="UPDATE", zbe_6="A01"),
    "A06 annulation de A07": lambda: mouvement("A06", zbe_4="CANCEL", zbe_6="A07"),
    "A10 sans ZBE": lambda: sans(mouvement("A10", pv1_19=f"{SEJOUR.venue}^^^CHU-X&1.2.3&ISO^VN"), "ZBE"),
    "A24 lien de deux identités": lambda: sans(sans(a31(msh_9="ADT^A24^ADT_A24"), "ZBE"), "ZFD"),
    "A47 changement d'INS": lambda: poser(
        adt.write("A47", QUALIFIE, ENTETE, ancien_ins=Ins("277076322082910", INS.oid)), msh_9="ADT^A47^ADT_A30"
    ),
    "A47 retrait d'INS": lambda: adt.write("A47", RECUPERE, ENTETE, ancien_ins=INS),
    "MSH-21 répété": lambda: lettre(msh_21="2.1^CISIS_CDA_HL7_V2~ITI-X^IHE"),
    "MSH-21 avec fin vide": lambda: lettre(msh_21="2.1^CISIS_CDA_HL7_V2^^"),
    "libellé de la réponse Y": lambda: dire_oui(lettre()),
    "adresses en majuscules": lambda: majuscules(lettre()),
    "remplacement": lambda: lettre(replace(DOCUMENT, action="T10", remplace="1.2.3")),
    "suppression": lambda: lettre(replace(DOCUMENT, action="T04")),
    "médecin traitant seul": lambda: lettre(
        replace(
            DOCUMENT, destinataires=DOCUMENT.destinataires[:1], indicateurs={"DESTMSSANTEPS": True, "DESTDMP": True}
        )
    ),
    "patient qui refuse : aucun envoi": lambda: lettre(replace(DOCUMENT, destinataires=(), indicateurs={})),
    "MSSanté seule, sans PRT SB": lambda: sans_prt("SB", DESTMSSANTEPS=True),
    "document sans INS à un professionnel": lambda: lettre(
        replace(DOCUMENT, patient=RECUPERE, indicateurs={"DESTMSSANTEPS": True})
    ),
    "NIR et NIA, CDA avec le NIR": lambda: lettre(
        replace(DOCUMENT, cda=cda((INS.oid, INS.matricule))), pid_3=f"{CX_IPP}~{CX_NIA}~{CX_NIR}"
    ),
    "ORU de deux documents": lambda: oru(cda((INS.oid, INS.matricule)), cda(document="1.2.4")),
    "récépissé avec libellé": lambda: poser(zam.write_z01("DPI-1", ENTETE), obx_5=OUI),
}


@pytest.mark.parametrize("nom", VARIANTES)
def test_a_lawful_variant_is_silent(nom: str) -> None:
    assert juger(VARIANTES[nom]())[1] == set()


def acquitter(code: str, **champs: str) -> Message:
    message = a31()
    answer = ack.write(message, "AA", identifiant="1", instant="20260302080001")
    return poser(answer, msa_1=code, **champs)


@pytest.mark.parametrize(
    ("demande", "code", "attendu"),
    [("", "AA", set()), ("AL", "CA", set()), ("", "CA", {"HL7-ACK-07"}), ("AL", "XX", {"HL7-ACK-07"})],
)
def test_an_enhanced_acknowledgement_only_when_it_was_asked(demande: str, code: str, attendu: set[str]) -> None:
    assert juger(a31(msh_15=demande), acquitter(code))[1] == attendu


@pytest.mark.parametrize(
    ("regle", "message"),
    [
        # the matricule hidden under another type or in another field while the identity is not qualified
        ("HL7-INS-08", lambda: poser(adt.write("A31", RECUPERE, ENTETE), pid_3=f"{CX_IPP}~{INS.matricule}^^^X^RRI")),
        ("HL7-INS-08", lambda: poser(adt.write("A31", RECUPERE, ENTETE), pid_19=INS.matricule)),
        ("HL7-DOC-28", lambda: lettre(replace(DOCUMENT, cda=cda(("1.2.250.1.213.1.4.8", INS.matricule))))),
        ("HL7-DOC-36", lambda: sans_prt("SB", DESTDMP=True)),
        ("HL7-DOC-05", lambda: lettre(msh_9="MDM^T01^MDM_T02")),
        ("HL7-ENV-30", lambda: lettre(msh_21="2.2^CISIS_CDA_HL7_V2")),
        ("HL7-MVT-01", lambda: sans(mouvement("A02"), "ZBE")),
    ],
)
def test_a_wrong_variant_is_seen(regle: str, message: Callable[[], Message]) -> None:
    assert regle in juger(message())[1]


def test_facts_tell_the_kept_ins_and_every_document() -> None:
    both = juger(a31(pid_3=f"{CX_NIA}~{CX_NIR}"))[0]
    assert [(f.donnee, f.valeur) for f in both.faits if f.donnee == "oid"] == [("oid", INS.oid)]
    result = juger(oru(cda((INS.oid, INS.matricule)), cda(document="1.2.4")))[0]
    assert [f.valeur for f in result.faits if f.donnee == "document"] == [DOCUMENT.document_id, "1.2.4"]
    assert len({f.valeur for f in result.faits if f.donnee == "empreinte"}) == 2
    assert {v for k, v in result.cles if k == "document"} == {DOCUMENT.document_id, "1.2.4"}
    assert len(result.documents) == 2


def test_an_erased_value_is_no_fact() -> None:
    found = juger(a31(pid_8='""'))[0]
    assert [f for f in found.faits if f.donnee == "sexe"] == []


def test_traits_keys_do_not_depend_on_case_or_accents() -> None:
    typed = juger(poser(adt.write("A28", PROVISOIRE, ENTETE), pid_5="Pat-Trois^Zoé Anne^^^^^L"))[0]
    assert {
        ("traits", f"PAT-TROIS|{TRAITS.date_naissance}"),
        ("traits", f"PAT-TROIS|{TRAITS.date_naissance}|ZOE"),
    } <= set(typed.cles)
