"""How one certificate of the test PKI is made: names, key, extensions.

Sources: chain and authority names mssante.md §1.3 [official DRIM]; subject of a structure certificate dmp.md §1.4
[official GSV-MSG] and insi.md §2.2 [PAD, SAPA]; key usages dmp.md §1.4. The card-like shape of the extensions that no
source gives (path length, validity of the authorities) is ours.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from banc_segur.errors import UsageError

CLE_BITS = 2048
_NOM_DNS = re.compile(r"(\*\.)?[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
ANNEE = timedelta(days=365)

_CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
_COURRIEL = ExtendedKeyUsageOID.EMAIL_PROTECTION
_SERVEUR = ExtendedKeyUsageOID.SERVER_AUTH


@dataclass(frozen=True, slots=True)
class Modele:
    """What distinguishes one end-entity certificate from another. noms: DNS names and IP addresses of a server."""

    sujet: x509.Name
    eku: x509.ObjectIdentifier
    non_repudiation: bool = False
    noms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Autorite:
    """A certification authority: its certificate and its private key."""

    certificat: x509.Certificate
    cle: rsa.RSAPrivateKey


def nouvelle_cle() -> rsa.RSAPrivateKey:
    """Make one RSA 2048 key (the official suites authenticate by RSA, mssante.md §1.3)."""
    return rsa.generate_private_key(public_exponent=65537, key_size=CLE_BITS)


def cle_pem(cle: rsa.RSAPrivateKey) -> bytes:
    """Return the key as unencrypted PKCS#8 PEM."""
    return cle.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def pem(*certificats: x509.Certificate) -> bytes:
    """Return certificates as one PEM text, in the order given."""
    return b"".join(certificat.public_bytes(serialization.Encoding.PEM) for certificat in certificats)


def nom_autorite(commun: str) -> x509.Name:
    """Return the name of an IGC-Santé test authority whose common name is `commun` (mssante.md §1.3)."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ASIP-SANTE"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "0002 187512751"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "IGC-SANTE TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, commun),
        ]
    )


def nom_structure(commun: str, structure: str, organisation: str, departement: str) -> x509.Name:
    """Return the subject of a structure certificate: C, ST, O, OU = Struct_IdNat, CN (insi.md §2.2)."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.STATE_OR_PROVINCE_NAME, departement),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation[:64]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, structure),
            x509.NameAttribute(NameOID.COMMON_NAME, commun),
        ]
    )


def _usages(
    *, signature: bool, non_repudiation: bool = False, chiffrement: bool = False, ac: bool = False
) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signature,
        content_commitment=non_repudiation,
        key_encipherment=chiffrement,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ac,
        crl_sign=ac,
        encipher_only=False,
        decipher_only=False,
    )


def _base(
    sujet: x509.Name,
    cle: rsa.RSAPublicKey,
    emetteur: x509.Name,
    cle_emetteur: rsa.RSAPublicKey,
    dates: tuple[datetime, datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(sujet)
        .issuer_name(emetteur)
        .public_key(cle)
        .serial_number(x509.random_serial_number())
        .not_valid_before(dates[0])
        .not_valid_after(dates[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(cle), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(cle_emetteur), critical=False)
    )


def autorite(commun: str, mere: Autorite | None, maintenant: datetime) -> Autorite:
    """Make an authority: self-signed when `mere` is None, else signed by `mere` and unable to make sub-authorities."""
    cle = nouvelle_cle()
    sujet = nom_autorite(commun)
    emetteur = mere.certificat.subject if mere else sujet
    signataire = mere.cle if mere else cle
    dates = (maintenant - timedelta(days=1), maintenant + (10 if mere else 12) * ANNEE)
    certificat = (
        _base(sujet, cle.public_key(), emetteur, signataire.public_key(), dates)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0 if mere else 1), critical=True)
        .add_extension(_usages(signature=False, ac=True), critical=True)
        .sign(signataire, hashes.SHA256())
    )
    return Autorite(certificat, cle)


def entite(modele: Modele, cle: rsa.RSAPublicKey, mere: Autorite, dates: tuple[datetime, datetime]) -> x509.Certificate:
    """Issue an end-entity certificate for `cle`, valid between the two dates (aware, UTC)."""
    serveur = modele.eku == _SERVEUR
    builder = (
        _base(modele.sujet, cle, mere.certificat.subject, mere.cle.public_key(), dates)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            _usages(signature=True, non_repudiation=modele.non_repudiation, chiffrement=serveur), critical=True
        )
        .add_extension(x509.ExtendedKeyUsage([modele.eku]), critical=False)
    )
    if modele.noms:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives(modele.noms)), critical=False)
    return builder.sign(mere.cle, hashes.SHA256())


def alternatives(noms: Sequence[str]) -> list[x509.GeneralName]:
    """Return hosts as alternative names: IP addresses as such, the rest as DNS names.

    Raises:
        UsageError: a name that is not ASCII or empty.
    """
    found: list[x509.GeneralName] = []
    for nom in noms:
        try:
            found.append(x509.IPAddress(ip_address(nom)))
        except ValueError:
            if not _NOM_DNS.fullmatch(nom):
                raise UsageError(
                    f"Nom d'hôte « {nom} » : attendu une adresse IP ou un nom DNS en ASCII (xn--… pour les accents)."
                ) from None
            found.append(x509.DNSName(nom))
    return found


def modele_client(sujet: x509.Name) -> Modele:
    """Return the model of an ORG_AUTH_CLI certificate (digitalSignature, clientAuth; dmp.md §1.4)."""
    return Modele(sujet, _CLIENT)


def modele_cachet(sujet: x509.Name) -> Modele:
    """Return the model of an ORG_SIGN certificate (digitalSignature + nonRepudiation, emailProtection; dmp.md §1.4)."""
    return Modele(sujet, _COURRIEL, non_repudiation=True)


def modele_serveur(sujet: x509.Name, noms: Sequence[str]) -> Modele:
    """Return the model of a SERV SSL certificate (serverAuth) for these hosts."""
    return Modele(sujet, _SERVEUR, noms=tuple(noms))
