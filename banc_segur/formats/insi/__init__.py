"""INSi WS_INS2, search by identity traits: requests, answers and faults, as objects and as bytes.

Sources: WSDL DESIR ICIR 1.5.0 and its XSD; `insi.md` §3 (envelope), §5 (bodies), §6 (faults).
"""

from banc_segur.formats.insi.fautes import Faute, faute, write_fault
from banc_segur.formats.insi.modele import (
    ACTION_CARTE_VITALE,
    ACTION_TRAITS,
    LIBELLES,
    ContexteBam,
    ContexteLps,
    Individu,
    InsHistorique,
    Recherche,
    Resultat,
)
from banc_segur.formats.insi.reponse import read_answer, write_answer
from banc_segur.formats.insi.requete import BAM, LPS, MAX_REQUETE, RECSANS, read_request, write_request

__all__ = [
    "ACTION_CARTE_VITALE",
    "ACTION_TRAITS",
    "BAM",
    "LIBELLES",
    "LPS",
    "MAX_REQUETE",
    "RECSANS",
    "ContexteBam",
    "ContexteLps",
    "Faute",
    "Individu",
    "InsHistorique",
    "Recherche",
    "Resultat",
    "faute",
    "read_answer",
    "read_request",
    "write_answer",
    "write_fault",
    "write_request",
]
