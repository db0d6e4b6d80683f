"""Fictitious people and documents for the HL7 tests: the published ANS test patient PAT-TROIS."""

from __future__ import annotations

from dataclasses import replace

from banc_segur.formats.adt import EnteteHl7
from banc_segur.formats.identite import Identifiant, Ins, Patient, Professionnel, Sejour, Structure, Traits
from banc_segur.formats.mdm import Destinataire, DocumentMdm

INS = Ins("279035121518989", "1.2.250.1.213.1.4.10")
TRAITS = Traits("PAT-TROIS", "DOMINIQUE", "DOMINIQUE", "F", "1979-03-28", "63220")
IPP = Identifiant("000003", "1.2.250.1.999.1.1.1", "ISO", "CHU-X")
QUALIFIE = Patient(IPP, TRAITS, "qualifiee", INS)
RECUPERE = replace(QUALIFIE, statut="recuperee", ins=None)
PROVISOIRE = replace(RECUPERE, statut="provisoire")
SEJOUR = Sejour(
    Identifiant("26000006", "1.2.250.1.999.1.1.2", "ISO", "CHU-X"), "000897406", "I", "20260302081500", "6268"
)
SORTIE = replace(SEJOUR, fin="20260305160000")
ENTETE = EnteteHl7("GAM", "CHU-X", "EAI", "CHU-X", "20260302080000", "RI-0001")
MEDECIN = Professionnel("899900000019", "MARTEL", "Jeanne")
GENERALISTE = Professionnel("899900000027", "GENERALISTE", "Paul", adresse_mss="paul@medecins-test.mssante.fr")
STRUCTURE = Structure("175B000001", "CH SEGUR TEST")
CDA = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2.250.1.999.1.1.7.1"/></ClinicalDocument>'
DOCUMENT = DocumentMdm(
    action="T02",
    patient=QUALIFIE,
    sejour=SORTIE,
    document_id="1.2.250.1.999.1.1.7.1",
    type_code="11490-0",
    type_libelle="Lettre de liaison à la sortie",
    cda=CDA,
    emetteur=MEDECIN,
    structure=STRUCTURE,
    destinataires=(
        Destinataire("paul@medecins-test.mssante.fr", professionnel=GENERALISTE),
        Destinataire("279035121518989@patient.mssante.fr", patient=QUALIFIE),
    ),
    indicateurs={
        "DESTDMP": True,
        "DESTMSSANTEPS": True,
        "DESTMSSANTEPAT": True,
        "ACK_RECEPTION": True,
    },
    corps_ps="Chère consœur, à lire | vite",
    corps_patient="Bonjour",
    patient_fin=True,
    adresse_reponse="secretariat@ch-segur-test.mssante.fr",
)
