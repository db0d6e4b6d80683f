"""MSSanté rules: silent on the reference mails, each one caught by its own defect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

import banc_segur.rules.mss
import banc_segur.temoin.defauts.mss  # noqa: F401 - registers
from banc_segur.formats import courriel, courriel_lu, enveloppe, xdm
from banc_segur.rules import catalogue
from banc_segur.rules.analyse import analyser
from banc_segur.rules.model import Analyse, Contexte, EchangeBrut
from banc_segur.temoin import defauts
from tests import corpus

DEFAUTS = [item for item in defauts.tous() if item.id.startswith("MSS-")]


@dataclass
class Options:
    tls: bool = True
    certificat: bool = True
    rcpt: tuple[str, ...] = ()


def _corpus(name: str) -> bytes:
    return corpus.fichier("mssante", "courriels", name).read_bytes()


def _analyser(data: bytes, identite: str, options: Options) -> Analyse:
    mail = courriel_lu.read(data)
    prelude = [("EHLO x", "250 ok")]
    if options.tls:
        prelude += [("STARTTLS", "220 go"), ("EHLO x", "250 ok")]
    login = (f"AUTH PLAIN {identite}", "235 ok" if options.certificat else "535 no")
    people = [(f"RCPT TO:<{address}>", "250 ok") for address in (*mail.a, *options.rcpt)]
    lines = [*prelude, login, (f"MAIL FROM:<{identite}>", "250 ok"), *people, ("DATA", "354 go"), ("", "250 ok")]
    request = enveloppe.write([line for line, _ in lines if line], data)
    answer = enveloppe.write_reponse([reply for _, reply in lines])
    return analyser(EchangeBrut("smtp", "pfi-mss", request, answer))


def _constats(analyse: Analyse, certificat: bytes | None = b"der") -> set[str]:
    contexte = Contexte(datetime(2026, 1, 10, tzinfo=UTC), "pfi-mss", certificat)
    judged = [catalogue.evaluer(sujet, contexte) for sujet in analyse.sujets]
    assert not any(item.non_evaluees for item in judged)
    return {constat.regle for item in judged for constat in item.constats}


@pytest.mark.parametrize("rang", range(1, 14))
def test_silent_on_the_reference_mails(rang: int) -> None:
    (path,) = corpus.fichier("mssante", "courriels").glob(f"{rang:02d}_*.eml")
    data = path.read_bytes()
    analyse = _analyser(data, courriel_lu.read(data).de, Options())
    assert _constats(analyse) == set()
    assert analyse.reussi is True


def test_only_a_matricule_in_an_address_is_a_fact() -> None:
    data = _corpus("01_ps_un_document.eml")
    people = ("reponse.automatique-test@patient.mssante.fr", "279035121518989@patient.mssante.fr")
    analyse = _analyser(data, courriel_lu.read(data).de, Options(rcpt=people))
    assert [f.valeur for f in analyse.faits if f.ou == "RCPT TO"] == ["279035121518989"]


def test_what_the_analysis_says() -> None:
    data = _corpus("01_ps_un_document.eml")
    analyse = _analyser(data, courriel_lu.read(data).de, Options())
    assert ("matricule", "279035121518989") in analyse.cles
    assert ("Message-ID", "<m001.20260110@hopitala.mssante.fr>") in analyse.cles
    assert analyse.attributs == (("destinataire", "adam.hoda@medecin.mssante.fr"),)
    assert {fait.porteur for fait in analyse.faits} == {"courriel", "XDM"}
    faits = {(fait.porteur, fait.donnee): fait.valeur for fait in analyse.faits}
    assert {
        donnee: faits["XDM", donnee] for donnee in ("date_naissance", "sexe", "nom_naissance", "premier_prenom")
    } == {
        "date_naissance": "1979-03-28",
        "sexe": "F",
        "nom_naissance": "PAT-TROIS",
        "premier_prenom": "DOMINIQUE",
    }
    assert faits["courriel", "date_naissance"] == "1979-03-28"
    assert [document.genre for document in analyse.documents] == ["cda"]
    assert "adam.hoda@medecin.mssante.fr" in analyse.resume


def _courriel(data: bytes) -> courriel.Courriel:
    """The reference mail as the witness would hold it before writing."""
    mail = courriel_lu.read(data)
    return courriel.Courriel(
        de=mail.de,
        etiquette=mail.etiquette,
        a=mail.a,
        sujet=mail.sujet,
        message_id=mail.message_id,
        date=datetime(2026, 1, 10, tzinfo=UTC),
        corps=mail.corps,
        nil=mail.entete("X-MSS-NIL"),
        repondre_a=mail.adresses("Reply-To")[0][1],
        codes_cda=tuple(mail.entete("X-MSS-CODECDA").split(",")),
        ins=mail.entete("X-MSS-INS"),
        archive=mail.archives[0].octets,
        pdfs=tuple((piece.nom, piece.octets) for piece in mail.pdfs),
    )


def _jouer(defaut: defauts.Defaut | None) -> set[str]:
    mail = _courriel(_corpus("01_ps_un_document.eml"))
    identite = mail.de
    smtp: dict[str, Any] = {"starttls": True, "certificat": True, "rcpt_to": ()}
    if defaut is not None and defaut.point == "pfi.xdm":
        mail = courriel.Courriel(**{**_champs(mail), "archive": defaut.muter(mail.archive)})
    if defaut is not None and defaut.point == "pfi.courriel":
        mail = defaut.muter(mail)
    data = courriel.write(mail)
    if defaut is not None and defaut.point == "pfi.courriel.octets":
        data = defaut.muter(data)
    if defaut is not None and defaut.point == "pfi.smtp":
        smtp = defaut.muter(smtp)
    options = Options(smtp["starttls"], smtp["certificat"], smtp["rcpt_to"])
    if defaut is not None and defaut.id == "MSS-U01":  # the reference patient is the one the defect adds
        options.rcpt = ("100000000000000@patient.mssante.fr",)
    return _constats(_analyser(data, identite, options), b"der" if options.certificat else None)


def _champs(mail: courriel.Courriel) -> dict[str, Any]:
    return {name: getattr(mail, name) for name in mail.__dataclass_fields__}


def test_the_rebuilt_mail_is_clean() -> None:
    assert _jouer(None) == set()


@pytest.mark.parametrize("defaut", DEFAUTS, ids=lambda item: item.id)
def test_each_defect_is_caught_by_its_rule(defaut: defauts.Defaut) -> None:
    assert defaut.regle in _jouer(defaut)


def test_every_rule_has_exactly_one_defect() -> None:
    rules = [rule.id for rule in catalogue.toutes() if rule.id.startswith("MSS-")]
    assert sorted(item.regle for item in DEFAUTS) == rules


def test_an_unreadable_mail_is_said_so() -> None:
    request = enveloppe.write(["EHLO x", "MAIL FROM:<a@b>", "DATA"], b"\x00" * 400_000)
    analyse = analyser(EchangeBrut("smtp", "pfi-mss", request, b"250 a\r\n250 b\r\n354 c\r\n250 d\r\n"))
    assert analyse.operation == "illisible"


def test_imap_commands_are_told_in_french() -> None:
    analyse = analyser(EchangeBrut("imap", "lgc-mss", b"a1 UID FETCH 1 (BODY[])\r\n", b"a1 OK done\r\n"))
    assert (analyse.operation, analyse.reussi) == ("IMAP UID FETCH", True)
    assert "lecture" in analyse.resume


def test_the_archive_of_a_defect_stays_an_archive() -> None:
    mail = _courriel(_corpus("01_ps_un_document.eml"))
    mutated = next(item for item in DEFAUTS if item.id == "MSS-X02").muter(mail.archive)
    assert xdm.read(mutated).documents.keys() == xdm.read(mail.archive or b"").documents.keys()
