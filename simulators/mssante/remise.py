"""Delivery: which recipients are refused at once, which bounce later, what notifications go back.

Sources: RFC 3461, RFC 3464; `mssante.md` §2.7 (late bounce of Mon espace santé: 5.1.1, 5.2.1, 5.1.3; texts and codes
are hypothèses), §2.8 (sizes), §2.9 (Return-Receipt-To and NOTIFY are both honoured).

A client whose answer was lost sends the same mail again (RFC 1047; RFC 5321 §6.1 lets either copy be dropped): a mail
with the Message-ID and ENVID of one already taken from the same sender is accepted, and not delivered again to the
recipients who had it. Hypothèse: operators differ; mail stores that suppress duplicates (Cyrus IMAP) do this.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import format_datetime

from banc_segur.formats import courriel_lu, dsn
from banc_segur.formats.courriel_lu import CourrielLu
from banc_segur.formats.errors import FormatError
from banc_segur.formats.ins import est_matricule
from banc_segur.state.boites import Boites, domaine
from simulators.mssante.reglages import Reglages

_TEXTES = {
    "5.1.1": ("550 5.1.1 mailbox unknown", "Le destinataire n'a pas de messagerie Mon espace santé."),
    "5.1.3": ("550 5.1.3 bad address syntax", "L'adresse du destinataire est invalide."),
    "5.2.1": ("550 5.2.1 mailbox disabled", "La messagerie de l'usager est fermée."),
}
_TEXTE_ESSAI = " [texte du simulateur : le texte réel n'est pas public]"


@dataclass(slots=True)
class Envoi:
    """One transaction. destinataires: address -> its NOTIFY parameter; notify: that of the RCPT being read."""

    expediteur: str
    envid: str = ""
    taille_annoncee: int = 0
    notify: str = ""
    destinataires: dict[str, str] = field(default_factory=dict)


class Remise:
    """The delivery of one operator."""

    def __init__(self, boites: Boites, reglages: Reglages, hote: str) -> None:
        self.boites = boites
        self._reglages = reglages
        self._hote = hote

    def refuser(self, adresse: str, taille: int) -> str:
        """The reply that refuses a recipient at RCPT, or empty."""
        where = domaine(adresse)
        if where not in self._reglages.domaines:
            return "550 5.1.2 Domain is not part of the MSSante trust space"
        if where == self._reglages.domaine_patients:
            return ""
        box = self.boites.boite(adresse)
        if box is None:
            return "550 5.1.1 Mailbox unknown"
        if box.etat == "fermee":
            return "550 5.2.1 Mailbox disabled"
        if taille > self._reglages.taille_pro:
            return "552 5.3.4 Message size exceeds fixed limit"
        return ""

    def remettre(self, envoi: Envoi, message: bytes) -> str:
        """Deliver a message and its notifications, all or none; return the reply."""
        domains = {domaine(address) for address in envoi.destinataires}
        if len(message) > self._reglages.taille_pro and domains != {self._reglages.domaine_patients}:
            return "552 5.3.4 Message size exceeds fixed limit"
        now = datetime.now(UTC)
        number = uuid.uuid4().hex[:12].upper()
        mail = _lire(message)
        cle = f"{envoi.expediteur} {mail.message_id} {envoi.envid}" if mail and mail.message_id else ""
        done = self.boites.traites(cle) if cle else frozenset()
        people = {address: notify for address, notify in envoi.destinataires.items() if address not in done}
        failures = {address: code for address in people if (code := self._echec(address))}
        deliveries = [
            (address, self._tracer(envoi, address, number, now) + message)
            for address in people
            if address not in failures
        ]
        notices = self._avis(replace(envoi, destinataires=people), mail, failures, now)
        deliveries.extend((envoi.expediteur, data) for data in notices)
        instant = now.isoformat(timespec="milliseconds")
        self.boites.livrer(deliveries, instant, cle, people if cle else ())
        return f"250 2.0.0 OK queued as {number}"

    def _echec(self, adresse: str) -> str:
        """The status that makes an accepted recipient bounce, or empty."""
        box = self.boites.boite(adresse)
        if box is None:
            return "5.1.1" if est_matricule(adresse.partition("@")[0].upper()) else "5.1.3"
        return "5.2.1" if box.etat == "fermee" else ""

    def _tracer(self, envoi: Envoi, adresse: str, numero: str, instant: datetime) -> bytes:
        lines = (
            f"Return-Path: <{envoi.expediteur}>",
            f"Received: by {self._hote} with ESMTPSA id {numero} for <{adresse}>; {format_datetime(instant)}",
        )
        return "".join(f"{line}\r\n" for line in lines).encode("utf-8")

    def _avis(self, envoi: Envoi, mail: CourrielLu | None, echecs: dict[str, str], instant: datetime) -> list[bytes]:
        """The notifications that go back to the sender: one for each recipient that has something to tell."""
        original = mail.message_id if mail else ""
        asked = bool(mail and mail.entete("Return-Receipt-To"))
        notices = []
        for address, notify in envoi.destinataires.items():
            failed = echecs.get(address, "")
            wanted = notify.split(",") if notify else ["FAILURE", *(["SUCCESS"] if asked else [])]
            if "FAILURE" in wanted if failed else "SUCCESS" in wanted and self._reglages.avis:
                notices.append(self._ecrire(envoi, address, failed, original, instant))
        return notices

    def _ecrire(self, envoi: Envoi, adresse: str, echec: str, original: str, instant: datetime) -> bytes:
        diagnostic, text = _TEXTES.get(echec, ("", "Message remis au serveur du destinataire."))
        reporter = domaine(adresse)
        item = dsn.AvisDestinataire(adresse, "failed" if echec else "delivered", echec or "2.0.0", diagnostic)
        notice = dsn.AvisRemise(
            de=f"MAILER-DAEMON@{reporter}",
            a=envoi.expediteur,
            message_id=f"<{uuid.uuid4().hex}@{reporter}>",
            date=instant,
            mta=self._hote,
            original=original,
            destinataires=(item,),
            texte=text + (_TEXTE_ESSAI if echec else ""),
            envid=envoi.envid,
        )
        return dsn.write(notice)


def _lire(message: bytes) -> CourrielLu | None:
    """The mail, None when it cannot be read: the operator delivers it all the same."""
    try:
        return courriel_lu.read(message)
    except FormatError:
        return None
