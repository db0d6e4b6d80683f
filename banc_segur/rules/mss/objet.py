"""S01, U01: the subject equals the CDA; the citizen's address is his matricule. Source: `mssante.md` §2.1, §2.2."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.courriel import PREFIXE, sans_accents, sujet_xdm
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart
from banc_segur.rules.mss.sujets import COURRIEL, DOMAINE_PATIENTS, Envoi, noms


def _plat(texte: str) -> str:
    return " ".join(sans_accents(texte).upper().split())


@regle(
    "MSS-S01",
    "L'objet a la forme XDM/1.0/DDM+ et dit ce que dit le CDA",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.1.3",
    remede="Écrire XDM/1.0/DDM+<libellé coupé à 40> <NOM> <prénom> <JJ/MM/AAAA> à partir de l'en-tête du CDA.",
    exigences=("SC.MSS/CONF.25",),
)
def objet(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """Rebuild the subject from the CDA and compare, accents of the label and case of the prénom left free.

    The NOM must be in capitals without accents, as written.
    """
    found = sujet.courriel.sujet
    if not sujet.nombre_archives:
        if found.startswith(PREFIXE):
            yield Ecart("Subject", "pas de préfixe XDM/1.0/DDM+ sans archive", found)
        return
    if not found.startswith(PREFIXE):
        yield Ecart("Subject", f"{PREFIXE}…", found or "absent")
        return
    if not sujet.cdas:
        return
    cda = sujet.cdas[0]
    labels = [item.code.libelle if item.code else "" for item in sujet.cdas]
    family, given = noms(cda)
    full = sujet_xdm(labels, family, given, cda.traits.date_naissance)
    short = sujet_xdm(labels, family, given, "")
    if _plat(found) not in (_plat(full), _plat(short)) or sans_accents(family).upper() not in found:
        yield Ecart("Subject", full, found)


@regle(
    "MSS-U01",
    "L'adresse de l'usager est son matricule INS",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.2.6",
    remede="Construire l'adresse avec les 15 caractères du matricule de l'INS qualifiée du patient du document.",
    exigences=("SBX-MSS-02",),
)
def adresse(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """RCPT to a citizen against the CDA."""
    known = {cda.ins.matricule for cda in sujet.cdas if cda.ins}
    for address in sujet.destinataires:
        local = address.partition("@")[0].upper()
        if DOMAINE_PATIENTS in address and sujet.cdas and local not in known:
            expected = ", ".join(sorted(known)) or "aucun envoi sans INS qualifiée"
            yield Ecart("RCPT TO", expected, local, "matricule")
