"""Material shared by the DMP tests: a good lot."""

from dataclasses import replace

from banc_segur.formats.xds import Auteur, Code, Cx, Entree, Lot, Xcn, Xon, code_jdv, entree_signature, lier

MATRICULE = "263056322090011"
PATIENT = Cx(MATRICULE, "1.2.250.1.213.1.4.10").write()
AUTEUR = Auteur(
    Xcn("899900000019", "MARTEL", "Jeanne").write(),
    (Xon("CH SEGUR TEST", "175B000001").write(),),
    (),
    ("G15_10/SM54^Médecin - Médecine générale (SM)^1.2.250.1.213.1.1.4.5",),
)
LIBELLE_LDL = "Lettre de liaison à la sortie d'un établissement de soins"


def entree_exemple() -> Entree:
    """A discharge letter, with the hash and size of nothing in particular left out."""
    return Entree(
        "Document01",
        unique_id="1.2.250.1.999.1.1.7.1",
        patient_id=PATIENT,
        title="Lettre de liaison à la sortie",
        authors=(AUTEUR,),
        class_code=code_jdv("jdv_j57", "10"),
        type_code=Code("11490-0", "2.16.840.1.113883.6.1", LIBELLE_LDL),
        format_code=code_jdv("jdv_j60", "urn:ihe:iti:xds-sd:pdf:2008"),
        confidentiality_codes=(code_jdv("jdv_j58", "N"),),
        healthcare_facility_type_code=code_jdv("jdv_j61", "SA01"),
        practice_setting_code=code_jdv("jdv_j62", "ETABLISSEMENT"),
        creation_time="20260115083000",
        service_start_time="20260110080000",
        service_stop_time="20260115080000",
        language_code="fr-FR",
        legal_authenticator=AUTEUR.personne,
        source_patient_id=Cx("1234567", "1.2.250.1.999.1.1.1", "PI").write(),
        source_patient_info=("PID-5|DUPONT-TEST^ANNE^^^^^L", "PID-7|19630515", "PID-8|F"),
    )


def lot_exemple(entree: Entree | None = None) -> Lot:
    """A good lot of one document and its signature entry."""
    lot = Lot(
        "SubmissionSet01",
        unique_id="1.2.250.1.999.1.1.7.2",
        source_id="1.2.250.1.999.1.1",
        patient_id=PATIENT,
        submission_time="20260115083100",
        title="Sortie du 15/01/2026",
        authors=(AUTEUR,),
        content_type_code=code_jdv("jdv_j59", "03"),
        entrees=(entree or entree_exemple(),),
    )
    return lier(_signe(lot))


def _signe(lot: Lot) -> Lot:
    return replace(lot, signature=entree_signature(lot, "1.2.250.1.999.1.1.7.3", b"<Signature/>"))
