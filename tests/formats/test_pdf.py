from __future__ import annotations

import io
import time

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import cda_read, lettre, pdf
from banc_segur.formats.errors import FormatError
from tests.cda_monde import CDA, page, requires_cda

GOOD = lettre.write(page())


def resaved(**options: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(GOOD)) as document:
        document.save(out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def changed(change: object) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(GOOD)) as document:
        change(document)  # type: ignore[operator]
        document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, force_version="1.4")
    return out.getvalue()


def test_our_letter_is_read_whole() -> None:
    read = pdf.read(GOOD)
    assert read.pages == 1
    assert "ADRTROIS" in read.texte
    assert read.pdfa.revendique
    assert read.pdfa.ecarts == ()
    (symbol,) = read.datamatrix()
    assert symbol.octets == page().datamatrix
    assert symbol.carre
    assert symbol.resolution == 200


def test_a_rectangle_is_seen_as_one() -> None:
    (symbol,) = pdf.read(lettre.write(page(carre=False))).datamatrix()
    assert not symbol.carre


def _smask(document: pikepdf.Pdf) -> None:
    document.pages[0].Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=pikepdf.Name.DeviceRGB)


def _sans_police(document: pikepdf.Pdf) -> None:
    for obj in document.objects:
        if isinstance(obj, pikepdf.Dictionary) and obj.get("/Type") == "/FontDescriptor":
            del obj["/FontFile2"]


def _javascript(document: pikepdf.Pdf) -> None:
    document.Root.OpenAction = document.make_indirect(
        pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("1"))
    )


def _sans_intention(document: pikepdf.Pdf) -> None:
    del document.Root.OutputIntents


def _sans_xmp(document: pikepdf.Pdf) -> None:
    del document.Root.Metadata


def _joint(document: pikepdf.Pdf) -> None:
    document.attachments["a.txt"] = b"joint"


def _calque(document: pikepdf.Pdf) -> None:
    document.Root.OCProperties = pikepdf.Dictionary()


def _types_faux(document: pikepdf.Pdf) -> None:
    document.Root.Names = pikepdf.String("x")
    document.Root.Extra = document.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, ca=pikepdf.Name.X))


@pytest.mark.parametrize(
    ("change", "departure"),
    [
        (_smask, "transparence"),
        (_sans_police, "police non incorporée"),
        (_javascript, "action interdite"),
        (_sans_intention, "intention de sortie"),
        (_sans_xmp, "métadonnée XMP"),
        (_joint, "fichiers joints"),
        (_calque, "contenu optionnel"),
        (_types_faux, "transparence"),
    ],
)
def test_each_departure_from_pdfa_is_seen(change: object, departure: str) -> None:
    assert any(departure in found for found in pdf.read(changed(change)).pdfa.ecarts)


def test_resaving_without_change_keeps_the_file_clean() -> None:
    assert pdf.read(changed(lambda document: None)).pdfa.ecarts == ()


def test_object_streams_are_seen() -> None:
    found = pdf.read(resaved(object_stream_mode=pikepdf.ObjectStreamMode.generate, force_version="1.5")).pdfa
    assert any("flux d'objets" in departure for departure in found.ecarts)
    assert any("1.5" in departure for departure in found.ecarts)


@requires_cda
def test_official_bodies_are_told_apart() -> None:
    """The ANS example embeds a PDF 1.5 without claim; the mutants a small valid PDF/A-1b (`SOURCES.md`)."""
    official = cda_read.read((CDA / "examples" / "DOC_NON_STRUCTURE_CDA-R2-N1.xml").read_bytes()).pdf
    small = cda_read.read((CDA / "mutants" / "N1__n1-base.xml").read_bytes()).pdf
    assert official is not None
    assert small is not None
    assert not pdf.read(official).pdfa.revendique
    assert pdf.read(small).pdfa == pdf.PdfaFaits("1.4", "1", "B", ())


def test_an_encrypted_file_is_refused() -> None:
    with pytest.raises(FormatError):
        pdf.read(resaved(encryption=pikepdf.Encryption(owner="a", user="b")))


@pytest.mark.parametrize("data", [b"", b"%PDF-1.4", b"PK\x03\x04", GOOD[:300], b"%PDF-1.4\n" + b"x" * 99])
def test_what_is_no_pdf_is_a_format_error(data: bytes) -> None:
    with pytest.raises(FormatError):
        pdf.read(data)


def test_a_compressed_xmp_cannot_blow_up() -> None:
    def bomb(document: pikepdf.Pdf) -> None:
        document.Root.Metadata = document.make_stream(b" " * 50_000_000)

    data = io.BytesIO()
    with pikepdf.open(io.BytesIO(GOOD)) as document:
        bomb(document)
        document.save(data, compress_streams=True)
    read = pdf.read(data.getvalue())
    assert not read.pdfa.revendique


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(9, len(GOOD) - 1), st.integers(0, 255)), min_size=1, max_size=20))
def test_damaged_files_are_read_or_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(GOOD)
    for position, value in changes:
        data[position] = value
    try:
        pdf.read(bytes(data))
    except FormatError as error:
        assert error.ou == "PDF"


def test_reading_one_page_costs_less_than_70_ms_of_cpu() -> None:
    best = 1.0
    for rank in range(5):
        data = lettre.write(page(titre=f"Lettre {rank}"))
        start = time.thread_time()
        pdf.read(data)
        best = min(best, time.thread_time() - start)
    assert best < 0.070
