"""Answers of WS_INS2: Resultat <-> bytes, in the dialects of the service's history.

The answer is composed as text because the service binds three prefixes to one namespace and declares unused
ones, which an XML library would tidy away. Sources: `insi.md` §1.1, §5.3, §5.4; live captures of 2022 and 2023,
GIE SESAM-Vitale example v02.05.00 (dialect 2021).
"""

from __future__ import annotations

from html import escape

from lxml import etree

from banc_segur.formats import soap, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins
from banc_segur.formats.insi.fautes import Faute, from_fault
from banc_segur.formats.insi.modele import Individu, InsHistorique, Resultat

RES = "http://www.cnamts.fr/INSiResultat"

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    f'<soap:Envelope xmlns:soap="{soap.SOAP12}"><env:Body xmlns:S="{soap.SOAP12}" xmlns:env="{soap.SOAP12}">'
)
_TAIL = "</env:Body></soap:Envelope>"
_RESULTAT = f'xmlns="{RES}" xmlns:ns0="http://www.cnamts.fr/INSiRecVit" xmlns:ns1="http://www.cnamts.fr/INSiRecSans"'
_RESULTAT_2021 = (
    f'xmlns:ns3="http://www.cnamts.fr/INSiRecVit" xmlns:ns2="{RES}" xmlns="http://www.cnamts.fr/INSiRecSans"'
)


def write_answer(resultat: Resultat, dialecte: str = "2025") -> bytes:
    """Return the envelope as the service of that year writes it.

    dialecte: `2021` (prefix ns2, `Prenom` in place of `ListePrenom`), `2022` or `2025` (same answers).
    """
    ancien = dialecte == "2021"
    p = "ns2:" if ancien else ""
    parts = [f"<{p}CR>", _tag(p, "CodeCR", resultat.code), _tag(p, "LibelleCR", resultat.libelle), f"</{p}CR>"]
    if resultat.individu is not None:
        parts.append(_individu(p, resultat.individu, ancien=ancien))
    attributes = _RESULTAT_2021 if ancien else _RESULTAT
    text = f"{_HEAD}<{p}RESULTAT {attributes}>{''.join(parts)}</{p}RESULTAT>{_TAIL}"
    return text.encode()


def _tag(p: str, local: str, value: str) -> str:
    return f"<{p}{local}>{escape(value, quote=False)}</{p}{local}>" if value else ""


def _identifiant(p: str, ins: Ins) -> str:
    numero = _tag(p, "NumIdentifiant", ins.matricule[:13]) + _tag(p, "Cle", ins.matricule[13:])
    return f"<{p}IdIndividu>{numero}</{p}IdIndividu>{_tag(p, 'OID', ins.oid)}"


def _individu(p: str, individu: Individu, *, ancien: bool) -> str:
    histo = "".join(
        f"<{p}INSHISTO>{_identifiant(p, h.ins)}{_tag(p, 'DateDeb', h.debut)}{_tag(p, 'DateFin', h.fin)}</{p}INSHISTO>"
        for h in individu.historique
    )
    prenoms = _tag(p, "Prenom", individu.prenoms.split(" ")[0]) if ancien else _tag(p, "ListePrenom", individu.prenoms)
    tiq = (
        _tag(p, "NomNaissance", individu.nom_naissance)
        + prenoms
        + _tag(p, "Sexe", individu.sexe)
        + _tag(p, "DateNaissance", individu.date_naissance)
        + _tag(p, "LieuNaissance", individu.lieu_naissance)
    )
    actif = f"<{p}INSACTIF>{_identifiant(p, individu.ins)}</{p}INSACTIF>"
    return f"<{p}INDIVIDU>{actif}{histo}<{p}TIQ>{tiq}</{p}TIQ></{p}INDIVIDU>"


def read_answer(data: bytes) -> Resultat | Faute:
    """Read an answer of any dialect: prefix-blind, one or many INSHISTO, blank lines before the declaration.

    Raises:
        FormatError: not SOAP 1.2, or neither RESULTAT with its CR nor a fault; `00` without INDIVIDU.
    """
    envelope = soap.read(data.lstrip())
    if envelope.fault is not None:
        return from_fault(envelope.fault)
    body = envelope.payload
    if body is None or body.tag != xml.q(RES, "RESULTAT"):
        observed = "corps vide" if body is None else str(body.tag)
        raise FormatError("Body", f"un élément RESULTAT ({RES}) ou une faute", observed)
    code = _text(body, "CR", "CodeCR")
    if not code:
        raise FormatError("Body/RESULTAT/CR/CodeCR", "un code retour", "absent")
    found = body.find(xml.q(RES, "INDIVIDU"))
    if code == "00" and found is None:
        raise FormatError("Body/RESULTAT/INDIVIDU", "présent avec le code 00", "absent")
    individu = None if found is None else _read_individu(found)
    return Resultat(code, _text(body, "CR", "LibelleCR"), individu)


def _text(parent: etree._Element, *path: str) -> str:
    return xml.text(parent.find("/".join(xml.q(RES, local) for local in path)))


def _read_ins(parent: etree._Element | None) -> Ins:
    if parent is None:
        raise FormatError("INDIVIDU/INSACTIF", "présent", "absent")
    numero = _text(parent, "IdIndividu", "NumIdentifiant") + _text(parent, "IdIndividu", "Cle")
    return Ins(numero, _text(parent, "OID"))


def _read_individu(element: etree._Element) -> Individu:
    historique = tuple(
        InsHistorique(_read_ins(found), _text(found, "DateDeb"), _text(found, "DateFin"))
        for found in element.findall(xml.q(RES, "INSHISTO"))
    )
    return Individu(
        ins=_read_ins(element.find(xml.q(RES, "INSACTIF"))),
        nom_naissance=_text(element, "TIQ", "NomNaissance"),
        prenoms=_text(element, "TIQ", "ListePrenom") or _text(element, "TIQ", "Prenom"),
        sexe=_text(element, "TIQ", "Sexe"),
        date_naissance=_text(element, "TIQ", "DateNaissance"),
        lieu_naissance=_text(element, "TIQ", "LieuNaissance"),
        historique=historique,
    )
