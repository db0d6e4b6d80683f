"""Signature wrapping at the port: one of our signed VIHF re-arranged inside a whole TD2.1 over HTTPS, each refused.

The forged copy asks for another patient and another user; the signed original stays whole somewhere in the message.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
from collections.abc import Callable, Iterator

import pytest
from lxml import etree

from banc_segur.formats import soap, xml
from banc_segur.formats.dsig import DS
from banc_segur.formats.registry_response import read_registry_response
from banc_segur.formats.vihf import SAML
from tests.dmp_banc import INS, BancDmp
from tests.dmp_envoi import Envoi, juger, poster

Element = etree._Element
ASSERTION, SIGNATURE = xml.q(SAML, "Assertion"), xml.q(DS, "Signature")
FAUX_NAMEID = "899900009999"


@pytest.fixture(scope="module")
def banc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BancDmp]:
    found = BancDmp(tmp_path_factory.mktemp("pfi"))
    yield found
    found.serveur.stop()


def _security(root: Element) -> Element:
    found = root.find(f"{xml.q(soap.SOAP12, 'Header')}/{xml.q(soap.WSSE, 'Security')}")
    assert found is not None
    return found


def _place(root: Element) -> tuple[Element, Element]:
    """(Security, the signed assertion in it)."""
    security = _security(root)
    found = security.find(ASSERTION)
    assert found is not None
    return security, found


def _faux(vrai: Element, *, identifiant: str = "_faux", signe: bool = False) -> Element:
    """A copy for another user; without its signature unless `signe`."""
    forged = copy.deepcopy(vrai)
    forged.set("ID", identifiant)
    nameid = forged.find(f"{xml.q(SAML, 'Subject')}/{xml.q(SAML, 'NameID')}")
    assert nameid is not None
    nameid.text = FAUX_NAMEID
    signature = forged.find(SIGNATURE)
    assert signature is not None
    if not signe:
        forged.remove(signature)
    return forged


def _signature(vrai: Element) -> Element:
    found = vrai.find(SIGNATURE)
    assert found is not None
    return found


def _dans_object(root: Element) -> None:
    security, vrai = _place(root)
    forged = _faux(vrai)
    signature = copy.deepcopy(_signature(vrai))
    forged.insert(1, signature)
    security.replace(vrai, forged)
    etree.SubElement(signature, xml.q(DS, "Object")).append(vrai)


def _enfant(root: Element) -> None:
    security, vrai = _place(root)
    forged = _faux(vrai)
    security.replace(vrai, forged)
    forged.append(vrai)


def _enfant_signature_sortie(root: Element) -> None:
    """The signature beside the forged content, its reference to the original kept below."""
    security, vrai = _place(root)
    forged = _faux(vrai)
    security.replace(vrai, forged)
    forged.insert(1, copy.deepcopy(_signature(vrai)))
    forged.append(vrai)


def _advice(root: Element) -> None:
    security, vrai = _place(root)
    forged = _faux(vrai, signe=True)
    security.replace(vrai, forged)
    etree.SubElement(forged, xml.q(SAML, "Advice")).append(vrai)


def _freres(devant: bool) -> Callable[[Element], None]:
    def changer(root: Element) -> None:
        security, vrai = _place(root)
        security.insert(0 if devant else 1, _faux(vrai))

    return changer


def _second_security(devant: bool) -> Callable[[Element], None]:
    def changer(root: Element) -> None:
        security, vrai = _place(root)
        other = etree.Element(xml.q(soap.WSSE, "Security"))
        other.append(_faux(vrai))
        (security.addprevious if devant else security.addnext)(other)

    return changer


def _autre_en_tete(root: Element) -> None:
    security, vrai = _place(root)
    security.replace(vrai, _faux(vrai, signe=True))
    other = etree.Element("{urn:autre}Boite")
    other.append(vrai)
    security.addnext(other)


def _dans_le_corps(root: Element) -> None:
    security, vrai = _place(root)
    security.replace(vrai, _faux(vrai, signe=True))
    root.find(xml.q(soap.SOAP12, "Body")).append(vrai)  # type: ignore[union-attr]


def _meme_identifiant_dans_le_corps(root: Element) -> None:
    security, vrai = _place(root)
    security.replace(vrai, _faux(vrai, identifiant=str(vrai.get("ID")), signe=True))
    root.find(xml.q(soap.SOAP12, "Body")).append(vrai)  # type: ignore[union-attr]


def _identifiant_en_double(root: Element) -> None:
    _, vrai = _place(root)
    root.find(xml.q(soap.SOAP12, "Body")).set("Id", str(vrai.get("ID")))  # type: ignore[union-attr]


def _boite_dans_security(root: Element) -> None:
    security, vrai = _place(root)
    box = etree.Element("{urn:autre}Boite")
    security.replace(vrai, box)
    box.append(vrai)


def _non_signe(root: Element) -> None:
    security, vrai = _place(root)
    security.replace(vrai, _faux(vrai))


def _contenu_change(root: Element) -> None:
    security, vrai = _place(root)
    security.replace(vrai, _faux(vrai, identifiant=str(vrai.get("ID")), signe=True))


def _reference_vide(root: Element) -> None:
    _, vrai = _place(root)
    vrai.find(f".//{xml.q(DS, 'Reference')}").set("URI", "")  # type: ignore[union-attr]


def _seconde_reference(root: Element) -> None:
    _, vrai = _place(root)
    reference = vrai.find(f".//{xml.q(DS, 'Reference')}")
    assert reference is not None
    reference.addnext(copy.deepcopy(reference))


def _xpath(root: Element) -> None:
    _, vrai = _place(root)
    transforms = vrai.find(f".//{xml.q(DS, 'Transforms')}")
    assert transforms is not None
    extra = etree.SubElement(
        transforms, xml.q(DS, "Transform"), {"Algorithm": "http://www.w3.org/TR/1999/REC-xpath-19991116"}
    )
    etree.SubElement(extra, xml.q(DS, "XPath")).text = "not(ancestor-or-self::*[local-name()='NameID'])"


def _hmac(root: Element) -> None:
    """SignedInfo keyed with the public certificate, as if it were a shared secret."""
    security, vrai = _place(root)
    forged = _faux(vrai, identifiant=str(vrai.get("ID")), signe=True)
    security.replace(vrai, forged)
    signature = _signature(forged)
    forged.remove(signature)
    digest = base64.b64encode(hashlib.sha256(etree.tostring(forged, method="c14n", exclusive=True)).digest())
    forged.insert(1, signature)
    signature.find(f".//{xml.q(DS, 'DigestValue')}").text = digest.decode()  # type: ignore[union-attr]
    info = signature.find(xml.q(DS, "SignedInfo"))
    assert info is not None
    info.find(xml.q(DS, "SignatureMethod")).set(  # type: ignore[union-attr]
        "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
    )
    key = base64.b64decode("".join(str(signature.find(f".//{xml.q(DS, 'X509Certificate')}").text).split()))  # type: ignore[union-attr]
    octets = etree.tostring(info, method="c14n", exclusive=True)
    value = base64.b64encode(hmac.new(key, octets, hashlib.sha256).digest()).decode()
    signature.find(xml.q(DS, "SignatureValue")).text = value  # type: ignore[union-attr]


def _deux_signatures(root: Element) -> None:
    security, vrai = _place(root)
    forged = _faux(vrai, signe=True)
    forged.insert(2, copy.deepcopy(_signature(vrai)))
    security.replace(vrai, forged)


def _attribut_ajoute(root: Element) -> None:
    """A second AttributeStatement with another patient, after the signed one."""
    _, vrai = _place(root)
    statement = copy.deepcopy(vrai.find(xml.q(SAML, "AttributeStatement")))
    vrai.append(statement)  # type: ignore[arg-type]


def _second_header(root: Element) -> None:
    header = root.find(xml.q(soap.SOAP12, "Header"))
    assert header is not None
    other = etree.Element(header.tag)
    security = etree.SubElement(other, xml.q(soap.WSSE, "Security"))
    security.append(_faux(_place(root)[1]))
    header.addprevious(other)


VARIANTES: dict[str, Callable[[Element], None]] = {
    "original dans un Object de la signature": _dans_object,
    "original enfant du faux": _enfant,
    "original enfant du faux, signature sortie": _enfant_signature_sortie,
    "original dans Advice": _advice,
    "faux avant l'original": _freres(True),
    "faux après l'original": _freres(False),
    "faux dans un premier Security": _second_security(True),
    "faux dans un second Security": _second_security(False),
    "original dans un autre en-tête": _autre_en_tete,
    "original dans le corps": _dans_le_corps,
    "original dans le corps, même ID": _meme_identifiant_dans_le_corps,
    "ID de l'assertion porté aussi par le corps": _identifiant_en_double,
    "assertion dans une boîte sous Security": _boite_dans_security,
    "faux non signé": _non_signe,
    "contenu changé sous la signature": _contenu_change,
    "référence vide": _reference_vide,
    "seconde référence": _seconde_reference,
    "transformation XPath ajoutée": _xpath,
    "HMAC avec le certificat pour clé": _hmac,
    "deux signatures": _deux_signatures,
    "attributs ajoutés": _attribut_ajoute,
    "second Header": _second_header,
}


def test_the_untouched_message_is_accepted(banc: BancDmp) -> None:
    status, body = poster(banc.port, Envoi().ecrire())
    assert (status, read_registry_response(soap.read(body).payload).reussi) == (200, True)
    assert len(banc.registre.documents(INS)) == 1


def test_a_chunked_deposit_is_read(banc: BancDmp) -> None:
    """Read as any other: the same lot is already there."""
    poster(banc.port, Envoi().ecrire())
    status, body = poster(banc.port, Envoi().ecrire(), morceaux=1000)
    answer = read_registry_response(soap.read(body).payload)
    assert (status, [error.code for error in answer.errors]) == (200, ["XDSDuplicateUniqueIdInRegistry"])


@pytest.mark.parametrize("nom", VARIANTES)
def test_wrapped_vihf_is_refused(banc: BancDmp, nom: str) -> None:
    before = banc.registre.documents(INS)
    paquet = Envoi(enveloppe=VARIANTES[nom]).ecrire()
    status, body = poster(banc.port, paquet)
    fault = soap.read(body).fault
    assert status == 500 and fault is not None, body
    assert banc.registre.documents(INS) == before
    rules = juger(paquet)
    assert "DMP-V01" in rules or any("illisible" in name or name.startswith("BANC") for name in rules), rules


def test_a_comment_inside_a_signed_value_hides_nothing() -> None:
    """Exclusive canonicalisation drops comments, so the signature still holds: the value must be read whole."""

    def changer(root: Element) -> None:
        nameid = _place(root)[1].find(f"{xml.q(SAML, 'Subject')}/{xml.q(SAML, 'NameID')}")
        assert nameid is not None and nameid.text is not None
        comment = etree.Comment("x")
        comment.tail = nameid.text[6:]
        nameid.text = nameid.text[:6]
        nameid.append(comment)

    assert juger(Envoi(enveloppe=changer).ecrire()) == {}
