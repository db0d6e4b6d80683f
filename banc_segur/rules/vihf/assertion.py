"""Rules on the assertion itself: signature, signer, issuer, instants (`dmp.md` §7.2 V01, V02, V03, V04, V12)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from banc_segur.formats import certificat, dn
from banc_segur.formats.certificat import FaitsCertificat
from banc_segur.formats.errors import FormatError
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart, NonEvaluable
from banc_segur.rules.vihf.modele import GENRE_VIHF, VihfLu

SIMULTANES = timedelta(seconds=1)  # the official samples authenticate 13 ms after issuing
FRAICHEUR = timedelta(minutes=10)  # hypothèse: the real window is not published
_SOURCE = "SEL-MP-037, VIHF (dmp.md §2.2)"
_FINESS = re.compile(r"1[0-9AB]{9}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def signataire(lu: VihfLu) -> FaitsCertificat:
    """The certificate that signed; a rule about it is not evaluated without one."""
    if lu.certificat_signature is None:
        raise NonEvaluable("le VIHF ne porte aucun certificat de signature lisible")
    return lu.certificat_signature


@regle(
    "DMP-V01",
    "La signature du VIHF est valide",
    genre=GENRE_VIHF,
    source=_SOURCE,
    remede="Signer en dernier et ne plus toucher au XML ensuite : toute réindentation casse l'empreinte.",
    refus=True,
)
def signature_valide(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """Digest, value, reference to the assertion itself, transforms."""
    if not lu.signature_valide:
        yield Ecart("Assertion/Signature", "une signature enveloppée valide sur l'assertion", lu.motif)


@regle(
    "DMP-V02",
    "Le VIHF est signé par un certificat de signature (cachet)",
    genre=GENRE_VIHF,
    source=f"{_SOURCE}, DMPInvalidCertificate",
    remede="Signer avec le certificat ORG_SIGN (cachet) et non avec le certificat d'authentification TLS.",
    exigences=("EX_GEN-1450",),
    refus=True,
)
def certificat_de_signature(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """KeyUsage nonRepudiation."""
    facts = signataire(lu)
    if "nonRepudiation" not in facts.usages:
        usages = ", ".join(sorted(facts.usages)) or "aucun"
        yield Ecart("Assertion/Signature/KeyInfo", "un certificat dont KeyUsage contient nonRepudiation", usages)


@regle(
    "DMP-V03",
    "L'émetteur du VIHF est le sujet du certificat de signature",
    genre=GENRE_VIHF,
    source=_SOURCE,
    remede="Recopier dans Issuer le DN du certificat de signature avec les noms d'attributs du RFC 2253 (ST, GN, SN).",
)
def emetteur(lu: VihfLu, _contexte: Contexte) -> Iterable[Ecart]:
    """Issuer compared RDN by RDN with the subject of the signing certificate."""
    facts = signataire(lu)
    expected = dn.write(facts.sujet)
    try:
        same = dn.memes(dn.read_text(lu.vihf.issuer), facts.sujet)
    except FormatError:
        same = False
    if not same:
        yield Ecart("Assertion/Issuer", expected, lu.vihf.issuer or "absent")


@regle(
    "DMP-V04",
    "La structure du VIHF est celle des certificats",
    genre=GENRE_VIHF,
    source="SEL-MP-037, règle EJ/EG (dmp.md §1.4, §2.2)",
    remede="Mettre dans Identifiant_Structure l'identifiant de l'OU du certificat, ou le FINESS géographique du site.",
    exigences=("SBX-DMP-02",),
    refus=True,
)
def structure(lu: VihfLu, contexte: Contexte) -> Iterable[Ecart]:
    """Structure against the OU of the signing and TLS certificates. Two FINESS may be EJ and EG: tolerated.

    In mode DIRECTE the certificates are those of a card, which names a person: nothing to compare.
    """
    if lu.vihf.mode == "DIRECTE":
        raise NonEvaluable("mode DIRECTE : la carte du professionnel ne nomme pas la structure")
    if contexte.certificat is None and lu.certificat_signature is None:
        raise NonEvaluable("aucun certificat à comparer")
    declared = contexte.attendus.get("Identifiant_Structure")
    if declared and lu.vihf.structure != declared:
        yield Ecart("Identifiant_Structure", declared, lu.vihf.structure or "absent")
        return
    pairs = [("signature", lu.certificat_signature)]
    if contexte.certificat is not None:
        pairs.append(("TLS", certificat.read(contexte.certificat)))
    for nom, facts in pairs:
        if facts is not None and not _meme(lu.vihf.structure, facts.ou):
            yield Ecart("Identifiant_Structure", f"{facts.ou} (OU du certificat {nom})", lu.vihf.structure or "absent")


def _meme(one: str, other: str) -> bool:
    return one == other or bool(_FINESS.fullmatch(one) and _FINESS.fullmatch(other))


@regle(
    "DMP-V12",
    "Les instants du VIHF sont en UTC et récents",
    genre=GENRE_VIHF,
    source=_SOURCE,
    remede="Écrire IssueInstant et AuthnInstant en UTC (Paris moins 1 ou 2 heures) avec le suffixe Z ; vérifier NTP.",
)
def instants(lu: VihfLu, contexte: Contexte) -> Iterable[Ecart]:
    """UTC with Z, IssueInstant fresh (Conditions, when there, tell how long), AuthnInstant not after it."""
    issue = _instant(lu.vihf.instant)
    authn = _instant(lu.vihf.authn_instant)
    for ou, value, parsed in (
        ("Assertion/@IssueInstant", lu.vihf.instant, issue),
        ("AuthnStatement/@AuthnInstant", lu.vihf.authn_instant, authn),
    ):
        if parsed is None:
            yield Ecart(ou, "un instant UTC AAAA-MM-JJTHH:MM:SSZ", value or "absent")
    start, end = _instant(lu.vihf.not_before), _instant(lu.vihf.not_on_or_after)
    if issue and not (start or issue - FRAICHEUR) <= contexte.instant <= (end or issue + FRAICHEUR):
        expected = f"à 10 minutes près de {contexte.instant:%Y-%m-%dT%H:%M:%SZ}, ou dans les bornes de Conditions"
        yield Ecart("Assertion/@IssueInstant", expected, lu.vihf.instant)
    if issue and authn and authn - issue > SIMULTANES:
        yield Ecart("AuthnStatement/@AuthnInstant", f"au plus tard {lu.vihf.instant}", lu.vihf.authn_instant)
    if lu.vihf.audience:
        yield Ecart("Conditions/AudienceRestriction", "absent", "présent")


def _instant(value: str) -> datetime | None:
    if not _INSTANT.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None
