"""Write a discharge letter as PDF/A-1b: identity box, INS datamatrix, body.

Source: guide d'implémentation INS rules 32 (paper) and 7 (`insi.md` §11, §13); PDF/A-1b by fpdf2 (`cda.md` §8.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from importlib import resources

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from banc_segur.formats import datamatrix
from banc_segur.formats.identite import Patient, Professionnel, Structure
from banc_segur.formats.ins import OID_NIA

MENTION_DATAMATRIX = "INS à scanner"
COTE_SYMBOLE = 20.0  # mm: read at 150 dpi and above (`stack.md` §12)
MARGE = 20.0
SEXES = {"M": "Masculin", "F": "Féminin"}
LIBELLES = {
    "nom_naissance": "Nom de naissance",
    "premier_prenom": "Premier prénom de naissance",
    "prenoms": "Prénoms de naissance",
    "date_naissance": "Né(e) le",
    "sexe": "Sexe",
    "lieu_naissance": "Lieu de naissance (code INSEE)",
    "matricule": "Matricule INS",
}


@dataclass(frozen=True, slots=True)
class Lettre:
    """What a letter shows. cartouche: (label, value) lines of the identity box, as `cartouche` makes them.

    datamatrix: payload of the INS symbol, empty for none; carre: False draws it as a rectangle (a defect).
    date: AAAAMMJJ… or AAAA-MM-JJ; corps: paragraphs. conforme: False writes an ordinary PDF, not PDF/A (a defect).
    """

    cartouche: tuple[tuple[str, str], ...]
    structure: Structure
    auteur: Professionnel
    titre: str
    date: str
    corps: tuple[str, ...]
    destinataire: Professionnel | None = None
    sejour_debut: str = ""
    sejour_fin: str = ""
    ipp: str = ""
    datamatrix: bytes = b""
    carre: bool = True
    conforme: bool = True


def cartouche(patient: Patient) -> tuple[tuple[str, str], ...]:
    """The identity lines of a patient: strict traits, and the matricule with its nature only when qualifiée."""
    traits = patient.traits
    lines = [
        (LIBELLES["nom_naissance"], traits.nom_naissance),
        (LIBELLES["premier_prenom"], traits.premier_prenom),
        (LIBELLES["prenoms"], traits.prenoms),
        (LIBELLES["date_naissance"], jour(traits.date_naissance)),
        (LIBELLES["sexe"], SEXES.get(traits.sexe, traits.sexe)),
        (LIBELLES["lieu_naissance"], traits.lieu_naissance),
    ]
    if patient.ins and patient.statut == "qualifiee":
        nature = "NIA" if patient.ins.oid == OID_NIA else "NIR"
        lines.append((LIBELLES["matricule"], f"{patient.ins.matricule} ({nature})"))
    return tuple(lines)


def jour(value: str) -> str:
    """`AAAA-MM-JJ` or `AAAAMMJJ…` -> `JJ/MM/AAAA`; anything else unchanged."""
    digits = value.replace("-", "")[:8]
    return f"{digits[6:]}/{digits[4:6]}/{digits[:4]}" if len(digits) == 8 and digits.isdigit() else value


def write(lettre: Lettre) -> bytes:
    """Return the PDF bytes: one page or more of A4, fonts embedded, XMP and sRGB output intent of PDF/A-1b."""
    pdf = FPDF(enforce_compliance="PDF/A-1B") if lettre.conforme else FPDF()
    pdf.set_creation_date(_instant(lettre.date))
    pdf.set_title(lettre.titre)
    pdf.set_author(lettre.structure.nom)
    pdf.set_lang("fr")
    pdf.set_margin(MARGE)
    pdf.set_auto_page_break(True, MARGE)
    polices = resources.files("banc_segur.formats").joinpath("polices")
    for style, name in (("", "DejaVuSans.ttf"), ("B", "DejaVuSans-Bold.ttf")):
        with resources.as_file(polices.joinpath(name)) as path:
            pdf.add_font("DejaVu", style, path)
    pdf.add_page()
    _entete(pdf, lettre)
    _identite(pdf, lettre)
    _texte(pdf, lettre)
    return bytes(pdf.output())


def _instant(value: str) -> datetime:
    """The creation date of the file, so that the same letter gives the same bytes; 2000 when unreadable."""
    try:
        return datetime.strptime(value.replace("-", "")[:8] + "+0000", "%Y%m%d%z")
    except ValueError:
        return datetime.strptime("20000101+0000", "%Y%m%d%z")


def _ligne(pdf: FPDF, text: str, *, height: float = 5.5) -> None:
    pdf.multi_cell(0, height, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L")


def _entete(pdf: FPDF, lettre: Lettre) -> None:
    pdf.set_font("DejaVu", "B", 12)
    _ligne(pdf, lettre.structure.nom)
    pdf.set_font("DejaVu", "", 9)
    _ligne(pdf, f"FINESS {lettre.structure.finess}")
    _ligne(pdf, f"Docteur {lettre.auteur.prenom} {lettre.auteur.nom} – RPPS {lettre.auteur.id_national[1:]}")
    if lettre.destinataire:
        _ligne(pdf, f"À l'attention du docteur {lettre.destinataire.prenom} {lettre.destinataire.nom}")
    pdf.ln(4)
    pdf.set_font("DejaVu", "B", 14)
    _ligne(pdf, lettre.titre, height=7)
    pdf.set_font("DejaVu", "", 9)
    _ligne(pdf, f"Le {jour(lettre.date)}")
    pdf.ln(3)


def _identite(pdf: FPDF, lettre: Lettre) -> None:
    """The identity box: lines on the left, the symbol and its mention on the right."""
    top = pdf.get_y()
    pdf.set_font("DejaVu", "", 10)
    for label, value in lettre.cartouche:
        pdf.cell(0, 5.5, f"{label} : {value}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if lettre.ipp:
        pdf.cell(0, 5.5, f"IPP : {lettre.ipp}", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    bottom = pdf.get_y()
    if lettre.datamatrix:
        bottom = max(bottom, _symbole(pdf, lettre, top))
    pdf.rect(MARGE - 2, top - 2, pdf.epw + 4, bottom - top + 4)
    pdf.set_y(bottom + 6)


def _symbole(pdf: FPDF, lettre: Lettre, top: float) -> float:
    """Draw the datamatrix and its mention at the right margin; return the lowest point used, in mm."""
    image = datamatrix.symbole(lettre.datamatrix, carre=lettre.carre).convert("RGB")
    height = COTE_SYMBOLE * image.height / max(image.size)
    width = COTE_SYMBOLE * image.width / max(image.size)
    left = pdf.w - MARGE - COTE_SYMBOLE - 4
    pdf.image(image, x=left, y=top, w=width, h=height)
    pdf.set_xy(left - 4, top + height)
    pdf.set_font("DejaVu", "", 8)
    pdf.cell(COTE_SYMBOLE + 8, 4, MENTION_DATAMATRIX, align="C")
    return top + height + 4


def _texte(pdf: FPDF, lettre: Lettre) -> None:
    pdf.set_font("DejaVu", "", 10)
    if lettre.sejour_debut:
        period = f"Hospitalisation du {jour(lettre.sejour_debut)}"
        period += f" au {jour(lettre.sejour_fin)}" if lettre.sejour_fin else ""
        _ligne(pdf, period)
        pdf.ln(2)
    for paragraph in lettre.corps:
        _ligne(pdf, paragraph)
        pdf.ln(2)
    pdf.ln(6)
    _ligne(pdf, f"Docteur {lettre.auteur.prenom} {lettre.auteur.nom}")
