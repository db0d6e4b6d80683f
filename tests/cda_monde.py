"""One patient, one doctor, one stay for the tests of documents; and the corpus of official CDA files."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime

from banc_segur.formats import cda_write, datamatrix, lettre
from banc_segur.formats.cda import DocumentCda
from banc_segur.formats.identite import Identifiant, Ins, Patient, Professionnel, Sejour, Structure, Traits
from banc_segur.formats.lettre import Lettre
from banc_segur.rules.model import Contexte
from tests import corpus

CDA = corpus.CORPUS / "cda"
requires_cda = corpus.requiert("cda")
CONTEXTE = Contexte(datetime(2026, 1, 15, 9, 30, tzinfo=UTC))

# Published fictitious test person of the INS test data (INS-NIR test OID).
TRAITS = Traits("ADRTROIS", "TOUSSAINT LOUIS", "TOUSSAINT", "M", "1960-01-01", "2B020")
PATIENT = Patient(
    Identifiant("IPP1", "1.2.250.1.999.1.1.1"), TRAITS, "qualifiee", Ins("160012B02077713", "1.2.250.1.213.1.4.10")
)
AUTEUR = Professionnel("899900000019", "MARTEL", "Jeanne")
TRAITANT = Professionnel("899900000027", "GENERALISTE", "Paul", adresse_mss="paul.generaliste@medecins-test.mssante.fr")
STRUCTURE = Structure("175B000001", "CH SEGUR TEST")
SEJOUR = Sejour(Identifiant("NDA1", "1.2.250.1.999.1.1.4"), "V1", "I", "20260110080000", fin="20260115100000")
DOCUMENT = DocumentCda(
    document_id="1.2.250.1.999.1.1.2.1",
    set_id="1.2.250.1.999.1.1.3.1",
    version=1,
    type_code="11490-0",
    type_libelle="Lettre de liaison à la sortie d'un établissement de soins",
    titre="Lettre de liaison à la sortie",
    instant="20260115103000+0100",
    patient=PATIENT,
    auteur=AUTEUR,
    structure=STRUCTURE,
    sejour=SEJOUR,
    destinataires=(TRAITANT,),
    medecin_traitant=TRAITANT,
    destinataire_patient=True,
)


def page(patient: Patient = PATIENT, **changes: object) -> Lettre:
    """A good letter of `patient`, or one with some fields changed."""
    payload = datamatrix.encode(patient.ins, patient.traits) if patient.ins else b""
    letter = Lettre(
        cartouche=lettre.cartouche(patient),
        structure=STRUCTURE,
        auteur=AUTEUR,
        titre="Lettre de liaison à la sortie",
        date="20260115",
        corps=("Cher confrère, l'œuvre « d'été » – sortie ce jour.",),
        destinataire=TRAITANT,
        sejour_debut=SEJOUR.debut,
        sejour_fin=SEJOUR.fin,
        ipp=patient.ipp.valeur,
        datamatrix=payload,
    )
    return replace(letter, **changes)  # type: ignore[arg-type]


def document(patient: Patient = PATIENT, **changes: object) -> bytes:
    """A good CDA of `patient` with its letter."""
    return cda_write.write(replace(DOCUMENT, patient=patient, **changes), lettre.write(page(patient)))  # type: ignore[arg-type]


def verdicts() -> list[dict[str, str]]:
    """The lines of verdicts.csv; none when the corpus is absent."""
    if not CDA.is_dir():
        return []
    with (CDA / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
