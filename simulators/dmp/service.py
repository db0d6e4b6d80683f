"""The services of the DMP that a PFI calls: one request, one answer, in the order of `dmp.md` §4.4."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from banc_segur.formats import depot, existence, mtom, requete_stockee, soap, xds_schemas, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins
from banc_segur.formats.registry_response import RegistryError, registry_response
from banc_segur.formats.vihf import Vihf
from banc_segur.rules import catalogue
from banc_segur.rules.dmp.existence import GENRE as GENRE_EXISTENCE
from banc_segur.rules.model import Contexte, Sujet
from banc_segur.state.base import Etat
from banc_segur.state.dmp import RegistreDmp
from banc_segur.transport.model import Answer, Behaviour, HttpRequest
from simulators.dmp import alimentation, refus, vihf
from simulators.dmp.refus import Refus
from simulators.dmp.reglages import ReglagesDmp

RACINE = "/si-dmp-server/v2/services"
AUTRES = ("habilitations", "patientsSpecific", "patientsPDQ", "patientCertif")
_ACTION_EXISTENCE = f"urn:hl7-org:v3:{existence.REPONSE}"
_ACTION_REQUETE = "urn:ihe:iti:2007:RegistryStoredQueryResponse"
SILENCE = 60.0  # seconds
_HORS_BANC = "Opération non prise en charge par ce service"

Traitement = Callable[[HttpRequest, soap.Envelope, "mtom.Mtom | None"], Answer]


def routes(etat: Etat, reglages: ReglagesDmp) -> Mapping[str, Behaviour]:
    """Path -> behaviour; the registry is `state.dmp` in `etat`. Raises UsageError: `reglages.ac` cannot be read."""
    if reglages.ac:
        vihf.charger(reglages.ac)
    service = _Service(RegistreDmp(etat), reglages)
    handlers: dict[str, Traitement] = {
        "patients": service.patients,
        "repository": service.repository,
        "registry": service.registry,
    }
    for name in AUTRES:
        handlers[name] = service.hors_banc
    return {f"{RACINE}/{name}": service.servir(handler) for name, handler in handlers.items()}


class _Service:
    """The DMP of one bench."""

    def __init__(self, registre: RegistreDmp, reglages: ReglagesDmp) -> None:
        self._registre = registre
        self._reglages = reglages

    def servir(self, traitement: Traitement) -> Behaviour:
        """Wrap an operation: reading, faults, forced failures."""

        def repondre(request: HttpRequest) -> Answer:
            message_id = ""
            try:
                envelope, package = self._lire(request)
                message_id = envelope.addressing("MessageID")
                return traitement(request, envelope, package)
            except Refus as error:
                return refus.faute(error, message_id)
            except FormatError as error:
                return refus.faute(Refus(f"Message mal formé : {error}"), message_id)

        return repondre

    def _lire(self, request: HttpRequest) -> tuple[soap.Envelope, mtom.Mtom | None]:
        if len(request.body) > self._reglages.max_octets:
            raise Refus(f"Message trop grand : au plus {self._reglages.max_octets} octets")
        return depot.read_enveloppe(request.headers.get("content-type", ""), request.body)

    def _entrer(self, request: HttpRequest, envelope: soap.Envelope, operation: str) -> tuple[Vihf, Ins]:
        """Steps 3 to 5; returns the VIHF and its patient."""
        found = vihf.authentifier(request, envelope, self._reglages)
        patient = vihf.patient_du_vihf(found)
        vihf.autoriser(found, operation)
        return found, patient

    def patients(self, request: HttpRequest, envelope: soap.Envelope, _package: mtom.Mtom | None) -> Answer:
        """TD0.2. The other operations of this service are outside the bench."""
        payload = envelope.payload
        if payload is None or payload.tag != xml.q(existence.HL7, existence.DEMANDE):
            raise Refus(_HORS_BANC)
        demande = existence.read_demande(payload)
        if demande.motif != existence.TEST_EXISTENCE:
            raise Refus(_HORS_BANC)
        _, patient = self._entrer(request, envelope, "TD0.2")
        if demande.ins != patient:
            raise Refus("L'INS de la demande n'est pas celui du VIHF", "XDSPatientIdDoesNotMatch")
        _refuser(demande, self._reglages.maintenant())
        found = self._existence(patient)
        instant = self._reglages.maintenant().strftime("%Y%m%d%H%M%S")
        element = existence.write_reponse(found, demande, str(uuid.uuid4()), instant)
        return refus.reponse(element, _ACTION_EXISTENCE, envelope.addressing("MessageID"))

    def _existence(self, patient: Ins) -> existence.ReponseExistence:
        statut = self._registre.statut(patient)
        if statut == "absent":
            return existence.ReponseExistence("NF")
        return existence.ReponseExistence(
            "OK",
            "terminated" if statut == "ferme" else "active",
            "INTERDIT" if statut == "bloque" else "VALIDE",
            ins=patient,
            traits=self._registre.traits(patient),
        )

    def repository(self, request: HttpRequest, envelope: soap.Envelope, package: mtom.Mtom | None) -> Answer:
        """TD2.1."""
        payload = envelope.payload
        if payload is None or payload.tag != depot.DEMANDE:
            raise Refus(_HORS_BANC)
        found, patient = self._entrer(request, envelope, "TD2.1")
        received = depot.extraire(envelope, package, request.headers.get("content-type", ""))
        forcage = self._registre.prendre_forcage()
        if forcage in ("", "coupe_apres"):
            errors = alimentation.deposer(self._registre, received, found, patient, self._reglages.maintenant())
        else:
            errors = (RegistryError("XDSRepositoryBusy", "Service momentanément indisponible"),)
        message_id = envelope.addressing("MessageID")
        return _forcer(refus.reponse(registry_response(errors), depot.ACTION_REPONSE, message_id), forcage)

    def registry(self, request: HttpRequest, envelope: soap.Envelope, _package: mtom.Mtom | None) -> Answer:
        """TD3.1 by reference, whatever the status (IHE GetDocuments); a search by criteria is refused."""
        payload = envelope.payload
        if payload is None or payload.tag != xml.q(xds_schemas.QUERY, "AdhocQueryRequest"):
            raise Refus(_HORS_BANC)
        query = requete_stockee.read_requete(payload)
        reference = query.id == requete_stockee.GET_DOCUMENTS and query.retour == "ObjectRef"
        _, patient = self._entrer(request, envelope, "TD3.1 référence" if reference else "TD3.1 liste")
        if not reference:
            raise Refus(_HORS_BANC)
        names = query.valeurs(requete_stockee.UNIQUE_ID)
        errors = () if names else (_sans_parametre(),)
        references = tuple(
            document.entry_uuid for document in self._registre.documents(patient) if document.entree.unique_id in names
        )
        element = requete_stockee.write_reponse(references, errors)
        return refus.reponse(element, _ACTION_REQUETE, envelope.addressing("MessageID"))

    def hors_banc(self, _request: HttpRequest, _envelope: soap.Envelope, _package: mtom.Mtom | None) -> Answer:
        """Services that this issue of the bench does not play."""
        raise Refus(_HORS_BANC)


def _refuser(demande: existence.DemandeExistence, instant: datetime) -> None:
    """What the rules of the catalogue call a refusal. Raises Refus."""
    for constat in catalogue.refuser(Sujet(GENRE_EXISTENCE, demande), Contexte(instant, "pfi-dmp")):
        raise Refus(f"{constat.titre} : attendu {constat.attendu}, reçu {constat.observe}")


def _forcer(answer: Answer, forcage: str) -> Answer:
    if forcage.startswith("coupe"):
        return replace(answer, cut_after=0)
    return replace(answer, delay=SILENCE) if forcage == "muet" else answer


def _sans_parametre() -> RegistryError:
    return RegistryError("XDSStoredQueryMissingParam", f"Paramètre {requete_stockee.UNIQUE_ID} absent")
