"""The answer of a repository or registry: `rs:RegistryResponse` and its errors.

Sources: ebRS 3.0; IHE ITI TF-3 §4.2.4; `dmp.md` §4.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from banc_segur.formats.errors import FormatError
from banc_segur.formats.xds_schemas import RS
from banc_segur.formats.xml import q

SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
_SEVERITE = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:"


@dataclass(frozen=True, slots=True)
class RegistryError:
    """One error: errorCode, codeContext (a human sentence), location, severity `Error` or `Warning`."""

    code: str
    contexte: str
    ou: str = ""
    severite: str = "Error"


@dataclass(frozen=True, slots=True)
class RegistryResponse:
    """reussi: status is Success."""

    reussi: bool
    errors: tuple[RegistryError, ...] = ()


def ajouter_erreurs(root: etree._Element, errors: Iterable[RegistryError]) -> None:
    """Append a RegistryErrorList to a response, when there is an error."""
    items = tuple(errors)
    if not items:
        return
    highest = "Error" if any(item.severite == "Error" for item in items) else "Warning"
    listing = etree.SubElement(root, q(RS, "RegistryErrorList"), {"highestSeverity": _SEVERITE + highest})
    for item in items:
        attributes = {
            "errorCode": item.code,
            "codeContext": item.contexte,
            "location": item.ou,
            "severity": _SEVERITE + item.severite,
        }
        etree.SubElement(listing, q(RS, "RegistryError"), attributes)


def statut(errors: Iterable[RegistryError]) -> str:
    """The status that goes with these errors; warnings alone are a success."""
    return FAILURE if any(item.severite == "Error" for item in errors) else SUCCESS


def registry_response(errors: Iterable[RegistryError] = ()) -> etree._Element:
    """Return `rs:RegistryResponse`; a success is empty (no entryUUID is given back)."""
    items = tuple(errors)
    root = etree.Element(q(RS, "RegistryResponse"), {"status": statut(items)}, nsmap={"rs": RS})
    ajouter_erreurs(root, items)
    return root


def read_erreurs(element: etree._Element) -> tuple[RegistryError, ...]:
    """The errors of any ebRS response."""
    return tuple(
        RegistryError(
            item.get("errorCode", ""),
            item.get("codeContext", ""),
            item.get("location", ""),
            item.get("severity", "").rpartition(":")[2] or "Error",
        )
        for item in element.iterfind(f"{q(RS, 'RegistryErrorList')}/{q(RS, 'RegistryError')}")
    )


def read_registry_response(element: etree._Element | None) -> RegistryResponse:
    """Read a RegistryResponse.

    Raises:
        FormatError: another element.
    """
    if element is None or element.tag != q(RS, "RegistryResponse"):
        observed = "corps vide" if element is None else str(element.tag)
        raise FormatError("Body", "rs:RegistryResponse", observed)
    return RegistryResponse(element.get("status") == SUCCESS, read_erreurs(element))
