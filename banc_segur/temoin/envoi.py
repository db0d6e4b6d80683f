"""The witness PFI's mail side: one mail for each recipient, and the collection of delivery notifications.

Sources: Référentiel socle MSSanté #2 (ECO.1.x, 2.x), CI-SIS mapping MDM to mail (`mssante.md` §2.2), RFC 3461.
"""

from __future__ import annotations

import imaplib
import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from banc_segur.formats import cda_read, courriel, dsn, xdm, xds, xml
from banc_segur.formats.cda import CdaLu
from banc_segur.formats.errors import FormatError
from banc_segur.formats.mdm import Destinataire, DocumentMdm
from banc_segur.formats.xdm_pages import Emetteur
from banc_segur.temoin.config import Certificat, ConfigTemoin
from banc_segur.temoin.defauts import Defauts
from banc_segur.temoin.erreurs import ServiceInjoignable
from banc_segur.transport.tls import contexte_client

DELAI = 20.0  # seconds
_CORPS_PS = "Chère consœur, cher confrère,\n\nVeuillez trouver ci-joint un document concernant votre patient.\n"
_CORPS_PATIENT = "Madame, Monsieur,\n\nVeuillez trouver ci-joint un document de santé qui vous concerne.\n"


@dataclass(frozen=True, slots=True)
class Remise:
    """The outcome of a submission. code: SMTP code of the refusal, its text; both empty when accepted."""

    ok: bool
    code: str = ""
    libelle: str = ""


@dataclass(frozen=True, slots=True)
class Avis:
    """A delivery notification: Message-ID (with `<>`) of the mail, its recipient, delivered or not, SMTP code, text."""

    message_id: str
    destinataire: str
    remis: bool
    code: str = ""
    libelle: str = ""


def envoyer(
    config: ConfigTemoin, defauts: Defauts, mdm: DocumentMdm, destinataire: Destinataire, message_id: str, lot: str
) -> Remise:
    """Mail the document of `mdm` to one recipient. lot: OID of the SubmissionSet of its archive.

    Raises:
        ServiceInjoignable: no usable answer, or a 4xx; try again with the same message_id and lot.
    """
    try:
        cda = cda_read.read(mdm.cda)
    except FormatError as error:
        return Remise(False, "554", f"Le document n'est pas un CDA lisible : {error}")
    if cda.pdf is None:
        return Remise(False, "554", "Le document ne porte pas de PDF à joindre au courriel")
    mail = _composer(config, defauts, mdm, cda, destinataire, (message_id, lot))
    data = courriel.write(defauts.passer("pfi.courriel", mail))
    data = defauts.passer("pfi.courriel.octets", data)
    options = {
        "starttls": True,
        "certificat": True,
        "login": config.structure.bal_app,
        "mail_from": config.structure.bal_app,
        "rcpt_to": (destinataire.adresse,),
        "mail_options": ("RET=HDRS", f"ENVID={message_id.strip('<>')}"),
        "rcpt_options": ("NOTIFY=SUCCESS,FAILURE",),
    }
    return _soumettre(config, defauts.passer("pfi.smtp", options), data)


def _composer(
    config: ConfigTemoin, defauts: Defauts, mdm: DocumentMdm, cda: CdaLu, who: Destinataire, ids: tuple[str, str]
) -> courriel.Courriel:
    traits, code = cda.traits, cda.code
    label = code.libelle if code else cda.titre
    start = (cda.actes[0].debut if cda.actes else "") or cda.temps
    reply = mdm.adresse_reponse or config.structure.bal_reponse
    given = (mdm.corps_patient or _CORPS_PATIENT) if who.patient else (mdm.corps_ps or _CORPS_PS)
    qualified = cda.ins is not None and all(
        (traits.nom_naissance, traits.premier_prenom, traits.date_naissance, traits.sexe)
    )
    return courriel.Courriel(
        de=config.structure.bal_app,
        etiquette=config.structure.nom,
        a=(who.adresse,),
        sujet=courriel.sujet_xdm([label], traits.nom_naissance, traits.premier_prenom, traits.date_naissance),
        message_id=ids[0],
        date=datetime.now(UTC),
        corps=f"{given.rstrip()}\n\n{courriel.avis_automatique(reply)}",
        nil=config.nil,
        repondre_a=reply,
        codes_cda=(code.code,) if code else (),
        ins="O" if qualified else "N",
        mes_fin=mdm.patient_fin and who.patient is not None,
        archive=defauts.passer("pfi.xdm", _archive(config, mdm, cda, ids[1])),
        pdfs=((courriel.nom_pdf(start, label, traits.nom_naissance, traits.premier_prenom), cda.pdf or b""),),
        demande_mdn=mdm.demande("ACK_LECTURE_MSS"),
    )


def _archive(config: ConfigTemoin, mdm: DocumentMdm, cda: CdaLu, oid: str) -> bytes:
    uri = xdm.nom_document(1)
    entry = replace(xds.derive(cda, mdm.cda), uri=uri)
    structure = config.structure
    lot = xds.Lot(
        "SubmissionSet01",
        unique_id=oid,
        source_id=structure.oid_racine,
        patient_id=entry.patient_id,
        submission_time=datetime.now(UTC).strftime("%Y%m%d%H%M%S"),
        title=cda.titre,
        authors=entry.authors[:1],
        content_type_code=xds.content_type(mdm.sejour.classe if mdm.sejour else "N"),
        entrees=(entry,),
    )
    metadata = xml.serialize(xds.write_soumission(xds.lier(lot)))
    sender = Emetteur(structure.nom, structure.id_national, structure.bal_reponse)
    return xdm.write(metadata, [(uri, mdm.cda)], sender)


def _contexte(config: ConfigTemoin, pair: Certificat | None) -> ssl.SSLContext:
    if pair is None:
        return contexte_client(config.certificats.ac)
    return contexte_client(config.certificats.ac, pair.certificat, pair.cle)


def _soumettre(config: ConfigTemoin, options: dict[str, Any], data: bytes) -> Remise:
    host, _, port = config.liens.smtp.rpartition(":")
    try:
        with smtplib.SMTP(host, int(port), timeout=DELAI) as client:
            return _dialoguer(config, client, options, data)
    except smtplib.SMTPResponseException as error:
        text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return _refus(error.smtp_code, text)
    except (smtplib.SMTPException, OSError) as error:
        raise ServiceInjoignable(f"Opérateur MSSanté injoignable : {error}") from error


def _dialoguer(config: ConfigTemoin, client: smtplib.SMTP, options: dict[str, Any], data: bytes) -> Remise:
    client.ehlo()
    if options["starttls"]:
        client.starttls(context=_contexte(config, config.certificats.bal_app if options["certificat"] else None))
        client.ehlo()
    client.user, client.password = options["login"], ""
    if client.has_extn("auth"):
        client.auth("PLAIN", client.auth_plain)
    steps = [client.mail(options["mail_from"], options["mail_options"])]
    steps.extend(client.rcpt(address, options["rcpt_options"]) for address in options["rcpt_to"])
    refused = next(((code, text) for code, text in steps if code not in (250, 251)), None)
    code, text = refused or client.data(data)
    return Remise(True) if code == 250 and not refused else _refus(code, text.decode("utf-8", "replace"))


def _refus(code: int, texte: str) -> Remise:
    if 400 <= code < 500 or code <= 0:
        raise ServiceInjoignable(f"Opérateur MSSanté : {code} {texte}")
    return Remise(False, str(code), texte)


@contextmanager
def ouvrir_boite(config: ConfigTemoin, pair: Certificat, adresse: str) -> Iterator[imaplib.IMAP4]:
    """Open INBOX of `adresse` by IMAP: STARTTLS, certificate, PLAIN.

    Raises:
        ServiceInjoignable: unreachable, refused, cut.
    """
    host, _, port = config.liens.imap.rpartition(":")
    try:
        client = imaplib.IMAP4(host, int(port), timeout=DELAI)
        with client:
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # imaplib writes an answer in two parts
            client.starttls(_contexte(config, pair))
            client.authenticate("PLAIN", lambda _challenge: f"\0{adresse}\0".encode())
            client.select("INBOX")
            yield client
    except (imaplib.IMAP4.error, OSError) as error:
        raise ServiceInjoignable(f"Messagerie {adresse} injoignable : {error}") from error


def lire_nouveaux(client: imaplib.IMAP4) -> Iterator[tuple[str, bytes]]:
    """(uid, bytes) of each message without the flag \\Seen."""
    _, found = client.uid("SEARCH", "UNSEEN")
    for uid in (found[0] or b"").split():
        _, answer = client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
        for item in answer:
            if isinstance(item, tuple):
                yield uid.decode(), item[1]


def marquer_lu(client: imaplib.IMAP4, uid: str) -> None:
    """Set \\Seen."""
    client.uid("STORE", uid, "+FLAGS", "(\\Seen)")


def _effacer(client: imaplib.IMAP4, uid: str) -> None:
    """Delete at the next EXPUNGE."""
    client.uid("STORE", uid, "+FLAGS", "(\\Seen \\Deleted)")


def relever_avis(config: ConfigTemoin) -> Iterator[Avis]:
    """Read the new delivery notifications of the BAL APP.

    A notification is deleted only once it was taken and the next is asked for: a kill in between shows it again. Any
    other mail is marked as read and left for a person.

    Raises:
        ServiceInjoignable: the mailbox cannot be read.
    """
    with ouvrir_boite(config, config.certificats.bal_app, config.structure.bal_app) as client:
        for uid, data in list(lire_nouveaux(client)):
            avis = _avis(data)
            yield from avis
            (_effacer if avis else marquer_lu)(client, uid)
        client.expunge()


def _avis(data: bytes) -> list[Avis]:
    """The mail is told by its envelope (ENVID, ours is the Message-ID), else by the Message-ID that came back."""
    try:
        read = dsn.read(data)
    except FormatError:
        return []  # some other mail, left for a person
    original = f"<{read.envid}>" if read.envid else read.original
    return [
        Avis(original, item.destinataire, False, item.diagnostic[:3], item.diagnostic[4:])
        if item.action == "failed"
        else Avis(original, item.destinataire, True)
        for item in read.destinataires
        if item.action in ("failed", "delivered", "relayed", "expanded")
    ]
