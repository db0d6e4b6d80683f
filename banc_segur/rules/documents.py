"""Judge one document (tier 2, in a worker process): bytes in, findings and facts out. Pure and picklable.

A level 1 CDA with a PDF body gives also the findings and facts of its PDF and of its datamatrix.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from banc_segur.formats import cda_read, pdf
from banc_segur.formats.cda import CdaLu
from banc_segur.formats.errors import FormatError
from banc_segur.rules import analyse, cda  # registers the rules of genres `illisible`, `cda`, `lettre`
from banc_segur.rules.catalogue import evaluer
from banc_segur.rules.cda.page import LettreLue, lire
from banc_segur.rules.model import Contexte, Fait, Jugement, Sujet

__all__ = ["JugementDocument", "analyse", "cda", "juger_document"]

IDENTITE = "recordTarget/patientRole"
LIEUX_CDA = {
    "matricule": f"{IDENTITE}/id/@extension",
    "oid": f"{IDENTITE}/id/@root",
    "nom_naissance": f"{IDENTITE}/patient/name/family[@qualifier='BR']",
    "prenoms": f"{IDENTITE}/patient/name/given[not(@qualifier)]",
    "premier_prenom": f"{IDENTITE}/patient/name/given[@qualifier='BR']",
    "sexe": f"{IDENTITE}/patient/administrativeGenderCode/@code",
    "date_naissance": f"{IDENTITE}/patient/birthTime/@value",
    "lieu_naissance": f"{IDENTITE}/patient/birthplace/place/addr/county",
}


@dataclass(frozen=True, slots=True)
class JugementDocument:
    """What was found in one document and in those it holds.

    genre, empreinte: the document's genre and the SHA-1 (hex) of its bytes. resume: one French sentence.
    faits: porteurs `CDA`, `PDF`, `datamatrix`. cles: correlation keys. sous_documents: SHA-1 of the PDFs judged inside.
    """

    genre: str
    empreinte: str
    resume: str
    jugement: Jugement
    faits: tuple[Fait, ...] = ()
    cles: tuple[tuple[str, str], ...] = ()
    sous_documents: tuple[str, ...] = ()


def juger_document(genre: str, octets: bytes, contexte: Contexte) -> JugementDocument:
    """Judge the bytes of one document; never raises for what the document holds.

    Args:
        genre: `cda` or `lettre` (a PDF that came without its CDA).

    Raises:
        ValueError: another genre.
    """
    if genre not in {"cda", "lettre"}:
        raise ValueError(f"unknown genre of document: {genre}")
    try:
        return _juger_cda(octets, contexte) if genre == "cda" else _juger_lettre(octets, contexte)
    except FormatError as error:
        jugement = evaluer(Sujet("illisible", error), contexte)
        return JugementDocument(genre, _sha1(octets), f"Document illisible ({error.ou})", jugement)


def _sha1(octets: bytes) -> str:
    """The digest of XDS metadata: an identifier here, not a protection."""
    return hashlib.sha1(octets, usedforsecurity=False).hexdigest()


def _juger_lettre(octets: bytes, contexte: Contexte) -> JugementDocument:
    lettre = lire(pdf.read(octets))
    jugement = evaluer(Sujet("lettre", lettre), contexte)
    return JugementDocument("lettre", _sha1(octets), _resume_pdf(lettre), jugement, _faits_lettre(lettre))


def _juger_cda(octets: bytes, contexte: Contexte) -> JugementDocument:
    document = cda_read.read(octets)
    empreinte = _sha1(octets)
    jugement = evaluer(Sujet("cda", document), contexte)
    faits = _faits_cda(document, empreinte)
    resume = f"CDA « {document.titre or 'sans titre'} »"
    inner: tuple[str, ...] = ()
    body = document.pdf
    if body is not None:
        jugement_pdf, faits_pdf, resume_pdf = _juger_corps(body, document, contexte)
        jugement, faits = _joindre(jugement, jugement_pdf), faits + faits_pdf
        resume, inner = f"{resume}, {resume_pdf}", (_sha1(body),)
    cles = _cles(document)
    return JugementDocument("cda", empreinte, resume, jugement, faits, cles, inner)


def _juger_corps(body: bytes, document: CdaLu, contexte: Contexte) -> tuple[Jugement, tuple[Fait, ...], str]:
    try:
        lettre = lire(pdf.read(body), document)
    except FormatError as error:
        return evaluer(Sujet("illisible", error), contexte), (), "PDF illisible"
    return evaluer(Sujet("lettre", lettre), contexte), _faits_lettre(lettre), _resume_pdf(lettre)


def _joindre(first: Jugement, second: Jugement) -> Jugement:
    return Jugement(
        first.constats + second.constats,
        first.evaluees + second.evaluees,
        first.non_evaluees + second.non_evaluees,
    )


def _resume_pdf(lettre: LettreLue) -> str:
    pages = f"{lettre.pdf.pages} page" + ("s" if lettre.pdf.pages > 1 else "")
    return f"PDF de {pages}, {'avec' if lettre.ins else 'sans'} datamatrix INS"


def _faits_cda(document: CdaLu, empreinte: str) -> tuple[Fait, ...]:
    traits, ins = document.traits, document.ins
    values = {datum: getattr(traits, datum) for datum in LIEUX_CDA if hasattr(traits, datum)}
    if ins:
        values |= {"matricule": ins.matricule, "oid": ins.oid}
    found = [Fait(datum, value, "CDA", LIEUX_CDA[datum]) for datum, value in values.items() if value]
    if document.document_id:
        found.append(Fait("document", document.document_id, "CDA", "id/@root"))
    found.append(Fait("empreinte", empreinte, "CDA", "octets du CDA"))
    return tuple(found)


def _faits_lettre(lettre: LettreLue) -> tuple[Fait, ...]:
    found = [Fait(datum, value, "PDF", "texte de la page") for datum, value in lettre.page.items()]
    for symbol, content, _reason in lettre.ins:
        if content:
            ou = f"datamatrix page {symbol.page}"
            found += [Fait(datum, value, "datamatrix", ou) for datum, value in content.valeurs.items()]
    return tuple(found)


def _cles(document: CdaLu) -> tuple[tuple[str, str], ...]:
    found = [("document", document.document_id)] if document.document_id else []
    if document.ins:
        found.append(("matricule", document.ins.matricule))
    if document.ipp:
        found.append(("ipp", document.ipp.extension))
    return tuple(found)
