"""The witness DPI: hears identities and stays from the EAI, sends discharge letters to the PFI, hears its receipts.

Source: CI-SIS, volet Transmission de documents CDA R2 en HL7v2 2.1, CREATEUR (`hl7v2.md` §2); PAM FR receiver (§1.16).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from banc_segur.formats import ack, adt, er7, zam
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Patient, Sejour
from banc_segur.temoin.base import ActionRefusee, Produit
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.dpi_dossiers import Dossiers
from banc_segur.temoin.dpi_lettre import PARIS, TITRE, Demande, Fabrique
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.mllp import MllpClient, MllpServer

DELAI_ACK = 30.0  # seconds
SANS_INS = "identité non qualifiée : ni DMP, ni messagerie du patient"


class Dpi(Produit):
    """Actions: `valider_lettre` (a doctor signs a discharge letter), `recus` (the receipts of a document).

    valider_lettre {ipp, destinataire_medecin, destinataire_patient, dmp, titre, forcer_dmp} -> {accuse, erreur,
    message, document, ecarte}. accuse: MSA-1 (`AA`, `AE`, `AR`); erreur: the PFI's own words; ecarte: why a
    destination was dropped, empty otherwise. forcer_dmp: ask for the DMP even
    without qualified INS, to see the PFI refuse.
    recus {document} -> {recus: [fields of a ZAM]}.
    """

    role = "DPI"

    def __init__(self, config: ConfigTemoin, instant: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(config)
        self._instant = instant
        self._dossiers = Dossiers(self.dossier / "dpi.sqlite")
        self._fabrique = Fabrique(config, self.defauts, instant)
        self._serveurs: list[MllpServer] = []
        self._client: MllpClient | None = None
        self.actions = {"valider_lettre": self._valider_lettre, "recus": self._recus}

    def start(self) -> None:
        """Listen for ADT (`eai-dpi`) and ZAM (`pfi-dpi`); open the way to the PFI."""
        for lien, traiter in (("eai-dpi", self._noter_adt), ("pfi-dpi", self._noter_zam)):
            serveur = MllpServer(self._recevoir(traiter), self.config.hote, self.config.ecoutes.get(lien, 0))
            self.ecoutes[lien] = serveur.start()
            self._serveurs.append(serveur)
        if self.config.liens.dpi_pfi:
            hote, _, port = self.config.liens.dpi_pfi.rpartition(":")
            self._client = MllpClient(hote, int(port))

    def stop(self) -> None:
        """Stop listening, close the connection to the PFI and the records."""
        for serveur in self._serveurs:
            serveur.stop()
        if self._client:
            self._client.close()
        self._dossiers.close()

    def _recevoir(self, traiter: Callable[[er7.Message], None]) -> Callable[[bytes], bytes]:
        """A MLLP handler: read, keep, answer AA; AE with the place when the message cannot be used."""

        def recevoir(data: bytes) -> bytes:
            own, now = f"DPI{uuid.uuid4().hex[:16]}", self._horodatage()
            try:
                message = er7.read(data)
            except FormatError as error:
                return ack.refuser(data, error, identifiant=own, instant=now).write()
            try:
                traiter(message)
            except FormatError as error:
                erreur = ack.Erreur("101", f"Required field missing: {error.ou}")
                return ack.write(message, "AE", identifiant=own, instant=now, erreurs=[erreur]).write()
            return ack.write(message, "AA", identifiant=own, instant=now).write()

        return recevoir

    def _horodatage(self) -> str:
        return self._instant().astimezone(PARIS).strftime("%Y%m%d%H%M%S")

    def _noter_adt(self, message: er7.Message) -> None:
        read = adt.read(message)
        if not read.patient.ipp.valeur:
            raise FormatError("PID-3", "un IPP (type PI)", "absent")
        self._dossiers.noter_patient(read.patient, read.sejour)

    def _noter_zam(self, message: er7.Message) -> None:
        self._dossiers.noter_recu(zam.read(message))

    def _recus(self, parametres: Mapping[str, Any]) -> dict[str, Any]:
        return {"recus": self._dossiers.recus(str(parametres.get("document", "")))}

    def _valider_lettre(self, parametres: Mapping[str, Any]) -> dict[str, Any]:
        patient, sejour = self._patient(str(parametres.get("ipp", "")))
        demande, ecarte = _demande(parametres, qualifiee=patient.statut == "qualifiee")
        envoi = self._fabrique.faire(patient, sejour, demande)
        self._dossiers.noter_document(envoi.message, envoi.document, patient.ipp.valeur)
        answer = self._envoyer(envoi.octets)
        erreur = " ; ".join(_phrase(e) for e in answer.erreurs)
        return {
            "accuse": answer.code,
            "erreur": "" if answer.accepte else erreur or "refus sans motif",
            "message": envoi.message,
            "document": envoi.document,
            "ecarte": ecarte,
        }

    def _patient(self, ipp: str) -> tuple[Patient, Sejour]:
        patient, sejour = self._dossiers.patient(ipp)
        if patient is None:
            raise ActionRefusee(f"Aucun patient connu sous l'IPP « {ipp} » : le DPI n'a reçu aucun ADT pour lui.")
        if sejour is None or not sejour.debut:
            raise ActionRefusee(f"Aucun séjour connu pour l'IPP « {ipp} » : une lettre de sortie en demande un.")
        return patient, sejour

    def _envoyer(self, octets: bytes) -> ack.Ack:
        if self._client is None:
            raise ActionRefusee("Aucune PFI n'est configurée pour le lien dpi-pfi.")
        try:
            return ack.read(er7.read(self._client.envoyer(octets, DELAI_ACK)))
        except Injoignable as error:
            raise ActionRefusee(f"La PFI n'a pas accusé réception : {error}") from error
        except FormatError as error:
            raise ActionRefusee(f"L'accusé de la PFI est illisible : {error}") from error


def _demande(parametres: Mapping[str, Any], *, qualifiee: bool) -> tuple[Demande, str]:
    """What may lawfully be asked, and why something was dropped (empty when nothing was)."""
    wanted = Demande(
        titre=str(parametres.get("titre") or TITRE),
        dmp=bool(parametres.get("dmp")),
        medecin=bool(parametres.get("destinataire_medecin")),
        patient=bool(parametres.get("destinataire_patient")),
    )
    if qualifiee:
        return wanted, ""
    kept = Demande(titre=wanted.titre, dmp=bool(parametres.get("forcer_dmp")), medecin=wanted.medecin)
    return kept, "" if kept == wanted else SANS_INS


def _phrase(erreur: ack.Erreur) -> str:
    code, label, _table = erreur.applicatif
    return f"{label or erreur.libelle} ({code or erreur.code})" + (f", {erreur.ou}" if erreur.ou else "")
