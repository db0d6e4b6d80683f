"""Steps of the stage « document »: the discharge letter is validated and handed to the PFI."""

from __future__ import annotations

from pytest_bdd import then, when

from banc_segur.control.client import ActionRefusee
from steps.parcours import Parcours, exiger


@when("le médecin valide la lettre de liaison pour le DMP, le médecin traitant et le patient")
def valider(parcours: Parcours) -> None:
    """A DPI may refuse at once what it knows to be unlawful: that is an outcome, the flows decide."""
    parametres = {
        "ipp": parcours.ipp(),
        "dmp": True,
        "destinataire_medecin": True,
        "destinataire_patient": True,
    }
    try:
        parcours.validation = parcours.declencher("DPI", "valider_lettre", parametres)
    except ActionRefusee as refus:
        parcours.validation = {"refus": str(refus)}


@then("la PFI accuse réception du document")
def accuse(parcours: Parcours) -> None:
    recu = parcours.attendre("dpi-pfi", "MDM^T02", cle=("matricule", parcours.personne["matricule"]))
    exiger(bool(recu[0]["reussi"]), "La PFI a refusé le document : " + recu[0]["resume"], "PFI")
