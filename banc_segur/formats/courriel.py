"""An MSSanté mail as written: subject, PDF name, X-MSS headers, notice of a BAL APP, MIME tree.

Sources: Référentiel socle MSSanté #2 (ECO.2.1.x to ECO.2.4.x), RFC 5322, RFC 2231; `mssante.md` §2.1 to §2.7.
Reading is `courriel_lu.read`, offered here too.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from banc_segur.formats.courriel_lu import CourrielLu, read
from banc_segur.formats.xdm import NOM as NOM_ARCHIVE

__all__ = [
    "FIN",
    "LIBELLE_MAX",
    "PREFIXE",
    "Courriel",
    "CourrielLu",
    "avis_automatique",
    "date_francaise",
    "nom_pdf",
    "read",
    "sans_accents",
    "sujet_xdm",
    "write",
]

PREFIXE = "XDM/1.0/DDM+"
LIBELLE_MAX = 40
FIN = "FIN"
_POLITIQUE = policy.SMTP.clone(cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Courriel:
    """One mail to write.

    de, a, repondre_a: addresses; etiquette: display name of From. sujet: whole, see `sujet_xdm`. message_id: with
    its `<>`. date: aware. corps: plain text, `avis_automatique` already added. codes_cda: one code per CDA, in the
    order of the documents; ins: `O`, `N` or empty (header absent). archive: bytes of IHE_XDM.zip. pdfs: (name, bytes).
    demande_dsn: Return-Receipt-To the sender; demande_mdn: Disposition-Notification-To the sender.
    mes_fin: `X-MSS-MES: FIN`. en_reponse_a: Message-ID of the answered or replaced mail.
    """

    de: str
    etiquette: str
    a: tuple[str, ...]
    sujet: str
    message_id: str
    date: datetime
    corps: str
    nil: str
    repondre_a: str = ""
    codes_cda: tuple[str, ...] = ()
    ins: str = ""
    mes_fin: bool = False
    archive: bytes | None = None
    pdfs: tuple[tuple[str, bytes], ...] = ()
    demande_dsn: bool = True
    demande_mdn: bool = False
    en_reponse_a: str = ""


def sans_accents(texte: str) -> str:
    """`texte` without diacritics, œ and æ spelt out; what stays outside ASCII is left out."""
    spelt = texte.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae").replace("Æ", "AE").replace("’", "'")
    return unicodedata.normalize("NFKD", spelt).encode("ascii", "ignore").decode()


def date_francaise(date: str) -> str:
    """`AAAA-MM-JJ` -> `JJ/MM/AAAA`; empty when it is not such a date."""
    parts = date.split("-")
    return "/".join(reversed(parts)) if len(date) == 10 and len(parts) == 3 else ""


def sujet_xdm(libelles: Sequence[str], nom: str, prenom: str, date_naissance: str) -> str:
    """The subject of ECO.2.1.3: prefix, label cut at 40 (or `N documents`), NOM, prénom, JJ/MM/AAAA.

    libelles: displayName of each CDA's code. nom, prenom: of birth. date_naissance: AAAA-MM-JJ, or empty.
    """
    label = libelles[0][:LIBELLE_MAX].strip() if len(libelles) == 1 else f"{len(libelles)} documents"
    parts = (label, sans_accents(nom).upper(), sans_accents(prenom), date_francaise(date_naissance))
    return PREFIXE + " ".join(part for part in parts if part)


def nom_pdf(date_acte: str, libelle: str, nom: str, prenom: str, dossier: str = "") -> str:
    """The file name of ECO.2.1.6: `AAAAMMJJ_<type>_<NOM>_<prénom>[_<dossier>].pdf`, ASCII, no `_` inside a field.

    date_acte: serviceEvent/effectiveTime/low, at least 8 digits.
    """
    fields = (date_acte[:8], libelle[:LIBELLE_MAX].strip(), nom.upper(), prenom, dossier)
    clean = (sans_accents(value).replace("_", " ").replace("/", " ").strip() for value in fields)
    return "_".join(value for value in clean if value) + ".pdf"


def avis_automatique(adresse: str) -> str:
    """The closing notice of a mail from a BAL APP (ECO.2.2.5); adresse: the PER or ORG address to write to."""
    return f"Ce message a été généré automatiquement. Pour contacter l'expéditeur : {adresse}\n"


def write(courriel: Courriel) -> bytes:
    """The mail as bytes, CRLF line ends, 7-bit; the same `courriel` gives the same bytes."""
    message = EmailMessage(policy=_POLITIQUE)
    _entetes(message, courriel)
    message.set_content(courriel.corps, charset="utf-8", cte="quoted-printable")
    if courriel.archive is not None:
        message.add_attachment(
            courriel.archive, "application", "zip", filename=NOM_ARCHIVE, params={"name": NOM_ARCHIVE}
        )
    for name, data in courriel.pdfs:
        message.add_attachment(data, "application", "pdf", filename=name)
    if not message.is_multipart():
        message.make_mixed()
    message.set_boundary("=_" + hashlib.sha256(courriel.message_id.encode()).hexdigest()[:32])
    return message.as_bytes()


def _entetes(message: EmailMessage, courriel: Courriel) -> None:
    message["From"] = Address(courriel.etiquette, addr_spec=courriel.de)
    message["To"] = ", ".join(courriel.a)
    optional = (
        ("Reply-To", courriel.repondre_a),
        ("Subject", courriel.sujet),
        ("Date", format_datetime(courriel.date)),
        ("Message-ID", courriel.message_id),
        ("In-Reply-To", courriel.en_reponse_a),
        ("References", courriel.en_reponse_a),
        ("X-MSS-NIL", courriel.nil),
        ("X-MSS-INS", courriel.ins),
        ("X-MSS-CODECDA", _codes(courriel.codes_cda)),
        ("X-MSS-MES", FIN if courriel.mes_fin else ""),
        ("Return-Receipt-To", courriel.de if courriel.demande_dsn else ""),
        ("Disposition-Notification-To", courriel.de if courriel.demande_mdn else ""),
    )
    for name, value in optional:
        if value:
            message[name] = value


def _codes(codes: Sequence[str]) -> str:
    """Comma separated; with a space after each comma when the line must be folded."""
    joined = ",".join(codes)
    return joined if len(joined) <= 60 else ", ".join(codes)
