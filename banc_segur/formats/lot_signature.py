"""The XAdES signature of a submission set: a manifest of the lot and its documents, signed by the structure's key.

Sources: `dmp.md` §3.8 (IHE DSG detached style, XAdES 1.1.1), §7.5; XML Signature 1.1; Canonical XML 1.0.
xmlsec only signs and checks the value of SignedInfo: it would try to fetch the manifest's `urn:oid:` references.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import xmlsec
from lxml import etree

from banc_segur.formats import certificat, dn, dsig, xml
from banc_segur.formats.errors import FormatError

DS = dsig.DS
XADES = "http://uri.etsi.org/01903/v1.1.1#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_COMMENTS = f"{C14N}#WithComments"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
TYPE_MANIFEST = "http://www.w3.org/2000/09/xmldsig#Manifest"
TYPE_PROPERTIES = "http://uri.etsi.org/01903/v1.1.1#SignedProperties"
DIGEST_LOT = "AA=="  # conventional digest of the lot: one zero byte
PURPOSE_SOURCE = "1.2.840.10065.1.12.1.14"
MAX_BYTES = 2 * 1024 * 1024
_HASHES = {SHA1: hashlib.sha1, SHA256: hashlib.sha256}
_CANONICAL = {C14N: (False, False), C14N_COMMENTS: (False, True), dsig.EXC_C14N: (True, False)}
_TRANSFORMS = {
    dsig.RSA_SHA1: xmlsec.constants.TransformRsaSha1,
    dsig.RSA_SHA256: xmlsec.constants.TransformRsaSha256,
}


@dataclass(frozen=True, slots=True)
class DocumentLot:
    """One document of the lot. unique_id: OID; octets as sent; xml: digested after canonicalisation, else raw."""

    unique_id: str
    octets: bytes
    xml: bool = True


@dataclass(frozen=True, slots=True)
class ReferenceManifeste:
    """One line of the manifest: URI (`urn:oid:…`), digest in base64 and its algorithm, transforms."""

    uri: str
    digest: str
    algorithme: str
    transforms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CertificatAnnonce:
    """One `Cert` of SigningCertificate, as written."""

    digest: str
    algorithme: str
    emetteur: str
    serie: str


@dataclass(frozen=True, slots=True)
class SignatureLot:
    """A signature as read. motifs: French reasons why SignedInfo or its value do not hold; empty when they do.

    instant: SigningTime as written. certificat: the one of KeyInfo, None when absent or unreadable.
    """

    references: tuple[ReferenceManifeste, ...]
    annonces: tuple[CertificatAnnonce, ...]
    certificat: certificat.FaitsCertificat | None
    algorithme: str
    instant: str
    purpose: str
    motifs: tuple[str, ...]


def digest_document(document: DocumentLot, algorithme: str = SHA256, methode: str = C14N_COMMENTS) -> str:
    """Return the base64 digest that the manifest must hold. Raises FormatError: XML document not well-formed."""
    if not document.xml:
        return _digest(document.octets, algorithme)
    try:
        return _digest_xml(document.octets, algorithme, methode)
    except FormatError as error:
        raise FormatError(f"document {document.unique_id}", error.attendu, error.observe) from error


@lru_cache(maxsize=2)  # the simulator, then the judge ask for the same document
def _digest_xml(octets: bytes, algorithme: str, methode: str) -> str:
    return _digest(_canonical(xml.parse(octets).getroottree(), methode), algorithme)


def _digest(octets: bytes, algorithme: str) -> str:
    return base64.b64encode(_HASHES[algorithme](octets).digest()).decode("ascii")


def _canonical(node: etree._Element | etree._ElementTree, methode: str) -> bytes:
    exclusive, comments = _CANONICAL[methode]
    return etree.tostring(node, method="c14n", exclusive=exclusive, with_comments=comments)


def write(lot: str, documents: Sequence[DocumentLot], cle: dsig.Cle, instant: datetime, *, sha1: bool = False) -> bytes:
    """Sign a lot.

    Args:
        lot: uniqueId of the SubmissionSet (OID).
        documents: every document of the lot but the signature itself.
        cle: the structure's signature key; its `chaine` goes into SigningCertificate.
        instant: SigningTime, aware.

    Raises:
        FormatError: a document said to be XML is not well-formed.
    """
    algorithme = SHA1 if sha1 else SHA256
    root = etree.Element(_ds("Signature"), {"Id": "sig-1"}, nsmap={"ds": DS})
    info = etree.SubElement(root, _ds("SignedInfo"))
    value = etree.SubElement(root, _ds("SignatureValue"))
    x509 = etree.SubElement(etree.SubElement(root, _ds("KeyInfo")), _ds("X509Data"))
    etree.SubElement(x509, _ds("X509Certificate")).text = base64.b64encode(cle.certificat.der).decode("ascii")
    manifest = _write_manifest(root, lot, documents, algorithme)
    _write_purpose(root)
    properties = _write_properties(root, cle, instant, algorithme)
    signature = dsig.RSA_SHA1 if sha1 else dsig.RSA_SHA256
    etree.SubElement(info, _ds("CanonicalizationMethod"), {"Algorithm": C14N_COMMENTS})
    etree.SubElement(info, _ds("SignatureMethod"), {"Algorithm": signature})
    for kind, target in ((TYPE_MANIFEST, manifest), (TYPE_PROPERTIES, properties)):
        attributes = {"Type": kind, "URI": f"#{target.get('Id')}"}
        _write_digest(
            etree.SubElement(info, _ds("Reference"), attributes),
            algorithme,
            _digest(_canonical(target, C14N), algorithme),
        )
    signed = cle.context().sign_binary(_canonical(info, C14N_COMMENTS), _TRANSFORMS[signature])
    value.text = base64.b64encode(signed).decode("ascii")
    return xml.serialize(root)


def _ds(local: str) -> str:
    return xml.q(DS, local)


def _xades(local: str) -> str:
    return xml.q(XADES, local)


def _write_digest(parent: etree._Element, algorithme: str, digest: str) -> None:
    namespace = etree.QName(parent).namespace
    name = _xades if namespace == XADES else _ds
    etree.SubElement(parent, name("DigestMethod"), {"Algorithm": algorithme})
    etree.SubElement(parent, name("DigestValue")).text = digest


def _write_manifest(
    root: etree._Element, lot: str, documents: Sequence[DocumentLot], algorithme: str
) -> etree._Element:
    manifest = etree.SubElement(etree.SubElement(root, _ds("Object")), _ds("Manifest"), {"Id": "IHEManifest"})
    reference = etree.SubElement(manifest, _ds("Reference"), {"URI": f"urn:oid:{lot}"})
    _write_digest(reference, algorithme, DIGEST_LOT)
    for document in documents:
        reference = etree.SubElement(manifest, _ds("Reference"), {"URI": f"urn:oid:{document.unique_id}"})
        if document.xml:
            transforms = etree.SubElement(reference, _ds("Transforms"))
            etree.SubElement(transforms, _ds("Transform"), {"Algorithm": C14N_COMMENTS})
        _write_digest(reference, algorithme, digest_document(document, algorithme))
    return manifest


def _write_purpose(root: etree._Element) -> None:
    block = etree.SubElement(etree.SubElement(root, _ds("Object")), _ds("SignatureProperties"))
    attributes = {"Id": "purposeOfSignature", "Target": "#sig-1"}
    etree.SubElement(block, _ds("SignatureProperty"), attributes).text = PURPOSE_SOURCE


def _write_properties(root: etree._Element, cle: dsig.Cle, instant: datetime, algorithme: str) -> etree._Element:
    qualifying = etree.SubElement(
        etree.SubElement(root, _ds("Object")),
        _xades("QualifyingProperties"),
        {"Target": "#sig-1"},
        nsmap={"xad": XADES},
    )
    signed = etree.SubElement(qualifying, _xades("SignedProperties"), {"Id": "S0-SignedProperties"})
    block = etree.SubElement(signed, _xades("SignedSignatureProperties"))
    etree.SubElement(block, _xades("SigningTime")).text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    certificates = etree.SubElement(block, _xades("SigningCertificate"))
    for facts in (cle.certificat, *cle.chaine):
        entry = etree.SubElement(certificates, _xades("Cert"))
        _write_digest(etree.SubElement(entry, _xades("CertDigest")), algorithme, _digest(facts.der, algorithme))
        serial = etree.SubElement(entry, _xades("IssuerSerial"))
        etree.SubElement(serial, _ds("X509IssuerName")).text = dn.write(facts.emetteur)
        etree.SubElement(serial, _ds("X509SerialNumber")).text = str(facts.serie)
    policy = etree.SubElement(block, _xades("SignaturePolicyIdentifier"))
    etree.SubElement(policy, _xades("SignaturePolicyImplied"))
    etree.SubElement(signed, _xades("SignedDataObjectProperties"))
    return signed


def read(octets: bytes) -> SignatureLot:
    """Read a lot signature and check what it proves of itself: the two digests of SignedInfo and its value.

    Raises:
        FormatError: not XML, not a `ds:Signature` with its SignedInfo and Manifest, larger than 2 MiB.
    """
    root = xml.parse(octets, max_bytes=MAX_BYTES, ou="signature du lot")
    info = root.find(_ds("SignedInfo"))
    manifests = root.findall(f"{_ds('Object')}/{_ds('Manifest')}")
    if root.tag != _ds("Signature") or info is None or len(manifests) != 1:
        raise FormatError("signature du lot", "un ds:Signature avec SignedInfo et un Manifest", str(root.tag))
    properties = root.find(f"{_ds('Object')}/{{*}}QualifyingProperties/{{*}}SignedProperties")
    motifs: list[str] = []
    facts = _certificate(root, motifs)
    method = info.find(_ds("SignatureMethod"))
    algorithme = "" if method is None else method.get("Algorithm", "")
    motifs += _reference_faults(info, manifests[0], "le manifeste")
    motifs += _reference_faults(info, properties, "les propriétés signées (SignedProperties)")
    if facts is not None and (fault := _value_fault(root, info, facts, algorithme)):
        motifs.append(fault)
    return SignatureLot(
        tuple(_reference(element) for element in manifests[0].findall(_ds("Reference"))),
        _announced(properties),
        facts,
        algorithme,
        "" if properties is None else xml.text(properties.find("{*}SignedSignatureProperties/{*}SigningTime")),
        xml.text(root.find(f"{_ds('Object')}/{_ds('SignatureProperties')}/{_ds('SignatureProperty')}")),
        tuple(motifs),
    )


def _certificate(root: etree._Element, motifs: list[str]) -> certificat.FaitsCertificat | None:
    try:
        path = f"{_ds('KeyInfo')}/{_ds('X509Data')}/{_ds('X509Certificate')}"
        return certificat.read_base64(xml.text(root.find(path)))
    except FormatError as error:
        motifs.append(f"le certificat de KeyInfo est absent ou illisible ({error})")
        return None


def _reference_faults(info: etree._Element, target: etree._Element | None, nom: str) -> list[str]:
    if target is None:
        return [f"{nom} : absent"]
    found = [r for r in info.findall(_ds("Reference")) if r.get("URI") == f"#{target.get('Id')}"]
    if len(found) != 1:
        return [f"{nom} : une référence de SignedInfo attendue, {len(found)} trouvée(s)"]
    reference = _reference(found[0])
    methode = reference.transforms[0] if reference.transforms else C14N
    if reference.algorithme not in _HASHES or methode not in _CANONICAL or len(reference.transforms) > 1:
        return [f"{nom} : algorithme d'empreinte ou transformation non admis"]
    if _digest(_canonical(target, methode), reference.algorithme) != reference.digest:
        return [f"{nom} : l'empreinte signée ne correspond pas au contenu"]
    return []


def _value_fault(root: etree._Element, info: etree._Element, facts: certificat.FaitsCertificat, algorithme: str) -> str:
    canonicalization = info.find(_ds("CanonicalizationMethod"))
    methode = "" if canonicalization is None else canonicalization.get("Algorithm", "")
    if methode not in _CANONICAL or algorithme not in _TRANSFORMS:
        return f"algorithme non admis : {methode}, {algorithme}"
    try:
        value = base64.b64decode("".join(xml.text(root.find(_ds("SignatureValue"))).split()), validate=True)
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(facts.der, xmlsec.constants.KeyDataFormatCertDer)
        context.verify_binary(_canonical(info, methode), _TRANSFORMS[algorithme], value)
    except (xmlsec.Error, ValueError):
        return "la valeur de la signature ne correspond pas à SignedInfo"
    return ""


def _reference(element: etree._Element) -> ReferenceManifeste:
    method = element.find(_ds("DigestMethod"))
    return ReferenceManifeste(
        element.get("URI", ""),
        "".join(xml.text(element.find(_ds("DigestValue"))).split()),
        "" if method is None else method.get("Algorithm", ""),
        tuple(t.get("Algorithm", "") for t in element.findall(f"{_ds('Transforms')}/{_ds('Transform')}")),
    )


def _announced(properties: etree._Element | None) -> tuple[CertificatAnnonce, ...]:
    if properties is None:
        return ()
    entries = properties.findall("{*}SignedSignatureProperties/{*}SigningCertificate/{*}Cert")
    return tuple(_announce(entry) for entry in entries)


def _announce(entry: etree._Element) -> CertificatAnnonce:
    method = entry.find("{*}CertDigest/{*}DigestMethod")
    return CertificatAnnonce(
        xml.text(entry.find("{*}CertDigest/{*}DigestValue")),
        "" if method is None else method.get("Algorithm", ""),
        xml.text(entry.find("{*}IssuerSerial/{*}X509IssuerName")),
        xml.text(entry.find("{*}IssuerSerial/{*}X509SerialNumber")),
    )


def manifest_faults(signature: SignatureLot, lot: str, documents: Sequence[DocumentLot]) -> list[str]:
    """Confront the manifest with the lot that was received: one French sentence for each difference."""
    faults = []
    first, *others = signature.references or (ReferenceManifeste("", "", "", ()),)
    if first.uri != f"urn:oid:{lot}" or first.digest != DIGEST_LOT:
        faults.append(f"première référence : urn:oid:{lot} avec l'empreinte {DIGEST_LOT} attendue, « {first.uri} » lue")
    by_uri = {f"urn:oid:{document.unique_id}": document for document in documents}
    named = [reference.uri for reference in others]
    faults += [f"document {uri} absent du manifeste" for uri in by_uri if named.count(uri) != 1]
    for reference in others:
        document = by_uri.get(reference.uri)
        if document is None:
            faults.append(f"référence à un document étranger au lot : {reference.uri}")
        elif not _digest_holds(reference, document):
            faults.append(f"empreinte du document {reference.uri} différente de celle du document reçu")
    return faults


def _digest_holds(reference: ReferenceManifeste, document: DocumentLot) -> bool:
    methode = reference.transforms[0] if reference.transforms else ""
    if reference.algorithme not in _HASHES or (methode and methode not in _CANONICAL):
        return False
    if not (document.xml and methode):
        return _digest(document.octets, reference.algorithme) == reference.digest
    try:
        return digest_document(document, reference.algorithme, methode) == reference.digest
    except FormatError:
        return False
