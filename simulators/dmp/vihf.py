"""Steps 3 to 5 of a call: the VIHF, its certificate, the rights (`dmp.md` §2, §4.4)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from banc_segur.errors import UsageError
from banc_segur.formats import certificat, dsig, soap, vihf
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins
from banc_segur.formats.vihf import Vihf
from banc_segur.formats.xds_types import Cx
from banc_segur.rules import catalogue
from banc_segur.rules.model import Contexte, Sujet
from banc_segur.rules.vihf.modele import GENRE_VIHF, VihfLu
from banc_segur.tables import index
from banc_segur.transport.model import HttpRequest
from simulators.dmp.refus import Refus, droits
from simulators.dmp.reglages import ReglagesDmp

_PERSONNE_MORALE = "Erreur d'authentification de la personne morale"
_SPECIALITE = "Aucune spécialité dans le vihf. Spécialité obligatoire pour les Médecins..."


def authentifier(request: HttpRequest, envelope: soap.Envelope, reglages: ReglagesDmp) -> Vihf:
    """Step 3, then the structure part of step 4.

    Raises:
        Refus: with the service's own code and text.
    """
    try:
        found, signature = vihf.read(vihf.find(envelope))
    except FormatError as error:
        raise Refus(f"Le VIHF est absent ou illisible : {error}") from error
    _signature(signature, reglages)
    _fraicheur(found, reglages)
    _attributs(found, reglages)
    _roles(found)
    _structure(found, signature, request, reglages)
    _catalogue(found, signature, request, reglages)
    return found


def _catalogue(found: Vihf, signature: dsig.Verification, request: HttpRequest, reglages: ReglagesDmp) -> None:
    """What the rules of the catalogue call a refusal is refused here too."""
    subject = VihfLu(found, signature.certificat, signature.valide, signature.motif)
    context = Contexte(reglages.maintenant(), "pfi-dmp", request.peer.certificat or None)
    for constat in catalogue.refuser(Sujet(GENRE_VIHF, subject), context):
        reason = f"{constat.titre} : attendu {constat.attendu}, reçu {constat.observe}"
        raise droits(reason) if constat.regle == "DMP-V08" else Refus(reason)


def _signature(signature: dsig.Verification, reglages: ReglagesDmp) -> None:
    prefix = "Le certificat ayant signé le VIHF est invalide : "
    facts = signature.certificat
    if facts is not None and "nonRepudiation" not in facts.usages:
        raise Refus(f"{prefix}Not a valid signature certificate", "DMPInvalidCertificate")
    if facts is not None and not facts.valide_a(reglages.maintenant()):
        raise Refus(f"{prefix}certificat expiré ou pas encore valide", "DMPInvalidCertificate")
    if facts is not None and reglages.ac and not certificat.emis_par(facts, charger(reglages.ac)):
        raise Refus(f"{prefix}autorité de certification inconnue", "DMPInvalidCertificate")
    if not signature.valide:
        raise Refus(f"La signature du VIHF est invalide : {signature.motif}")


@cache
def charger(ac: str) -> tuple[certificat.FaitsCertificat, ...]:
    """The certificates of a PEM bundle. Raises UsageError: it cannot be read, or holds none."""
    try:
        found = tuple(certificat.read_pem(Path(ac).read_bytes()))
    except (OSError, FormatError):
        found = ()
    if not found:
        raise UsageError(f"{ac} : un fichier PEM de certificats d'autorités est attendu.")
    return found


def _instant(texte: str) -> datetime | None:
    if not texte.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(texte[:-1]).replace(tzinfo=UTC)
    except ValueError:
        return None


def _fraicheur(found: Vihf, reglages: ReglagesDmp) -> None:
    issued, now = _instant(found.instant), reglages.maintenant()
    if issued is None:
        raise Refus(f"La date d'émission du VIHF n'est pas une date UTC : {found.instant}")
    start = _instant(found.not_before) or issued - timedelta(seconds=reglages.fenetre)
    end = _instant(found.not_on_or_after) or issued + timedelta(seconds=reglages.fenetre)
    if not start <= now <= end:
        raise Refus(f"Le VIHF n'est pas valide à cet instant (émis le {found.instant})")


def _attributs(found: Vihf, reglages: ReglagesDmp) -> None:
    if found.version not in reglages.versions:
        raise Refus(f"La version {found.version or 'absente'} du VIHF n'est pas acceptée")
    required = {
        "Authentification_mode": found.mode,
        "Identifiant_Structure": found.structure,
        "Secteur_Activite": found.secteur,
        "Ressource_URN": found.ressource_urn,
        "LPS_Nom": found.lps_nom,
        "LPS_Version": found.lps_version,
        "LPS_ID_HOMOLOGATION_DMP": found.lps_homologation,
        "NameID": found.nameid,
    }
    absent = [name for name, value in required.items() if not value]
    if absent:
        raise Refus(f"Attribut du VIHF absent : {', '.join(absent)}")
    if found.ressource_urn != "urn:dmp":
        raise Refus(f"Ressource_URN du VIHF inconnue : {found.ressource_urn}")
    if reglages.homologations and found.lps_homologation not in reglages.homologations:
        raise Refus("Le numéro d'homologation du LPS est inconnu")
    purpose = found.purpose
    if purpose is None or purpose.code not in ("normal", "bris_de_glace", "centre_15") or purpose.espace != vihf.HL7:
        raise Refus("Le mode d'accès (purposeofuse) du VIHF est absent ou inconnu")


def _roles(found: Vihf) -> None:
    known = index("jdv_j65", "code")
    if not found.roles or found.roles[0].code not in known:
        raise Refus("Le rôle (subject:role) du VIHF est absent ou inconnu")
    if found.roles[0].code in ("10", "21") and (len(found.roles) < 2 or found.attributs_role > 1):
        raise Refus(_SPECIALITE)


def _structure(found: Vihf, signature: dsig.Verification, request: HttpRequest, reglages: ReglagesDmp) -> None:
    if reglages.structures and found.structure not in reglages.structures:
        raise Refus("Structure introuvable ou Inactive")
    allowed = {found.structure, reglages.etablissements.get(found.structure, found.structure)}
    carried = [signature.certificat.ou] if signature.certificat else []
    if request.peer.certificat:
        carried.append(_ou(request.peer.certificat))
    if any(ou.partition(" ")[0] not in allowed for ou in carried):
        raise Refus(_PERSONNE_MORALE)


def _ou(octets: bytes) -> str:
    try:
        return certificat.read(octets).ou
    except FormatError:
        return ""


def autoriser(found: Vihf, operation: str) -> None:
    """Step 5: the rights matrix (INF-526, INF-606) for the operations that a PFI calls.

    operation: `TD0.2`, `TD2.1`, `TD3.1 liste`, `TD3.1 référence`.

    Raises:
        Refus: DMPAccessDeniedByRightsService.
    """
    if operation == "TD2.1" and found.mode == "INDIRECTE_RENFORCEE":
        raise droits("L'alimentation n'est pas permise en authentification indirecte renforcée")
    if operation == "TD2.1" and found.purpose is not None and found.purpose.code == "bris_de_glace":
        raise droits("Le bris de glace n'est pas permis avec un certificat de structure")
    if operation == "TD3.1 liste" and found.mode == "INDIRECTE":
        raise droits("La recherche de documents par critères n'est pas permise avec un certificat de structure")


def patient_du_vihf(found: Vihf) -> Ins:
    """The patient of `resource-id`. Raises Refus: absent or not an INS."""
    identifier = Cx.read(found.resource_id)
    if not identifier.valeur or identifier.type_id != "NH":
        raise Refus("L'identifiant du patient (resource-id) du VIHF est absent ou n'est pas un INS")
    return Ins(identifier.valeur, identifier.autorite)
