"""Steps of the stages « identité » and « circulation »: the person, the admission, INSi, the identity flow."""

from __future__ import annotations

import pytest
from pytest_bdd import given, parsers, then, when

from steps.parcours import Parcours, exiger

INSI = "rechercherInsAvecTraitsIdentite"


@given("une personne que l'INSi connaît sous une seule identité")
def personne_connue(parcours: Parcours) -> None:
    parcours.personne = parcours.client.nouveau_patient(parcours.scenario, reponse="00")


@given("une personne que l'INSi ne connaît pas")
def personne_inconnue(parcours: Parcours) -> None:
    parcours.personne = parcours.client.nouveau_patient(parcours.scenario, reponse="01")


@given("une personne que l'INSi connaît sous plusieurs identités")
def personne_multiple(parcours: Parcours) -> None:
    parcours.personne = parcours.client.nouveau_patient(parcours.scenario, reponse="02")


@given("son DMP est actif et sa messagerie citoyenne ouverte")
def dmp_et_messagerie(parcours: Parcours) -> None:
    """`nouveau_patient` opens both; this line is there for the reader, and checks it."""
    etat = parcours.client.depots(parcours.personne["matricule"])
    if etat["statut"] != "actif":
        pytest.fail("Le banc n'a pas ouvert le DMP de cette personne.")


@when("l'admission enregistre cette personne sur présentation de sa carte d'identité")
def admission(parcours: Parcours) -> None:
    personne = parcours.personne
    traits = ("nom_naissance", "prenoms", "premier_prenom", "sexe", "date_naissance", "lieu_naissance")
    parametres = {name: personne[name] for name in traits} | {"preuve": "CN", "classe": "I"}
    parcours.admission = parcours.declencher("RI", "admettre", parametres)


@then("le RI interroge l'INSi, qui rend une seule identité")
def insi_une_identite(parcours: Parcours) -> None:
    parcours.attendre("ri-insi", INSI, cle=("matricule", parcours.personne["matricule"]))


@then(parsers.parse("le RI interroge l'INSi, qui rend le code {code}"))
def insi_code(parcours: Parcours, code: str) -> None:
    parcours.attendre("ri-insi", INSI, attribut=("CodeCR", code))


@then("l'identité qualifiée, avec son INS, atteint le DPI et la PFI")
def identite_qualifiee(parcours: Parcours) -> None:
    cle = ("matricule", parcours.personne["matricule"])
    for lien in ("ri-eai", "eai-dpi", "eai-pfi"):
        parcours.attendre(lien, "ADT^A31", cle=cle, reussi=True)
        parcours.attendre(lien, "ADT^A01", cle=cle, attribut=("statut", "VALI"), reussi=True)


@then("l'identité validée atteint le DPI et la PFI sans INS")
def identite_sans_ins(parcours: Parcours) -> None:
    for lien in ("ri-eai", "eai-dpi", "eai-pfi"):
        parcours.attendre(lien, "ADT^A01", attribut=("statut", "VALI"), reussi=True)
    vus = parcours.faits("matricule", "ADT")
    exiger(not vus, f"Un matricule INS circule dans l'ADT alors que l'identité n'est pas qualifiée : {vus}", "RI")


@then("aucun INS n'a circulé")
def aucun_ins(parcours: Parcours) -> None:
    parcours.barriere()
    vus = {porteur: valeurs for porteur, valeurs in parcours.faits("matricule").items() if porteur != "INSi"}
    exiger(not vus, f"Un matricule INS a circulé sans identité qualifiée : {vus}")
