"""T14, H01 to H10: form of the message, headers, X-MSS. Source: `mssante.md` §6.1, §6.2."""

from __future__ import annotations

import re
from collections.abc import Iterable

from banc_segur.formats.cda import CdaLu
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart
from banc_segur.rules.mss.sujets import COURRIEL, DOMAINE_PATIENTS, Envoi

_MESSAGE_ID = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_LIGNE_MAX = 998
_LIEN_PFI = "pfi-mss"


@regle(
    "MSS-T14",
    "Le message est en lignes CRLF d'au plus 998 octets",
    genre=COURRIEL,
    source="RFC 5321 §2.3.8, RFC 5322 §2.1.1",
    remede="Terminer chaque ligne par CRLF et couper ou encoder les lignes trop longues.",
)
def lignes(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """Bare line ends, long lines."""
    if sujet.courriel.fins_nues:
        yield Ecart("DATA", "des fins de ligne CRLF", f"{sujet.courriel.fins_nues} fin(s) de ligne sans CR ou sans LF")
    if sujet.courriel.ligne_max > _LIGNE_MAX:
        yield Ecart("DATA", f"des lignes d'au plus {_LIGNE_MAX} octets", f"{sujet.courriel.ligne_max} octets")


@regle(
    "MSS-H01",
    "Le courriel porte un Message-ID de la forme de la RFC 5322",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.2.1 ; RFC 5322 §3.6.4",
    remede="Donner à chaque nouveau courriel un seul Message-ID <unique@domaine>.",
    exigences=("MSS/va1.12",),
)
def message_id(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """One, well-formed."""
    values = sujet.courriel.valeurs("Message-ID")
    if len(values) != 1 or not _MESSAGE_ID.fullmatch(values[0]):
        yield Ecart("Message-ID", "un seul <identifiant@domaine>", " ; ".join(values) or "absent")


@regle(
    "MSS-H02",
    "L'expéditeur affiché est la BAL authentifiée, la date est présente",
    genre=COURRIEL,
    source="RFC 5322 §3.6 ; identité SMTP (hypothèse, mssante.md §6.2 H02)",
    remede="Mettre dans From l'adresse de la BAL utilisée pour AUTH et MAIL FROM, et un en-tête Date.",
)
def expediteur(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """From against the envelope; Date."""
    sender = sujet.transaction.expediteur
    if sender and sujet.courriel.de != sender.adresse:
        yield Ecart("From", sender.adresse, sujet.courriel.de or "absent")
    if not sujet.courriel.entete("Date"):
        yield Ecart("Date", "une date", "absente")


@regle(
    "MSS-H03",
    "L'expéditeur a un libellé d'affichage",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.2.7",
    remede="Donner à From le libellé <Entité fonctionnelle> (BAL ORG ou APP) ou <Titre>_<Prénom>_<NOM>_<Entité> (PER).",
    exigences=("MSS/va1.16",),
)
def etiquette(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """A label which is not the address again."""
    label = sujet.courriel.etiquette.strip()
    if not label or label.lower() == sujet.courriel.de:
        yield Ecart("From", "un libellé d'affichage", label or "absent")


@regle(
    "MSS-H04",
    "X-MSS-NIL identifie le produit",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.4.3",
    remede="Mettre dans X-MSS-NIL le numéro donné par Convergence au logiciel qui produit le courriel.",
    exigences=("SC.MSS/CONF.16",),
)
def nil(sujet: Envoi, contexte: Contexte) -> Iterable[Ecart]:
    """One value, the declared one when the profile declares it."""
    values = sujet.courriel.valeurs("X-MSS-NIL")
    declared = contexte.attendus.get("X-MSS-NIL", "")
    if len(values) != 1 or not values[0] or (declared and values[0] != declared):
        yield Ecart("X-MSS-NIL", declared or "une référence produit", " ; ".join(values) or "absent")


@regle(
    "MSS-H05",
    "X-MSS-CODECDA donne le code de chaque CDA",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.4.1",
    remede="Lister dans X-MSS-CODECDA le code de chaque CDA de l'archive, dans l'ordre, sans dédoublonner.",
    exigences=("SC.MSS/CONF.15",),
)
def codes_cda(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """As many values as documents; none without a CDA (H07)."""
    joined = ",".join(sujet.courriel.valeurs("X-MSS-CODECDA"))
    found = [value.strip() for value in joined.split(",") if value.strip()]
    wanted = [cda.code.code for cda in sujet.cdas if cda.code]
    if found != wanted:
        yield Ecart("X-MSS-CODECDA", ",".join(wanted) or "absent", ",".join(found) or "absent")


def _qualifiee(cda: CdaLu) -> bool:
    traits = cda.traits
    four = (traits.nom_naissance, traits.premier_prenom, traits.date_naissance, traits.sexe)
    return cda.ins is not None and bool(cda.ins.matricule) and all(four)


@regle(
    "MSS-H06",
    "X-MSS-INS dit si le CDA porte une INS qualifiée",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.4.2",
    remede="Mettre O si le CDA porte matricule, OID et les quatre traits, sinon N ; rien sans CDA.",
    exigences=("SC.MSS/CONF.14",),
)
def ins(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """O if and only if matricule, OID and traits are in every CDA."""
    found = " ; ".join(sujet.courriel.valeurs("X-MSS-INS"))
    wanted = ("O" if all(_qualifiee(cda) for cda in sujet.cdas) else "N") if sujet.cdas else ""
    if found != wanted:
        yield Ecart("X-MSS-INS", wanted or "absent", found or "absent")


@regle(
    "MSS-H08",
    "X-MSS-MES ne vaut que FIN et n'est envoyé qu'à un usager",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.2.8",
    remede="Écrire « FIN » en capitales, et seulement vers une adresse de Mon espace santé.",
    exigences=("SC.MSS/CONF.21",),
)
def mes(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """FIN, to citizens only."""
    for value in sujet.courriel.valeurs("X-MSS-MES"):
        if value != "FIN":
            yield Ecart("X-MSS-MES", "FIN", value)
        elif not sujet.vers_patient:
            yield Ecart("X-MSS-MES", "absent vers un professionnel", value)


@regle(
    "MSS-H10",
    "Le courriel d'une BAL applicative dit qu'il est automatique et à qui répondre",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.2.5",
    remede="Mettre dans Reply-To une adresse PER ou ORG, et la rappeler dans la mention qui termine le corps.",
    exigences=("MSS/va1.09",),
)
def reponse(sujet: Envoi, contexte: Contexte) -> Iterable[Ecart]:
    """Reply-To and the closing notice, for mails of a PFI with an archive."""
    if contexte.lien != _LIEN_PFI or not sujet.nombre_archives:
        return
    addresses = [address for _, address in sujet.courriel.adresses("Reply-To")]
    if len(addresses) != 1 or addresses[0] == sujet.courriel.de or DOMAINE_PATIENTS in addresses[0]:
        yield Ecart(
            "Reply-To", "une adresse PER ou ORG, autre que la BAL applicative", ", ".join(addresses) or "absent"
        )
    elif addresses[0] not in sujet.courriel.corps.lower() or "automatique" not in sujet.courriel.corps.lower():
        yield Ecart("corps", f"une mention « généré automatiquement » avec {addresses[0]}", "mention absente")
