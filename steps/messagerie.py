"""Steps of the stage « messagerie »: the GP's and the patient's mailboxes."""

from __future__ import annotations

from typing import Any

from pytest_bdd import then

from steps.parcours import Parcours, exiger

SUJET = "XDM/1.0/DDM+"


def _seul_courriel(parcours: Parcours, adresse: str) -> dict[str, Any]:
    """The one mail of this scenario in a mailbox, once delivered."""
    parcours.attendre("pfi-mss", "SMTP", attribut=("destinataire", adresse), reussi=True)
    recus = [mail for mail in parcours.client.boite(adresse) if set(mail["documents"]) & parcours.documents()]
    exiger(len(recus) == 1, f"{len(recus)} courriel(s) pour ce document dans {adresse}, 1 attendu.", "PFI")
    return recus[0]


@then("le médecin traitant reçoit un courriel avec l'archive IHE_XDM et le PDF")
def medecin_recoit(parcours: Parcours) -> None:
    adresse = str(parcours.client.etat()["monde"]["medecin_traitant"]["adresse_mss"])
    mail = _seul_courriel(parcours, adresse)
    exiger(mail["sujet"].startswith(SUJET), f"Le sujet « {mail['sujet']} » ne commence pas par {SUJET}.", "PFI")
    exiger(mail["archive"], "Le courriel ne porte pas d'archive IHE_XDM.zip.", "PFI")
    exiger(bool(mail["pdfs"]), "Le courriel ne porte pas le PDF du document.", "PFI")


@then("le médecin traitant l'ouvre dans son logiciel et y trouve le document")
def medecin_ouvre(parcours: Parcours) -> None:
    """The GP's software reads its mailbox over IMAP; a person at its screen answers for it."""
    releve = parcours.declencher("LGC", "relever", {})
    if "courriels" in releve:
        lus = {document for mail in releve["courriels"] for document in mail["documents"]}
        exiger(
            bool(lus & parcours.documents()),
            "Le logiciel du médecin n'a trouvé ce document dans aucun courriel.",
            "LGC",
        )


@then("le patient reçoit le même document dans sa messagerie")
def patient_recoit(parcours: Parcours) -> None:
    mail = _seul_courriel(parcours, parcours.personne["adresse_mss"])
    exiger(mail["archive"], "Le courriel au patient ne porte pas d'archive IHE_XDM.zip.", "PFI")


@then("rien n'est parti vers la messagerie du patient")
def rien_au_patient(parcours: Parcours) -> None:
    parcours.barriere()
    for echange in parcours.echanges("pfi-mss"):
        partis = [valeur for nom, valeur in echange["attributs"] if nom == "destinataire" and "@patient." in valeur]
        exiger(not partis, f"Un courriel est parti vers {', '.join(partis)} sans INS qualifiée.", "PFI")
