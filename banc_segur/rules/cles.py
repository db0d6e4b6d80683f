"""Correlation keys that several families give: the traits of a person, whatever their case and accents.

Traits are a weak key: twins share a name and a birth date. So is MSH-10: each product has its own counter. Weak keys
join only what no IPP or matricule tells apart (`proximite`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Set as AbstractSet

Cle = tuple[str, str]
_FAIBLES = ("traits", "MSH-10")


def cles_traits(nom: str, date_naissance: str, *prenoms: str) -> tuple[Cle, ...]:
    """`NOM|AAAA-MM-JJ`, then the same with each given name; none without a name and a date.

    prenoms: given names or lists of given names separated by spaces.
    """
    if not nom or not date_naissance:
        return ()
    personne = f"{_neutre(nom)}|{date_naissance}"
    names = dict.fromkeys(word for prenom in prenoms for word in _neutre(prenom).split())
    return (("traits", personne), *(("traits", f"{personne}|{name}") for name in names))


def proximite(cles: AbstractSet[Cle], connues: AbstractSet[Cle]) -> tuple[int, int]:
    """How near an exchange of these keys is to what is known of a patient: (keys shared, strong keys shared).

    (0, 0) when nothing joins them, or weak keys only and another patient: another IPP or matricule without the same
    name, birth date and given name (with them, the EAI translates the IPP, or the matricule is the error to be judged).
    """
    common = cles & connues
    strong = sum(type_ not in _FAIBLES for type_, _valeur in common)
    same_person = any(type_ == "traits" and valeur.count("|") > 1 for type_, valeur in common)
    other = not same_person and (_autre("ipp", cles, connues) or _autre("matricule", cles, connues))
    return (0, 0) if other and not strong else (len(common), strong)


def _autre(type_: str, cles: AbstractSet[Cle], connues: AbstractSet[Cle]) -> bool:
    """True when both sides have keys of that type and none in common."""
    mine, known = ({cle for cle in keys if cle[0] == type_} for keys in (cles, connues))
    return bool(mine and known and not mine & known)


def _neutre(text: str) -> str:
    """Upper case without accents, as INSi wants names."""
    decomposed = unicodedata.normalize("NFD", text.replace("œ", "oe").replace("Œ", "OE").replace("æ", "ae"))
    return "".join(char for char in decomposed if not unicodedata.combining(char)).upper().strip()
