"""Defects of the VIHF and of the lot signature, carried by the witness PFI.

Points: `pfi.certificats` (`config.Certificats`, before any key is loaded), `pfi.vihf` (`Vihf` before signing),
`pfi.vihf.signe` (the signed element), `pfi.signature_lot` (bytes; empty means that no signature is sent).
"""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from datetime import datetime, timedelta

from lxml import etree

from banc_segur.formats import vihf
from banc_segur.formats.vihf import Vihf
from banc_segur.temoin.config import Certificats
from banc_segur.temoin.defauts import defaut


@defaut("DMP-V01", role="PFI", point="pfi.vihf.signe", titre="VIHF réindenté après signature")
def signature_cassee(element: etree._Element) -> etree._Element:
    """White space added to every element."""
    changed = copy.deepcopy(element)
    etree.indent(changed)
    return changed


@defaut("DMP-V02", role="PFI", point="pfi.certificats", titre="VIHF signé avec le certificat TLS")
def mauvais_certificat(certificats: Certificats) -> Certificats:
    """The authentication certificate takes the place of the signature one."""
    return certificats.model_copy(update={"dmp_sign": certificats.dmp_auth})


@defaut("DMP-V03", role="PFI", point="pfi.vihf", titre="Issuer écrit à la façon de .NET (S= pour ST=)")
def emetteur(valeur: Vihf) -> Vihf:
    """`S=` in place of `ST=`."""
    return replace(valeur, issuer=valeur.issuer.replace("ST=", "S=") if "ST=" in valeur.issuer else "CN=inconnu")


@defaut("DMP-V04", role="PFI", point="pfi.vihf", titre="structure d'un exemple laissée dans le VIHF")
def structure(valeur: Vihf) -> Vihf:
    """The SIRET of a sample."""
    return replace(valeur, structure="300000000000000")


@defaut("DMP-V05", role="PFI", point="pfi.vihf", titre="secteur d'activité hors nomenclature")
def secteur(valeur: Vihf) -> Vihf:
    """A code that does not exist."""
    return replace(valeur, secteur=f"SA99^{vihf.SECTEURS}")


@defaut("DMP-V06", role="PFI", point="pfi.vihf", titre="spécialité du médecin oubliée")
def roles(valeur: Vihf) -> Vihf:
    """Profession `10` alone."""
    return replace(valeur, roles=(vihf.Code("10", "1.2.250.1.71.1.2.7", "Médecin"),))


@defaut("DMP-V07", role="PFI", point="pfi.vihf", titre="patient désigné par un OID d'INS-C")
def patient(valeur: Vihf) -> Vihf:
    """The OID of the former INS-C."""
    return replace(valeur, resource_id=re.sub(r"&[\d.]+&", "&1.2.250.1.213.1.4.2&", valeur.resource_id))


@defaut("DMP-V08", role="PFI", point="pfi.vihf", titre="mode DIRECTE avec un certificat de structure")
def mode(valeur: Vihf) -> Vihf:
    """The mode of a card."""
    return replace(valeur, mode="DIRECTE")


@defaut("DMP-V09", role="PFI", point="pfi.vihf", titre="PurposeOfUse hors de l'espace de noms HL7")
def acces(valeur: Vihf) -> Vihf:
    """The element in no namespace."""
    return replace(valeur, purpose=replace(valeur.purpose, espace="") if valeur.purpose else None)


@defaut("DMP-V10", role="PFI", point="pfi.vihf", titre="utilisateur non nommé")
def utilisateur(valeur: Vihf) -> Vihf:
    """No subject-id."""
    return replace(valeur, subject_id="")


@defaut("DMP-V11", role="PFI", point="pfi.vihf", titre="numéro d'homologation absent")
def logiciel(valeur: Vihf) -> Vihf:
    """No LPS_ID_HOMOLOGATION_DMP."""
    return replace(valeur, lps_homologation="")


@defaut("DMP-V12", role="PFI", point="pfi.vihf", titre="heure locale écrite avec le suffixe Z")
def instants(valeur: Vihf) -> Vihf:
    """Two hours late, as a summer local time sent as UTC."""
    shifted = datetime.fromisoformat(valeur.instant) + timedelta(hours=2)
    return replace(valeur, instant=vihf.instant_texte(shifted))


@defaut("DMP-V13", role="PFI", point="pfi.vihf", titre="RPPS sans son préfixe")
def identifiant(valeur: Vihf) -> Vihf:
    """The first character taken off."""
    return replace(valeur, nameid=valeur.nameid[1:])


@defaut("DMP-S01", role="PFI", point="pfi.signature_lot", titre="lot non signé")
def non_signe(_octets: bytes) -> bytes:
    """No signature."""
    return b""


@defaut("DMP-S02", role="PFI", point="pfi.signature_lot", titre="manifeste d'un autre lot")
def manifeste(octets: bytes) -> bytes:
    """The first reference names another lot."""
    return octets.replace(b'URI="urn:oid:', b'URI="urn:oid:1.', 1)


@defaut("DMP-S03", role="PFI", point="pfi.signature_lot", titre="valeur de la signature du lot altérée")
def valeur(octets: bytes) -> bytes:
    """Other first characters of SignatureValue."""
    return re.sub(rb"(SignatureValue>)....", rb"\1AAAA", octets, count=1)


@defaut("DMP-S04", role="PFI", point="pfi.signature_lot", titre="lot signé hors de la validité du certificat")
def signataire(octets: bytes) -> bytes:
    """SigningTime in 1999."""
    return re.sub(rb"(SigningTime>)\d{4}", rb"\g<1>1999", octets, count=1)
