"""The witness PFI's DMP side: existence test (TD0.2), deposit and replacement (TD2.1), entryUUID search (TD3.1b).

Mode INDIRECTE, everything derived from the document message and its CDA. Sources: `dmp.md` §1 to §3, `hl7v2.md` §2.10.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lxml import etree

from banc_segur import __version__
from banc_segur.formats import cda_read, depot, dsig, existence, lot_signature, requete_stockee, soap, vihf, xds, xml
from banc_segur.formats.cda import CdaLu, code_profession, jeu
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Professionnel, Structure
from banc_segur.formats.mdm import DocumentMdm
from banc_segur.formats.registry_response import read_registry_response
from banc_segur.formats.xds_derive import MASQUAGES
from banc_segur.temoin.config import Certificats, ConfigTemoin
from banc_segur.temoin.defauts import Defauts
from banc_segur.temoin.erreurs import ServiceInjoignable
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.http_client import ClientHttps

LOGICIEL = "Banc Ségur, témoin PFI"
SPECIALITES = "1.2.250.1.213.1.1.4.5"
_SOAP = "application/soap+xml; charset=UTF-8"
_PASSAGERS = frozenset({"XDSRegistryBusy", "XDSRepositoryBusy", "XDSRegistryNotAvailable"})
_DEJA_FAIT = "XDSDuplicateUniqueIdInRegistry"


@dataclass(frozen=True, slots=True)
class IdentifiantsLot:
    """OIDs of the SubmissionSet and of its signature entry, kept by the PFI over all tries of one deposit."""

    lot: str
    signature: str


@dataclass(frozen=True, slots=True)
class Resultat:
    """The outcome of a deposit; code and libelle of the DMP, for the ERR-5 of a ZAM, empty on success."""

    ok: bool
    code: str = ""
    libelle: str = ""


@dataclass(frozen=True, slots=True)
class Existence:
    """What TD0.2 says. autorisation: `VALIDE`, `INTERDIT`… or empty. refus: set when the DMP refused to answer."""

    existe: bool
    ferme: bool
    autorisation: str = ""
    refus: Resultat | None = None


class _RefusDmp(Exception):
    """The DMP, or what it demands, refuses: code and French label."""

    def __init__(self, code: str, libelle: str) -> None:
        super().__init__(libelle)
        self.resultat = Resultat(False, code, libelle)


class ClientDmp:
    """Calls the DMP for one establishment. Thread-safe (one connection per thread)."""

    def __init__(self, config: ConfigTemoin, defauts: Defauts) -> None:
        """Raises UsageError, OSError, FormatError: certificates that cannot be used."""
        self._config = config
        self._defauts = defauts
        pair = config.certificats.dmp_auth
        self._client = ClientHttps(config.certificats.ac, pair.certificat, pair.cle)

    def existence(self, mdm: DocumentMdm) -> Existence:
        """TD0.2 for the patient of a document message.

        Raises:
            ServiceInjoignable: no usable answer.
            ValueError: the message carries no INS (the PFI checks first).
        """
        ins, now = _ins(mdm), datetime.now(UTC)
        demande = existence.DemandeExistence(
            ins,
            str(uuid.uuid4()),
            str(uuid.uuid4()),
            now.strftime("%Y%m%d%H%M%S"),
            self._config.structure.oid_racine,
            LOGICIEL,
        )
        demande = self._defauts.passer("pfi.td02", demande)
        action = f"urn:hl7-org:v3:{existence.DEMANDE}"
        try:
            answer = self._appeler(mdm, "patients", action, existence.write_demande(demande))
            found = existence.read_reponse(answer.payload)
        except _RefusDmp as refus:
            return Existence(False, False, refus=refus.resultat)
        except FormatError as error:
            raise ServiceInjoignable(f"Réponse du DMP illisible : {error}") from error
        if found.acquittement != "AA":
            code, label = found.details[0] if found.details else ("", "Test d'existence refusé par le DMP")
            return Existence(False, False, refus=Resultat(False, code, label))
        return Existence(found.code == "OK", found.statut == "terminated", found.autorisation)

    def deposer(self, mdm: DocumentMdm, identifiants: IdentifiantsLot) -> Resultat:
        """TD2.1: a new document (T02) or the replacement of `mdm.remplace` (T10).

        A lot that the registry already holds is a success: its ids are ours, so an earlier try got through
        (SBX-DMP-04; hypothèse: no official text tells what a client must do then).

        Raises:
            ServiceInjoignable: no usable answer, or a passing trouble of the DMP; try again with the same ids.
        """
        try:
            return self._deposer(mdm, identifiants)
        except _RefusDmp as refus:
            return refus.resultat

    def _deposer(self, mdm: DocumentMdm, identifiants: IdentifiantsLot) -> Resultat:
        if mdm.action not in ("T02", "T10"):
            raise _RefusDmp("", f"L'action {mdm.action} n'est pas gérée par le témoin")
        try:
            cda = cda_read.read(mdm.cda)
        except FormatError as error:
            raise _RefusDmp("InvalidDocumentContent", f"Le document n'est pas un CDA lisible : {error}") from error
        replaced = {"Document01": self._entry_uuid(mdm)} if mdm.action == "T10" else {}
        certificats = self._defauts.passer("pfi.certificats", self._config.certificats)
        now = datetime.now(UTC)
        lot = self._lot(mdm, cda, identifiants, now)
        document = lot_signature.DocumentLot(lot.entrees[0].unique_id, mdm.cda)
        octets = lot_signature.write(lot.unique_id, (document,), _cle(certificats), now)
        octets = self._defauts.passer("pfi.signature_lot", octets)
        documents = {lot.entrees[0].id: mdm.cda}
        if octets:
            lot = replace(lot, signature=xds.entree_signature(lot, identifiants.signature, octets))
            documents["Signature01"] = octets
        lot = self._defauts.passer("pfi.lot", xds.lier(lot, replaced))
        blocks = self._entetes(mdm, "repository", depot.ACTION)
        content_type, body = self._defauts.passer("pfi.depot", depot.write(lot, documents, blocks))
        return self._resultat(self._poster("repository", content_type, body))

    def _resultat(self, answer: soap.Envelope) -> Resultat:
        try:
            response = read_registry_response(answer.payload)
        except FormatError as error:
            raise ServiceInjoignable(f"Réponse du DMP illisible : {error}") from error
        codes = [error.code for error in response.errors]
        if response.reussi or codes == [_DEJA_FAIT]:
            return Resultat(True)
        passing = _PASSAGERS.intersection(codes)
        if passing:
            raise ServiceInjoignable(f"DMP momentanément indisponible : {', '.join(sorted(passing))}")
        labels = " ; ".join(error.contexte for error in response.errors)
        return Resultat(False, codes[0] if codes else "", labels or "Dépôt refusé par le DMP")

    def _entry_uuid(self, mdm: DocumentMdm) -> str:
        """TD3.1b: the entry of the document to replace."""
        payload = requete_stockee.par_reference((mdm.remplace,))
        answer = self._appeler(mdm, "registry", "urn:ihe:iti:2007:RegistryStoredQuery", payload)
        try:
            found = requete_stockee.read_reponse(answer.payload)
        except FormatError as error:
            raise ServiceInjoignable(f"Réponse du DMP illisible : {error}") from error
        if not found.references:
            raise _RefusDmp(
                "UnresolvedReferenceException", f"Le document à remplacer {mdm.remplace} est inconnu du DMP"
            )
        return found.references[-1]

    def _lot(self, mdm: DocumentMdm, cda: CdaLu, identifiants: IdentifiantsLot, now: datetime) -> xds.Lot:
        hidden = [code for code in MASQUAGES if mdm.demande(code)]
        ins = _ins(mdm)
        return xds.Lot(
            "SubmissionSet01",
            unique_id=identifiants.lot,
            source_id=self._config.structure.oid_racine,
            patient_id=xds.Cx(ins.matricule, ins.oid).write(),
            submission_time=now.strftime("%Y%m%d%H%M%S"),
            title=cda.titre,
            authors=(self._auteur(mdm),),
            content_type_code=xds.content_type(mdm.sejour.classe if mdm.sejour else "N"),
            entrees=(xds.derive(cda, mdm.cda, masquages=hidden),),
        )

    def _acteur(self, mdm: DocumentMdm) -> Professionnel:
        """PRT-5 of SB with the profession and specialty that the PFI's directory knows."""
        for known in (self._config.auteur, self._config.medecin_traitant):
            if known.id_national == mdm.emetteur.id_national:
                return replace(mdm.emetteur, profession=known.profession, savoir_faire=known.savoir_faire)
        return mdm.emetteur

    def _structure(self, mdm: DocumentMdm) -> Structure:
        return replace(mdm.structure, secteur=self._config.structure.secteur)

    def _auteur(self, mdm: DocumentMdm) -> xds.Auteur:
        person, structure = self._acteur(mdm), self._structure(mdm)
        code = code_profession(person)
        concept = jeu("J01").get(code)
        return xds.Auteur(
            xds.Xcn(person.id_national, person.nom, person.prenom).write(),
            (xds.Xon(structure.nom, structure.id_national).write(),),
            (),
            (f"{code}^{concept.libelle}^{SPECIALITES}",) if concept else (),
        )

    def _entetes(self, mdm: DocumentMdm, service: str, action: str) -> list[etree._Element]:
        now = datetime.now(UTC)
        cle = _cle(self._defauts.passer("pfi.certificats", self._config.certificats))
        found = vihf.indirecte(
            structure=self._structure(mdm),
            acteur=self._acteur(mdm),
            ins=_ins(mdm),
            cle=cle,
            instant=now,
            authn_instant=now,
            lps=(LOGICIEL, __version__, self._config.homologation_dmp),
            connexion_secrete=mdm.demande("CONNEXION_SECRETE"),
        )
        assertion = vihf.write(self._defauts.passer("pfi.vihf", found), cle)
        security = etree.Element(xml.q(soap.WSSE, "Security"), nsmap={"wsse": soap.WSSE})
        security.append(self._defauts.passer("pfi.vihf.signe", assertion))
        message_id = f"urn:uuid:{uuid.uuid4()}"
        return [*soap.addressing_blocks(action, message_id, to=self._url(service)), security]

    def _url(self, service: str) -> str:
        return f"{self._config.liens.dmp.rstrip('/')}/{service}"

    def _appeler(self, mdm: DocumentMdm, service: str, action: str, payload: etree._Element) -> soap.Envelope:
        blocks: Sequence[etree._Element] = self._entetes(mdm, service, action)
        return self._poster(service, f'{_SOAP}; action="{action}"', soap.write(payload, list(blocks)))

    def _poster(self, service: str, content_type: str, body: bytes) -> soap.Envelope:
        try:
            answer = self._client.post(self._url(service), body, {"Content-Type": content_type})
            envelope, _ = depot.read_enveloppe(answer.headers.get("content-type", ""), answer.body)
        except Injoignable as error:
            raise ServiceInjoignable(f"DMP : {error}") from error
        except FormatError as error:
            raise ServiceInjoignable(f"Réponse du DMP illisible : {error}") from error
        fault = envelope.fault
        if fault is not None:
            raise _RefusDmp(fault.subcode or fault.code, fault.reason)
        return envelope


def _cle(certificats: Certificats) -> dsig.Cle:
    pair = certificats.dmp_sign
    return dsig.Cle.charger(pair.cle, pair.certificat, pair.certificat)


def _ins(mdm: DocumentMdm) -> Ins:
    if mdm.patient.ins is None:
        raise ValueError("no INS in the document message")
    return mdm.patient.ins
