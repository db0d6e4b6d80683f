"""Steps of the stage « dépôt »: existence test and deposit in the DMP."""

from __future__ import annotations

from pytest_bdd import then

from steps.parcours import Parcours, exiger

LETTRE_DE_LIAISON = "11490-0"  # LOINC, JDV_J66 (`dmp.md` §3.5)


@then("la PFI teste l'existence du DMP puis y dépose le document")
def depot(parcours: Parcours) -> None:
    existence = parcours.attendre("pfi-dmp", "TD0.2")
    depose = parcours.attendre("pfi-dmp", "TD2.1")
    exiger(bool(depose[0]["reussi"]), "Le DMP a refusé le dépôt : " + depose[0]["resume"], "PFI")
    exiger(
        existence[0]["numero"] < depose[0]["numero"],
        "Le dépôt (TD2.1) a précédé le test d'existence (TD0.2) : faites TD0.2 avant le premier dépôt.",
        "PFI",
    )


@then("le DMP détient ce document une seule fois")
def une_seule_fois(parcours: Parcours) -> None:
    documents = parcours.client.depots(parcours.personne["matricule"])["documents"]
    exiger(len(documents) == 1, f"Le DMP détient {len(documents)} documents pour ce patient, 1 attendu.", "PFI")
    exiger(
        documents[0]["type"] == LETTRE_DE_LIAISON,
        f"La lettre de liaison est déposée sous le type {documents[0]['type']}, {LETTRE_DE_LIAISON} attendu.",
        "PFI",
    )
    deposes = parcours.faits("document", "XDS").get("XDS", set())
    exiger(
        deposes == {documents[0]["uniqueId"]},
        f"Le document détenu ({documents[0]['uniqueId']}) n'est pas celui du dépôt ({', '.join(sorted(deposes))}).",
        "PFI",
    )


@then("la PFI n'a demandé au DMP ni création ni autorisation d'accès")
def rien_de_superflu(parcours: Parcours) -> None:
    permises = {"TD0.2", "TD2.1", "TD3.1"}
    autres = sorted({echange["operation"] for echange in parcours.echanges("pfi-dmp")} - permises)
    exiger(not autres, f"La PFI a appelé {', '.join(autres)} : un dépôt ne demande ni création ni autorisation.", "PFI")


@then("rien n'est parti au DMP")
def rien_au_dmp(parcours: Parcours) -> None:
    parcours.barriere()
    partis = parcours.echanges("pfi-dmp")
    exiger(not partis, f"{len(partis)} échange(s) avec le DMP pour un patient sans INS qualifiée.", "PFI")
