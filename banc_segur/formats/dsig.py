"""Enveloped XML signatures of a SAML assertion: sign, verify against signature wrapping.

Sources: XML Signature 1.1, SAML core §5; `stack.md` §5 (the five rules), `dmp.md` §2.2 (algorithms).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import xmlsec
from lxml import etree

from banc_segur.formats import certificat, dn, xml
from banc_segur.formats.errors import FormatError

DS = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SIGNATURES = frozenset({RSA_SHA1, RSA_SHA256})
DIGESTS = frozenset({"http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmlenc#sha256"})
MAX_CHAINE = 10
_ID_NAMES = ("ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id")


class Cle:
    """A private key and its certificate, loaded once. chaine: the issuers' certificates, nearest first."""

    def __init__(self, cle_pem: bytes, certificat_pem: bytes, chaine: bytes = b"") -> None:
        try:
            self._key = xmlsec.Key.from_memory(cle_pem, xmlsec.constants.KeyDataFormatPem)
            self._key.load_cert_from_memory(certificat_pem, xmlsec.constants.KeyDataFormatPem)
        except xmlsec.Error as error:
            raise FormatError("clé", "une clé RSA et son certificat en PEM", str(error)) from error
        self.certificat = certificat.read_pem(certificat_pem)[0]
        self.chaine = tuple(c for c in certificat.read_pem(chaine) if c.der != self.certificat.der)

    @classmethod
    def charger(cls, cle: Path, certificat: Path, chaine: Path | None = None) -> Cle:
        """Load from PEM files. chaine: a bundle, of which every certificate is taken. Raises OSError, FormatError."""
        return cls(cle.read_bytes(), certificat.read_bytes(), chaine.read_bytes() if chaine else b"")

    def context(self) -> xmlsec.SignatureContext:
        """A new signing context."""
        context = xmlsec.SignatureContext()
        context.key = self._key
        return context


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome. motif: French sentence when not valid, else empty. certificat: the one the signature names."""

    valide: bool
    motif: str = ""
    certificat: certificat.FaitsCertificat | None = None
    algorithme: str = ""


class Refus(Exception):
    """A rule of the signature is broken; the text is the French reason."""


def sign(assertion: etree._Element, cle: Cle, *, sha1: bool = False) -> None:
    """Sign `assertion` (attribute `ID`) in place; the Signature is put right after its first child (Issuer)."""
    signature = xmlsec.template.create(
        assertion,
        xmlsec.constants.TransformExclC14N,
        xmlsec.constants.TransformRsaSha1 if sha1 else xmlsec.constants.TransformRsaSha256,
        ns="ds",
    )
    assertion.insert(1, signature)
    digest = xmlsec.constants.TransformSha1 if sha1 else xmlsec.constants.TransformSha256
    reference = xmlsec.template.add_reference(signature, digest, uri="#" + str(assertion.get("ID")))
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    xmlsec.template.x509_data_add_certificate(xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature)))
    xmlsec.tree.add_ids(assertion, ["ID"])
    cle.context().sign(signature)


def verify(assertion: etree._Element, *, attendu: bytes | None = None) -> Verification:
    """Verify the signature of this very element; read values only below it afterwards.

    The caller has found `assertion` at its exact place. Trust in the certificate (chain, dates) is not judged here.

    Args:
        assertion: the element that will be used, inside the document that was received.
        attendu: DER of the certificate that must have signed, when it is known.
    """
    faits: certificat.FaitsCertificat | None = None
    algorithme = ""
    try:
        signature = _signature(assertion)
        faits = _certificat(signature)
        algorithme = _algorithm(signature)
        _reference(signature, assertion)
        _unique_ids(assertion)
        if attendu is not None and faits.der != attendu:
            raise Refus("le certificat qui a signé n'est pas celui attendu")
        _check_value(assertion, signature, faits)
    except Refus as motif:
        return Verification(False, str(motif), faits, algorithme)
    return Verification(True, "", faits, algorithme)


def _one(parent: etree._Element, local: str) -> etree._Element:
    found = parent.findall(xml.q(DS, local))
    if len(found) != 1:
        raise Refus(f"un seul {local} est attendu dans {etree.QName(parent).localname}, {len(found)} présent(s)")
    return found[0]


def _signature(assertion: etree._Element) -> etree._Element:
    signature = _one(assertion, "Signature")
    if signature.find(xml.q(DS, "Object")) is not None:
        raise Refus("la signature contient un Object")
    return signature


def _certificat(signature: etree._Element) -> certificat.FaitsCertificat:
    """The signer's certificate: the only one of X509Data or, of a chain, the one that issued no other."""
    elements = _one(_one(signature, "KeyInfo"), "X509Data").findall(xml.q(DS, "X509Certificate"))[:MAX_CHAINE]
    try:
        found = [certificat.read_base64(xml.text(element)) for element in elements]
    except FormatError as error:
        raise Refus(f"le certificat de la signature est illisible ({error})") from error
    leaves = [one for one in found if not any(dn.memes(one.sujet, other.emetteur) for other in found)]
    if len(found) > 1:
        found = leaves
    if len(found) != 1:
        raise Refus(f"un seul certificat de signataire est attendu dans X509Data, {len(found)} présent(s)")
    return found[0]


def _algorithm(signature: etree._Element) -> str:
    signed_info = _one(signature, "SignedInfo")
    canonicalization = _one(signed_info, "CanonicalizationMethod").get("Algorithm")
    if canonicalization != EXC_C14N:
        raise Refus(f"canonicalisation de SignedInfo non admise : {canonicalization}")
    method = str(_one(signed_info, "SignatureMethod").get("Algorithm"))
    if method not in SIGNATURES:
        raise Refus(f"algorithme de signature non admis : {method}")
    return method


def _reference(signature: etree._Element, assertion: etree._Element) -> None:
    reference = _one(_one(signature, "SignedInfo"), "Reference")
    identifiant = assertion.get("ID")
    if not identifiant or reference.get("URI") != f"#{identifiant}":
        raise Refus("la référence de la signature ne désigne pas l'assertion qui la contient")
    transforms = [t.get("Algorithm") for t in xml.children(_one(reference, "Transforms"))]
    if transforms != [ENVELOPED, EXC_C14N]:
        raise Refus("les transformations doivent être enveloped-signature puis exc-c14n")
    digest = _one(reference, "DigestMethod").get("Algorithm")
    if digest not in DIGESTS:
        raise Refus(f"algorithme d'empreinte non admis : {digest}")


def _unique_ids(assertion: etree._Element) -> None:
    counted: Counter[str] = Counter()
    for element in assertion.getroottree().iter("*"):
        counted.update({value for name in _ID_NAMES if (value := element.get(name))})
    if counted[str(assertion.get("ID"))] != 1:
        raise Refus("l'identifiant de l'assertion est porté par plusieurs éléments du message")


def _check_value(assertion: etree._Element, signature: etree._Element, faits: certificat.FaitsCertificat) -> None:
    try:
        xmlsec.tree.add_ids(assertion, ["ID"])
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(faits.der, xmlsec.constants.KeyDataFormatCertDer)
        context.verify(signature)
    except xmlsec.Error as error:
        raise Refus("la signature ne correspond pas au contenu (message modifié après signature ?)") from error
