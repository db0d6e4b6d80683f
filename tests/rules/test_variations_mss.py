"""Lawful mails of other vendors, built without our writer: silent but for what each row names; real defects told."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.header import Header
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

import banc_segur.rules.mss  # noqa: F401 - registers
from banc_segur.formats import cda_read, cda_write, enveloppe, xds, xml
from banc_segur.formats.courriel import nom_pdf, sujet_xdm
from banc_segur.rules import catalogue
from banc_segur.rules.analyse import analyser
from banc_segur.rules.model import Contexte, EchangeBrut, Severite
from tests import corpus
from tests.dmp_banc import AUTEUR, INS, PDF, TRAITS, document

BAL = "pfi@ch-segur-test.mssante.fr"
HUMAIN = "secretariat@ch-segur-test.mssante.fr"
LIBELLE = "Lettre de liaison à la sortie d'un établissement de soins"
SUJET = sujet_xdm((LIBELLE,), TRAITS.nom_naissance, TRAITS.premier_prenom, TRAITS.date_naissance)
NOM = nom_pdf("20260110", LIBELLE, TRAITS.nom_naissance, TRAITS.premier_prenom)
CORPS = f"Bonjour, voici un document.\r\nMessage généré automatiquement. Contact : {HUMAIN}\r\n"


def _cda(numero: int = 1) -> bytes:
    return cda_write.write(document(numero), PDF)


@dataclass
class Courriel:
    """A mail as another product would make it."""

    sujet: str = SUJET
    entetes: dict[str, str] = field(default_factory=dict)
    cdas: tuple[bytes, ...] = field(default_factory=lambda: (_cda(),))
    pdfs: tuple[tuple[str, bytes], ...] = ((NOM, PDF),)
    dossier: str = "IHE_XDM/SUBSET01/"
    noms: Callable[[int], str] = lambda rank: f"DOC{rank:05d}.XML"
    uri: Callable[[str], str] = str
    autres: dict[str, bytes] = field(default_factory=dict)
    hash: Callable[[str], str] = str
    lot: Callable[[xds.Lot], xds.Lot] = lambda lot: lot
    texte: Callable[[], MIMEText | MIMEMultipart] = lambda: MIMEText(CORPS, "plain", "utf-8")
    octets: Callable[[bytes], bytes] = lambda data: data
    type_zip: str = "zip"
    nom_zip: str = "IHE_XDM.zip"
    racine: tuple[str, ...] = ("INDEX.HTM", "README.TXT")
    vers: str = "adam.hoda@medecin.mssante.fr"

    def archive(self) -> bytes:
        """The IHE_XDM archive."""
        entries = []
        for rank, data in enumerate(self.cdas, 1):
            entry = xds.derive(cda_read.read(data), data, entree=f"Document{rank:02d}")
            name = self.uri(self.noms(rank))
            entries.append(replace(entry, uri=name, hash=self.hash(xds.empreinte(data)), size=str(len(data))))
        lot = xds.Lot(
            "SubmissionSet01",
            unique_id="1.2.250.1.999.1.1.9.1",
            source_id="1.2.250.1.999.1.1",
            patient_id=xds.Cx(INS.matricule, INS.oid).write(),
            submission_time="20260115083000",
            authors=(xds.Auteur(xds.Xcn(AUTEUR.id_national, AUTEUR.nom, AUTEUR.prenom).write()),),
            content_type_code=xds.content_type("I"),
            entrees=tuple(entries),
        )
        metadata = xml.serialize(xds.write_soumission(xds.lier(self.lot(lot))))
        output = io.BytesIO()
        with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in self.racine:
                archive.writestr(name, "x")
            archive.writestr(f"{self.dossier}METADATA.XML", metadata)
            for rank, data in enumerate(self.cdas, 1):
                archive.writestr(self.dossier + self.noms(rank), data)
            for name, data in self.autres.items():
                archive.writestr(self.dossier + name, data)
        return output.getvalue()

    def ecrire(self) -> bytes:
        """The bytes of the mail."""
        mail = MIMEMultipart("mixed")
        headers = {
            "From": f"CH SEGUR TEST <{BAL}>",
            "To": self.vers,
            "Reply-To": HUMAIN,
            "Subject": self.sujet,
            "Date": "Thu, 15 Jan 2026 10:30:00 +0100",
            "Message-ID": "<1.2@ch-segur-test.mssante.fr>",
            "X-MSS-NIL": "1234",
            "X-MSS-INS": "O",
            "X-MSS-CODECDA": ",".join("11490-0" for _ in self.cdas),
        } | self.entetes
        for name, value in headers.items():
            mail[name] = value
        mail.attach(self.texte())
        part = MIMEApplication(self.archive(), self.type_zip)
        part.add_header("Content-Disposition", "attachment", filename=self.nom_zip)
        mail.attach(part)
        for name, data in self.pdfs:
            part = MIMEApplication(data, "pdf")
            part.add_header("Content-Disposition", "attachment", filename=name)
            mail.attach(part)
        return self.octets(re.sub(rb"\r?\n", b"\r\n", mail.as_bytes()))


def juger(data: bytes, vers: str = "adam.hoda@medecin.mssante.fr") -> dict[str, list[str]]:
    """Rule -> what it says of a mail submitted by a BAL APP."""
    lines = [
        ("EHLO x", "250 ok"),
        ("STARTTLS", "220 go"),
        ("EHLO x", "250 ok"),
        (f"AUTH PLAIN {BAL}", "235 ok"),
        (f"MAIL FROM:<{BAL}>", "250 ok"),
        (f"RCPT TO:<{vers}>", "250 ok"),
        ("DATA", "354 go"),
        ("", "250 ok"),
    ]
    request = enveloppe.write([line for line, _ in lines if line], data)
    answer = enveloppe.write_reponse([reply for _, reply in lines])
    analyse = analyser(EchangeBrut("smtp", "pfi-mss", request, answer))
    context = Contexte(datetime(2026, 1, 15, 9, 30, tzinfo=UTC), "pfi-mss", b"der")
    found: dict[str, list[str]] = {}
    for sujet in analyse.sujets:
        for constat in catalogue.evaluer(sujet, context).constats:
            found.setdefault(constat.regle, []).append(f"{constat.ou} : {constat.attendu} / {constat.observe}")
    return found


def _alternative() -> MIMEMultipart:
    both = MIMEMultipart("alternative")
    both.attach(MIMEText(CORPS, "plain", "utf-8"))
    both.attach(MIMEText(f"<p>{CORPS}</p>", "html", "utf-8"))
    return both


def _rfc2231(data: bytes) -> bytes:
    encoded = "20260110_Lettre%20de%20liaison%20%C3%A0%20la%20sortie%20d%27un%20%C3%A9tabl_DUPONT-TEST_ANNE.pdf"
    return _nommer(data, f"filename*0*=UTF-8''{encoded[:60]};\r\n filename*1*={encoded[60:]}")


def _rfc2047(data: bytes) -> bytes:
    name = f"20260110_{LIBELLE[:40].strip()}_DUPONT-TEST_ANNE.pdf"
    return _nommer(data, f'filename="{Header(name, "utf-8", maxlinelen=400).encode()}"')


def _nommer(data: bytes, parametre: str) -> bytes:
    found = re.compile(rb"filename=(\"[^\"]*\.pdf\"|\S*\.pdf)|filename\*=\S*\.pdf").search(data)
    assert found
    return data[: found.start()] + parametre.encode() + data[found.end() :]


def _plier(data: bytes) -> bytes:
    """Folded headers with tabs, names of headers in other cases, encoded subject in two words."""
    data = data.replace(b"X-MSS-CODECDA: 11490-0,11490-0", b"x-mss-codecda:\r\n\t11490-0,\r\n 11490-0")
    data = data.replace(b"Message-ID: <", b"Message-Id:\r\n <")
    return data.replace(b"X-MSS-INS: O", b"X-Mss-Ins:\r\n\tO")


def _8bit(data: bytes) -> bytes:
    """The text part not encoded."""
    end = data.index(b"\r\n\r\n", data.index(b"Content-Transfer-Encoding: base64"))
    stop = data.index(b"\r\n--", end)
    head = data[:end].replace(b"Content-Transfer-Encoding: base64", b"Content-Transfer-Encoding: 8bit", 1)
    return head + b"\r\n\r\n" + CORPS.encode() + data[stop:]


DEUX = {
    "cdas": (_cda(1), _cda(2)),
    "pdfs": ((NOM, PDF), (NOM.replace(".pdf", "_2.pdf"), PDF)),
    "sujet": sujet_xdm((LIBELLE, LIBELLE), "DUPONT-TEST", "ANNE", "1963-05-15"),
}
VARIANTES: dict[str, tuple[Courriel, set[str]]] = {
    "témoin": (Courriel(), set()),
    "multipart/alternative": (Courriel(texte=_alternative), set()),
    "corps en 8bit": (Courriel(octets=_8bit), set()),
    "deux documents": (Courriel(**DEUX), set()),  # type: ignore[arg-type]
    "en-têtes pliés": (Courriel(**DEUX, octets=_plier), set()),  # type: ignore[arg-type]
    "objet sans date": (Courriel(sujet=sujet_xdm((LIBELLE,), "DUPONT-TEST", "ANNE", "")), set()),
    "prénom en minuscules": (Courriel(sujet=sujet_xdm((LIBELLE,), "DUPONT-TEST", "Anne", "1963-05-15")), set()),
    "libellé sans accents": (Courriel(sujet=SUJET.replace("à", "a").replace("é", "e")), set()),
    "nom de PDF en RFC 2231 coupé": (Courriel(octets=_rfc2231), set()),
    "nom de PDF en RFC 2047": (Courriel(octets=_rfc2047), set()),
    "nom de PDF avec numéro de dossier": (Courriel(pdfs=((NOM.replace(".pdf", "_12150302.pdf"), PDF),)), set()),
    "extension PDF en capitales": (Courriel(pdfs=((NOM.replace(".pdf", ".PDF"), PDF),)), set()),
    "un autre PDF joint": (Courriel(pdfs=((NOM, PDF), ("Plaquette du service.pdf", b"%PDF-1.4"))), set()),
    "type octet-stream": (Courriel(type_zip="octet-stream"), set()),
    "nom IHE_XDM.ZIP": (Courriel(nom_zip="IHE_XDM.ZIP"), set()),
    "hash en majuscules": (Courriel(hash=str.upper), set()),
    "sous-ensemble SS000001": (Courriel(dossier="IHE_XDM/SS000001/"), set()),
    "PDF et feuille de style dans l'archive": (
        Courriel(autres={"DOC00001.PDF": PDF, "STYLE.XSL": b"<x/>", "CDA.XSL": b"<x/>"}),
        set(),
    ),
    "URI avec ./": (Courriel(uri=lambda name: f"./{name}"), set()),
    "archive sans README": (Courriel(racine=("INDEX.HTM",)), {"MSS-X01-FORME"}),
    "noms en minuscules": (Courriel(noms=lambda rank: f"doc{rank:05d}.xml"), {"MSS-X01-FORME"}),
    "nom de document long": (Courriel(noms=lambda rank: f"compte_rendu_{rank:05d}.xml"), {"MSS-X01-FORME"}),
    "vers l'usager, FIN": (
        Courriel(entetes={"X-MSS-MES": "FIN"}, vers=f"{INS.matricule}@patient.mssante.fr"),
        set(),
    ),
    "demande d'accusés": (
        Courriel(entetes={"Disposition-Notification-To": BAL, "Return-Receipt-To": BAL, "X-Mailer": "Produit"}),
        set(),
    ),
    "date UTC de l'acte dans le nom du PDF": (
        Courriel(cdas=(re.sub(rb'<low value="20260110[^"]*"', b'<low value="20260111003000+0100"', _cda()),)),
        set(),
    ),
    "patient non qualifié, sans prénom BR": (
        Courriel(
            cdas=(
                re.sub(rb'<given qualifier="BR">[^<]*</given>', b"", _cda()).replace(
                    INS.oid.encode(), b"1.2.250.1.999.7"
                ),
            ),
            entetes={"X-MSS-INS": "N"},
            lot=lambda lot: replace(lot, patient_id=""),
        ),
        set(),
    ),
}


@pytest.mark.parametrize("nom", VARIANTES)
def test_lawful_mail(nom: str) -> None:
    mail, expected = VARIANTES[nom]
    found = juger(mail.ecrire(), mail.vers)
    assert set(found) == expected, found
    assert all(catalogue.par_id(rule).severite is Severite.AVERTISSEMENT for rule in expected)


def _tronquer(data: bytes) -> bytes:
    """The base64 of the archive loses its last lines."""
    start = data.index(b"IHE_XDM.zip")
    end = data.index(b"\r\n--", start)
    return data[: end - 400] + data[end:]


DEFAUTS: dict[str, tuple[Courriel, str]] = {
    "NOM en minuscules dans l'objet": (Courriel(sujet=SUJET.replace("DUPONT-TEST", "Dupont-Test")), "MSS-S01"),
    "objet d'un autre patient": (Courriel(sujet=SUJET.replace("DUPONT", "DURAND")), "MSS-S01"),
    "date de naissance fausse": (Courriel(sujet=SUJET.replace("1963", "1936")), "MSS-S01"),
    "texte avant le préfixe": (Courriel(sujet=f"[Annule et remplace] {SUJET}"), "MSS-S01"),
    "codes dédoublonnés": (Courriel(**DEUX, entetes={"X-MSS-CODECDA": "11490-0"}), "MSS-H05"),  # type: ignore[arg-type]
    "un PDF pour deux documents": (Courriel(**(DEUX | {"pdfs": ((NOM, PDF),)})), "MSS-P02"),  # type: ignore[arg-type]
    "PDF nommé par le logiciel": (Courriel(pdfs=(("document.pdf", PDF),)), "MSS-P03"),
    "PDF d'un autre document": (Courriel(pdfs=((NOM, PDF + b"%"),)), "MSS-P04"),
    "texte seulement en HTML": (Courriel(texte=lambda: MIMEText(f"<p>{CORPS}</p>", "html", "utf-8")), "MSS-B01"),
    "texte en windows-1252": (Courriel(texte=lambda: MIMEText(CORPS, "plain", "windows-1252")), "MSS-B02"),
    "FIN vers un professionnel": (Courriel(entetes={"X-MSS-MES": "FIN"}), "MSS-H08"),
    "document non décrit": (Courriel(autres={"DOC00009.XML": b"<a/>"}), "MSS-X02"),
    "métadonnées d'un autre patient": (
        Courriel(lot=lambda lot: replace(lot, patient_id="279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH")),
        "MSS-X03",
    ),
    "métadonnées hors de IHE_XDM": (Courriel(dossier="SUBSET01/"), "MSS-X01"),
    "archive tronquée": (Courriel(type_zip="zip", octets=_tronquer), "MSS-X01"),
}


@pytest.mark.parametrize("nom", DEFAUTS)
def test_a_real_defect_is_told(nom: str) -> None:
    mail, rule = DEFAUTS[nom]
    assert rule in juger(mail.ecrire(), mail.vers)


@pytest.mark.parametrize(
    "path",
    [*corpus.fichiers("mssante/xdm-etranger", ".zip", ".ZIP"), *corpus.fichiers("attacks/xdm-odd", ".zip", ".ZIP")],
    ids=lambda path: path.stem,
)
def test_foreign_archives_are_judged_without_fault(path: object) -> None:
    mail = Courriel()
    mail.archive = path.read_bytes  # type: ignore[method-assign,attr-defined]
    request = juger(mail.ecrire())
    assert request
