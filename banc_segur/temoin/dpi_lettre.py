"""How the witness DPI makes a discharge letter: PDF with datamatrix, CDA, MDM. Every value passes its defect point."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from banc_segur.formats import cda_write, datamatrix, er7, lettre, mdm
from banc_segur.formats.cda import DocumentCda
from banc_segur.formats.hl7_segments import EnteteHl7
from banc_segur.formats.identite import Patient, Professionnel, Sejour, Structure
from banc_segur.formats.lettre import Lettre
from banc_segur.formats.mdm import Destinataire, DocumentMdm
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.defauts import Defauts

PARIS = ZoneInfo("Europe/Paris")
TYPE_CODE = "11490-0"
TYPE_LIBELLE = "Lettre de liaison à la sortie d'un établissement de soins"
TITRE = "Lettre de liaison à la sortie"
DOMAINE_PATIENTS = "patient.mssante.fr"
CORPS = (
    "Cher confrère, chère consœur,",
    "Votre patient a été hospitalisé dans notre service. L'évolution a été favorable ; sortie autorisée ce jour.",
    "Traitement de sortie : inchangé. Une consultation de contrôle est à prévoir dans un mois.",
)


@dataclass(frozen=True, slots=True)
class Demande:
    """What the doctor asks for: title, and where the letter must go."""

    titre: str = TITRE
    dmp: bool = False
    medecin: bool = False
    patient: bool = False


@dataclass(frozen=True, slots=True)
class Envoi:
    """A document ready to leave: MSH-10, id of the document, the message's bytes."""

    message: str
    document: str
    octets: bytes


class Fabrique:
    """Makes letters for one establishment. `instant`: returns the present instant with its time zone."""

    def __init__(self, config: ConfigTemoin, defauts: Defauts, instant: Callable[[], datetime]) -> None:
        self._defauts = defauts
        self._instant = instant
        self._oid = config.structure.oid_racine
        self._reponse = config.structure.bal_reponse
        self._structure = Structure(config.structure.id_national, config.structure.nom, config.structure.secteur)
        self._auteur = Professionnel(**config.auteur.model_dump())
        self._traitant = Professionnel(**config.medecin_traitant.model_dump())

    def faire(self, patient: Patient, sejour: Sejour, demande: Demande) -> Envoi:
        """Make the MDM^T02 of a letter. The INS appears only when the identity is qualifiée."""
        shown = patient if patient.statut == "qualifiee" else replace(patient, ins=None)
        now = self._instant().astimezone(PARIS)
        pdf = self._pdf(shown, sejour, demande, now)
        document = self._cda(shown, sejour, demande, now)
        octets = self._defauts.passer("dpi.cda.octets", cda_write.write(document, pdf))
        return self._mdm(document, octets, shown, demande, now)

    def _pdf(self, patient: Patient, sejour: Sejour, demande: Demande, now: datetime) -> bytes:
        payload = b""
        if patient.ins:
            payload = self._defauts.passer("dpi.datamatrix", datamatrix.encode(patient.ins, patient.traits))
        page = Lettre(
            cartouche=lettre.cartouche(patient),
            structure=self._structure,
            auteur=self._auteur,
            titre=demande.titre,
            date=now.strftime("%Y%m%d"),
            corps=CORPS,
            destinataire=self._traitant if demande.medecin else None,
            sejour_debut=sejour.debut,
            sejour_fin=sejour.fin,
            ipp=patient.ipp.valeur,
            datamatrix=payload,
        )
        return self._defauts.passer("dpi.pdf", lettre.write(self._defauts.passer("dpi.lettre", page)))

    def _cda(self, patient: Patient, sejour: Sejour, demande: Demande, now: datetime) -> DocumentCda:
        document = DocumentCda(
            document_id=f"{self._oid}.2.{_numero()}",
            set_id=f"{self._oid}.3.{_numero()}",
            version=1,
            type_code=TYPE_CODE,
            type_libelle=TYPE_LIBELLE,
            titre=demande.titre,
            instant=now.strftime("%Y%m%d%H%M%S%z"),
            patient=patient,
            auteur=self._auteur,
            structure=self._structure,
            sejour=sejour,
            destinataires=(self._traitant,) if demande.medecin else (),
            medecin_traitant=self._traitant,
            destinataire_patient=demande.patient,
        )
        return self._defauts.passer("dpi.cda", document)

    def _mdm(self, document: DocumentCda, octets: bytes, patient: Patient, demande: Demande, now: datetime) -> Envoi:
        """The message tells the patient as the record does, whatever a defect did to the CDA."""
        contenu = self._defauts.passer(
            "dpi.mdm",
            DocumentMdm(
                action="T02",
                patient=patient,
                sejour=document.sejour,
                document_id=document.document_id,
                type_code=document.type_code,
                type_libelle=document.type_libelle,
                cda=octets,
                emetteur=self._auteur,
                structure=self._structure,
                destinataires=self._destinataires(patient, demande),
                indicateurs=_indicateurs(demande),
                adresse_reponse=self._reponse,
            ),
        )
        finess = self._structure.finess
        entete = EnteteHl7("DPI", finess, "PFI", finess, now.strftime("%Y%m%d%H%M%S"), _identifiant())
        message: er7.Message = self._defauts.passer("dpi.mdm.message", mdm.write(contenu, entete))
        return Envoi(message.identifiant, contenu.document_id, message.write())

    def _destinataires(self, patient: Patient, demande: Demande) -> tuple[Destinataire, ...]:
        found: list[Destinataire] = []
        if demande.medecin:
            found.append(Destinataire(self._traitant.adresse_mss, professionnel=self._traitant))
        if demande.patient and patient.ins:
            found.append(Destinataire(f"{patient.ins.matricule}@{DOMAINE_PATIENTS}", patient=patient))
        return tuple(found)


def _indicateurs(demande: Demande) -> Mapping[str, bool]:
    return {
        "DESTDMP": demande.dmp,
        "DESTMSSANTEPS": demande.medecin,
        "DESTMSSANTEPAT": demande.patient,
        "ACK_RECEPTION": True,
    }


def _numero() -> int:
    """A fresh arc for an OID: 64 random bits, so that two benches never give the same document id."""
    return uuid.uuid4().int >> 64


def _identifiant() -> str:
    """A fresh MSH-10, 19 characters (20 at most)."""
    return f"DPI{uuid.uuid4().hex[:16]}"
