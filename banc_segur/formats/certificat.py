"""What the bench looks at in an X.509 certificate, read leniently from its DER.

Sources: RFC 5280; `dmp.md` §1.4.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from banc_segur.formats import der, dn
from banc_segur.formats.errors import FormatError

EKU_COURRIEL = "1.3.6.1.5.5.7.3.4"
_USAGES = (
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
)


@dataclass(frozen=True, slots=True)
class FaitsCertificat:
    """Facts of one certificate. serie: serial number; usages: KeyUsage names; eku: OIDs; debut, fin: UTC instants.

    cn, ou, o: first value of each, empty when absent (ou of an IGC-Santé structure certificate: Struct_IdNat).
    """

    der: bytes
    sujet: dn.Dn
    emetteur: dn.Dn
    serie: int
    debut: datetime
    fin: datetime
    usages: frozenset[str]
    eku: frozenset[str]

    @property
    def cn(self) -> str:
        """Common name."""
        return next(iter(dn.valeurs(self.sujet, "CN")), "")

    @property
    def ou(self) -> str:
        """First organisational unit."""
        return next(iter(dn.valeurs(self.sujet, "OU")), "")

    @property
    def o(self) -> str:
        """Organisation."""
        return next(iter(dn.valeurs(self.sujet, "O")), "")

    def valide_a(self, instant: datetime) -> bool:
        """True between the two dates, both included."""
        return self.debut <= instant <= self.fin


@lru_cache(maxsize=128)  # the same few certificates come with every call
def read(octets: bytes) -> FaitsCertificat:
    """Read a DER certificate.

    Raises:
        FormatError: not the shape of an X.509 certificate, or more than 64 KiB.
    """
    if len(octets) > der.MAX_BYTES:
        raise FormatError("certificat", f"au plus {der.MAX_BYTES} octets", f"{len(octets)} octets")
    tbs = der.read(octets).enfants()
    fields = tbs[0].enfants() if tbs else []
    if fields and fields[0].tag == 0xA0:  # explicit version
        fields = fields[1:]
    if len(fields) < 6:
        raise FormatError("certificat", "un certificat X.509", octets[:8].hex())
    serie, _algorithm, emetteur, validity, sujet, _key, *rest = fields
    dates = [_instant(value) for value in validity.enfants()]
    if len(dates) != 2:
        raise FormatError("certificat", "deux dates de validité", str(len(dates)))
    extensions = _extensions(rest)
    return FaitsCertificat(
        octets,
        dn.read_der(sujet),
        dn.read_der(emetteur),
        serie.entier(),
        dates[0],
        dates[1],
        _usages(extensions.get("2.5.29.15", b"")),
        _eku(extensions.get("2.5.29.37", b"")),
    )


def read_base64(value: str) -> FaitsCertificat:
    """Read the text of a `ds:X509Certificate` (base64, blanks allowed). Raises FormatError."""
    try:
        octets = base64.b64decode(re.sub(r"\s+", "", value), validate=True)
    except ValueError as error:
        raise FormatError("X509Certificate", "un certificat en base64", str(error)) from error
    return read(octets)


def read_pem(pem: bytes) -> list[FaitsCertificat]:
    """Read every certificate of a PEM file, in order. Raises FormatError."""
    blocks = re.findall(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", pem, re.DOTALL)
    return [read_base64(block.decode("latin-1")) for block in blocks]


def emis_par(faits: FaitsCertificat, autorites: Sequence[FaitsCertificat]) -> bool:
    """True when one of the authorities issued the certificate: its name, keyCertSign, and the RSA signature hold.

    Dates are not looked at (`valide_a`); revocation neither.
    """
    return any(
        dn.memes(autorite.sujet, faits.emetteur) and "keyCertSign" in autorite.usages and _signe(faits, autorite)
        for autorite in autorites
    )


def _signe(faits: FaitsCertificat, autorite: FaitsCertificat) -> bool:
    try:
        signed = x509.load_der_x509_certificate(faits.der)
        key = x509.load_der_x509_certificate(autorite.der).public_key()
        algorithm = signed.signature_hash_algorithm
        if not isinstance(key, rsa.RSAPublicKey) or algorithm is None:
            return False
        key.verify(signed.signature, signed.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


def _instant(value: der.Valeur) -> datetime:
    text = value.contenu.decode("latin-1")
    try:
        if value.tag == 0x17:  # UTCTime: years 1950 to 2049
            text = ("19" if text[:2] >= "50" else "20") + text
        return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise FormatError("certificat", "une date AAMMJJHHMMSSZ", text) from error


def _extensions(rest: list[der.Valeur]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for block in rest:
        if block.tag != 0xA3:
            continue
        for extension in der.read(block.contenu).enfants():
            parts = extension.enfants()
            if len(parts) >= 2:
                found[parts[0].oid()] = parts[-1].contenu
    return found


def _usages(octets: bytes) -> frozenset[str]:
    bits = der.read(octets).contenu[1:2] if octets else b""
    return frozenset(name for index, name in enumerate(_USAGES) if bits and bits[0] & (0x80 >> index))


def _eku(octets: bytes) -> frozenset[str]:
    return frozenset(value.oid() for value in der.read(octets).enfants()) if octets else frozenset()
