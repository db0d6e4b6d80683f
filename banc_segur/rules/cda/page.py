"""What a letter's page says of its patient, read from its text by the labels people print.

Source: guide d'implémentation INS rule 32 (`insi.md` §11); the labels beyond the rule's own words are hypothèse.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

from banc_segur.formats.cda import CdaLu
from banc_segur.formats.datamatrix import DatamatrixIns, decode, est_ins
from banc_segur.formats.errors import FormatError
from banc_segur.formats.ins import cle_juste
from banc_segur.formats.pdf import PdfLu, Symbole

SEXES = {"MASCULIN": "M", "HOMME": "M", "M": "M", "FEMININ": "F", "FEMME": "F", "F": "F"}
VALEUR = r" ?:? ?([A-Z][A-Z '\-]*?) ?$"  # on the line of its label: the next line may be another label
ETIQUETTES = {
    "nom_naissance": re.compile(r"\bNOM DE NAISSANCE" + VALEUR, re.M),
    "premier_prenom": re.compile(r"(?:1ER|PREMIER) PRENOM(?: DE NAISSANCE)?" + VALEUR, re.M),
    "prenoms": re.compile(r"^PRENOM(?:S|\(S\))(?: DE NAISSANCE)?" + VALEUR, re.M),
    "sexe": re.compile(r"\bSEXE\s*:?\s*(MASCULIN|FEMININ|HOMME|FEMME|M|F)\b"),
    "lieu_naissance": re.compile(r"LIEU DE NAISSANCE[^:\n]*:?\s*(\d[\dAB]\d{3})\b"),
}
# the label of another field further on the same line ends a value
SUIVANTE = re.compile(
    r" (?=(?:1ER |PREMIER |LISTE )?PRENOM|NOM (?:DE|D'|UTILISE|USUEL)|SEXE\b|NEE? LE|NE\(E\)|DATE DE|DDN\b|INS\b|IPP\b)"
)
NAISSANCE = re.compile(r"(?:\bNEE? LE|\bNE\(E\) LE|\bDATE DE NAISSANCE|\bDDN)\s*:?\s*(\d{2})[/. -](\d{2})[/. -](\d{4})")
MATRICULE = re.compile(
    r"(?<!\d)([1-9] ?\d{2} ?\d{2} ?(?:\d{2}|2A|2B) ?\d{3} ?\d{3} ?\d{2})(?!\d)\s*\(?\s*(?:INS)?[ -]*(NIR|NIA)?"
)


@dataclass(frozen=True, slots=True)
class LettreLue:
    """A letter to judge: the PDF, the CDA that carries it (None when it came alone), the page, its datamatrix.

    page: values by datum, normalised as in facts; nature: `NIR`, `NIA` or empty. texte: upper case, no accent.
    ins: the symbols whose payload starts as an INS datamatrix, with what they say (None when unreadable, then why).
    """

    pdf: PdfLu
    cda: CdaLu | None
    texte: str
    page: dict[str, str] = field(default_factory=dict)
    nature: str = ""
    ins: tuple[tuple[Symbole, DatamatrixIns | None, str], ...] = ()

    def attendus(self) -> dict[str, str]:
        """What the letter must agree with, by datum: the CDA's traits and INS; empty when it came alone."""
        if self.cda is None:
            return {}
        traits, ins = self.cda.traits, self.cda.ins
        values = {
            "nom_naissance": traits.nom_naissance,
            "prenoms": traits.prenoms,
            "premier_prenom": traits.premier_prenom,
            "sexe": traits.sexe,
            "date_naissance": traits.date_naissance,
            "lieu_naissance": traits.lieu_naissance,
            "matricule": ins.matricule if ins else "",
            "oid": ins.oid if ins else "",
        }
        return {key: value for key, value in values.items() if value}

    @property
    def porte_ins(self) -> bool:
        """True when the CDA carries an INS or, without CDA, when the page shows a matricule."""
        return self.cda.ins is not None if self.cda else "matricule" in self.page


def lire(pdf: PdfLu, cda: CdaLu | None = None) -> LettreLue:
    """Read the page's values and the INS symbols of a PDF."""
    upper = normaliser(pdf.texte)
    values: dict[str, str] = {}
    for datum, pattern in ETIQUETTES.items():
        if match := pattern.search(upper):
            values[datum] = SEXES[match[1]] if datum == "sexe" else SUIVANTE.split(match[1])[0]
    if match := NAISSANCE.search(upper):
        values["date_naissance"] = f"{match[3]}-{match[2]}-{match[1]}"
    matricule, nature = _matricule(upper)
    if matricule:
        values["matricule"] = matricule
    symbols = tuple(_symbole(s) for s in pdf.datamatrix() if est_ins(s.octets))
    return LettreLue(pdf, cda, upper, values, nature, symbols)


def _matricule(upper: str) -> tuple[str, str]:
    """The first number that is a matricule (nature beside it, or a right key) and its nature; empty when none."""
    for match in MATRICULE.finditer(upper):
        number, nature = match[1].replace(" ", ""), match[2] or ""
        if nature or cle_juste(number):
            return number, nature
    return "", ""


def _symbole(symbol: Symbole) -> tuple[Symbole, DatamatrixIns | None, str]:
    try:
        return symbol, decode(symbol.octets), ""
    except FormatError as error:
        return symbol, None, str(error)


def normaliser(text: str) -> str:
    """Upper case, accents removed, runs of blanks to one space, line ends kept, typographic apostrophes made plain."""
    plain = unicodedata.normalize("NFD", text.replace("’", "'").replace("œ", "oe"))
    plain = "".join(c for c in plain if not unicodedata.combining(c)).upper()
    return "\n".join(re.sub(r"[^\S\n]+", " ", line).strip() for line in plain.splitlines())
