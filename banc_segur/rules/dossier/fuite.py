"""DOS-10: while the identity is not qualified, no INS leaves."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.rules.catalogue import regle
from banc_segur.rules.dossier.lecture import INSI, attributs, est_adt, faits, insi_trouve
from banc_segur.rules.model import Contexte, Dossier, Ecart, Etape, NonEvaluable


@regle(
    "DOS-10",
    "Aucun INS ne sort tant que l'identité n'est pas qualifiée",
    genre="dossier",
    source="Exigence INS/va1.53 ; RNIV, RI.INS.39 (insi.md INSI-X01, hl7v2.md FLX-30)",
    remede="Ôter matricule et OID de tout ce que le produit émet tant qu'INSi n'a pas répondu 00 et que "
    "l'identité n'est pas qualifiée (PID-32 = VALI).",
    exigences=("INS/va1.53", "SBX-DMP-01"),
)
def sans_ins(dossier: Dossier, _contexte: Contexte) -> Iterable[Ecart]:
    """The matricule before any 00 of INSi; or, outside ADT, while the RI's last ADT is not VALI."""
    called = any(etape.recepteur == INSI for etape in dossier.etapes)
    if not called and not any(est_adt(etape) for etape in dossier.etapes):
        raise NonEvaluable("Ni appel INSi ni ADT capté dans ce dossier : le statut de l'identité est inconnu.")
    by_ri = any(est_adt(etape) and etape.emetteur == "RI" for etape in dossier.etapes)
    trouve = not called
    qualifiee = True
    seen: set[str] = set()
    for etape in dossier.etapes:
        trouve = trouve or insi_trouve(etape)
        if est_adt(etape) and (etape.emetteur == "RI" or not by_ri):
            qualifiee = _qualifiee(etape, qualifiee)
        yield from _fuites(etape, trouve, qualifiee or est_adt(etape), seen)


def _qualifiee(etape: Etape, before: bool) -> bool:
    """What an ADT says of the identity; one without status (a movement may leave PID-32 empty) says nothing new."""
    told = [value for value in attributs(etape, "statut") if value in ("VIDE", "PROV", "VALI")]
    return "VALI" in told if told else before


def _fuites(etape: Etape, trouve: bool, qualifiee: bool, seen: set[str]) -> Iterable[Ecart]:
    if trouve and qualifiee:
        return
    cause = "l'identité n'est pas qualifiée" if trouve else "INSi n'a pas répondu 00"
    for fait in faits(etape, "matricule"):
        if fait.porteur not in (INSI, *seen):
            seen.add(fait.porteur)
            expected = f"aucun matricule, puisque {cause}"
            yield Ecart(f"{fait.porteur}, {fait.ou}", expected, fait.valeur, donnee="matricule", etape=etape.numero)
