"""From one MLLP exchange to its `Analyse`: operation, summary, correlation keys, facts, documents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from banc_segur.formats import ack as format_ack
from banc_segur.formats import er7, mdm
from banc_segur.formats.er7 import EFFACER, Message
from banc_segur.formats.errors import FormatError
from banc_segur.formats.hl7_segments import lire_date, lire_traits
from banc_segur.rules.analyse import analyseur
from banc_segur.rules.cles import cles_traits
from banc_segur.rules.hl7.commun import Acquittement, Transmission, cx_ins, est_lps, indicateurs, ins_retenus, statuts
from banc_segur.rules.model import Analyse, Document, EchangeBrut, Fait, Sujet

_EVENEMENTS = {
    "A28": "création de l'identité",
    "A31": "mise à jour de l'identité",
    "A47": "changement ou retrait d'un identifiant",
    "A40": "fusion de deux dossiers",
    "A01": "admission",
    "A03": "sortie",
    "T02": "nouveau document",
    "T10": "remplacement d'un document",
    "T04": "suppression d'un document",
    "R01": "résultat",
}
_RECEPISSES = {"Z01": "réponse du DMP", "Z02": "remise MSSanté", "Z03": "lecture MSSanté"}
_PORTEURS = {"ADT": "ADT", "MDM": "MDM", "ORU": "MDM"}


@analyseur("mllp")
def analyser_mllp(echange: EchangeBrut) -> Analyse:
    """Understand a message and its acknowledgement.

    Raises:
        FormatError: the message cannot be read (an unreadable acknowledgement becomes a subject instead).
    """
    message = er7.read(echange.requete)
    describe = _DESCRIPTIONS.get(message.code, _autre)
    analyse = describe(message)
    reussi, fin, sujets = _reponse(message, echange.reponse)
    code = [("acquittement", s.objet.ack.get("MSA-1")) for s in sujets if s.genre == "hl7.ack"]
    return Analyse(
        operation=f"{message.code}^{message.evenement}",
        resume=f"{analyse.resume} : {fin}",
        reussi=reussi,
        sujets=(*analyse.sujets, *sujets),
        cles=analyse.cles,
        attributs=(*_attributs(message), *code),
        faits=analyse.faits,
        documents=analyse.documents,
    )


def _attributs(message: Message) -> tuple[tuple[str, str], ...]:
    """What a wait or a dossier rule filters on: MSH-10, application, PID-32, metadata at Y, outcome of a receipt."""
    found = [("MSH-10", message.identifiant), ("application", message.get("MSH-3"))]
    found += [("statut", value) for value in statuts(message)] + [("obtention", message.get("ZFD-5"))]
    found += [("indicateur", code) for code, value in indicateurs(message).items() if value == "Y"]
    if message.code == "ZAM":
        obx = message.tous("OBX")
        found += [("recepisse", message.get("OBX-5")), ("code", message.get("ERR-5"))]
        found += [("destinataire", second.get("5.4")) for second in obx[1:]]
    return tuple((name, value) for name, value in found if value)


def _reponse(message: Message, reponse: bytes | None) -> tuple[bool | None, str, tuple[Sujet, ...]]:
    if reponse is None:
        return None, "sans réponse", ()
    try:
        answer = er7.read(reponse)
        ack = format_ack.read(answer)
    except FormatError as error:
        return None, "acquittement illisible", (Sujet("illisible", error, "reponse"),)
    subject = Sujet("hl7.ack", Acquittement(message, answer), "reponse")
    if ack.accepte:
        return True, f"accepté ({ack.code})", (subject,)
    cause = next((f" : {e.libelle or e.code}" for e in ack.erreurs), "")
    return False, f"refusé ({ack.code}{cause})", (subject,)


def _adt(message: Message) -> Analyse:
    who, keys, facts = _patient(message)
    subjects = (Sujet("hl7.message", message), Sujet("hl7.identite", message), Sujet("hl7.adt", message))
    label = _EVENEMENTS.get(message.evenement, "identité ou mouvement")
    ins = "avec INS" if any(fait.donnee == "matricule" for fait in facts) else "sans INS"
    status = ", ".join(filter(None, statuts(message))) or "absent"
    summary = f"ADT {message.evenement}, {label} de {who} (statut {status}, {ins})"
    return Analyse("", summary, None, subjects, keys, faits=facts)


def _document(message: Message) -> Analyse:
    who, keys, facts = _patient(message)
    subjects = [Sujet("hl7.message", message), Sujet("hl7.identite", message)]
    if not est_lps(message):
        subjects.append(Sujet("hl7.mdm", Transmission(message)))
    keys = (*keys, ("MSH-10", message.identifiant)) if message.identifiant else keys
    documents = mdm.documents(message)  # one that cannot be decoded is judged by HL7-DOC-22
    places = [f"OBX[{n}]-5.5" if n > 1 else "OBX-5.5" for n in range(1, len(documents) + 1)]
    hashes = [hashlib.sha1(document, usedforsecurity=False).hexdigest() for document in documents]
    facts = (*facts, *(Fait("empreinte", sha1, "MDM", ou) for sha1, ou in zip(hashes, places, strict=True)))
    if message.code == "MDM":
        identifiers = [(mdm.document_id(message, 12), "TXA-12")]
    else:
        identifiers = [(mdm.id_cda(document), ou) for document, ou in zip(documents, places, strict=True)]
    keys = (*keys, *(("document", identifier) for identifier, _ou in identifiers if identifier))
    facts = (*facts, *(Fait("document", identifier, "MDM", ou) for identifier, ou in identifiers if identifier))
    label = _EVENEMENTS.get(message.evenement, "document")
    summary = f"{message.code} {message.evenement}, {label} « {message.get('OBX-3.2')} » de {who}"
    found = tuple(Document("cda", document, ou) for document, ou in zip(documents, places, strict=True))
    return Analyse("", summary, None, tuple(subjects), keys, faits=facts, documents=found)


def _zam(message: Message) -> Analyse:
    label = _RECEPISSES.get(message.evenement, "récépissé")
    outcome = {"Y": "positif", "N": "négatif"}.get(message.get("OBX-5"), "illisible")
    obx = message.tous("OBX")
    recipient = f" pour {obx[1].get('5.4')}" if len(obx) > 1 else ""
    cause = f" ({message.get('ERR-5')} {message.get('ERR-5.2')})" if message.get("ERR-5") else ""
    document = message.get("OBX-4")
    return Analyse(
        "",
        f"Récépissé {message.evenement} {outcome}{cause}, {label}{recipient}, message {document or 'inconnu'}",
        None,
        (Sujet("hl7.message", message), Sujet("hl7.zam", message)),
        (("MSH-10", document),) if document else (),
    )


def _autre(message: Message) -> Analyse:
    return Analyse("", f"Message HL7 {message.code}^{message.evenement}", None, (Sujet("hl7.message", message),))


_DESCRIPTIONS: dict[str, Callable[[Message], Analyse]] = {
    "ADT": _adt,
    "MDM": _document,
    "ORU": _document,
    "ZAM": _zam,
}


def _patient(message: Message) -> tuple[str, tuple[tuple[str, str], ...], tuple[Fait, ...]]:
    """(person for the summary, correlation keys, facts) of PID."""
    segment = message.premier("PID")
    if segment is None:
        return "un patient inconnu (pas de PID)", (), ()
    traits = lire_traits(segment)
    ipps = [cx.get(1) for cx in segment.repetitions(3) if cx.get(5) == "PI" and cx.get(1)]
    keys = [("ipp", ipp) for ipp in ipps]
    facts = _faits(message, _PORTEURS[message.code])
    keys += [("matricule", cx.get(1)) for _number, cx in cx_ins(message)]
    keys += cles_traits(traits.nom_naissance, traits.date_naissance, traits.premier_prenom, traits.prenoms)
    who = f"{traits.nom_naissance} {traits.premier_prenom}".strip() or "un patient sans nom"
    return f"{who} (IPP {ipps[0]})" if ipps else who, tuple(keys), tuple(facts)


def _faits(message: Message, porteur: str) -> list[Fait]:
    found: list[tuple[str, str, str]] = []
    for number, cx in ins_retenus(message):
        found += [("matricule", cx.get(1), f"PID-3[{number}].1"), ("oid", cx.get(4, 2), f"PID-3[{number}].4.2")]
    for number, name in enumerate(message.repetitions("PID-5"), 1):
        if name.get(7) == "L":
            found += [
                ("nom_naissance", name.get(1), f"PID-5[{number}].1"),
                ("premier_prenom", name.get(2), f"PID-5[{number}].2"),
                ("prenoms", name.get(3), f"PID-5[{number}].3"),
            ]
            break
    found += [
        ("date_naissance", lire_date(message.get("PID-7")), "PID-7"),
        ("sexe", message.get("PID-8"), "PID-8"),
    ]
    for number, address in enumerate(message.repetitions("PID-11"), 1):
        if address.get(7) == "BDL":
            found.append(("lieu_naissance", address.get(9), f"PID-11[{number}].9"))
    return [Fait(donnee, value, porteur, ou) for donnee, value, ou in found if value not in ("", EFFACER)]
