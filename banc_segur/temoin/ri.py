"""The witness RI: admits and discharges patients, calls INSi, qualifies identities, sends ADT to the EAI.

Sources: RNIV statuses (`insi.md` §12.1, §12.2); PAM FR emitter (`hl7v2.md` §1).
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from banc_segur.formats import ack, adt, er7
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Identifiant, Ins, Patient, Sejour, Traits
from banc_segur.temoin.base import ActionRefusee, Produit
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.file_attente import Abandonner, FileAttente, Reessayer, Tache
from banc_segur.temoin.ri_dossiers import DossiersRi
from banc_segur.temoin.ri_insi import AppelInsi, Issue, accepter
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.mllp import MllpClient

PARIS = ZoneInfo("Europe/Paris")
DELAI_ACK = 30.0  # seconds
# High-confidence proofs by their PAM code (ZFD-7): identity card, passport, residence permit (`insi.md` §12.2).
PREUVES_FORTES = ("CN", "PA", "CS")
OBLIGATOIRES = ("nom_naissance", "premier_prenom", "sexe", "date_naissance", "lieu_naissance")


class Ri(Produit):
    """Actions: `admettre`, `sortir`, `declasser`.

    admettre {nom_naissance, prenoms, premier_prenom, sexe, date_naissance, lieu_naissance, preuve, classe}
        -> {ipp, nda, statut, insi, cause, matricule}. preuve: ZFD-7 code, empty without; classe: I, O, E;
        insi: last CodeCR or fault code, empty when INSi was not reached; cause: why no INS was taken.
    declasser {ipp} -> {statut}: a qualified identity loses its proof (qualifiée -> récupérée), A47 withdraws its INS.
    sortir {ipp} -> {nda}. ADT leave in order; `au_repos` tells when the EAI took them all.
    """

    role = "RI"

    def __init__(
        self,
        config: ConfigTemoin,
        instant: Callable[[], datetime] = lambda: datetime.now(UTC),
        delais_insi: tuple[float, float] | None = None,
    ) -> None:
        """delais_insi: (one call, whole sequence) in seconds."""
        super().__init__(config)
        self._instant = instant
        self._dossiers = DossiersRi(self.dossier / "ri.sqlite")
        self._insi = AppelInsi(config, self.defauts, self._dossiers.instance, delais_insi)
        self._file: FileAttente | None = None
        self._client: MllpClient | None = None
        self._verrou = threading.Lock()
        self._en_cours = 0
        self.actions = {"admettre": self._admettre, "sortir": self._sortir, "declasser": self._declasser}

    def start(self) -> None:
        """Open the way to the EAI; messages left by a former process go first."""
        if self.config.liens.ri_eai:
            hote, _, port = self.config.liens.ri_eai.rpartition(":")
            self._client = MllpClient(hote, int(port))
            self._file = FileAttente(self.dossier / "file.sqlite", self._livrer, ouvriers=1)
            self._file.start()

    def stop(self) -> None:
        """Stop sending; what the EAI did not take stays on disk."""
        if self._file is not None and self._client is not None:
            self._file.stop()
            self._client.close()
        self._dossiers.close()

    def au_repos(self) -> bool:
        """True when no admission is under way and the EAI took every message."""
        with self._verrou:
            return self._en_cours == 0 and (self._file is None or self._file.vide())

    # ---- actions ----

    def _admettre(self, parametres: Mapping[str, Any]) -> dict[str, Any]:
        traits, preuve = _traits(parametres), str(parametres.get("preuve") or "")
        with self._activite():
            patient = Patient(self._identifiant("IPP", self.config.structure.domaine_ipp), traits)
            self._dossiers.noter(patient, None)
            self._emettre("A28", patient)
            appele = self._horodatage()
            issue = self._interroger(traits)
            patient, cause = self._prendre(patient, issue, appele)
            patient = self._prouver(patient, preuve, appele)
            sejour = self._sejour(str(parametres.get("classe") or "I"))
            self._dossiers.noter(patient, sejour)
            self._emettre("A01", patient, sejour=sejour, preuve=preuve, insi_appele=appele)
        return {
            "ipp": patient.ipp.valeur,
            "nda": sejour.nda.valeur,
            "statut": patient.statut,
            "insi": issue.code,
            "cause": cause,
            "matricule": patient.ins.matricule if patient.ins else "",
        }

    def _sortir(self, parametres: Mapping[str, Any]) -> dict[str, Any]:
        ipp = str(parametres.get("ipp", ""))
        with self._activite():
            closed = self._dossiers.cloturer(ipp, self._horodatage())
            if closed is None:
                raise ActionRefusee(f"Aucun séjour ouvert pour l'IPP « {ipp} ».")
            patient, sejour = closed
            self._emettre("A03", patient, sejour=sejour)
        return {"nda": sejour.nda.valeur}

    def _declasser(self, parametres: Mapping[str, Any]) -> dict[str, Any]:
        """PAM FR: the status falls and the INS is withdrawn by one A47 (`hl7v2.md` §1.9)."""
        ipp = str(parametres.get("ipp", ""))
        known = self._dossiers.lire(ipp)
        if known is None or known[0].statut != "qualifiee":
            raise ActionRefusee(f"Aucune identité qualifiée pour l'IPP « {ipp} ».")
        with self._activite():
            patient = replace(known[0], statut="recuperee")
            self._dossiers.noter(patient, known[1])
            self._emettre("A47", patient, ancien_ins=known[0].ins)
        return {"statut": patient.statut}

    # ---- identity ----

    def _interroger(self, traits: Traits) -> Issue:
        if not self.config.liens.insi:
            return Issue("", cause="aucun téléservice INSi n'est configuré")
        return self._insi.rechercher(traits)

    def _prendre(self, patient: Patient, issue: Issue, appele: str) -> tuple[Patient, str]:
        """provisoire -> récupérée when INSi gave one identity that may be taken; else unchanged, with the reason."""
        if issue.code != "00" or issue.individu is None:
            return patient, issue.cause or f"l'INSi répond {issue.code} : pas d'identité unique"
        taken = accepter(patient.traits, issue.individu)
        if isinstance(taken, str):
            return patient, taken
        recuperee = replace(patient, traits=taken[0], ins=taken[1], statut="recuperee")
        self._dossiers.noter(recuperee, None)
        self._emettre("A31", recuperee, insi_appele=appele)
        return recuperee, ""

    def _prouver(self, patient: Patient, preuve: str, appele: str) -> Patient:
        """A proof of high confidence: récupérée -> qualifiée, provisoire -> validée."""
        if preuve not in PREUVES_FORTES:
            return patient
        proven = replace(patient, statut="qualifiee" if patient.statut == "recuperee" else "validee")
        self._dossiers.noter(proven, None)
        self._emettre("A31", proven, preuve=preuve, insi_appele=appele)
        return proven

    def _identifiant(self, nature: str, autorite: str) -> Identifiant:
        return Identifiant(self._dossiers.numero(nature), autorite, nom_autorite=self.config.structure.nom)

    def _sejour(self, classe: str) -> Sejour:
        nda = self._identifiant("NDA", f"{self.config.structure.oid_racine}.2")
        return Sejour(nda, venue=self._dossiers.numero("VN"), classe=classe, debut=self._horodatage())

    # ---- messages ----

    def _emettre(
        self,
        evenement: str,
        patient: Patient,
        *,
        sejour: Sejour | None = None,
        preuve: str = "",
        insi_appele: str = "",
        ancien_ins: Ins | None = None,
    ) -> None:
        """Build one ADT and queue it."""
        entete = adt.EnteteHl7(
            application_emetteur="BANC-RI",
            etablissement_emetteur=self.config.structure.nom,
            application_destinataire="EAI",
            etablissement_destinataire=self.config.structure.nom,
            instant=self._horodatage(),
            identifiant=f"RI{uuid.uuid4().hex[:18]}",
        )
        message = adt.write(
            evenement,
            patient,
            entete,
            sejour=sejour,
            ancien_ins=ancien_ins,
            preuve=preuve,
            insi_appele=insi_appele,
        )
        octets = self.defauts.passer("ri.adt", message).write()
        if self._file is not None:
            self._file.ajouter("ri-eai", octets, f"ADT^{evenement}")

    def _livrer(self, tache: Tache) -> None:
        """Send one message; AE is final, silence and AR are tried again."""
        if self._client is None:
            raise Reessayer("aucun EAI configuré")
        try:
            answer = ack.read(er7.read(self._client.envoyer(tache.contenu, DELAI_ACK)))
        except Injoignable as error:
            raise Reessayer(str(error)) from error
        except FormatError as error:
            raise Reessayer(f"accusé illisible : {error}") from error
        if answer.code == "AE":
            raise Abandonner("; ".join(erreur.libelle for erreur in answer.erreurs) or "AE sans motif")
        if not answer.accepte:
            raise Reessayer(f"l'EAI rejette le message ({answer.code})")

    def _horodatage(self) -> str:
        return self._instant().astimezone(PARIS).strftime("%Y%m%d%H%M%S")

    @contextmanager
    def _activite(self) -> Iterator[None]:
        with self._verrou:
            self._en_cours += 1
        try:
            yield
        finally:
            with self._verrou:
                self._en_cours -= 1


def _traits(parametres: Mapping[str, Any]) -> Traits:
    """The traits typed at the desk. Raises ActionRefusee when one of the five mandatory ones is missing (RI.INS.13)."""
    typed = {name: str(parametres.get(name) or "").strip() for name in (*OBLIGATOIRES, "prenoms")}
    typed["premier_prenom"] = typed["premier_prenom"] or typed["prenoms"].split(" ")[0]
    missing = [name for name in OBLIGATOIRES if not typed[name]]
    if missing:
        raise ActionRefusee(f"Création refusée, il manque : {', '.join(missing)} (lieu inconnu : 99999).")
    if typed["sexe"] not in ("M", "F"):
        raise ActionRefusee("Création refusée : le sexe doit être M ou F.")
    return Traits(**{**typed, "prenoms": typed["prenoms"] or typed["premier_prenom"]})
