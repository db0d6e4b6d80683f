"""A throw-away CA with a signing and an authentication certificate of one structure, made once per test process."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FINESS = "10B0000001"


@dataclass(frozen=True)
class Porteur:
    """A key and its certificate."""

    cle_pem: bytes
    pem: bytes
    der: bytes


@dataclass(frozen=True)
class Materiel:
    """ca signs the two others; autre: a structure certificate of somebody else."""

    ca: Porteur
    sign: Porteur
    auth: Porteur
    autre: Porteur


def _nom(cn: str, ou: str) -> x509.Name:
    pairs = [
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.STATE_OR_PROVINCE_NAME, "Sarthe (72)"),
        (NameOID.ORGANIZATION_NAME, "CH BANC"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, ou),
        (NameOID.COMMON_NAME, cn),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in pairs])


def _usage(*, signature: bool = False, engagement: bool = False, ac: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(signature, engagement, False, False, False, ac, ac, False, False)


def _porteur(cle: rsa.RSAPrivateKey, certificate: x509.Certificate) -> Porteur:
    encoding, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return Porteur(
        cle.private_bytes(encoding, private, serialization.NoEncryption()),
        certificate.public_bytes(encoding),
        certificate.public_bytes(serialization.Encoding.DER),
    )


@cache
def materiel() -> Materiel:
    """The keys and certificates."""
    ca_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    ca_name = _nom("AC BANC", "0002 187512751")

    def issue(
        key: rsa.RSAPrivateKey, name: x509.Name, usage: x509.KeyUsage, eku: x509.ObjectIdentifier | None
    ) -> Porteur:
        now = datetime.now(UTC).replace(microsecond=0)
        builder = (
            x509.CertificateBuilder(ca_name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(x509.BasicConstraints(eku is None, None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        )
        if eku:
            builder = builder.add_extension(x509.ExtendedKeyUsage([eku]), critical=False)
        return _porteur(key, builder.sign(ca_key, hashes.SHA256()))

    sign, auth, autre = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3))
    cachet = _usage(signature=True, engagement=True)
    return Materiel(
        issue(ca_key, ca_name, _usage(ac=True), None),
        issue(sign, _nom("DMP SIGN", FINESS), cachet, ExtendedKeyUsageOID.EMAIL_PROTECTION),
        issue(auth, _nom("DMP AUTH", FINESS), _usage(signature=True), ExtendedKeyUsageOID.CLIENT_AUTH),
        issue(autre, _nom("AUTRE SIGN", "10B0999999"), cachet, ExtendedKeyUsageOID.EMAIL_PROTECTION),
    )
