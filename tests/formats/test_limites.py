"""Every limit of every reader, at its edge: the same bytes are read, then refused once the limit is just below them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType

import pytest

from banc_segur.formats import (
    certificat,
    courriel_lu,
    datamatrix,
    der,
    dn,
    enveloppe,
    er7,
    lettre,
    lot_signature,
    mllp,
    mtom,
    pdf,
    pdfa,
    xdm,
    xds_read,
    xds_write,
    xml,
)
from banc_segur.formats.errors import FormatError
from tests.cda_monde import PATIENT, TRAITS, page
from tests.dmp_exemples import lot_exemple
from tests.formats.test_dsig import cle
from tests.signature import materiel

HL7 = b"MSH|^~\\&|RI|CH|EAI|CH|20260101||ADT^A31^ADT_A05|1|P|2.5\rPID|1||7^^^CH^PI~8^^^CH^PN\r"
MAIL = (
    b'From: a@b.mssante.fr\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="B"\r\n\r\n'
    b"--B\r\nContent-Type: text/plain\r\n\r\nun\r\n--B\r\nContent-Type: text/plain\r\n\r\ndeux\r\n--B--\r\n"
)
SMTP = (enveloppe.write(["EHLO a", "NOOP"], None), enveloppe.write_reponse(["250 ok", "250 ok"]))
PARTS = (
    "multipart/related; boundary=B",
    b"--B\r\nContent-ID: <a>\r\n\r\nr\r\n--B\r\nContent-ID: <b>\r\n\r\ns\r\n--B--",
)
HEADERS = len(b"\r\nContent-ID: <b>\r\n\r\n")
SYMBOLE = datamatrix.encode(PATIENT.ins, TRAITS) if PATIENT.ins else b""
LOT = xds_write.write_soumission(lot_exemple())
NOM = "CN=DMP SIGN,OU=10B0000001,O=CH BANC,C=FR"


def _archive() -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("IHE_XDM/SUBSET01/METADATA.XML", b"<m/>")
        archive.writestr("IHE_XDM/SUBSET01/DOC00001.XML", b"<a>" + b" " * 20_000 + b"</a>")
    return output.getvalue()


def _signature() -> bytes:
    documents = (lot_signature.DocumentLot("1.2.4", b"<a/>"),)
    return lot_signature.write("1.2.3", documents, cle(), datetime(2026, 1, 1, tzinfo=UTC))


LIMITES: list[tuple[ModuleType, str, int, Callable[[], object]]] = [
    (er7, "TAILLE_MAX", len(HL7), lambda: er7.read(HL7)),
    (er7, "SEGMENTS_MAX", 3, lambda: er7.read(HL7)),
    (er7, "CHAMPS_MAX", 11, lambda: er7.read(HL7)),
    (er7, "REPETITIONS_MAX", 2, lambda: er7.read(HL7)),
    (mllp, "PARASITES_MAX", 3, lambda: list(mllp.MllpReader().feed(b"xxx"))),
    (mtom, "MAX_BYTES", len(PARTS[1]), lambda: mtom.read(*PARTS)),
    (mtom, "MAX_HEADERS", HEADERS, lambda: mtom.read(*PARTS)),
    (mtom, "MAX_PARTS", 2, lambda: mtom.read(*PARTS)),
    (xdm, "MAX_ARCHIVE", len(_archive()), lambda: xdm.read(_archive())),
    (xdm, "MAX_ENTREES", 2, lambda: xdm.read(_archive())),
    (xdm, "MAX_OUVERT", 20_011, lambda: xdm.read(_archive())),
    (courriel_lu, "MAX_OCTETS", len(MAIL), lambda: courriel_lu.read(MAIL)),
    (courriel_lu, "MAX_ENTETES", MAIL.index(b"\r\n\r\n"), lambda: courriel_lu.read(MAIL)),
    (courriel_lu, "MAX_PARTIES", 3, lambda: courriel_lu.read(MAIL)),
    (courriel_lu, "MAX_PROFONDEUR", 1, lambda: courriel_lu._read(MAIL)),
    (enveloppe, "MAX_LIGNES", 2, lambda: enveloppe.read(*SMTP)),
    (datamatrix, "MAX_BYTES", len(SYMBOLE), lambda: datamatrix.decode(SYMBOLE)),
    (pdf, "MAX_BYTES", len(lettre.write(page())), lambda: pdf.read(lettre.write(page()))),
    (pdf, "MAX_PAGES", 1, lambda: pdf.read(lettre.write(page()))),
    (der, "MAX_BYTES", len(materiel().sign.der), lambda: certificat.read.__wrapped__(materiel().sign.der)),
    (dn, "MAX_TEXTE", len(NOM), lambda: dn.read_text(NOM)),
    (lot_signature, "MAX_BYTES", len(_signature()), lambda: lot_signature.read(_signature())),
    (xds_read, "MAX_OBJETS", len(LOT.findall(".//{*}RegistryObjectList/*")), lambda: xds_read.read_soumission(LOT)),
    (xml, "MAX_BALISES", 2, lambda: xml.parse(b"<a></a>")),
]


@pytest.mark.parametrize(("module", "nom", "bord", "lire"), LIMITES, ids=lambda x: getattr(x, "__name__", str(x)))
def test_read_at_the_limit_and_refused_beyond(
    module: ModuleType, nom: str, bord: int, lire: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bord <= getattr(module, nom)
    monkeypatch.setattr(module, nom, bord)
    lire()
    monkeypatch.setattr(module, nom, bord - 1)
    with pytest.raises(FormatError):
        lire()


def test_a_small_entry_may_have_any_ratio_and_a_large_one_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xdm, "MAX_RATIO", 10)
    assert xdm.read(_archive()).documents
    monkeypatch.setattr(xdm, "RATIO_LIBRE", 1000)
    with pytest.raises(FormatError, match="bombe"):
        xdm.read(_archive())


def test_a_pdf_gives_no_more_text_than_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = pdf.read(lettre.write(page())).texte
    monkeypatch.setattr(pdf, "MAX_TEXTE", 40)
    assert pdf.read(lettre.write(page())).texte == whole[:40]


def test_an_mllp_frame() -> None:
    assert mllp.MllpReader(max_frame=3).feed(b"\x0babc\x1c\r") == [b"abc"]
    with pytest.raises(FormatError, match="au plus 2 octets"):
        mllp.MllpReader(max_frame=2).feed(b"\x0babc\x1c\r")


def test_values_of_a_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(der, "_MAX_NODES", 2)
    with pytest.raises(FormatError, match="au plus 2 valeurs"):
        certificat.read.__wrapped__(materiel().sign.der)  # beneath what `read` remembers


def test_a_pdf_of_too_many_objects_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pdf.read(lettre.write(page())).pdfa.ecarts == ()
    monkeypatch.setattr(pdfa, "MAX_OBJETS", 1)
    assert "trop d'objets" in pdf.read(lettre.write(page())).pdfa.ecarts[0]
