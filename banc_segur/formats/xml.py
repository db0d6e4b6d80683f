"""The one hardened XML parser of the project, and small namespace-aware readers.

Recipe and measures: `reference/stack.md` §6.1 (no entity resolution, no network, DOCTYPE refused, depth 256).
"""

from __future__ import annotations

from lxml import etree

from banc_segur.formats.errors import FormatError

MAX_BYTES = 32 * 1024 * 1024
MAX_BALISES = 1_000_000  # of opening and closing ones


def parse(data: bytes, *, max_bytes: int = MAX_BYTES, ou: str = "XML") -> etree._Element:
    """Parse one XML document and return its root element.

    Comments and processing instructions are kept (canonicalisation needs them).

    Raises:
        FormatError: more than `max_bytes`, more than `MAX_BALISES` tags, not well-formed, deeper than 256, a text
            of more than 10,000,000 bytes (these two: limits of libxml2 without `huge_tree`), or holding a DOCTYPE.
    """
    if len(data) > max_bytes:
        raise FormatError(ou, f"un document XML d'au plus {max_bytes} octets", f"{len(data)} octets")
    if data.count(b"<") > MAX_BALISES:
        raise FormatError(ou, f"un document XML d'au plus {MAX_BALISES} balises", "davantage")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)  # noqa: TID251 - the one place
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise FormatError(ou, "un document XML bien formé", str(error)) from error
    if root is None:
        raise FormatError(ou, "un document XML bien formé", "document vide")
    if root.getroottree().docinfo.internalDTD is not None:
        raise FormatError(ou, "un document XML sans DOCTYPE", "DOCTYPE présent")
    return root


def q(namespace: str, local: str) -> str:
    """Return the Clark name `{namespace}local`."""
    return f"{{{namespace}}}{local}"


def text(element: etree._Element | None) -> str:
    """Return the stripped text of an element, comments inside skipped; empty for None."""
    if element is None:
        return ""
    tails = [child.tail or "" for child in element]
    return "".join([element.text or "", *tails]).strip()


def children(element: etree._Element) -> list[etree._Element]:
    """Return the child elements, without comments and processing instructions."""
    return [child for child in element if isinstance(child.tag, str)]


def serialize(element: etree._Element, *, declaration: bool = True) -> bytes:
    """Serialise in UTF-8 without re-indenting (signatures stay valid)."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=declaration)
