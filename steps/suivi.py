"""Steps of the stage « suivi »: business acknowledgements back to the DPI, nothing left pending."""

from __future__ import annotations

from pytest_bdd import then

from steps.parcours import Parcours, exiger


@then("le DPI reçoit de la PFI l'accusé du DMP et un accusé par destinataire")
def accuses_metier(parcours: Parcours) -> None:
    dmp = parcours.attendre("pfi-dpi", "ZAM^Z01")
    exiger(bool(dmp[0]["reussi"]), "L'accusé du DMP n'a pas été accepté par le DPI : " + dmp[0]["resume"], "DPI")
    parcours.attendre("pfi-dpi", "ZAM^Z02", nombre=2)


@then("plus rien ne reste en attente")
def plus_rien(parcours: Parcours) -> None:
    parcours.barriere()
