"""The analyser of the link `pfi-dmp`: TD0.2, TD2.1, TD3.1 and what else may pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from banc_segur.formats import depot, existence, http, requete_stockee, soap, xds, xds_schemas, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.registry_response import RegistryError, read_registry_response
from banc_segur.formats.xds_types import Cx, Entree, Lot
from banc_segur.rules import faits_xds
from banc_segur.rules.analyse import analyseur
from banc_segur.rules.dmp.sujets import Soumission, local, signature_de
from banc_segur.rules.model import Analyse, Document, EchangeBrut, Fait, Sujet
from banc_segur.rules.vihf.modele import GENRE_SIGNATURE, GENRE_VIHF, VihfLu, lire_vihf

_ADHOC = xml.q(xds_schemas.QUERY, "AdhocQueryRequest")
_EXISTENCE = xml.q(existence.HL7, existence.DEMANDE)


@analyseur("pfi-dmp")
def analyser(echange: EchangeBrut) -> Analyse:
    """Understand one exchange of a PFI with the DMP.

    Raises:
        FormatError: unreadable request (HTTP, package, envelope or operation).
    """
    request = http.read(echange.requete)
    content_type = request.headers.get("content-type", "")
    enveloppe, package = depot.read_enveloppe(content_type, request.body)
    answer = _reponse(echange.reponse)
    tag = None if enveloppe.payload is None else enveloppe.payload.tag
    if tag == depot.DEMANDE:
        lu = depot.extraire(enveloppe, package, content_type)
        vihf = _vihf(enveloppe, lu.lot.patient_id)
        if isinstance(vihf, VihfLu):
            vihf = replace(vihf, depot=True, noms_patient=frozenset(_noms(lu.lot)))
        analyse = _depot(lu, vihf, answer)
    elif tag == _EXISTENCE:
        demande = existence.read_demande(enveloppe.payload)
        vihf = _vihf(enveloppe, Cx(demande.ins.matricule, demande.ins.oid).write())
        analyse = _existence(demande, answer)
    else:
        vihf = _vihf(enveloppe, None)
        analyse = _recherche(enveloppe, answer) if tag == _ADHOC else _autre(enveloppe)
    return _avec_vihf(_refus(analyse, answer), vihf)


def _autre(enveloppe: soap.Envelope) -> Analyse:
    return Analyse(local(enveloppe.payload) or "vide", "Appel au DMP hors du périmètre du banc", None)


def _vihf(enveloppe: soap.Envelope, patient: str | None) -> VihfLu | FormatError:
    try:
        return lire_vihf(enveloppe, patient)
    except FormatError as error:
        return error


def _reponse(octets: bytes | None) -> soap.Envelope | None:
    """The envelope of the answer; None when there is none that can be read."""
    if octets is None:
        return None
    try:
        answer = http.read(octets)
        return depot.read_enveloppe(answer.headers.get("content-type", ""), answer.body)[0]
    except FormatError:
        return None


def _refus(analyse: Analyse, answer: soap.Envelope | None) -> Analyse:
    """A SOAP fault answers every operation."""
    fault = answer.fault if answer else None
    if fault is None:
        return analyse
    code = fault.subcode or fault.code
    resume = f"{analyse.resume.partition(' : ')[0]} : refusé par le DMP ({code}, {fault.reason})"
    return replace(analyse, resume=resume, reussi=False, attributs=(("code", code),))


def _avec_vihf(analyse: Analyse, vihf: VihfLu | FormatError) -> Analyse:
    if isinstance(vihf, FormatError):
        return replace(analyse, sujets=(Sujet("illisible", vihf), *analyse.sujets))
    identifier = Cx.read(vihf.vihf.resource_id)
    keys = (("matricule", identifier.valeur),) if identifier.valeur else ()
    return replace(
        analyse,
        sujets=(Sujet(GENRE_VIHF, vihf), *analyse.sujets),
        faits=(*analyse.faits, *_identite(identifier, "VIHF", "resource-id")),
        cles=tuple(dict.fromkeys((*analyse.cles, *keys))),
    )


def _identite(identifier: Cx, porteur: str, ou: str) -> Iterator[Fait]:
    if identifier.valeur:
        yield Fait("matricule", identifier.valeur, porteur, f"{ou}/CX-1")
    if identifier.autorite:
        yield Fait("oid", identifier.autorite, porteur, f"{ou}/CX-4")


def _issue(reussi: bool | None, errors: tuple[RegistryError, ...]) -> str:
    if reussi is None:
        return "sans réponse lisible"
    if reussi:
        return "accepté"
    return "refusé (" + ", ".join(f"{item.code} : {item.contexte}" for item in errors) + ")"


def _depot(lu: depot.Depot, vihf: VihfLu | FormatError, answer: soap.Envelope | None) -> Analyse:
    reussi, errors = _registre(answer)
    titles = ", ".join(f"« {entree.title} »" for entree in _medicales(lu.lot)) or "un lot sans document"
    verb = "Remplacement" if lu.lot.remplacements() else "Dépôt"
    return Analyse(
        "TD2.1",
        f"{verb} de {titles} dans le DMP : {_issue(reussi, errors)}",
        reussi,
        sujets=(
            Sujet("dmp.soumission", Soumission(lu, vihf.vihf if isinstance(vihf, VihfLu) else None)),
            Sujet(GENRE_SIGNATURE, signature_de(lu, vihf.certificat_signature if isinstance(vihf, VihfLu) else None)),
        ),
        cles=tuple(_cles(lu.lot)),
        attributs=tuple(("code", item.code) for item in errors),
        faits=tuple(_faits(lu)),
        documents=tuple(
            Document("cda", lu.documents[entree.id], f"Document[@id='{entree.id}']")
            for entree in _medicales(lu.lot)
            if entree.id in lu.documents
        ),
    )


def _medicales(lot: Lot) -> tuple[Entree, ...]:
    return tuple(entree for entree in lot.entrees if not entree.est_signature)


def _registre(answer: soap.Envelope | None) -> tuple[bool | None, tuple[RegistryError, ...]]:
    try:
        found = read_registry_response(answer.payload) if answer else None
    except FormatError:
        found = None
    return (found.reussi, found.errors) if found else (None, ())


def _cles(lot: Lot) -> Iterator[tuple[str, str]]:
    matricule = Cx.read(lot.patient_id).valeur
    if matricule:
        yield "matricule", matricule
    for entree in _medicales(lot):
        if entree.unique_id:
            yield "document", entree.unique_id


def _faits(lu: depot.Depot) -> Iterator[Fait]:
    for entree in _medicales(lu.lot):
        yield from _identite(Cx.read(entree.patient_id), "XDS", f"{entree.id}/patientId")
        yield from faits_xds.traits(entree.source_patient_info, "XDS", f"{entree.id}/sourcePatientInfo")
        if entree.unique_id:
            yield Fait("document", entree.unique_id, "XDS", f"{entree.id}/uniqueId")
        if entree.id in lu.documents:
            digest = xds.empreinte(lu.documents[entree.id])
            yield Fait("empreinte", digest, "XDS", f"Document[@id='{entree.id}']")


def _noms(lot: Lot) -> Iterator[str]:
    """The patient's names in both orders, upper case."""
    for entree in lot.entrees:
        for info in entree.source_patient_info:
            if info.startswith("PID-5|"):
                nom, prenom = ([*info[6:].upper().split("^"), ""])[:2]
                if nom and prenom:
                    yield from (f"{nom} {prenom}", f"{prenom} {nom}")


def _existence(demande: existence.DemandeExistence, answer: soap.Envelope | None) -> Analyse:
    try:
        reponse = existence.read_reponse(answer.payload) if answer else None
    except FormatError:
        reponse = None
    identifier = Cx(demande.ins.matricule, demande.ins.oid)
    return Analyse(
        "TD0.2",
        f"Test d'existence du DMP : {_etat(reponse)}",
        None if reponse is None else reponse.acquittement == "AA",
        sujets=(Sujet("dmp.existence", demande),),
        cles=(("matricule", demande.ins.matricule),) if demande.ins.matricule else (),
        attributs=() if reponse is None else (("existence", reponse.code), ("statut", reponse.statut)),
        faits=tuple(_identite(identifier, "TD0.2", "patientIdentifier")),
    )


def _etat(reponse: existence.ReponseExistence | None) -> str:
    if reponse is None:
        return "sans réponse lisible"
    if reponse.acquittement != "AA":
        return "refusé (" + ", ".join(f"{code} : {label}" for code, label in reponse.details) + ")"
    if reponse.code != "OK":
        return "aucun DMP pour ce patient"
    state = "DMP fermé" if reponse.statut == "terminated" else "DMP actif"
    return f"{state}, autorisation {reponse.autorisation or 'non précisée'}"


def _recherche(enveloppe: soap.Envelope, answer: soap.Envelope | None) -> Analyse:
    query = requete_stockee.read_requete(enveloppe.payload)
    try:
        found = requete_stockee.read_reponse(answer.payload) if answer else None
    except FormatError:
        found = None
    documents = query.valeurs(requete_stockee.UNIQUE_ID)
    reussi = found.reussi if found else None
    counted = f", {len(found.references)} trouvé(s)" if found and found.reussi else ""
    what = f"du document {', '.join(documents)}" if documents else "de documents par critères"
    return Analyse(
        "TD3.1",
        f"Recherche {what} dans le DMP : {_issue(reussi, found.errors if found else ())}{counted}",
        reussi,
        cles=tuple(("document", item) for item in documents),
    )
