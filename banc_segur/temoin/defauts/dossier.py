"""Injected defects of a whole journey, one per dossier rule: one product changes one datum, or skips one step.

Points: `ri.adt` (er7.Message), `dpi.cda` (DocumentCda), `dpi.mdm` (DocumentMdm), `dpi.datamatrix` (payload bytes),
`pfi.vihf` (Vihf), `pfi.lot` (xds_types.Lot), `pfi.depot` ((Content-Type, body) of the TD2.1), `pfi.existence`
(function DocumentMdm -> Existence), `pfi.zam` (er7.Message).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from banc_segur.formats.cda import DocumentCda
from banc_segur.formats.er7 import Brut, Message, composer, repeter
from banc_segur.formats.mdm import DocumentMdm
from banc_segur.formats.vihf import Vihf
from banc_segur.formats.xds_types import Cx, Entree, Lot
from banc_segur.temoin.defauts import defaut
from banc_segur.temoin.depot import Existence

# Published ANS test people, never a real INS.
_AUTRE_MATRICULE = "277076322082910"
_AUTRE_SEXE = {"M": "F", "F": "M"}


def _entree(lot: Lot, changer: Callable[[Entree], Entree]) -> Lot:
    return replace(lot, entrees=tuple(changer(entree) for entree in lot.entrees))


@defaut("DOS-01", role="PFI", point="pfi.vihf", titre="La PFI s'authentifie pour un autre patient")
def matricule(vihf: Vihf) -> Vihf:
    """Another matricule in resource-id."""
    patient = Cx.read(vihf.resource_id)
    return replace(vihf, resource_id=replace(patient, valeur=_AUTRE_MATRICULE).write())


@defaut("DOS-02", role="DPI", point="dpi.datamatrix", titre="OID de démonstration dans le datamatrix")
def oid(payload: bytes) -> bytes:
    """The test OID becomes the demonstration OID, same length."""
    return payload.replace(b"1.2.250.1.213.1.4.10", b"1.2.250.1.213.1.4.11")


@defaut("DOS-03", role="DPI", point="dpi.cda", titre="Nom de naissance changé dans le CDA")
def nom_naissance(document: DocumentCda) -> DocumentCda:
    """The name gets a letter more."""
    traits = document.patient.traits
    changed = replace(traits, nom_naissance=f"{traits.nom_naissance}X")
    return replace(document, patient=replace(document.patient, traits=changed))


@defaut("DOS-04", role="RI", point="ri.adt", titre="Prénom ajouté à la liste rendue par INSi")
def prenoms(message: Message) -> Message:
    """PID-5.3 gets a given name more, only beside an INS."""
    changed = message.copie()
    if any(cx.get(5) == "INS" for cx in changed.repetitions("PID-3")):
        changed.set("PID-5[1].3", f"{message.get('PID-5[1].3')} ANNE")
    return changed


@defaut("DOS-05", role="DPI", point="dpi.mdm", titre="Premier prénom changé dans le message du document")
def premier_prenom(document: DocumentMdm) -> DocumentMdm:
    """The first given name gets a letter more."""
    traits = document.patient.traits
    changed = replace(traits, premier_prenom=f"{traits.premier_prenom}X")
    return replace(document, patient=replace(document.patient, traits=changed))


@defaut("DOS-06", role="DPI", point="dpi.cda", titre="Sexe inversé dans le CDA")
def sexe(document: DocumentCda) -> DocumentCda:
    """M for F, F for M."""
    traits = document.patient.traits
    changed = replace(traits, sexe=_AUTRE_SEXE.get(traits.sexe, "M"))
    return replace(document, patient=replace(document.patient, traits=changed))


@defaut("DOS-07", role="PFI", point="pfi.lot", titre="Date de naissance changée dans les métadonnées du dépôt")
def date_naissance(lot: Lot) -> Lot:
    """The first of January 1900 in sourcePatientInfo."""

    def changer(entree: Entree) -> Entree:
        info = tuple("PID-7|19000101" if item.startswith("PID-7|") else item for item in entree.source_patient_info)
        return replace(entree, source_patient_info=info)

    return _entree(lot, changer)


@defaut("DOS-08", role="DPI", point="dpi.mdm", titre="Lieu de naissance changé dans le message du document")
def lieu_naissance(document: DocumentMdm) -> DocumentMdm:
    """Another commune."""
    traits = replace(document.patient.traits, lieu_naissance="75056")
    return replace(document, patient=replace(document.patient, traits=traits))


@defaut("DOS-09", role="PFI", point="pfi.lot", titre="Identifiant du document changé au dépôt")
def document(lot: Lot) -> Lot:
    """uniqueId gets an arc more."""
    return _entree(lot, lambda entree: replace(entree, unique_id=f"{entree.unique_id}.9"))


@defaut("DOS-13", role="PFI", point="pfi.depot", titre="Document modifié avant le dépôt")
def empreinte(depot: tuple[str, bytes]) -> tuple[str, bytes]:
    """A line end more before the end of the CDA."""
    content_type, body = depot
    return content_type, body.replace(b"</ClinicalDocument>", b"\n</ClinicalDocument>")


@defaut("DOS-10", role="RI", point="ri.adt", titre="INS transmis sans réponse 00 d'INSi")
def ins_invente(message: Message) -> Message:
    """An INS and VALI in a message that had neither."""
    present = message.repetitions("PID-3")
    if not present or any(cx.get(5) == "INS" for cx in present):
        return message
    ins = composer(_AUTRE_MATRICULE, "", "", ("ASIP-SANTE-INS-NIR", "1.2.250.1.213.1.4.10", "ISO"), "INS")
    changed = message.copie()
    changed.set("PID-3", repeter(*(Brut(cx.brut) for cx in present), ins))
    changed.set("PID-32", "VALI")
    return changed


@defaut("DOS-11", role="PFI", point="pfi.existence", titre="Dépôt sans test d'existence du DMP")
def sans_existence(_appel: Callable[[DocumentMdm], Existence]) -> Callable[[DocumentMdm], Existence]:
    """TD0.2 is not called; the DMP is believed open."""
    return lambda _document: Existence(True, False)


@defaut("DOS-12", role="PFI", point="pfi.zam", titre="Récépissé Z01 négatif alors que le DMP a accepté")
def recepisse_inverse(message: Message) -> Message:
    """OBX-5 of a Z01 becomes N, with a cause."""
    if message.evenement != "Z01" or message.get("OBX-5") != "Y":
        return message
    changed = message.copie()
    changed.set("OBX-5.1", "N")
    return changed
