"""Read a PDF: text, symbols of its pages, structural signs of PDF/A-1. Tier 2: run in a worker process.

Source: `cda.md` §8.2 (list of structural checks; « indices structurels », not a certificate), `stack.md` §12.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import pikepdf
import pypdfium2
import zxingcpp

from banc_segur.formats.errors import FormatError
from banc_segur.formats.pdfa import PdfaFaits, examiner

MAX_BYTES = 20_000_000
MAX_PAGES = 200
PAGES_RENDUES = 4
MAX_TEXTE = 200_000
MAX_COTE = 4000  # pixels of one rendered side: A2 at 200 dpi; larger pages are rendered smaller
RESOLUTIONS = (200, 300)
FORMATS = zxingcpp.barcode_formats_from_str("DataMatrix,QRCode,Code128")


@dataclass(frozen=True, slots=True)
class Symbole:
    """One symbol found on a page: its format name, its bytes, width over height, where, at which resolution."""

    format: str
    octets: bytes
    rapport: float
    page: int
    resolution: int

    @property
    def carre(self) -> bool:
        """True when width and height differ by less than 15 %."""
        return 0.85 <= self.rapport <= 1.15


@dataclass(frozen=True, slots=True)
class PdfLu:
    """A PDF as read. texte: pages joined by a form feed; pages: their number; pages_lues: those rendered."""

    texte: str
    pages: int
    pages_lues: int
    pdfa: PdfaFaits
    symboles: tuple[Symbole, ...]

    def datamatrix(self) -> tuple[Symbole, ...]:
        """The Data Matrix symbols."""
        return tuple(s for s in self.symboles if s.format == "DataMatrix")


def read(data: bytes) -> PdfLu:
    """Read a PDF: text of its pages, symbols of the first four (200 dpi, once more at 300 when none is found).

    Raises:
        FormatError: too large, not a PDF, damaged, encrypted, or more than 200 pages.
    """
    if len(data) > MAX_BYTES:
        raise FormatError("PDF", f"un fichier d'au plus {MAX_BYTES} octets", f"{len(data)} octets")
    if not data.startswith(b"%PDF-"):
        raise FormatError("PDF", "un fichier commençant par %PDF-", repr(data[:8]))
    try:
        with pikepdf.open(io.BytesIO(data)) as structure:
            faits = examiner(structure, data)
        document = pypdfium2.PdfDocument(data)
    except (pikepdf.PdfError, pikepdf.PasswordError, pypdfium2.PdfiumError, ValueError) as error:
        raise FormatError("PDF", "un fichier PDF lisible et non chiffré", str(error)) from error
    try:
        return _lire(document, faits)
    except pypdfium2.PdfiumError as error:
        raise FormatError("PDF", "des pages lisibles", str(error)) from error
    finally:
        document.close()


def _lire(document: pypdfium2.PdfDocument, faits: PdfaFaits) -> PdfLu:
    count = len(document)
    if not 1 <= count <= MAX_PAGES:
        raise FormatError("PDF", f"1 à {MAX_PAGES} pages", f"{count} pages")
    texts: list[str] = []
    symbols: list[Symbole] = []
    for index in range(count):
        page = document[index]
        if sum(map(len, texts)) < MAX_TEXTE:
            texts.append(page.get_textpage().get_text_bounded())
        if index < PAGES_RENDUES:
            symbols += _symboles(page, index + 1)
        page.close()
    return PdfLu("\f".join(texts)[:MAX_TEXTE], count, min(count, PAGES_RENDUES), faits, tuple(symbols))


def _symboles(page: pypdfium2.PdfPage, number: int) -> list[Symbole]:
    for resolution in RESOLUTIONS:
        scale = min(resolution / 72, MAX_COTE / max(page.get_width(), page.get_height(), 1))
        bitmap = page.render(scale=scale, grayscale=True)
        found = zxingcpp.read_barcodes(bitmap.to_pil(), formats=FORMATS)
        if found:
            return [_symbole(code, number, resolution) for code in found]
    return []


def _symbole(code: zxingcpp.Barcode, page: int, resolution: int) -> Symbole:
    corners = code.position
    width = _distance(corners.top_left, corners.top_right)
    height = _distance(corners.top_left, corners.bottom_left)
    return Symbole(code.format.name, bytes(code.bytes), width / height if height else 0.0, page, resolution)


def _distance(first: zxingcpp.Point, second: zxingcpp.Point) -> float:
    return float(((first.x - second.x) ** 2 + (first.y - second.y) ** 2) ** 0.5)
