"""T02, T09: STARTTLS before anything, certificate and login of the BAL APP. Source: `mssante.md` §6.1."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.enveloppe import Transaction
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart
from banc_segur.rules.mss.sujets import CONNEXION

_APRES_TLS = ("AUTH", "MAIL", "RCPT", "DATA")


def _en_tls(transaction: Transaction) -> bool:
    return any(line.upper() == "STARTTLS" and reply.code == 220 for line, reply in transaction.lignes)


@regle(
    "MSS-T02",
    "STARTTLS précède l'authentification et l'envoi",
    genre=CONNEXION,
    source="Référentiel socle MSSanté #2, ECO.1.0.1 ; RFC 3207",
    remede="Émettre STARTTLS juste après le premier EHLO, puis un nouvel EHLO, avant AUTH et MAIL.",
    exigences=("SC.MSS/CONF.05",),
    refus=True,
)
def starttls(transaction: Transaction, _contexte: Contexte) -> Iterable[Ecart]:
    """The first sensitive command in clear."""
    for line, reply in transaction.lignes:
        if line.upper() == "STARTTLS" and reply.code == 220:
            return
        verb = line.split(" ", 1)[0].upper()
        if verb in _APRES_TLS:
            yield Ecart(verb, "STARTTLS avant cette commande", f"{line} en clair")
            return


@regle(
    "MSS-T09",
    "La BAL applicative s'authentifie par certificat et par son adresse",
    genre=CONNEXION,
    source="Référentiel socle MSSanté #2, ECO.1.3.1",
    remede="Présenter le certificat ORG AUTH_CLI de la structure, puis AUTH PLAIN avec l'adresse de la BAL.",
    exigences=("SC.MSS/CONF.12",),
    refus=True,
)
def authentification(transaction: Transaction, contexte: Contexte) -> Iterable[Ecart]:
    """Certificate and accepted AUTH, once TLS is there and something was tried."""
    if not _en_tls(transaction) or not set(transaction.verbes()) & set(_APRES_TLS):
        return
    if contexte.certificat is None:
        yield Ecart("TLS", "un certificat client ORG AUTH_CLI", "aucun certificat présenté")
    elif not transaction.identite:
        tried = [line for line, _ in transaction.lignes if line.upper().startswith("AUTH")]
        yield Ecart("AUTH", "AUTH PLAIN accepté, login = adresse de la BAL", tried[-1] if tried else "pas d'AUTH")
