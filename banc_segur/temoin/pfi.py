"""The witness PFI: takes documents from the DPI, deposits them in the DMP, mails them by MSSanté, sends the receipts.

A message is on disk, with every identifier that a retry must repeat, before it is acknowledged. Then each deposit, each
mail and each receipt is a task of the persistent queue.
Sources: CI-SIS, volet Transmission de documents CDA R2 en HL7v2 2.1, GESTIONNAIRE (`hl7v2.md` §2).
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from banc_segur.formats import ack, adt, er7, mdm, zam
from banc_segur.formats.errors import FormatError
from banc_segur.formats.hl7_segments import EnteteHl7
from banc_segur.temoin import envoi as messagerie
from banc_segur.temoin.base import Produit
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.depot import ClientDmp, Existence, IdentifiantsLot, Resultat
from banc_segur.temoin.erreurs import ServiceInjoignable
from banc_segur.temoin.file_attente import Abandonner, FileAttente, Reessayer, Tache
from banc_segur.temoin.pfi_dossiers import A_FAIRE, ATTEND_AVIS, DMP, FAIT, MAIL, DossiersPfi, Envoi
from banc_segur.temoin.pfi_regles import refuser, refuser_profil
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.mllp import MllpClient, MllpServer

PARIS = ZoneInfo("Europe/Paris")
PERIODE_AVIS = 0.5  # seconds between two readings of the mailbox while a notification is awaited
ATTENTE_AVIS = 60.0  # seconds; some operators never tell a success (hypothèse: then no Z02 is sent)
DELAI_ACK = 30.0  # seconds
_PAS_DE_DMP = "Aucun DMP pour ce patient"

Prendre = Callable[[er7.Message, bytes], ack.Erreur | None]

_log = structlog.get_logger(__name__)


class Pfi(Produit):
    """Listens for ADT (`eai-pfi`) and MDM/ORU (`dpi-pfi`); action `etat` {} -> {envois, file}.

    envois: message (MSH-10), nature (`dmp`, `mail`), adresse, etat (`a_faire`, `attend_avis`, `fait`), code, libelle.
    file: tasks set aside, each with its cause. Defect point `pfi.zam`: the receipt as `er7.Message`, before sending.
    """

    role = "PFI"

    def __init__(self, config: ConfigTemoin) -> None:
        super().__init__(config)
        self._dossiers = DossiersPfi(self.dossier / "pfi.sqlite")
        self._file = FileAttente(self.dossier / "file.sqlite", self._traiter)
        self._dmp: ClientDmp | None = None
        self._zam: MllpClient | None = None
        self._serveurs: list[MllpServer] = []
        self._reveil = threading.Event()
        self._arret = threading.Event()
        self._releveur = threading.Thread(target=self._relever, name="pfi-avis", daemon=True)
        self.actions = {"etat": self._etat}

    def start(self) -> None:
        """Take up what a former process left, then listen."""
        liens = self.config.liens
        if liens.dmp:
            self._dmp = ClientDmp(self.config, self.defauts)
        if liens.pfi_dpi:
            hote, _, port = liens.pfi_dpi.rpartition(":")
            self._zam = MllpClient(hote, int(port))
        self._programmer([left.numero for left in self._dossiers.en(A_FAIRE)])
        self._file.start()
        self._releveur.start()
        self._reveil.set()
        for lien, prendre in (("eai-pfi", self._prendre_identite), ("dpi-pfi", self._prendre_document)):
            serveur = MllpServer(self._recevoir(prendre), self.config.hote, self.config.ecoutes.get(lien, 0))
            self.ecoutes[lien] = serveur.start()
            self._serveurs.append(serveur)

    def stop(self) -> None:
        """Stop listening, let running tasks end; the queue stays on disk."""
        for serveur in self._serveurs:
            serveur.stop()
        self._arret.set()
        self._reveil.set()
        if self._releveur.ident is not None:
            self._releveur.join()
        self._file.stop()
        if self._zam:
            self._zam.close()
        self._dossiers.close()

    def au_repos(self) -> bool:
        """True when nothing is queued and no delivery notification is awaited."""
        return self._file.vide() and not (self._dossiers.reste(A_FAIRE) or self._dossiers.reste(ATTEND_AVIS))

    def _etat(self, _parametres: Mapping[str, Any]) -> dict[str, Any]:
        aside = [{"nature": tache.nature, "cause": cause} for tache, cause in self._file.abandons()]
        return {"envois": self._dossiers.liste(), "file": aside}

    # Intake

    def _recevoir(self, prendre: Prendre) -> Callable[[bytes], bytes]:
        """A MLLP handler: AA once `prendre` has put the message on disk, AE or AR with the reason otherwise."""

        def recevoir(data: bytes) -> bytes:
            own, now = _identifiant("A"), _horodatage()
            try:
                message = er7.read(data)
            except FormatError as error:
                return ack.refuser(data, error, identifiant=own, instant=now).write()
            try:
                erreur = prendre(message, data)
            except FormatError as error:
                erreur = ack.Erreur("102", f"Data type error: {error.ou}")
            if erreur is None:
                return ack.write(message, "AA", identifiant=own, instant=now).write()
            code = "AR" if erreur.code in ("200", "201", "202", "203") else "AE"
            return ack.write(message, code, identifiant=own, instant=now, erreurs=[erreur]).write()

        return recevoir

    def _prendre_identite(self, message: er7.Message, _data: bytes) -> ack.Erreur | None:
        patient = adt.read(message).patient
        if not patient.ipp.valeur:
            return ack.Erreur("101", "Required field missing: IPP", "PID^1^3")
        self._dossiers.noter_patient(patient)
        return None

    def _prendre_document(self, message: er7.Message, data: bytes) -> ack.Erreur | None:
        if erreur := refuser_profil(message):
            return erreur
        if not message.identifiant:
            return ack.Erreur("101", "Required field missing: MSH-10", "MSH^1^10")
        cle = f"{message.get('MSH-3')}|{message.get('MSH-4')}|{message.identifiant}"
        known = self._dossiers.contenu(cle)
        if known is not None:
            return None if known == data else ack.Erreur("103", "MSH-10 déjà porté par un autre message", "MSH^1^10")
        doc = mdm.read(message)
        erreur = refuser(message, doc, self._dossiers.patient(doc.patient.ipp))
        if erreur is None:
            self._programmer(self._dossiers.prendre(cle, message.identifiant, data, self._envois(doc)))
        return erreur

    def _programmer(self, numeros: Sequence[int]) -> None:
        for numero in numeros:
            self._file.ajouter(f"envoi:{numero}", str(numero).encode(), "envoi")

    def _envois(self, doc: mdm.DocumentMdm) -> list[tuple[str, str, tuple[str, ...], str]]:
        found: list[tuple[str, str, tuple[str, ...], str]] = []
        if doc.demande("DESTDMP"):
            found.append((DMP, "", (self._oid(), self._oid()), _identifiant("Z")))
        domaine = self.config.structure.bal_app.rpartition("@")[2]
        for destinataire in doc.destinataires:
            if doc.demande("DESTMSSANTEPAT" if destinataire.patient else "DESTMSSANTEPS"):
                message_id = f"<{uuid.uuid4()}@{domaine}>"
                found.append((MAIL, destinataire.adresse, (message_id, self._oid()), _identifiant("Z")))
        return found

    def _oid(self) -> str:
        return f"{self.config.structure.oid_racine}.{uuid.uuid4().int >> 68}"

    # Work

    def _traiter(self, tache: Tache) -> None:
        if tache.nature == "zam":
            self._envoyer_zam(tache.contenu)
            return
        envoi = self._dossiers.envoi(int(tache.contenu))
        if envoi.etat != A_FAIRE:
            return  # done before a crash; only its task was left
        try:
            doc = mdm.read(er7.read(envoi.contenu))
            if envoi.nature == DMP:
                self._conclure(envoi, doc, self._deposer(envoi, doc))
            else:
                self._poster(envoi, doc)
        except ServiceInjoignable as cause:
            raise Reessayer(str(cause)) from cause

    def _deposer(self, envoi: Envoi, doc: mdm.DocumentMdm) -> Resultat:
        if self._dmp is None:
            return Resultat(False, "", "Aucun DMP n'est configuré dans la PFI")
        existence = self.defauts.passer("pfi.existence", self._dmp.existence)
        found: Existence = existence(doc)
        if found.refus:
            return found.refus
        if not found.existe:
            return Resultat(False, "NF", _PAS_DE_DMP)  # hypothèse: queryResponseCode stands for a code
        if found.ferme:
            return Resultat(False, "DMPClosed", "DMP fermé")
        return self._dmp.deposer(doc, IdentifiantsLot(*envoi.identifiants))

    def _poster(self, envoi: Envoi, doc: mdm.DocumentMdm) -> None:
        if not self.config.liens.smtp:
            absent = Resultat(False, "101", "Aucun opérateur MSSanté n'est configuré dans la PFI")
            self._conclure(envoi, doc, absent)
            return
        destinataire = next(d for d in doc.destinataires if d.adresse == envoi.adresse)
        resultat = messagerie.envoyer(self.config, self.defauts, doc, destinataire, *envoi.identifiants)
        if resultat.ok:
            self._dossiers.noter(envoi.numero, ATTEND_AVIS)
            self._reveil.set()
        else:
            self._conclure(envoi, doc, Resultat(False, resultat.code, resultat.libelle))

    def _conclure(self, envoi: Envoi, doc: mdm.DocumentMdm, resultat: Resultat) -> None:
        """Queue the receipt, then note the end: a crash between both sends the same receipt again, same MSH-10."""
        if doc.demande("ACK_RECEPTION") and self._zam is not None:
            message = er7.read(envoi.contenu)
            entete = EnteteHl7(
                application_emetteur=message.get("MSH-5"),
                etablissement_emetteur=message.get("MSH-6"),
                application_destinataire=message.get("MSH-3"),
                etablissement_destinataire=message.get("MSH-4"),
                instant=_horodatage(),
                identifiant=envoi.recu,
                mode=message.get("MSH-11") or "P",
            )
            code = "" if resultat.ok else resultat.code or "199"
            recu = _recu(envoi, doc, entete, code, resultat.libelle)
            self._file.ajouter("zam", self.defauts.passer("pfi.zam", recu).write(), "zam")
        self._dossiers.noter(envoi.numero, FAIT, resultat.code, resultat.libelle)

    def _envoyer_zam(self, octets: bytes) -> None:
        if self._zam is None:
            raise Abandonner("aucun lien pfi-dpi n'est configuré")
        try:
            answer = ack.read(er7.read(self._zam.envoyer(octets, DELAI_ACK)))
        except Injoignable as error:
            raise Reessayer(str(error)) from error
        except FormatError as error:
            raise Reessayer(f"accusé du DPI illisible : {error}") from error
        if answer.code == "AR":
            raise Reessayer("AR du DPI")
        if not answer.accepte:
            raise Abandonner(f"{answer.code} du DPI : {'; '.join(e.libelle for e in answer.erreurs)}")

    # Delivery notifications

    def _relever(self) -> None:
        while not self._arret.is_set():
            self._reveil.wait(PERIODE_AVIS if self._dossiers.reste(ATTEND_AVIS) else None)
            self._reveil.clear()
            self._file.attendre_vide(PERIODE_AVIS)  # the notices of mails that leave together are read together
            if self._dossiers.reste(ATTEND_AVIS) and not self._arret.is_set():
                try:
                    self._rapprocher(messagerie.relever_avis(self.config))
                except ServiceInjoignable as cause:
                    _log.info("relève des avis impossible", cause=str(cause))
                self._dossiers.expirer(ATTENTE_AVIS, "aucun avis de remise reçu")

    def _rapprocher(self, avis: Iterable[messagerie.Avis]) -> None:
        for item in avis:
            envoi = self._dossiers.du_courriel(item.message_id, item.destinataire)
            if envoi is not None:
                doc = mdm.read(er7.read(envoi.contenu))
                self._conclure(envoi, doc, Resultat(item.remis, item.code, item.libelle))


def _recu(envoi: Envoi, doc: mdm.DocumentMdm, entete: EnteteHl7, code: str, libelle: str) -> er7.Message:
    if envoi.nature == DMP:
        return zam.write_z01(envoi.msh10, entete, code=code, libelle=libelle)
    who = next((d.identifiant for d in doc.destinataires if d.adresse == envoi.adresse), "")
    return zam.write_z02(envoi.msh10, entete, envoi.adresse, destinataire=who, code=code, libelle=libelle)


def _identifiant(prefixe: str) -> str:
    return f"PFI{prefixe}{uuid.uuid4().hex[:16]}"


def _horodatage() -> str:
    return datetime.now(UTC).astimezone(PARIS).strftime("%Y%m%d%H%M%S")
