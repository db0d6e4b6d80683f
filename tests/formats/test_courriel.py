"""MSSanté mails, notifications and SMTP transactions: written, read, hostile."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from email import policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banc_segur.formats import courriel, courriel_lu, dsn, enveloppe
from banc_segur.formats.errors import FormatError
from tests import corpus

MAIL = courriel.Courriel(
    de="pfi@ch.mssante.fr",
    etiquette="CH Ségur, médecine",
    a=("a@b.mssante.fr",),
    sujet=courriel.sujet_xdm(["Lettre de liaison à la sortie d'un établissement"], "D'ÉTÉ", "Noëlle", "1970-01-02"),
    message_id="<1@ch.mssante.fr>",
    date=datetime(2026, 1, 10, tzinfo=UTC),
    corps="Été\n" + courriel.avis_automatique("s@ch.mssante.fr"),
    nil="9999",
    repondre_a="s@ch.mssante.fr",
    codes_cda=("11490-0",) * 12,
    ins="O",
    mes_fin=True,
    archive=b"PK\x03\x04",
    pdfs=(("20260110_a_B_c.pdf", b"%PDF-1.4"),),
    demande_mdn=True,
)


def test_subject_and_pdf_name_of_the_referentiel() -> None:
    label = "CR d'examens biologiques"
    assert courriel.sujet_xdm([label], "VIAL", "Paul", "1978-11-26") == f"XDM/1.0/DDM+{label} VIAL Paul 26/11/1978"
    assert courriel.sujet_xdm(["a", "b"], "VIAL", "Paul", "") == "XDM/1.0/DDM+2 documents VIAL Paul"
    assert courriel.nom_pdf("20150802", "Lettre de liaison à la sortie d'un établissement", "VIAL", "Paul") == (
        "20150802_Lettre de liaison a la sortie d'un etabl_VIAL_Paul.pdf"
    )
    assert courriel.nom_pdf("20150802101500", label, "vial", "Paul", "1_2").endswith("_VIAL_Paul_1 2.pdf")


def test_round_trip_and_the_standard_library_agrees() -> None:
    data = courriel.write(MAIL)
    assert data == courriel.write(MAIL)
    read = courriel.read(data)
    assert (read.fins_nues, read.ligne_max <= 998) == (0, True)
    assert (read.de, read.etiquette, read.a, read.sujet) == (MAIL.de, MAIL.etiquette, MAIL.a, MAIL.sujet)
    assert read.corps == MAIL.corps
    assert [piece.octets for piece in read.archives] == [MAIL.archive]
    assert [(piece.nom, piece.octets) for piece in read.pdfs] == list(MAIL.pdfs)
    assert read.entete("X-MSS-CODECDA").replace(" ", "").split(",") == list(MAIL.codes_cda)
    other = email.message_from_bytes(data, policy=policy.default)
    assert other["Subject"] == MAIL.sujet and other["X-MSS-MES"] == "FIN"
    assert b"=?" not in data.split(b"X-MSS-CODECDA", 1)[1].split(b"\r\nX-MSS-MES")[0]


def test_header_injection_is_impossible() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        courriel.write(courriel.Courriel(**{**_champs(), "sujet": "a\r\nBcc: x@y"}))


def _champs() -> dict[str, object]:
    return {name: getattr(MAIL, name) for name in MAIL.__dataclass_fields__}


@pytest.mark.parametrize(
    ("rang", "archives", "transmises", "rapport"),
    [
        (1, 1, 0, ""),
        (2, 1, 0, ""),
        (3, 1, 0, ""),
        (4, 0, 0, ""),
        (5, 0, 0, ""),
        (6, 1, 0, ""),
        (7, 1, 1, "disposition-notification"),
        (8, 1, 1, "disposition-notification"),
        (9, 2, 1, "disposition-notification"),
        (10, 1, 1, ""),
        (11, 0, 0, "delivery-status"),
        (12, 0, 0, "delivery-status"),
        (13, 0, 0, "delivery-status"),
    ],
)
def test_reference_mails(rang: int, archives: int, transmises: int, rapport: str) -> None:
    (path,) = corpus.fichier("mssante", "courriels").glob(f"{rang:02d}_*.eml")
    read = courriel_lu.read(path.read_bytes())
    assert (len(read.archives), sum(p.transmis for p in read.archives), read.rapport) == (archives, transmises, rapport)
    assert read.message_id.startswith("<") and read.sujet and "=?" not in read.sujet
    if rapport == "delivery-status":
        assert dsn.read(path.read_bytes()).destinataires[0].statut in ("5.2.1", "5.3.4", "2.0.0")


def test_depth_and_size_are_bounded() -> None:
    nested = b"".join(b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (i, i) for i in range(50))
    with pytest.raises(FormatError, match="niveaux"):
        courriel_lu.read(nested + b"Subject: fond\r\n\r\n")
    with pytest.raises(FormatError, match="parties"):
        courriel_lu.read(b"Content-Type: text/plain\r\n" * 300 + b"\r\n")
    with pytest.raises(FormatError):
        courriel_lu.read(b"")


@given(st.binary(max_size=2000))
@settings(max_examples=50, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (courriel_lu.read, dsn.read):
        try:
            read(data)
        except FormatError as error:
            assert error.attendu


def test_dsn_round_trip() -> None:
    item = dsn.AvisDestinataire("z@y.fr", "failed", "5.2.1", "550 5.2.1 mailbox disabled")
    notice = dsn.AvisRemise("m@y.fr", "a@b.fr", "<n@y>", MAIL.date, "smtp.y.fr", "<o@b>", (item,), "Fermée.", "e1")
    data = dsn.write(notice)
    assert dsn.read(data) == dsn.AvisLu("<o@b>", "e1", (item,), "Fermée.\n")
    other = email.message_from_bytes(data, policy=policy.default)
    assert other.get_content_type() == "multipart/report" and not other.defects


@given(st.lists(st.sampled_from(["EHLO x", "MAIL FROM:<a@b> RET=HDRS", "RCPT TO:<c@d>"]), min_size=1), st.binary())
@settings(max_examples=50, deadline=None)
def test_transaction_round_trip(lines: list[str], message: bytes) -> None:
    whole = [*lines, "DATA"]
    request = enveloppe.write(whole, message)
    read = enveloppe.read(request, enveloppe.write_reponse([*("250-a\r\n250 b" for _ in lines), "354 go", "250 ok"]))
    assert [line for line, _ in read.lignes] == whole
    assert (read.message, read.finale.code) == (message, 250)


@given(st.binary(max_size=300), st.binary(max_size=300))
@settings(max_examples=50, deadline=None)
def test_any_transaction_bytes_are_read_or_refused(request: bytes, answer: bytes) -> None:
    try:
        enveloppe.read(request, answer)
    except FormatError as error:
        assert error.attendu
