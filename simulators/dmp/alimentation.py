"""TD2.1: steps 6 to 10 of a deposit. The refusal rules of the catalogue decide steps 7 and 8 (`dmp.md` §4.4)."""

from __future__ import annotations

from datetime import datetime

from banc_segur.formats.depot import Depot
from banc_segur.formats.identite import Ins
from banc_segur.formats.registry_response import RegistryError
from banc_segur.formats.vihf import Vihf
from banc_segur.formats.xds_types import Cx
from banc_segur.rules import catalogue
from banc_segur.rules.dmp.sujets import Soumission, signature_de
from banc_segur.rules.model import Constat, Contexte, Sujet
from banc_segur.rules.vihf.modele import GENRE_SIGNATURE
from banc_segur.state.dmp import RegistreDmp
from simulators.dmp.refus import droits

# rule -> errorCode; every other refusal rule gives XDSRegistryMetadataError
_CODES = {
    "DMP-T04": "XDSMissingDocument",
    "DMP-T05": "XDSMissingDocument",
    "DMP-M07": "XDSPatientIdDoesNotMatch",
    "DMP-M11": "XDSRepositoryMetadataError",
}
_STRUCTURE = "Aucun AuthorInstitution ne correspond à l'utilisateur du VIHF"


def deposer(
    registre: RegistreDmp, depot: Depot, vihf: Vihf, patient: Ins, maintenant: datetime
) -> tuple[RegistryError, ...]:
    """Judge and register a deposit; returns the errors, empty on success.

    patient: the one the VIHF names. maintenant: UTC.

    Raises:
        Refus: the patient blocked the structure.
    """
    errors = _patient(registre, patient) or _contenu(depot, vihf, patient, maintenant)
    if errors:
        return errors
    return registre.deposer(depot.lot, depot.documents, maintenant.strftime("%Y%m%d%H%M%S"))


def _patient(registre: RegistreDmp, patient: Ins) -> tuple[RegistryError, ...]:
    statut = registre.statut(patient)
    if statut == "absent":
        return (RegistryError("XDSUnknownPatientId", f"Aucun DMP pour l'INS {patient.matricule}"),)
    if statut == "ferme":
        return (RegistryError("DMPClosed", "DMP fermé"),)
    if statut == "bloque":
        raise droits("Le patient a bloqué l'accès de cette structure à son DMP")
    return ()


def _contenu(depot: Depot, vihf: Vihf, patient: Ins, maintenant: datetime) -> tuple[RegistryError, ...]:
    identifier = Cx.read(depot.lot.patient_id)
    if identifier.valeur and (identifier.valeur, identifier.autorite) != (patient.matricule, patient.oid):
        label = "Le patient du lot n'est pas celui du VIHF"
        return (RegistryError("XDSPatientIdDoesNotMatch", label, f"{depot.lot.id}/patientId"),)
    context = Contexte(maintenant, "pfi-dmp")
    refused = catalogue.refuser(Sujet("dmp.soumission", Soumission(depot, vihf)), context)
    # hypothèse: the real service looks for the signature of the lot (DMP-S01), not at its digests (`dmp.md` §10.5)
    refused += catalogue.refuser(Sujet(GENRE_SIGNATURE, signature_de(depot)), context)
    return tuple(_erreur(constat) for constat in refused)


def _erreur(constat: Constat) -> RegistryError:
    code = _CODES.get(constat.regle, "XDSRegistryMetadataError")
    label = f"{constat.titre} : attendu {constat.attendu}, reçu {constat.observe}"
    if constat.regle == "DMP-T05" and constat.ou.startswith("Document["):
        code = "XDSMissingDocumentMetadata"
    if constat.regle == "DMP-M08" and constat.attendu.startswith("un identifiant propre"):
        code = "XDSRepositoryDuplicateUniqueIdInMessage"
    if constat.regle == "DMP-M10" and "structure du VIHF" in constat.attendu:
        label = _STRUCTURE
    return RegistryError(code, label, constat.ou)
