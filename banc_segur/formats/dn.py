"""Distinguished names, read leniently from DER and from text, compared RDN by RDN, written in RFC 2253 style.

Sources: RFC 2253 and 4514; `dmp.md` §1.4 (multi-valued RDN out of order), §2.2 (forms of Issuer).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from banc_segur.formats import der
from banc_segur.formats.errors import FormatError

NOMS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "GN",
    "2.5.4.97": "ORGANIZATIONIDENTIFIER",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
    "1.2.840.113549.1.9.1": "EMAILADDRESS",
}
_PAR_NOM = {nom: oid for oid, nom in NOMS.items()} | {
    "SURNAME": "2.5.4.4",
    "GIVENNAME": "2.5.4.42",
    "TITLE": "2.5.4.12",
    "E": "1.2.840.113549.1.9.1",
}
MAX_TEXTE = 4096

Rdn = tuple[tuple[str, str], ...]  # (OID or unknown name, value), in the order read
Dn = tuple[Rdn, ...]  # in the order read: most general first from DER


def read_der(name: der.Valeur) -> Dn:
    """Read an X.501 Name. SETs may be in any order. Raises FormatError."""
    return tuple(tuple(_attribut(entry) for entry in rdn.enfants()) for rdn in name.enfants())


def _attribut(entry: der.Valeur) -> tuple[str, str]:
    parts = entry.enfants()
    if len(parts) != 2:
        raise FormatError("certificat", "un attribut de nom (type, valeur)", entry.octets[:20].hex())
    return parts[0].oid(), parts[1].texte()


def read_text(value: str) -> Dn:
    """Read a textual name: `,` or `;` between RDNs, `+` inside one, `\\` escapes, quotes, `#hex` BER values.

    An attribute name that is not known (`S`, `G`) is kept as it is written: it equals no attribute of a certificate.

    Raises:
        FormatError: too long, or a piece without `=`.
    """
    if len(value) > MAX_TEXTE:
        raise FormatError("DN", f"au plus {MAX_TEXTE} caractères", f"{len(value)} caractères")
    rdns: list[list[tuple[str, str]]] = [[]]
    for piece, separator in _pieces(value):
        nom, egal, brut = piece.partition("=")
        if not egal:
            raise FormatError("DN", "des attributs NOM=valeur", piece)
        rdns[-1].append((_type(nom), _valeur(brut)))
        if separator in ",;" and separator:
            rdns.append([])
    return tuple(tuple(rdn) for rdn in rdns)


def _pieces(value: str) -> Iterator[tuple[str, str]]:
    """Cut at the separators that are neither escaped nor quoted."""
    start, quoted, index = 0, False, 0
    while index < len(value):
        char = value[index]
        if char == "\\":
            index += 1
        elif char == '"':
            quoted = not quoted
        elif char in ",;+" and not quoted:
            yield value[start:index], char
            start = index + 1
        index += 1
    yield value[start:], ""


def _type(nom: str) -> str:
    nom = nom.strip().upper().removeprefix("OID.")
    return _PAR_NOM.get(nom, nom)


def _valeur(brut: str) -> str:
    brut = brut.strip()
    if re.fullmatch(r"#(?:[0-9a-fA-F]{2})+", brut):
        return der.read(bytes.fromhex(brut[1:])).texte()
    if len(brut) > 1 and brut[0] == brut[-1] == '"':
        brut = brut[1:-1]
    octets = re.sub(
        rb"\\([0-9a-fA-F]{2}|.)",
        lambda m: bytes.fromhex(m[1].decode()) if len(m[1]) == 2 else m[1],
        brut.encode("utf-8", "replace"),
        flags=re.DOTALL,
    )
    return octets.decode("utf-8", "replace")


def write(name: Dn) -> str:
    """Write a name read from DER in RFC 2253 style: `CN=…,OU=…,O=…,C=FR`, most specific RDN first."""
    return ",".join("+".join(f"{NOMS.get(oid, oid)}={_echapper(value)}" for oid, value in rdn) for rdn in name[::-1])


def _echapper(value: str) -> str:
    escaped = re.sub(r'([,+"\\<>;=])', r"\\\1", value)
    escaped = re.sub(r"^([# ])", r"\\\1", escaped)
    return re.sub(r" $", r"\\ ", escaped)


def memes(one: Dn, other: Dn) -> bool:
    """True when both names hold the same RDNs, whatever the order, the case and the blanks."""
    return _forme(one) == _forme(other)


def _forme(name: Dn) -> Counter[frozenset[tuple[str, str]]]:
    return Counter(frozenset((oid, " ".join(value.split()).casefold()) for oid, value in rdn) for rdn in name)


def valeurs(name: Dn, nom: str) -> tuple[str, ...]:
    """Every value of the attribute called `nom` (`OU`, `CN`…)."""
    oid = _PAR_NOM[nom]
    return tuple(value for rdn in name for found, value in rdn if found == oid)
