"""Answers of INSi that a client must not take into a record: one named change of an `Individu` each.

Sources: guide d'implémentation INS R11, R12 and RI.INS.17, RI.INS.18 (`insi.md` §7.6, §12.3).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from banc_segur.formats.identite import Ins
from banc_segur.formats.insi import Individu


def _cle_fausse(individu: Individu) -> Individu:
    matricule = individu.ins.matricule
    cle = int(matricule[13:]) % 97 + 1
    return replace(individu, ins=Ins(f"{matricule[:13]}{cle:02d}", individu.ins.oid))


def _date(individu: Individu, *, jour: bool) -> Individu:
    annee, mois, _ = individu.date_naissance.split("-")
    return replace(individu, date_naissance=f"{annee}-{mois}-00" if jour else f"{annee}-00-01")


ALTERATIONS: dict[str, Callable[[Individu], Individu]] = {
    "cle-fausse": _cle_fausse,
    "oid-inconnu": lambda individu: replace(individu, ins=Ins(individu.ins.matricule, "1.2.250.1.213.1.4.99")),
    "nom-vide": lambda individu: replace(individu, nom_naissance=""),
    "prenoms-vides": lambda individu: replace(individu, prenoms=""),
    "sexe-vide": lambda individu: replace(individu, sexe=""),
    "sexe-inverse": lambda individu: replace(individu, sexe="F" if individu.sexe == "M" else "M"),
    "jour-00": lambda individu: _date(individu, jour=True),
    "mois-00": lambda individu: _date(individu, jour=False),
    "autre-nom": lambda individu: replace(individu, nom_naissance=f"{individu.nom_naissance}-AUTRE"),
}
