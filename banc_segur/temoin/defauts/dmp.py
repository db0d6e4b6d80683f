"""Defects of the deposit, carried by the witness PFI.

Points: `pfi.lot` (`Lot`, whole, before serialisation), `pfi.depot` ((Content-Type, body) of the HTTP request),
`pfi.td02` (`DemandeExistence`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from banc_segur.formats import xds
from banc_segur.formats.existence import DemandeExistence
from banc_segur.formats.xds_types import HAS_MEMBER, Code, Entree, Lot
from banc_segur.temoin.defauts import defaut

Envoi = tuple[str, bytes]
_CLASSE = b"urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
_NOEUD = b"urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"


def _entree(lot: Lot, **attributs: Any) -> Lot:
    first: Entree = replace(lot.entrees[0], **attributs)
    return replace(lot, entrees=(first, *lot.entrees[1:]))


@defaut("DMP-T03", role="PFI", point="pfi.depot", titre="start-info absent du Content-Type")
def start_info(envoi: Envoi) -> Envoi:
    """The parameter is left out."""
    return envoi[0].replace('start-info="application/soap+xml"; ', ""), envoi[1]


@defaut("DMP-T04", role="PFI", point="pfi.depot", titre="xop:Include vers une partie qui n'existe pas")
def include(envoi: Envoi) -> Envoi:
    """A wrong Content-ID."""
    return envoi[0], envoi[1].replace(b'href="cid:Document01', b'href="cid:Document99')


@defaut("DMP-T05", role="PFI", point="pfi.depot", titre="Document/@id d'une autre casse que l'ExtrinsicObject")
def casse(envoi: Envoi) -> Envoi:
    """`document01` for `Document01`."""
    return envoi[0], envoi[1].replace(b'Document id="Document01"', b'Document id="document01"')


@defaut("DMP-T06", role="PFI", point="pfi.depot", titre="en-tête MessageID absent")
def message_id(envoi: Envoi) -> Envoi:
    """The header is taken out (it is not signed)."""
    return envoi[0], re.sub(rb"<wsa:MessageID[^>]*>[^<]*</wsa:MessageID>", b"", envoi[1], count=1)


@defaut("DMP-M01", role="PFI", point="pfi.depot", titre="lot de soumission non classé par son nœud")
def noeud(envoi: Envoi) -> Envoi:
    """A typo in the node."""
    return envoi[0], envoi[1].replace(_NOEUD, _NOEUD[:-1] + b"e")


@defaut("DMP-M02", role="PFI", point="pfi.lot", titre="legalAuthenticator oublié")
def authentificateur(lot: Lot) -> Lot:
    """The usual omission."""
    return _entree(lot, legal_authenticator="")


@defaut("DMP-M03", role="PFI", point="pfi.depot", titre="UUID de schéma mal recopié (classCode)")
def schema(envoi: Envoi) -> Envoi:
    """A typo in a scheme: the attribute is lost."""
    return envoi[0], envoi[1].replace(_CLASSE, _CLASSE[:-1] + b"b")


@defaut("DMP-M04", role="PFI", point="pfi.lot", titre="typeCode retiré du jeu de valeurs")
def type_code(lot: Lot) -> Lot:
    """27899-4, still in old samples."""
    return _entree(lot, type_code=Code("27899-4", "2.16.840.1.113883.6.1", "CR d'acte diagnostique (autre)"))


@defaut("DMP-M04-LIBELLE", role="PFI", point="pfi.lot", titre="libellé de typeCode inventé")
def libelle(lot: Lot) -> Lot:
    """A label of one's own."""
    found = lot.entrees[0].type_code
    return _entree(lot, type_code=replace(found, libelle="Courrier") if found else None)


@defaut("DMP-M05", role="PFI", point="pfi.lot", titre="classCode sans rapport avec le typeCode")
def class_code(lot: Lot) -> Lot:
    """Class 11 (Synthèse) for a discharge letter."""
    return _entree(lot, class_code=xds.code_jdv("jdv_j57", "11"))


@defaut("DMP-M06", role="PFI", point="pfi.lot", titre="formatCode d'un texte pour un PDF")
def format_code(lot: Lot) -> Lot:
    """A text format announced for a PDF."""
    return _entree(lot, format_code=xds.code_jdv("jdv_j60", "urn:ihe:iti:xds-sd:text:2008"))


@defaut("DMP-M07", role="PFI", point="pfi.lot", titre="patientId du document différent de celui du lot")
def patient(lot: Lot) -> Lot:
    """The entry keeps the local identifier."""
    return _entree(lot, patient_id=lot.entrees[0].source_patient_id)


@defaut("DMP-M07-CX7", role="PFI", point="pfi.lot", titre="date d'INS-C laissée en CX-7")
def cx7(lot: Lot) -> Lot:
    """`^NH^^20100907`, as in old samples."""
    return replace(lot, patient_id=f"{lot.patient_id}^^20100907")


@defaut("DMP-M08", role="PFI", point="pfi.lot", titre="uniqueId avec extension")
def unique_id(lot: Lot) -> Lot:
    """`OID^extension`, that the DMP does not take."""
    return _entree(lot, unique_id=f"{lot.entrees[0].unique_id}^1")


@defaut("DMP-M09", role="PFI", point="pfi.lot", titre="heure locale envoyée comme UTC")
def heure_locale(lot: Lot) -> Lot:
    """submissionTime two hours ahead, as in summer."""
    local = datetime.strptime(lot.submission_time, "%Y%m%d%H%M%S") + timedelta(hours=2)
    return replace(lot, submission_time=local.strftime("%Y%m%d%H%M%S"))


@defaut("DMP-M10", role="PFI", point="pfi.lot", titre="auteur du lot sans prénom")
def prenom(lot: Lot) -> Lot:
    """XCN-3 empty."""
    person = replace(xds.Xcn.read(lot.authors[0].personne), prenom="")
    return replace(lot, authors=(replace(lot.authors[0], personne=person.write()),))


@defaut("DMP-M11", role="PFI", point="pfi.lot", titre="hash calculé avant un changement du document")
def empreinte(lot: Lot) -> Lot:
    """The digest of other bytes."""
    return _entree(lot, hash=xds.empreinte(b"autre contenu"))


@defaut("DMP-M12", role="PFI", point="pfi.lot", titre="document à la fois normal et restreint")
def confidentialite(lot: Lot) -> Lot:
    """N and R together."""
    codes = (*lot.entrees[0].confidentiality_codes, xds.code_jdv("jdv_j58", "R"))
    return _entree(lot, confidentiality_codes=codes)


@defaut("DMP-M13", role="PFI", point="pfi.lot", titre="document sans association HasMember")
def associations(lot: Lot) -> Lot:
    """The association of the first entry is left out."""
    first = lot.entrees[0].id
    kept = tuple(link for link in lot.associations if not (link.type == HAS_MEMBER and link.cible == first))
    return replace(lot, associations=kept)


@defaut("DMP-M14", role="PFI", point="pfi.lot", titre="repositoryUniqueId envoyé")
def repository(lot: Lot) -> Lot:
    """Copied from an answer of the registry."""
    return _entree(lot, repository_unique_id="1.2.250.1.213.4.1.1.1.2")


@defaut("DMP-M15", role="PFI", point="pfi.depot", titre="registryObject d'un autre objet")
def registry_object(envoi: Envoi) -> Envoi:
    """The identifiers of the document point to the lot."""
    return envoi[0], envoi[1].replace(b'registryObject="Document01"', b'registryObject="SubmissionSet01"')


@defaut("DMP-M17", role="PFI", point="pfi.lot", titre="languageCode fr")
def langue(lot: Lot) -> Lot:
    """`fr` for `fr-FR`."""
    return _entree(lot, language_code="fr")


@defaut("DMP-D02", role="PFI", point="pfi.lot", titre="titre différent de celui du CDA")
def titre(lot: Lot) -> Lot:
    """A title of one's own."""
    return _entree(lot, title="Document 1")


@defaut("DMP-TD02-INS", role="PFI", point="pfi.td02", titre="matricule sans sa clé dans le test d'existence")
def sans_cle(demande: DemandeExistence) -> DemandeExistence:
    """13 characters."""
    return replace(demande, ins=replace(demande.ins, matricule=demande.ins.matricule[:13]))


@defaut("DMP-TD02-MOTIF", role="PFI", point="pfi.td02", titre="test d'existence au motif de consultation")
def motif(demande: DemandeExistence) -> DemandeExistence:
    """CNSLT_DATA."""
    return replace(demande, motif="CNSLT_DATA")
