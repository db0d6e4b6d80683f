"""P02 to P04: the PDF copies: present, named, equal to the one inside the CDA. Source: `mssante.md` §2.6."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats import xds
from banc_segur.formats.cda import CdaLu
from banc_segur.formats.courriel import nom_pdf, sans_accents
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart
from banc_segur.rules.mss.sujets import COURRIEL, Envoi, noms


def _noms(sujet: Envoi) -> list[str]:
    return [piece.nom for piece in sujet.courriel.pdfs if not piece.transmis]


@regle(
    "MSS-P02",
    "Chaque CDA est accompagné de sa copie PDF",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.1.1",
    remede="Joindre au courriel, à côté de l'archive, un PDF par document CDA.",
    exigences=("SC.MSS/CONF.23",),
)
def presence(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """At least as many as CDA documents: other PDF files may go with them."""
    found = _noms(sujet)
    if len(found) < len(sujet.cdas):
        yield Ecart("pièces jointes", f"{len(sujet.cdas)} PDF", f"{len(found)} PDF")


def attendu(cda: CdaLu) -> str:
    """The expected name without date and without `.pdf`, flattened."""
    label = cda.code.libelle if cda.code else ""
    return _plat(nom_pdf("", label, *noms(cda))[:-4])


def _plat(nom: str) -> str:
    return sans_accents(nom).upper()


def _convient(nom: str, cda: CdaLu) -> bool:
    date, _, rest = _plat(nom).removesuffix(".PDF").partition("_")
    low = cda.actes[0].debut if cda.actes else ""
    wanted = attendu(cda)
    dates = {low[:8], xds.utc(low)[:8]}  # serviceEvent/low, or the serviceStartTime of the metadata
    return (date in dates or (not low and len(date) == 8)) and (rest == wanted or rest.startswith(f"{wanted}_"))


@regle(
    "MSS-P03",
    "Le nom du PDF a la forme AAAAMMJJ_type_NOM_prénom",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.1.6",
    remede="Nommer le PDF avec la date de l'acte, le libellé du type coupé à 40, le NOM et le prénom du CDA.",
)
def nom(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """Each CDA has a PDF whose name fits it; the names of other PDF files are free."""
    found = _noms(sujet)
    strange = [name for name in found if not any(_convient(name, cda) for cda in sujet.cdas)]
    for cda in sujet.cdas if found else ():
        if not any(_convient(name, cda) for name in found):
            label = cda.code.libelle if cda.code else ""
            start = cda.actes[0].debut if cda.actes else "AAAAMMJJ"
            yield Ecart("filename", nom_pdf(start, label, *noms(cda)), ", ".join(strange) or "absent")


@regle(
    "MSS-P04",
    "Le PDF joint est celui que contient le CDA",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.1.5 (CDA N1)",
    remede="Joindre, octet pour octet, le PDF encapsulé dans le CDA de niveau 1.",
)
def egalite(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """For level 1 documents only."""
    found = [piece.octets for piece in sujet.courriel.pdfs if not piece.transmis]
    for rank, cda in enumerate(sujet.cdas, 1):
        if cda.pdf is not None and found and cda.pdf not in found:
            yield Ecart(f"PDF du document {rank}", "les octets du PDF du CDA", "un PDF différent", "empreinte")
