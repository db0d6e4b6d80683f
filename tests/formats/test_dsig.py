"""Signatures: what we sign, signxml accepts, and conversely; wrapping and the published attacks are refused."""

import copy

import pytest
from lxml import etree
from signxml import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConfiguration,
    SignatureMethod,
    XMLSigner,
    XMLVerifier,
)

from banc_segur.formats import dsig, xml
from tests import corpus
from tests.signature import Porteur, materiel

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
CONFIGURATION = SignatureConfiguration(
    signature_methods=frozenset({SignatureMethod.RSA_SHA1, SignatureMethod.RSA_SHA256}),
    digest_algorithms=frozenset({DigestAlgorithm.SHA1, DigestAlgorithm.SHA256}),
    location="./",
)


def cle(porteur: Porteur | None = None) -> dsig.Cle:
    porteur = porteur or materiel().sign
    return dsig.Cle(porteur.cle_pem, porteur.pem, materiel().ca.pem)


def assertion(identifiant: str = "_a1") -> etree._Element:
    element = etree.Element(xml.q(SAML, "Assertion"), {"ID": identifiant, "Version": "2.0"}, nsmap={"saml2": SAML})
    etree.SubElement(element, xml.q(SAML, "Issuer")).text = "C=FR"
    etree.SubElement(element, xml.q(SAML, "Subject")).text = "bon"
    return element


def signed(*, sha1: bool = False) -> etree._Element:
    element = assertion()
    dsig.sign(element, cle(), sha1=sha1)
    return xml.parse(xml.serialize(element))


@pytest.mark.parametrize("sha1", [False, True])
def test_signed_by_us_is_accepted_by_both(sha1: bool) -> None:
    element = signed(sha1=sha1)
    outcome = dsig.verify(element, attendu=materiel().sign.der)
    assert (outcome.valide, outcome.motif) == (True, "")
    assert outcome.algorithme == (dsig.RSA_SHA1 if sha1 else dsig.RSA_SHA256)
    assert outcome.certificat is not None and outcome.certificat.der == materiel().sign.der
    XMLVerifier().verify(
        element, x509_cert=materiel().sign.pem.decode(), id_attribute="ID", expect_config=CONFIGURATION
    )
    assert [etree.QName(child).localname for child in element] == ["Issuer", "Signature", "Subject"]


def test_signed_by_signxml_is_accepted() -> None:
    signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0)
    element = signer.sign(
        assertion(), key=materiel().sign.cle_pem, cert=materiel().sign.pem.decode(), reference_uri="#_a1"
    )
    assert dsig.verify(xml.parse(xml.serialize(element))).motif == ""


def _forged(element: etree._Element) -> etree._Element:
    """An assertion that says something else, with the same ID."""
    forged = copy.deepcopy(element)
    forged.remove(forged.findall(xml.q(dsig.DS, "Signature"))[0])
    forged.findall(xml.q(SAML, "Subject"))[0].text = "faux"
    return forged


def _altered(element: etree._Element) -> etree._Element:
    element.findall(xml.q(SAML, "Subject"))[0].text = "faux"
    return element


def _reindented(element: etree._Element) -> etree._Element:
    etree.indent(element)
    return element


def _wrapped_in_header(element: etree._Element) -> etree._Element:
    forged = _forged(element)
    root = etree.Element("Envelope")
    root.extend([forged, element])
    return forged


def _signature_moved(element: etree._Element) -> etree._Element:
    """The forged assertion carries the signature; the signed original is put somewhere else."""
    forged = _forged(element)
    signature = element.findall(xml.q(dsig.DS, "Signature"))[0]
    forged.set("ID", "_evil")
    forged.insert(1, copy.deepcopy(signature))
    etree.SubElement(etree.SubElement(forged, "Extensions"), "x").append(element)
    return forged


def _original_in_object(element: etree._Element) -> etree._Element:
    forged = _forged(element)
    signature = copy.deepcopy(element.findall(xml.q(dsig.DS, "Signature"))[0])
    forged.insert(1, signature)
    etree.SubElement(signature, xml.q(dsig.DS, "Object")).append(element)
    return forged


def _same_id_elsewhere(element: etree._Element) -> etree._Element:
    root = etree.Element("Envelope")
    root.append(element)
    etree.SubElement(root, "Autre", {"Id": "_a1"})
    return element


def _other_transform(element: etree._Element) -> etree._Element:
    transforms = next(element.iter(xml.q(dsig.DS, "Transforms")))
    etree.SubElement(
        transforms, xml.q(dsig.DS, "Transform"), {"Algorithm": "http://www.w3.org/TR/1999/REC-xpath-19991116"}
    )
    return element


def _two_references(element: etree._Element) -> etree._Element:
    info = next(element.iter(xml.q(dsig.DS, "SignedInfo")))
    info.append(copy.deepcopy(next(element.iter(xml.q(dsig.DS, "Reference")))))
    return element


def _hmac(element: etree._Element) -> etree._Element:
    method = next(element.iter(xml.q(dsig.DS, "SignatureMethod")))
    method.set("Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1")
    return element


def _unsigned(_element: etree._Element) -> etree._Element:
    return assertion()


@pytest.mark.parametrize(
    "attack",
    [
        _altered,
        _reindented,
        _wrapped_in_header,
        _signature_moved,
        _original_in_object,
        _same_id_elsewhere,
        _other_transform,
        _two_references,
        _hmac,
        _unsigned,
    ],
)
def test_attacks_are_refused(attack) -> None:  # type: ignore[no-untyped-def]
    outcome = dsig.verify(attack(signed()))
    assert not outcome.valide
    assert outcome.motif


def test_another_certificate_is_refused() -> None:
    assert "attendu" in dsig.verify(signed(), attendu=materiel().autre.der).motif


def test_published_attack_files_are_refused() -> None:
    files = sorted(corpus.fichier("attacks", "saml-xsw").glob("*.xml"))
    assert len(files) == 4
    for path in files:
        root = xml.parse(path.read_bytes())
        found = list(root.iter(xml.q(SAML, "Assertion")))
        forged = [a for a in found if "attack" in xml.serialize(a).decode()] or found[:1]
        assert forged and not any(dsig.verify(a).valide for a in forged), path.name
