"""Rules on the client certificate and the WS-Addressing headers (`insi.md` §2.2, §3.2, §14)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from banc_segur.formats import insi, soap
from banc_segur.rules.catalogue import regle
from banc_segur.rules.insi.analyse import Requete
from banc_segur.rules.model import Contexte, Ecart, NonEvaluable, Severite

CN_ADMIS = ("INSI-AUTO", "INSI-MANU")
EMETTEUR = "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
UUID = re.compile(_UUID)
MESSAGE_ID = re.compile(rf"(?:urn:)?uuid:{_UUID}")


def certificat(contexte: Contexte) -> x509.Certificate:
    """The client certificate. Raises NonEvaluable when there is none or it cannot be read."""
    if contexte.certificat is None:
        raise NonEvaluable("aucun certificat client vu sur la connexion (mode CPx, ou lien non capté)")
    try:
        return _charger(contexte.certificat)
    except ValueError as error:
        raise NonEvaluable(f"certificat client illisible : {error}") from error


@lru_cache(maxsize=64)
def _charger(octets: bytes) -> x509.Certificate:
    return x509.load_der_x509_certificate(octets)


def attributs(name: x509.Name, oid: x509.ObjectIdentifier) -> list[str]:
    """Values of one attribute of a distinguished name."""
    return [str(attribute.value) for attribute in name.get_attributes_for_oid(oid)]


@regle(
    "INSI-T01",
    "Le certificat client est un certificat logiciel INSI-AUTO ou INSI-MANU de l'IGC-Santé",
    genre="insi.requete",
    source="SEL-MP-043 ; IGC-Santé, gamme ÉLÉMENTAIRE, AUTH_CLI (insi.md §2.2)",
    remede="Présentez le certificat logiciel AUTH_CLI de l'établissement, dont le CN est exactement INSI-AUTO "
    "ou INSI-MANU, en cours de validité.",
    exigences=("INS/va1.65",),
    refus=True,
)
def t01(_requete: Requete, contexte: Contexte) -> Iterable[Ecart]:
    """CN, issuer, client usage, period."""
    found = certificat(contexte)
    cn = attributs(found.subject, NameOID.COMMON_NAME)
    if len(cn) != 1 or cn[0] not in CN_ADMIS:
        yield Ecart("certificat client, CN", "INSI-AUTO ou INSI-MANU", ", ".join(cn) or "absent")
    emetteur = " ".join(attributs(found.issuer, NameOID.COMMON_NAME))
    if emetteur.removeprefix("TEST ") != EMETTEUR:
        yield Ecart("certificat client, émetteur", f"[TEST ]{EMETTEUR}", emetteur or "absent")
    if not _authentifie_un_client(found):
        yield Ecart("certificat client, usage", "authentification de client TLS", "usage absent")
    if not found.not_valid_before_utc <= contexte.instant <= found.not_valid_after_utc:
        period = f"du {found.not_valid_before_utc:%d/%m/%Y} au {found.not_valid_after_utc:%d/%m/%Y}"
        yield Ecart("certificat client, validité", f"valide le {contexte.instant:%d/%m/%Y}", period)


def _authentifie_un_client(found: x509.Certificate) -> bool:
    try:
        usages = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages


@regle(
    "INSI-S01",
    "L'en-tête wsa:Action est présent une fois et vaut l'opération demandée",
    genre="insi.requete",
    source="WSDL DESIR ICIR 1.5.0 ; insi.md §3.2",
    remede="Ajoutez l'en-tête wsa:Action : les clients générés depuis le WSDL ne l'envoient pas d'eux-mêmes.",
    refus=True,
)
def s01(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """One block, equal to the operation of the body."""
    blocks = requete.enveloppe.header_blocks(soap.WSA, "Action")
    if len(blocks) != 1:
        yield Ecart("Header/wsa:Action", "un seul en-tête", f"{len(blocks)} en-tête(s)")
    elif requete.recherche.action != insi.ACTION_TRAITS:
        yield Ecart("Header/wsa:Action", insi.ACTION_TRAITS, requete.recherche.action or "vide")


@regle(
    "INSI-S02",
    "L'en-tête wsa:MessageID est un « uuid: » suivi d'un UUID",
    genre="insi.requete",
    severite=Severite.AVERTISSEMENT,
    source="Kit GIE SESAM-Vitale v2.06.01 ; insi.md §3.3",
    remede="Écrivez wsa:MessageID sous la forme uuid:xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, nouveau à chaque appel.",
)
def s02(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """Present, with its prefix."""
    message_id = requete.recherche.message_id
    if not MESSAGE_ID.fullmatch(message_id):
        yield Ecart("Header/wsa:MessageID", "uuid: suivi d'un UUID", message_id or "absent")
