"""VIHF: written then read back whole; the official sample is understood; a stray assertion is refused."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree

from banc_segur.formats import soap, vihf, xml
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Professionnel, Structure
from tests import corpus
from tests.formats.test_dsig import cle
from tests.signature import FINESS

INSTANT = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)


def exemple() -> vihf.Vihf:
    return vihf.indirecte(
        structure=Structure(FINESS, "CH BANC"),
        acteur=Professionnel("899900000001", "DOC-TEST", "Ève"),
        ins=Ins("279035121518989", "1.2.250.1.213.1.4.10"),
        cle=cle(),
        instant=INSTANT,
        authn_instant=INSTANT,
        lps=("Banc témoin", "0.1", "BANC-TEMOIN"),
    )


def test_written_then_read() -> None:
    wanted = replace(exemple(), confidentialite=vihf.CONNEXION_CACHEE, lps_id="1.2.3", not_before="x", audience=True)
    found, outcome = vihf.read(xml.parse(xml.serialize(vihf.write(wanted, cle()))))
    assert found == wanted
    assert outcome.motif == ""


def test_derived_values() -> None:
    found = exemple()
    assert found.issuer == "CN=DMP SIGN,OU=10B0000001,O=CH BANC,ST=Sarthe (72),C=FR"
    assert found.resource_id == "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"
    assert [(role.code, role.systeme) for role in found.roles] == [
        ("10", "1.2.250.1.71.1.2.7"),
        ("SM54", "1.2.250.1.71.4.2.5"),
    ]
    assert (found.instant, found.secteur) == ("2026-01-15T08:30:00.000Z", "SA01^1.2.250.1.71.4.2.4")


def test_signed_assertion_survives_its_envelope() -> None:
    security = etree.Element(xml.q(soap.WSSE, "Security"), nsmap={"wsse": soap.WSSE})
    security.append(vihf.write(exemple(), cle()))
    envelope = soap.read(soap.write(etree.Element("x"), [security]))
    assert vihf.read(vihf.find(envelope))[1].motif == ""


@pytest.mark.parametrize("copies", [0, 2])
def test_exactly_one_assertion_at_its_place(copies: int) -> None:
    security = etree.Element(xml.q(soap.WSSE, "Security"))
    for _ in range(copies):
        security.append(vihf.write(exemple(), None))
    with pytest.raises(FormatError):
        vihf.find(soap.read(soap.write(etree.Element("x"), [security])))
    payload = etree.Element("x")
    payload.append(vihf.write(exemple(), None))
    with pytest.raises(FormatError):
        vihf.find(soap.read(soap.write(payload, [])))


def test_official_sample() -> None:
    path = corpus.fichier("dmp", "gie-sv-messages", "VIHF_INDIRECTE_signe.xml")
    found, outcome = vihf.read(xml.parse(path.read_bytes()))
    assert (found.mode, found.structure, found.nameid) == ("INDIRECTE", "339172288100052", "899900063480")
    assert [role.code for role in found.roles] == ["10", "SM26"]
    assert found.purpose is not None and found.purpose.type == "CE"
    assert (found.autres, found.repetes) == ({}, ())
    assert not outcome.valide  # edited after signing, says SOURCES.md
    assert outcome.certificat is not None and outcome.certificat.ou == found.structure


def test_not_an_assertion() -> None:
    with pytest.raises(FormatError):
        vihf.read(etree.Element("Assertion"))
