"""Structural signs of PDF/A-1 in a PDF, read with pikepdf.

Source: `cda.md` §8.2, list recalled from ISO 19005-1 then measured against a reference validator. These are signs,
not a certificate: a file without any finding here may still fail a full validator.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pikepdf

MAX_OBJETS = 100_000
MAX_XMP = 1_000_000
ACTIONS = frozenset({"/JavaScript", "/Launch", "/Sound", "/Movie", "/ResetForm", "/ImportData"})
Objet = pikepdf.Object
MODES_FUSION = frozenset({"/Normal", "/Compatible"})


@dataclass(frozen=True, slots=True)
class PdfaFaits:
    """version: of the PDF header (`1.4`). partie, conformite: what the XMP claims (`1`, `B`), empty without claim.

    ecarts: structural departures from PDF/A-1, in French.
    """

    version: str
    partie: str
    conformite: str
    ecarts: tuple[str, ...]

    @property
    def revendique(self) -> bool:
        """True when the file claims PDF/A-1 level A or B."""
        return self.partie == "1" and self.conformite.upper() in {"A", "B"}


def examiner(pdf: pikepdf.Pdf, data: bytes) -> PdfaFaits:
    """Look for the signs of PDF/A-1 in an open PDF; `data` are its bytes."""
    part, level, found = _metadonnees(pdf)
    found += _enveloppe(pdf, data)
    for departure in _objets(pdf):
        if departure not in found:
            found.append(departure)
    match = re.match(rb"%PDF-(\d\.\d)", data)
    return PdfaFaits(match[1].decode() if match else "", part, level, tuple(found))


def _metadonnees(pdf: pikepdf.Pdf) -> tuple[str, str, list[str]]:
    """The claim of the XMP (element or attribute form), and what is wrong with it."""
    stream = pdf.Root.get("/Metadata")
    if not isinstance(stream, pikepdf.Stream):
        return "", "", ["aucune métadonnée XMP (/Metadata)"]
    found = ["métadonnées XMP compressées (/Filter)"] if "/Filter" in stream else []
    raw = _octets(stream)
    part, level = (_xmp(raw, name) for name in (b"part", b"conformance"))
    if not part:
        found.append("les métadonnées XMP ne revendiquent pas PDF/A (pdfaid:part)")
    return part, level, found


def _octets(stream: pikepdf.Stream) -> bytes:
    """The first MAX_XMP bytes of the XMP; empty when compressed by anything but FlateDecode."""
    raw = bytes(stream.read_raw_bytes())[:MAX_XMP]
    if "/Filter" not in stream:
        return raw
    try:
        return zlib.decompressobj().decompress(raw, MAX_XMP)
    except zlib.error:
        return b""


def _xmp(raw: bytes, name: bytes) -> str:
    match = re.search(rb"pdfaid:" + name + rb"(?:\s*=\s*[\"']|>)\s*(\w+)", raw)
    return match[1].decode("ascii", "replace") if match else ""


def _enveloppe(pdf: pikepdf.Pdf, data: bytes) -> list[str]:
    """Header, trailer, catalog."""
    checks: tuple[tuple[bool, str], ...] = (
        (data[5:8] > b"1.4", f"version PDF {data[5:8].decode('latin-1')} au-delà de 1.4"),
        (pdf.is_encrypted, "document chiffré"),
        ("/ID" not in pdf.trailer, "trailer sans /ID"),
        (not _intention(pdf), "aucune intention de sortie GTS_PDFA1 avec profil de couleurs"),
        ("/AA" in pdf.Root, "actions supplémentaires au catalogue (/AA)"),
        ("/OCProperties" in pdf.Root, "contenu optionnel (/OCProperties)"),
        (_fichiers_joints(pdf), "fichiers joints (/EmbeddedFiles)"),
        (re.search(rb"/Type\s*/(?:XRef|ObjStm)\b", data) is not None, "flux d'objets ou de références croisées"),
    )
    return [text for wrong, text in checks if wrong]


def _fichiers_joints(pdf: pikepdf.Pdf) -> bool:
    names = pdf.Root.get("/Names")
    return isinstance(names, pikepdf.Dictionary) and "/EmbeddedFiles" in names


def _intention(pdf: pikepdf.Pdf) -> bool:
    intents = pdf.Root.get("/OutputIntents")
    if not isinstance(intents, pikepdf.Array):
        return False
    return any(
        isinstance(i, pikepdf.Dictionary) and i.get("/S") == "/GTS_PDFA1" and "/DestOutputProfile" in i for i in intents
    )


def _objets(pdf: pikepdf.Pdf) -> Iterator[str]:
    """Departures in each indirect object; direct dictionaries are seen through their holder."""
    for rank, obj in enumerate(pdf.objects):
        if rank >= MAX_OBJETS:
            yield "trop d'objets pour être tous examinés"
            return
        if isinstance(obj, pikepdf.Dictionary | pikepdf.Stream):
            yield from (text for wrong, text in CONTROLES if _certain(wrong, obj))


def _certain(wrong: Callable[[Objet], bool], obj: Objet) -> bool:
    """Whether the check fails; a value of another type than PDF asks for fails it too."""
    try:
        return wrong(obj)
    except (TypeError, ValueError, AttributeError, pikepdf.PdfError):
        return True


def _police_absente(obj: Objet) -> bool:
    if obj.get("/Type") != "/FontDescriptor":
        return False
    return not any(key in obj for key in ("/FontFile", "/FontFile2", "/FontFile3"))


def _police_standard(obj: Objet) -> bool:
    """A simple font without descriptor is one of the fourteen, never embedded."""
    return (
        obj.get("/Type") == "/Font"
        and obj.get("/Subtype") in ("/Type1", "/TrueType", "/MMType1")
        and "/FontDescriptor" not in obj
    )


def _transparence(obj: Objet) -> bool:
    group = obj.get("/Group")
    if isinstance(group, pikepdf.Dictionary) and group.get("/S") == "/Transparency":
        return True
    if obj.get("/Subtype") == "/Image":
        return "/SMask" in obj
    return obj.get("/Type") == "/ExtGState" and _etat_transparent(obj)


def _etat_transparent(obj: Objet) -> bool:
    opaque = all(float(obj.get(key, 1)) == 1.0 for key in ("/ca", "/CA"))
    plain = str(obj.get("/BM", "/Normal")) in MODES_FUSION and str(obj.get("/SMask", "/None")) == "/None"
    return not (opaque and plain)


def _lzw(obj: Objet) -> bool:
    filters = obj.get("/Filter")
    names = list(filters) if isinstance(filters, pikepdf.Array) else [filters]
    return "/LZWDecode" in [str(name) for name in names]


def _annotation_cachee(obj: Objet) -> bool:
    """Flags of an annotation: printed (bit 3), not hidden, invisible, no-view (bits 1, 2, 6)."""
    if obj.get("/Type") != "/Annot" or obj.get("/Subtype") == "/Popup":
        return False
    flags = int(obj.get("/F", 0))
    return not flags & 4 or bool(flags & 0b100011)


CONTROLES: tuple[tuple[Callable[[Objet], bool], str], ...] = (
    (_police_absente, "police non incorporée"),
    (_police_standard, "police standard non incorporée"),
    (_transparence, "transparence"),
    (_lzw, "compression LZW"),
    (lambda o: o.get("/Subtype") == "/Image" and bool(o.get("/Interpolate", False)), "image interpolée"),
    (lambda o: isinstance(o, pikepdf.Stream) and "/F" in o, "flux externe"),
    (lambda o: "/EF" in o, "fichier joint (/EF)"),
    (lambda o: str(o.get("/S", "")) in ACTIONS, "action interdite (JavaScript, lancement, son, vidéo, formulaire)"),
    (_annotation_cachee, "annotation cachée ou non imprimable"),
)
