"""Rules on the signature of the lot (`dmp.md` §3.8, §7.5 S01 to S04)."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from datetime import datetime

from banc_segur.formats import lot_signature
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart, NonEvaluable
from banc_segur.rules.vihf.modele import GENRE_SIGNATURE, SignatureLue

_SOURCE = "SEL-MP-037, signature du lot de soumission (dmp.md §3.8)"


def _signature(lue: SignatureLue) -> lot_signature.SignatureLot:
    if lue.signature is None:
        raise NonEvaluable("le lot n'a pas de signature lisible (règle DMP-S01)")
    return lue.signature


@regle(
    "DMP-S01",
    "Le lot de soumission est signé",
    genre=GENRE_SIGNATURE,
    source=_SOURCE,
    remede="Joindre au lot une signature XAdES et l'association « signs » qui la relie au lot.",
    refus=True,
)
def presente(lue: SignatureLue, _contexte: Contexte) -> Iterable[Ecart]:
    """A readable signature entry and its association."""
    if lue.signature is None:
        yield Ecart("Signature01", "une signature XAdES du lot", lue.motif)
    elif not lue.associee:
        yield Ecart("Association signs", "une association de la signature vers le lot", "absente")


@regle(
    "DMP-S02",
    "La signature porte sur ce lot et sur tous ses documents",
    genre=GENRE_SIGNATURE,
    source=_SOURCE,
    remede="Recalculer le manifeste sur les octets envoyés (forme canonique avec commentaires), en dernier.",
)
def manifeste(lue: SignatureLue, _contexte: Contexte) -> Iterable[Ecart]:
    """Lot id with `AA==`, one reference for each document, right digests."""
    for fault in lot_signature.manifest_faults(_signature(lue), lue.lot, lue.documents):
        yield Ecart("Signature/Object/Manifest", "le lot et chacun de ses documents, avec leur empreinte", fault)


@regle(
    "DMP-S03",
    "La signature du lot est valide et annonce ses certificats",
    genre=GENRE_SIGNATURE,
    source=_SOURCE,
    remede="Ne rien modifier après signature ; annoncer dans SigningCertificate le certificat et sa chaîne.",
)
def valide(lue: SignatureLue, _contexte: Contexte) -> Iterable[Ecart]:
    """SignedInfo's digests and value; SigningCertificate names the signer."""
    signature = _signature(lue)
    for motif in signature.motifs:
        yield Ecart("Signature/SignedInfo", "des empreintes et une valeur justes", motif)
    if signature.certificat is None:
        return
    announced = [a for a in signature.annonces if _designe(a, signature.certificat.der)]
    if not announced:
        yield Ecart("SigningCertificate", f"le certificat n° {signature.certificat.serie}", "absent")
    for entry in signature.annonces:
        if re.search(r",\s", entry.emetteur):
            yield Ecart("SigningCertificate/X509IssuerName", "un nom sans espace après les virgules", entry.emetteur)
        if not entry.serie.isdigit():
            yield Ecart("SigningCertificate/X509SerialNumber", "un numéro décimal", entry.serie or "absent")


def _designe(entry: lot_signature.CertificatAnnonce, der: bytes) -> bool:
    digests = {
        lot_signature.SHA1: hashlib.sha1(der, usedforsecurity=False).digest(),
        lot_signature.SHA256: hashlib.sha256(der).digest(),
    }
    wanted = digests.get(entry.algorithme)
    return wanted is not None and base64.b64encode(wanted).decode("ascii") == entry.digest


@regle(
    "DMP-S04",
    "Le lot est signé par le certificat de signature de l'émetteur, valide à la date de signature",
    genre=GENRE_SIGNATURE,
    source=_SOURCE,
    remede="Signer le lot avec le certificat cachet du VIHF, non expiré ; dater SigningTime de l'instant réel.",
)
def signataire(lue: SignatureLue, _contexte: Contexte) -> Iterable[Ecart]:
    """nonRepudiation, same structure as the VIHF's signer, valid at SigningTime."""
    signature = _signature(lue)
    facts = signature.certificat
    if facts is None:
        raise NonEvaluable("la signature du lot ne porte aucun certificat lisible")
    if "nonRepudiation" not in facts.usages:
        yield Ecart("Signature/KeyInfo", "un certificat de signature (nonRepudiation)", ", ".join(sorted(facts.usages)))
    if lue.certificat_vihf is not None and lue.certificat_vihf.ou != facts.ou:
        yield Ecart("Signature/KeyInfo", f"le signataire du VIHF ({lue.certificat_vihf.ou})", facts.ou or "sans OU")
    try:
        instant = datetime.fromisoformat(signature.instant)
        valid = instant.tzinfo is not None and facts.valide_a(instant)
    except ValueError:
        valid = False
    if not valid:
        bounds = f"entre {facts.debut:%Y-%m-%d} et {facts.fin:%Y-%m-%d}"
        yield Ecart("SigningTime", f"un instant avec fuseau, {bounds}", signature.instant or "absent")
