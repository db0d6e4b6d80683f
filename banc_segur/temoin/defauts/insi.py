"""Injected defects of the INSi call, one per rule.

Points: `ri.certificat` (name of the client certificate, a field of `Certificats`), `ri.recherche` (a `Recherche`).
"""

from __future__ import annotations

from dataclasses import replace

from banc_segur.formats.insi import Recherche
from banc_segur.temoin.defauts import defaut

RECHERCHE = "ri.recherche"


@defaut("INSI-T01", role="RI", point="ri.certificat", titre="Présente à l'INSi le certificat du DMP")
def t01(_usage: str) -> str:
    """Another certificate of the same establishment."""
    return "dmp_auth"


@defaut("INSI-S01", role="RI", point=RECHERCHE, titre="Oublie l'en-tête wsa:Action")
def s01(recherche: Recherche) -> Recherche:
    """As generated clients do."""
    return replace(recherche, action="")


@defaut("INSI-S02", role="RI", point=RECHERCHE, titre="Envoie un MessageID sans « uuid: »")
def s02(recherche: Recherche) -> Recherche:
    """As in the official message example."""
    return replace(recherche, message_id=recherche.message_id.removeprefix("uuid:"))


@defaut("INSI-C01", role="RI", point=RECHERCHE, titre="Oublie l'élément COUVERTURE vide")
def c01(recherche: Recherche) -> Recherche:
    """COUVERTURE is mandatory even when empty."""
    return replace(recherche, bam=recherche.bam and replace(recherche.bam, couverture=False))


@defaut("INSI-C01-VERSION", role="RI", point=RECHERCHE, titre="Envoie un ContexteBAM en version 1.0")
def c01_version(recherche: Recherche) -> Recherche:
    """Tolerated by the real service."""
    return replace(recherche, bam=recherche.bam and replace(recherche.bam, version="1.0"))


@defaut("INSI-C02", role="RI", point=RECHERCHE, titre="Envoie le numéro d'autorisation sans R=4")
def c02(recherche: Recherche) -> Recherche:
    """The attribute R is dropped."""
    return replace(recherche, lps=recherche.lps and replace(recherche.lps, idam_r=""))


@defaut("INSI-C03", role="RI", point=RECHERCHE, titre="Envoie un nom de logiciel nu")
def c03(recherche: Recherche) -> Recherche:
    """As clients did before 2022."""
    return replace(recherche, lps=recherche.lps and replace(recherche.lps, nom="BANC"))


@defaut("INSI-C05", role="RI", point=RECHERCHE, titre="Met une adresse de courriel dans Emetteur")
def c05(recherche: Recherche) -> Recherche:
    """Seen live, tolerated."""
    emetteur = "support@editeur.test"
    return replace(
        recherche,
        bam=recherche.bam and replace(recherche.bam, emetteur=emetteur),
        lps=recherche.lps and replace(recherche.lps, emetteur=emetteur),
    )


@defaut("INSI-B01", role="RI", point=RECHERCHE, titre="Appelle l'INSi sans nom de naissance")
def b01(recherche: Recherche) -> Recherche:
    """Fault insi_19."""
    return replace(recherche, nom="")


@defaut("INSI-B02", role="RI", point=RECHERCHE, titre="Envoie les noms en minuscules")
def b02(recherche: Recherche) -> Recherche:
    """The first letter only stays upper case."""
    prenoms = tuple(prenom.capitalize() for prenom in recherche.prenoms)
    return replace(recherche, nom=recherche.nom.capitalize(), prenoms=prenoms)


@defaut("INSI-B03", role="RI", point=RECHERCHE, titre="Envoie la date de naissance avec des espaces")
def b03(recherche: Recherche) -> Recherche:
    """« 1981 - 01 - 01 », as seen in the field."""
    return replace(recherche, date_naissance=recherche.date_naissance.replace("-", " - "))


@defaut("INSI-B04", role="RI", point=RECHERCHE, titre="Envoie plusieurs éléments Prenom")
def b04(recherche: Recherche) -> Recherche:
    """Three prénoms in three elements."""
    return replace(recherche, prenoms=(*recherche.prenoms, "MARIE", "PAULE"))


@defaut("INSI-B06", role="RI", point=RECHERCHE, titre="Envoie 99999 pour un lieu de naissance inconnu")
def b06(recherche: Recherche) -> Recherche:
    """The element must be left out."""
    return replace(recherche, lieu_naissance="99999")
