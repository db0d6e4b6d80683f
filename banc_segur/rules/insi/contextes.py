"""Rules on ContexteBAM and ContexteLPS (`insi.md` §3.4 to §3.6, §14)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cryptography.x509.oid import NameOID

from banc_segur.formats import soap, xml
from banc_segur.formats.insi import ContexteBam, ContexteLps
from banc_segur.rules.catalogue import regle
from banc_segur.rules.insi.acces import CN_ADMIS, UUID, attributs, certificat
from banc_segur.rules.insi.analyse import Requete
from banc_segur.rules.model import Contexte, Ecart, Severite

TEMPS = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?")
NOM_LPS = re.compile(r"urn:lps:[^:]+:(?P<version>[^:]+)")
_SAML = "urn:oasis:names:tc:SAML:2.0:assertion"


def _base(nom: str, contexte: ContexteBam | ContexteLps) -> Iterable[Ecart]:
    if not contexte.id:
        yield Ecart(f"Header/{nom}/Id", "un identifiant (UUID)", "absent")
    if not TEMPS.fullmatch(contexte.temps):
        yield Ecart(f"Header/{nom}/Temps", "une date et heure XML (2026-03-02T08:04:30Z)", contexte.temps or "absent")


@regle(
    "INSI-C01",
    "Le ContexteBAM est complet, élément COUVERTURE compris",
    genre="insi.requete",
    source="XSD CTXBAM V01_02 ; insi.md §3.4",
    remede="Envoyez un ContexteBAM avec Id, Temps et l'élément COUVERTURE, même vide.",
    refus=True,
)
def c01(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """Present, Id, Temps, COUVERTURE."""
    bam = requete.recherche.bam
    if bam is None:
        yield Ecart("Header/ContexteBAM", "présent", "absent")
        return
    yield from _base("ContexteBAM", bam)
    if not bam.couverture:
        yield Ecart("Header/ContexteBAM/COUVERTURE", "présent, même vide", "absent")


@regle(
    "INSI-C01-VERSION",
    "Le ContexteBAM est à la version 01_02",
    genre="insi.requete",
    severite=Severite.AVERTISSEMENT,
    source="XSD CTXBAM V01_02 ; insi.md §3.4, §7.5",
    remede='Écrivez Version="01_02" ; le service réel tolère une autre valeur.',
)
def c01_version(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """Attribute Version."""
    bam = requete.recherche.bam
    if bam is not None and bam.version != "01_02":
        yield Ecart("Header/ContexteBAM/@Version", "01_02", bam.version or "absent")


@regle(
    "INSI-C02",
    "Le ContexteLPS est complet et porte le numéro d'autorisation du logiciel",
    genre="insi.requete",
    source="XSD CTXLPS V01_00 ; insi.md §3.5",
    remede='Envoyez LPS/IDAM avec R="4" et le numéro d\'autorisation reçu du CNDA, et LPS/Instance, UUID stable '
    "de l'installation.",
    refus=True,
)
def c02(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """Present, Version, Id, Temps, IDAM with R=4, Instance a UUID."""
    lps = requete.recherche.lps
    if lps is None:
        yield Ecart("Header/ContexteLPS", "présent", "absent")
        return
    yield from _base("ContexteLPS", lps)
    if lps.version != "01_00":
        yield Ecart("Header/ContexteLPS/@Version", "01_00", lps.version or "absent")
    if not lps.idam:
        yield Ecart("Header/ContexteLPS/LPS/IDAM", "le numéro d'autorisation CNDA", "absent")
    elif lps.idam_r != "4":
        yield Ecart("Header/ContexteLPS/LPS/IDAM/@R", "4", lps.idam_r or "absent")
    if not UUID.fullmatch(lps.instance):
        yield Ecart("Header/ContexteLPS/LPS/Instance", "un UUID", lps.instance or "absent")


@regle(
    "INSI-C03",
    "LPS/Nom est de la forme urn:lps:<produit>:<version>, sa version étant celle de LPS/Version",
    genre="insi.requete",
    severite=Severite.AVERTISSEMENT,
    source="Pratique demandée depuis 2022 ; insi.md §3.5",
    remede="Écrivez LPS/Nom sous la forme urn:lps:PRODUIT:VERSION, avec la même version que LPS/Version.",
)
def c03(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """Form, then agreement of the two versions."""
    lps = requete.recherche.lps
    if lps is None:
        return
    match = NOM_LPS.fullmatch(lps.nom)
    if match is None:
        yield Ecart("Header/ContexteLPS/LPS/Nom", "urn:lps:PRODUIT:VERSION", lps.nom or "absent")
    elif match["version"] != lps.version_logiciel:
        yield Ecart("Header/ContexteLPS/LPS/Version", match["version"], lps.version_logiciel or "absent")


@regle(
    "INSI-C05",
    "Emetteur est l'identifiant de la structure (certificat) ou du professionnel (assertion), égal partout",
    genre="insi.requete",
    severite=Severite.AVERTISSEMENT,
    source="insi.md §3.6",
    remede="Écrivez dans les deux contextes l'OU du certificat client (mode certificat) ou le NameID de "
    "l'assertion (mode CPx).",
)
def c05(requete: Requete, contexte: Contexte) -> Iterable[Ecart]:
    """Equal in both contexts, and equal to the identity of the access mode when that is known."""
    bam, lps = requete.recherche.bam, requete.recherche.lps
    if bam is None or lps is None:
        return
    if bam.emetteur != lps.emetteur:
        yield Ecart("Header/ContexteLPS/Emetteur", bam.emetteur or "absent", lps.emetteur or "absent")
    admis = _identites(requete, contexte)
    if admis and bam.emetteur not in admis:
        yield Ecart("Header/ContexteBAM/Emetteur", " ou ".join(admis), bam.emetteur or "absent")


def _identites(requete: Requete, contexte: Contexte) -> list[str]:
    """NameID of the assertion if there is one, else OU values of an INSi certificate; empty when unknown."""
    blocks = requete.enveloppe.header_blocks(soap.WSSE, "Security")
    path = "/".join(xml.q(_SAML, local) for local in ("Assertion", "Subject", "NameID"))
    ids = [xml.text(found) for block in blocks for found in block.findall(path)]
    if ids or contexte.certificat is None:
        return ids
    sujet = certificat(contexte).subject
    if not set(attributs(sujet, NameOID.COMMON_NAME)) & set(CN_ADMIS):
        return []
    return attributs(sujet, NameOID.ORGANIZATIONAL_UNIT_NAME)
