"""SOAP faults of INSi: the table of known ones, their bytes in each dialect, their reading.

Sources: `insi.md` §6; schema_faultSOAP_V01_01.xsd; live captures 2022 and 2025. Table `insi_fautes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from banc_segur import tables
from banc_segur.formats import soap, xml

SIRAM = "urn:siram"


@dataclass(frozen=True, slots=True)
class Faute:
    """code: `insi_19`, `desir_550`, `banc_01`… classe: `Sender` or `Receiver`; motif: Reason/Text."""

    code: str
    sous_code: str
    classe: str
    severite: str
    message: str
    motif: str
    message_id: str = ""


def faute(code: str) -> Faute:
    """The fault of that code in the table. Raises KeyError for an unknown code."""
    row = tables.index("insi_fautes", "code")[code]
    return Faute(code, row["sous_code"], row["classe"], row["severite"], row["message"], row["motif"])


def write_fault(entree: Faute, message_id: str = "", dialecte: str = "2025") -> bytes:
    """Return the envelope of a fault. message_id: the request's, echoed since 2025 (left out when empty).

    dialecte `2021` and `2022`: prefix S, language en, no messageID; `2025`: prefix soap, language fr.
    """
    recent = dialecte == "2025"
    p, langue = ("soap", "fr") if recent else ("S", "en")
    echo = f' messageID="{escape(message_id)}"' if recent and message_id else ""
    attributs = (
        f'code="{escape(entree.code)}"{echo} severite="{escape(entree.severite)}"'
        if recent
        else f'severite="{escape(entree.severite)}" code="{escape(entree.code)}"'
    )
    body_ns = f'xmlns:env="{soap.SOAP12}"' if recent else f'xmlns:S="{soap.SOAP12}" xmlns:env="{soap.SOAP12}"'
    fault_ns = "" if recent else f' xmlns:ns4="{soap.SOAP11}"'
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<soap:Envelope xmlns:soap="{soap.SOAP12}"><env:Body {body_ns}><{p}:Fault{fault_ns}>'
        f"<{p}:Code><{p}:Value>{p}:{entree.classe}</{p}:Value>"
        f"<{p}:Subcode><{p}:Value>{p}:{entree.sous_code}</{p}:Value></{p}:Subcode></{p}:Code>"
        f'<{p}:Reason><{p}:Text xml:lang="{langue}">{escape(entree.motif, quote=False)}</{p}:Text></{p}:Reason>'
        f'<{p}:Detail><siram:Erreur {attributs} xmlns:siram="{SIRAM}">{escape(entree.message, quote=False)}'
        f"</siram:Erreur></{p}:Detail></{p}:Fault></env:Body></soap:Envelope>"
    )
    return text.encode()


def from_fault(fault: soap.Fault) -> Faute:
    """Read a SOAP fault; code, severity and message are empty when the detail holds no siram:Erreur."""
    erreur = None if fault.detail is None else fault.detail.find(xml.q(SIRAM, "Erreur"))
    attributes = {} if erreur is None else {str(key): str(value) for key, value in erreur.attrib.items()}
    return Faute(
        code=attributes.get("code", ""),
        sous_code=fault.subcode,
        classe=fault.code,
        severite=attributes.get("severite", ""),
        message=xml.text(erreur),
        motif=fault.reason,
        message_id=attributes.get("messageID", ""),
    )
