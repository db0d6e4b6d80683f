"""From an SMTP transaction or an IMAP command of the journal to an `Analyse`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from banc_segur.formats import enveloppe, xds
from banc_segur.formats.enveloppe import Transaction
from banc_segur.formats.errors import FormatError
from banc_segur.formats.ins import est_matricule
from banc_segur.rules import faits_xds
from banc_segur.rules.analyse import analyseur
from banc_segur.rules.model import Analyse, Document, EchangeBrut, Fait, Sujet
from banc_segur.rules.mss.sujets import CONNEXION, COURRIEL, DOMAINE_PATIENTS, Envoi, ouvrir

_DATE_OBJET = re.compile(r"(\d{2})/(\d{2})/(\d{4})$")
_SYNTAXE = (500, 501, 502, 503, 504, 552)  # RFC 5321 §4.2.3: the command, its order, its size
_BAD = re.compile(rb"(?m)^(?:\S+ BAD|\* BYE) ([^\r\n]*)")
_ETIQUETTE = re.compile(rb"(?m)^(\S+) (OK|NO|BAD)\b")
_COMMANDES = {
    "LOGIN": "ouverture de la boîte",
    "AUTHENTICATE": "ouverture de la boîte",
    "STARTTLS": "passage en TLS",
    "SELECT": "choix du dossier",
    "FETCH": "lecture de messages",
    "UID FETCH": "lecture de messages",
    "SEARCH": "recherche de messages",
    "UID SEARCH": "recherche de messages",
    "STORE": "marquage de messages",
    "UID STORE": "marquage de messages",
    "LOGOUT": "fin de session",
}


@analyseur("smtp")
def smtp(echange: EchangeBrut) -> Analyse:
    """A transaction. Raises FormatError: the message is not a readable mail."""
    transaction = enveloppe.read(echange.requete, echange.reponse)
    people = tuple(("destinataire", item.adresse) for item in transaction.destinataires)
    subjects = (Sujet(CONNEXION, transaction), *_refusees(transaction))
    success = (
        None if transaction.finale.code == 0 else transaction.message is not None and transaction.finale.code < 300
    )
    if not transaction.message:
        text = f"Session SMTP sans envoi : {transaction.finale.code or 'pas de réponse'} {transaction.finale.texte}"
        return Analyse("SMTP", text.strip(), success, subjects, attributs=people)
    sent = ouvrir(transaction.message, transaction)
    judged = not sent.courriel.rapport and DOMAINE_PATIENTS not in sent.courriel.de
    return Analyse(
        "SMTP",
        _resume(sent, transaction, success),
        success,
        (*subjects, Sujet(COURRIEL, sent)) if judged else subjects,
        tuple(dict.fromkeys(_cles(sent))),
        people,
        tuple(_faits(sent)),
        tuple(Document("cda", data, f"IHE_XDM.zip, document {rank}") for rank, data in enumerate(sent.octets, 1)),
    )


def _refusees(transaction: Transaction) -> Iterator[Sujet]:
    """Commands refused for their syntax, order or size, and a message cut before its end."""
    replies = [*transaction.lignes, *([] if transaction.message is None else [("message", transaction.finale)])]
    for line, reply in replies:
        if reply.code in _SYNTAXE:
            observed = f"{line[:80]} : {reply.code} {reply.texte}"
            yield Sujet("illisible", FormatError("SMTP", "une commande que l'opérateur comprend et accepte", observed))
    last, reply = transaction.lignes[-1]
    if last.upper() == "DATA" and reply.code == 354 and not transaction.finale.code:
        yield Sujet(
            "illisible", FormatError("DATA", "un message terminé par une ligne « . »", "connexion coupée avant")
        )


def _resume(sent: Envoi, transaction: Transaction, success: bool | None) -> str:
    outcome = {True: "accepté", False: f"refusé ({transaction.finale.code})", None: "sans réponse"}[success]
    people = ", ".join(sent.destinataires) or "personne"
    return f"Courriel MSSanté de {sent.courriel.de or '?'} à {people}, {outcome} : « {sent.courriel.sujet} »"


def _cles(sent: Envoi) -> Iterator[tuple[str, str]]:
    if sent.courriel.message_id:
        yield "Message-ID", sent.courriel.message_id
    for entry in sent.entrees:
        matricule = xds.Cx.read(entry.patient_id).valeur
        if matricule:
            yield "matricule", matricule
        if entry.unique_id:
            yield "document", entry.unique_id


def _faits(sent: Envoi) -> Iterator[Fait]:
    date = _DATE_OBJET.search(sent.courriel.sujet)
    if date and sent.nombre_archives:
        yield Fait("date_naissance", f"{date[3]}-{date[2]}-{date[1]}", "courriel", "Subject")
    for address in sent.destinataires:
        local = address.partition("@")[0].upper()
        if DOMAINE_PATIENTS in address and est_matricule(local):  # not the automatic answer of the operator
            yield Fait("matricule", local, "courriel", "RCPT TO")
    for entry in sent.entrees:
        yield from _faits_entree(entry)


def _faits_entree(entry: xds.Entree) -> Iterator[Fait]:
    patient = xds.Cx.read(entry.patient_id)
    values = (
        ("matricule", patient.valeur, "patientId"),
        ("oid", patient.autorite, "patientId"),
        ("document", entry.unique_id, "uniqueId"),
        ("empreinte", entry.hash.lower(), "hash"),
    )
    for name, value, where in values:
        if value:
            yield Fait(name, value, "XDM", f"METADATA.XML, {entry.id}/{where}")
    yield from faits_xds.traits(entry.source_patient_info, "XDM", f"METADATA.XML, {entry.id}/sourcePatientInfo")


@analyseur("imap")
def imap(echange: EchangeBrut) -> Analyse:
    """A command."""
    words = echange.requete.split(None, 3)
    verb = words[1].decode("ascii", "replace").upper() if len(words) > 1 else "?"
    if verb == "UID" and len(words) > 2:
        verb = f"UID {words[2].decode('ascii', 'replace').upper()}"
    answers = _ETIQUETTE.findall(echange.reponse or b"")
    mine = [status for tag, status in answers if words and tag == words[0]]
    success = mine[-1] == b"OK" if mine else None
    box = echange.meta.get("bal", "")
    outcome = {True: "acceptée", False: "refusée", None: "sans réponse"}[success]
    text = f"IMAP, {_COMMANDES.get(verb, verb)}{f' ({box})' if box else ''} : {outcome}"
    refused = _BAD.search(echange.reponse or b"") if verb != "LOGOUT" else None
    subjects = (Sujet("illisible", _mal_formee(verb, refused[1].decode("utf-8", "replace"))),) if refused else ()
    if not echange.reponse and not echange.requete.endswith(b"\n"):
        subjects = (Sujet("illisible", _mal_formee(verb, "connexion coupée au milieu de la commande")),)
    return Analyse(f"IMAP {verb}", text, success, subjects, attributs=(("bal", box),) if box else ())


def _mal_formee(verb: str, texte: str) -> FormatError:
    attendu = "une commande IMAP4rev1 bien formée, dans les limites du serveur"
    return FormatError("IMAP", attendu, f"{verb} : {texte}")
