"""Matricule INS: shape and key; the OIDs of its assigning authorities.

Source: `insi.md` §10 (RNIV, guide d'implémentation INS).
"""

from __future__ import annotations

import re

OID_NIR = "1.2.250.1.213.1.4.8"
OID_NIA = "1.2.250.1.213.1.4.9"
OID_NIR_TEST = "1.2.250.1.213.1.4.10"
OID_NIR_DEMO = "1.2.250.1.213.1.4.11"
OIDS_INS = frozenset({OID_NIR, OID_NIA, OID_NIR_TEST, OID_NIR_DEMO})

MATRICULE = re.compile(r"[1-9]\d{4}(?:\d{2}|2A|2B)\d{6}\d{2}")


def cle(numero: str) -> str:
    """Return the two-digit key of the 13 first characters: 97 - (N mod 97), 2A -> 19, 2B -> 18.

    Raises:
        ValueError: `numero` is not 13 characters of the right shape.
    """
    digits = numero.replace("2A", "19", 1) if numero[5:7] == "2A" else numero
    digits = digits.replace("2B", "18", 1) if numero[5:7] == "2B" else digits
    if len(numero) != 13 or not digits.isascii() or not digits.isdigit():
        raise ValueError("un numéro de 13 caractères est attendu")
    return f"{97 - int(digits) % 97:02d}"


def est_matricule(value: str) -> bool:
    """True when `value` has the shape of a matricule INS of 15 characters (key not checked)."""
    return MATRICULE.fullmatch(value) is not None


def cle_juste(matricule: str) -> bool:
    """True when the matricule has the right shape and the right key."""
    return est_matricule(matricule) and cle(matricule[:13]) == matricule[13:]
