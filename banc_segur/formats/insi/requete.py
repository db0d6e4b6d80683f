"""Requests of WS_INS2: envelope -> Recherche -> bytes. Prefixes, header order and white space are free.

Sources: WSDL 1.5.0; `insi.md` §3.3 (blocks seen), §3.4, §3.5, §5.1.
"""

from __future__ import annotations

from lxml import etree

from banc_segur.formats import soap, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.insi.modele import ContexteBam, ContexteLps, Recherche

BAM = "urn:siram:bam:ctxbam"
LPS = "urn:siram:lps:ctxlps"
RECSANS = "http://www.cnamts.fr/INSiRecSans"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
MAX_REQUETE = 1024 * 1024  # bytes; hypothèse: no limit is published


def read_request(envelope: soap.Envelope) -> Recherche:
    """Read a search by traits.

    Raises:
        FormatError: the body is not `RECSANSVITALE`. Absent fields are no error here (empty strings).
    """
    body = envelope.payload
    if body is None or body.tag != xml.q(RECSANS, "RECSANSVITALE"):
        observed = "corps vide" if body is None else str(body.tag)
        raise FormatError("Body", f"un élément RECSANSVITALE ({RECSANS})", observed)
    return Recherche(
        nom=_child(body, RECSANS, "NomNaissance"),
        prenoms=tuple(xml.text(found) for found in body.findall(xml.q(RECSANS, "Prenom"))),
        sexe=_child(body, RECSANS, "Sexe"),
        date_naissance=_child(body, RECSANS, "DateNaissance"),
        lieu_naissance=_child(body, RECSANS, "LieuNaissance"),
        bam=_read_bam(envelope),
        lps=_read_lps(envelope),
        message_id=envelope.addressing("MessageID"),
        action=envelope.addressing("Action"),
        assertions=_assertions(envelope),
    )


def _child(parent: etree._Element, namespace: str, local: str) -> str:
    """Text as sent (inner and outer spaces matter to the lexical rules), line breaks of indentation aside."""
    element = parent.find(xml.q(namespace, local))
    return "" if element is None or not element.text else element.text.strip("\r\n\t")


def _assertions(envelope: soap.Envelope) -> int:
    blocks = envelope.header_blocks(soap.WSSE, "Security")
    return sum(len(block.findall(xml.q(SAML, "Assertion"))) for block in blocks)


def _read_bam(envelope: soap.Envelope) -> ContexteBam | None:
    blocks = envelope.header_blocks(BAM, "ContexteBAM")
    if not blocks:
        return None
    block = blocks[0]
    return ContexteBam(
        id=_child(block, BAM, "Id"),
        temps=_child(block, BAM, "Temps"),
        emetteur=_child(block, BAM, "Emetteur"),
        version=block.get("Version", ""),
        couverture=block.find(xml.q(BAM, "COUVERTURE")) is not None,
    )


def _read_lps(envelope: soap.Envelope) -> ContexteLps | None:
    blocks = envelope.header_blocks(LPS, "ContexteLPS")
    if not blocks:
        return None
    block = blocks[0]
    found = block.find(xml.q(LPS, "LPS"))
    logiciel = etree.Element("absent") if found is None else found
    idam = logiciel.find(xml.q(LPS, "IDAM"))
    return ContexteLps(
        id=_child(block, LPS, "Id"),
        temps=_child(block, LPS, "Temps"),
        emetteur=_child(block, LPS, "Emetteur"),
        idam=_child(logiciel, LPS, "IDAM"),
        version_logiciel=_child(logiciel, LPS, "Version"),
        instance=_child(logiciel, LPS, "Instance"),
        nom=_child(logiciel, LPS, "Nom"),
        idam_r="" if idam is None else idam.get("R", ""),
        version=block.get("Version", ""),
        nature=block.get("Nature", ""),
    )


def write_request(recherche: Recherche) -> bytes:
    """Return the bytes of a request; an empty field or a context that is None is left out."""
    blocks = [*_addressing(recherche)]
    if recherche.bam is not None:
        blocks.append(_write_bam(recherche.bam))
    if recherche.lps is not None:
        blocks.append(_write_lps(recherche.lps))
    body = etree.Element(xml.q(RECSANS, "RECSANSVITALE"), nsmap={"r": RECSANS})
    _add(body, RECSANS, "NomNaissance", recherche.nom)
    for prenom in recherche.prenoms:
        _add(body, RECSANS, "Prenom", prenom)
    _add(body, RECSANS, "Sexe", recherche.sexe)
    _add(body, RECSANS, "DateNaissance", recherche.date_naissance)
    _add(body, RECSANS, "LieuNaissance", recherche.lieu_naissance)
    return soap.write(body, blocks)


def _add(parent: etree._Element, namespace: str, local: str, value: str) -> None:
    if value:
        etree.SubElement(parent, xml.q(namespace, local)).text = value


def _addressing(recherche: Recherche) -> list[etree._Element]:
    blocks = []
    for local, value in (("Action", recherche.action), ("MessageID", recherche.message_id)):
        if value:
            block = etree.Element(xml.q(soap.WSA, local), nsmap={"wsa": soap.WSA})
            block.text = value
            blocks.append(block)
    return blocks


def _write_bam(bam: ContexteBam) -> etree._Element:
    block = etree.Element(xml.q(BAM, "ContexteBAM"), {"Version": bam.version}, nsmap={"bam": BAM})
    _add(block, BAM, "Id", bam.id)
    _add(block, BAM, "Temps", bam.temps)
    _add(block, BAM, "Emetteur", bam.emetteur)
    if bam.couverture:
        etree.SubElement(block, xml.q(BAM, "COUVERTURE"))
    return block


def _write_lps(lps: ContexteLps) -> etree._Element:
    attributes = {"Nature": lps.nature, "Version": lps.version}
    block = etree.Element(
        xml.q(LPS, "ContexteLPS"), {key: value for key, value in attributes.items() if value}, nsmap={"lps": LPS}
    )
    _add(block, LPS, "Id", lps.id)
    _add(block, LPS, "Temps", lps.temps)
    _add(block, LPS, "Emetteur", lps.emetteur)
    logiciel = etree.SubElement(block, xml.q(LPS, "LPS"))
    _add(logiciel, LPS, "IDAM", lps.idam)
    if lps.idam and lps.idam_r:
        logiciel[0].set("R", lps.idam_r)
    _add(logiciel, LPS, "Version", lps.version_logiciel)
    _add(logiciel, LPS, "Instance", lps.instance)
    _add(logiciel, LPS, "Nom", lps.nom)
    return block
