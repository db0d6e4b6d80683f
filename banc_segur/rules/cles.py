"""Correlation keys that several families give: the traits of a person, whatever their case and accents.

Traits are a weak key: twins share a name and a birth date, homonyms also a given name. Who gathers exchanges must not
join by them two patients known under different IPP or matricule (`control.attribution`, `control.dossiers`).
"""

from __future__ import annotations

import unicodedata

# Types of keys that may be common to two patients: traits (twins), MSH-10 (each product has its own counter).
FAIBLES = ("traits", "MSH-10")
# Types that tell two patients apart.
PATIENT = ("ipp", "matricule")


def cles_traits(nom: str, date_naissance: str, *prenoms: str) -> tuple[tuple[str, str], ...]:
    """`NOM|AAAA-MM-JJ`, then the same with each given name; none without a name and a date.

    prenoms: given names or lists of given names separated by spaces.
    """
    if not nom or not date_naissance:
        return ()
    personne = f"{_neutre(nom)}|{date_naissance}"
    names = dict.fromkeys(word for prenom in prenoms for word in _neutre(prenom).split())
    return (("traits", personne), *(("traits", f"{personne}|{name}") for name in names))


def _neutre(text: str) -> str:
    """Upper case without accents, as INSi wants names."""
    decomposed = unicodedata.normalize("NFD", text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae"))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).upper().strip()
