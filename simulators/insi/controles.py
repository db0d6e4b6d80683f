"""Contexts and body: schema, mandatory fields, formats (`insi.md` §3.4, §3.5, §5.1, §7.6 steps 7 and 8).

Tolerances of the real service are kept (`insi.md` §7.5): any Version, any Emetteur, old Temps, several Prenom.
"""

from __future__ import annotations

import re

from banc_segur.formats import soap, xml
from banc_segur.formats.insi import RECSANS, Recherche
from simulators.insi.acces import Refus

_TEMPS = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_LIEU = re.compile(r"[0-9A-Z]{5}")
_ORDRE = ("NomNaissance", "Prenom", "Sexe", "DateNaissance", "LieuNaissance")


def verifier_contextes(recherche: Recherche) -> None:
    """Both contexts present, with Id, Temps and Version; COUVERTURE in the ContexteBAM, even empty.

    Raises:
        Refus: `banc_03` (BAM) or `banc_04` (LPS).
    """
    bam, lps = recherche.bam, recherche.lps
    if bam is None or not (bam.id and bam.version and _TEMPS.fullmatch(bam.temps) and bam.couverture):
        raise Refus("banc_03")
    if lps is None or not (lps.id and lps.version and _TEMPS.fullmatch(lps.temps)):
        raise Refus("banc_04")


def verifier_schema(envelope: soap.Envelope) -> None:
    """The children of RECSANSVITALE are known, in order, and only Prenom repeats. Raises Refus `banc_08`."""
    payload = envelope.payload
    ranks = []
    for child in [] if payload is None else xml.children(payload):
        namespace, _, local = str(child.tag)[1:].rpartition("}")
        if namespace != RECSANS or local not in _ORDRE or xml.children(child):
            raise Refus("banc_08")
        ranks.append(_ORDRE.index(local))
    repeated = any(ranks.count(rank) > 1 for rank in ranks if _ORDRE[rank] != "Prenom")
    if ranks != sorted(ranks) or repeated:
        raise Refus("banc_08")


def verifier_champs(recherche: Recherche) -> None:
    """Mandatory fields, then formats, in the order of the schema.

    Raises:
        Refus: `insi_19` nom, `banc_05` prénom, `insi_24` sexe, `banc_06` date, `banc_07` lieu.
    """
    checks = (
        ("insi_19", bool(recherche.nom)),
        ("banc_05", any(recherche.prenoms)),
        ("insi_24", recherche.sexe in ("M", "F")),
        ("banc_06", _DATE.fullmatch(recherche.date_naissance) is not None),
        ("banc_07", not recherche.lieu_naissance or _LIEU.fullmatch(recherche.lieu_naissance) is not None),
    )
    for code, good in checks:
        if not good:
            raise Refus(code)
