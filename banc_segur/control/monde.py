"""The world of a bench, as scenarios act on it: fresh people, their DMP and mailbox, what was received there."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from banc_segur.errors import UsageError
from banc_segur.formats import courriel_lu, xdm, xds_read, xml
from banc_segur.formats.courriel_lu import CourrielLu
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Traits
from banc_segur.pki.pki import AUTRE_STRUCTURE
from banc_segur.state.base import Etat
from banc_segur.state.boites import Boites, MessageRecu
from banc_segur.state.dmp import STATUTS_PATIENT, DocumentDmp, RegistreDmp
from banc_segur.state.fictives import ReglagesPersonnes, Tirage
from banc_segur.state.personnes import Personne, Personnes, publiees

STATUTS = {"inexistant": "absent"}
BOITES = ("ouverte", "fermee", "absente")


class Monde:
    """The state of one bench. monde: content of `fixtures/monde.toml`."""

    def __init__(self, etat: Etat, monde: Mapping[str, Any]) -> None:
        self._monde = monde
        self._reglages = ReglagesPersonnes(**monde.get("personnes", {}))
        self.personnes = Personnes(etat)
        self._dmp = RegistreDmp(etat)
        self._boites = Boites(etat)
        self._ouvrir_boites()
        self._ouvrir_publiees()

    def _ouvrir_boites(self) -> None:
        """The mailboxes of the fixtures: the hospital's, the doctor's (opened by certificates of their structure)."""
        structure = self._monde.get("structure", {})
        for cle, type_ in (("bal_app", "APP"), ("bal_reponse", "ORG")):
            if cle in structure:
                self._boites.ouvrir(structure[cle], type_, structure["id_national"])
        medecin, exemples = self._monde.get("medecin_traitant", {}), self._monde.get("exemples_ans", {})
        for adresse in (medecin.get("adresse_mss"), exemples.get("boite")):
            if adresse:
                self._boites.ouvrir(adresse, "PER", AUTRE_STRUCTURE)

    def _ouvrir_publiees(self) -> None:
        """The published test people have a DMP and a mailbox from the first start; what scenarios change stays."""
        for personne in publiees():
            if personne.ins and personne.reponse == "00" and self._dmp.traits(personne.ins) is None:
                self._ouvrir_services(personne.traits, personne.ins, "actif", "ouverte")

    def nouveau_patient(self, reponse: str, traits: Mapping[str, str], dmp: str, boite: str) -> dict[str, Any]:
        """Make a person (shape: `client.nouveau_patient`).

        Raises:
            UsageError: unknown statut, boîte or trait.
            BancError: no matricule left.
        """
        _verifier(dmp, boite)
        personne = self.personnes.creer(None, reponse=reponse, traits=self._traits(traits), reglages=self._reglages)
        return self._ouvrir(personne, dmp, boite)

    def ouvrir_patient(self, matricule: str, oid: str, dmp: str, boite: str) -> dict[str, Any]:
        """Give a DMP and a mailbox to a person that the bench knows already (shape: `client.nouveau_patient`).

        Raises:
            UsageError: unknown statut or boîte; nobody of the bench has this INS.
        """
        _verifier(dmp, boite)
        connues = (*publiees(), *self.personnes.fraiches())
        personne = next((p for p in connues if p.ins == Ins(matricule, oid)), None)
        if personne is None:
            raise UsageError(f"Aucune personne d'essai de ce banc n'a l'INS {matricule} ({oid}).")
        return self._ouvrir(personne, dmp, boite)

    def _ouvrir(self, personne: Personne, dmp: str, boite: str) -> dict[str, Any]:
        ins = personne.ins if personne.reponse == "00" else None
        adresse = self._ouvrir_services(personne.traits, ins, STATUTS.get(dmp, dmp), boite) if ins else ""
        return asdict(personne.traits) | {
            "reponse": personne.reponse,
            "matricule": ins.matricule if ins else "",
            "oid": ins.oid if ins else "",
            "adresse_mss": adresse,
            "dmp": dmp if ins else "inexistant",
            "boite": boite if ins else "absente",
        }

    def _traits(self, voulus: Mapping[str, str]) -> Traits | None:
        if not voulus:
            return None
        base = asdict(Tirage(secrets.randbits(63), self._reglages).traits())
        unknown = sorted(set(voulus) - set(base))
        if unknown:
            raise UsageError(f"Traits inconnus : {', '.join(unknown)} ; attendu : {', '.join(base)}.")
        return Traits(**(base | dict(voulus)))

    def _ouvrir_services(self, traits: Traits, ins: Ins, statut: str, boite: str) -> str:
        self._dmp.ouvrir(ins, statut, traits)
        adresse = f"{ins.matricule}@{self._monde.get('domaines', {}).get('patients', 'patient.mssante.fr')}"
        if boite != "absente":
            self._boites.ouvrir(adresse, "PATIENT", "", boite)
        return adresse

    def depots(self, matricule: str) -> dict[str, Any]:
        """The DMP of a patient (shape: `client.depots`)."""
        ins = next((Ins(m, oid) for m, oid in sorted(self.personnes.autorises()) if m == matricule), None)
        if ins is None:
            return {"statut": "inexistant", "documents": []}
        statut = self._dmp.statut(ins)
        return {
            "statut": "inexistant" if statut == "absent" else statut,
            "documents": [_depot(document) for document in self._dmp.documents(ins)],
        }

    def boite(self, adresse: str) -> list[dict[str, Any]]:
        """The messages of a mailbox (shape: `client.boite`)."""
        return [_message(message) for message in self._boites.messages(adresse)]


def _verifier(dmp: str, boite: str) -> None:
    if STATUTS.get(dmp, dmp) not in STATUTS_PATIENT or boite not in BOITES:
        raise UsageError(
            f"dmp « {dmp} » ou boîte « {boite} » inconnus ; attendu : {', '.join(STATUTS_PATIENT)} ; "
            f"{', '.join(BOITES)}."
        )


def _depot(document: DocumentDmp) -> dict[str, Any]:
    entree = document.entree
    return {
        "uniqueId": entree.unique_id,
        "entryUUID": document.entry_uuid,
        "statut": "actif" if document.approuve else "remplacé",
        "titre": entree.title,
        "type": entree.type_code.code if entree.type_code else "",
        "hash": entree.hash,
        "taille": len(document.octets),
        "lot": document.lot,
    }


def _message(message: MessageRecu) -> dict[str, Any]:
    resume: dict[str, Any] = {"uid": message.uid, "recu": message.recu, "drapeaux": sorted(message.drapeaux)}
    try:
        return resume | _courriel(courriel_lu.read(message.octets))
    except FormatError as error:
        vide: dict[str, Any] = {name: [] for name in ("a", "pdfs", "pieces", "documents")}
        return resume | vide | {"de": "", "sujet": "", "message_id": "", "archive": False, "illisible": str(error)}


def _courriel(lu: CourrielLu) -> dict[str, Any]:
    return {
        "de": lu.de,
        "a": list(lu.a),
        "sujet": lu.sujet,
        "message_id": lu.message_id,
        "archive": any(piece.nom.upper() == xdm.NOM.upper() for piece in lu.archives),
        "pdfs": [piece.nom for piece in lu.pdfs],
        "pieces": [piece.nom for piece in (*lu.archives, *lu.pdfs)],
        "documents": sorted({document for piece in lu.archives for document in _documents(piece.octets)}),
        "rapport": lu.rapport,
    }


def _documents(archive: bytes) -> list[str]:
    """The document ids that the metadata of an archive declare; none when it cannot be read."""
    try:
        found = xdm.read(archive)
        lots = [xds_read.read_soumission(xml.parse(dossier.metadonnees)) for dossier in found.dossiers]
    except FormatError:
        return []
    return [entree.unique_id for lot in lots for entree in lot.entrees]
