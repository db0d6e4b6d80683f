"""Level 1 body rules: what no official schematron checks (`cda.md` §1.3, N1-01 to N1-05)."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.formats.cda import TEMPLATE_CISIS, TEMPLATE_HL7FR, TEMPLATE_XDS_SD, CdaLu
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart

SOURCE = "CI-SIS, structure générale des documents CDA R2, corps non structuré"
MEDIAS = ("application/pdf", "text/plain")


@regle(
    "CDA-SM-03",
    "Un document de niveau 1 déclare les trois modèles du corps non structuré",
    genre="cda",
    source="CI-SIS, structuration minimale, schématron 1.16, SM-03, SM-04",
    remede=f"Déclarer exactement {TEMPLATE_HL7FR}, {TEMPLATE_CISIS} et {TEMPLATE_XDS_SD}.",
    exigences=("DOC/va1.08",),
)
def modeles_niveau_1(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """nonXMLBody: exactly the three templateIds; another body must be structured."""
    if cda.corps.sorte == "":
        yield Ecart("component", "nonXMLBody ou structuredBody", "aucun corps")
    if cda.corps.sorte != "nonXMLBody":
        return
    roots = sorted(model.root for model in cda.modeles)
    if roots != sorted((TEMPLATE_HL7FR, TEMPLATE_CISIS, TEMPLATE_XDS_SD)):
        yield Ecart("templateId", f"les trois modèles, dont {TEMPLATE_XDS_SD}", ", ".join(roots) or "aucun")


@regle(
    "CDA-N1-01",
    "Le corps de niveau 1 est un PDF (ou du texte) déclaré comme tel",
    genre="cda",
    source=SOURCE,
    remede="Écrire nonXMLBody/text mediaType=application/pdf.",
    exigences=("DOC/va1.08",),
)
def media_type(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """mediaType application/pdf or text/plain: the XDS formatCode comes from it."""
    if cda.corps.sorte == "nonXMLBody" and cda.corps.media_type not in MEDIAS:
        yield Ecart(f"{cda.corps.ou}/@mediaType", " ou ".join(MEDIAS), cda.corps.media_type or "absent")


@regle(
    "CDA-N1-02",
    "Le corps de niveau 1 est déclaré en base64",
    genre="cda",
    source=SOURCE,
    remede="Écrire nonXMLBody/text representation=B64.",
    exigences=("DOC/va1.08",),
)
def representation(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """representation B64."""
    if cda.corps.sorte == "nonXMLBody" and cda.corps.representation != "B64":
        yield Ecart(f"{cda.corps.ou}/@representation", "B64", cda.corps.representation or "absent")


@regle(
    "CDA-N1-03",
    "Le base64 du corps se décode",
    genre="cda",
    source=SOURCE,
    remede="Encoder le fichier entier en base64 standard (RFC 4648), sans caractère étranger.",
    exigences=("DOC/va1.08",),
)
def base64_lisible(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """Strict decoding after removal of white space; an empty body fails too."""
    if cda.corps.sorte == "nonXMLBody" and cda.corps.contenu is None:
        yield Ecart(cda.corps.ou, "un fichier en base64", cda.corps.erreur)


@regle(
    "CDA-N1-04",
    "Le corps déclaré PDF est un fichier PDF",
    genre="cda",
    source=SOURCE,
    remede="Mettre dans le corps les octets du fichier PDF lui-même, depuis %PDF-.",
    exigences=("DOC/va1.08",),
)
def signature_pdf(cda: CdaLu, _contexte: Contexte) -> Iterable[Ecart]:
    """First bytes `%PDF-`."""
    if cda.pdf is not None and not cda.pdf.startswith(b"%PDF-"):
        yield Ecart(cda.corps.ou, "un fichier commençant par %PDF-", repr(cda.pdf[:8]))
