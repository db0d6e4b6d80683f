"""IHE_XDM archives: ours, foreign ones, hostile ones."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import xdm
from banc_segur.formats.errors import FormatError
from banc_segur.formats.xdm_pages import Emetteur
from tests import corpus

META = "IHE_XDM/SUBSET01/METADATA.XML"
EMETTEUR = Emetteur("CH <TEST>", "175B000001", "a@b.fr")


def _zip(*entries: tuple[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", compression) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return output.getvalue()


def test_round_trip_and_tree() -> None:
    data = xdm.write(b"<m/>", [("DOC00001.XML", b"<a/>"), ("DOC00002.XML", b"<b/>")], EMETTEUR)
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
    read = xdm.read(data)
    assert (read.metadonnees, read.documents, read.anomalies) == (
        b"<m/>",
        {"DOC00001.XML": b"<a/>", "DOC00002.XML": b"<b/>"},
        (),
    )
    assert data == xdm.write(b"<m/>", [("DOC00001.XML", b"<a/>"), ("DOC00002.XML", b"<b/>")], EMETTEUR)
    assert xdm.nom_document(12, "PDF") == "DOC00012.PDF"


@pytest.mark.parametrize(
    ("path", "subset", "document"),
    [
        ("mssante/xdm-etranger/TOC_XDM_FULL_METADATA.ZIP", "SUBSET01", "TOC.XML"),
        ("mssante/xdm-etranger/ebxml21.zip", "SUBSET01", "DOC0001.XML"),
        ("mssante/xdm-etranger/xdm_minimal.zip", "SUBSET", "DOC.TXT"),
        ("attacks/xdm-odd/C32_SAMPLE1_IN_XDM.ZIP", "SUBSET01", "C32_1.XML"),
        ("attacks/xdm-odd/TOC_XDM_LIMITED_METADATA.ZIP", "SUBSET01", "TOC.XML"),
    ],
)
def test_foreign_archives_are_read(path: str, subset: str, document: str) -> None:
    read = xdm.read(corpus.fichier(path).read_bytes())
    assert read.dossiers[0].nom == subset
    assert read.document(document)
    assert not any("DS_Store" in name or "MACOSX" in name for name in read.documents)


@pytest.mark.parametrize(
    "entries",
    [
        [("../evil", b"x"), (META, b"<m/>")],
        [("/etc/passwd", b"x"), (META, b"<m/>")],
        [("C:\\evil", b"x"), (META, b"<m/>")],
        [("IHE_XDM\\..\\..\\evil", b"x"), (META, b"<m/>")],
        [(META.lower(), b"x"), (META, b"<m/>")],
        [("bombe", b"\0" * 40_000_000), (META, b"<m/>")],
        [(f"f{i}", b"") for i in range(600)],
        [("INDEX.HTM", b"rien")],
    ],
    ids=["parent", "absolu", "lecteur", "antislash", "double", "bombe", "nombre", "sans-metadata"],
)
def test_hostile_archives_are_refused(entries: list[tuple[str, bytes]]) -> None:
    with pytest.raises(FormatError):
        xdm.read(_zip(*entries))


def test_encrypted_and_overlapping_entries_are_refused() -> None:
    data = bytearray(_zip((META, b"<m/>"), compression=zipfile.ZIP_STORED))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(FormatError, match="chiffrée"):
        xdm.read(bytes(data))
    two = bytearray(_zip((META, b"<m/>"), ("A", b"<m/>"), compression=zipfile.ZIP_STORED))
    second = two.rindex(b"PK\x01\x02")
    two[second + 42 : second + 46] = b"\0\0\0\0"
    with pytest.raises(FormatError):
        xdm.read(bytes(two))


def test_nested_zip_is_told_and_not_opened() -> None:
    read = xdm.read(_zip((META, b"<m/>"), ("IHE_XDM/SUBSET01/A.ZIP", _zip(("a", b"b")))))
    assert any("imbriqué" in item.observe for item in read.anomalies)


@given(st.binary(max_size=300), st.integers(0, 400))
@settings(max_examples=50, deadline=None)
def test_damaged_bytes_never_escape(noise: bytes, place: int) -> None:
    data = bytearray(xdm.write(b"<m/>", [("DOC00001.XML", b"<a/>")], EMETTEUR))
    data[place : place + len(noise)] = noise
    try:
        xdm.read(bytes(data))
    except FormatError as error:
        assert error.attendu
