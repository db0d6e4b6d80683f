"""Rules on the VIHF and the lot signature: silent on good material, each raised by its own defect."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from banc_segur.formats import certificat, lot_signature, soap, vihf, xml
from banc_segur.formats.identite import Ins, Professionnel, Structure
from banc_segur.rules import catalogue
from banc_segur.rules.model import Contexte, Severite, Sujet
from banc_segur.rules.vihf import modele
from banc_segur.temoin import defauts
from banc_segur.temoin.config import Certificat, Certificats
from banc_segur.temoin.defauts import vihf as defauts_vihf
from tests import corpus
from tests.formats.test_dsig import cle
from tests.formats.test_lot_signature import DOCUMENTS, LOT
from tests.signature import materiel

INSTANT = datetime.now(UTC).replace(microsecond=0)
PATIENT = "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"


def evaluer(genre: str, objet: Any, instant: datetime = INSTANT, tls: bytes | None = None) -> dict[str, str]:
    jugement = catalogue.evaluer(Sujet(genre, objet), Contexte(instant, certificat=tls))
    broken = [entry for entry in jugement.non_evaluees if "erreur du banc" in entry[1]]
    assert not broken
    return {constat.regle: constat.observe for constat in jugement.constats}


def _passer(actif: str, point: str, value: Any) -> Any:
    active = defauts.Defauts()
    active.activer([actif] if actif else [])
    return active.passer(point, value)


def lu(actif: str = "") -> modele.VihfLu:
    """The VIHF of a witness with one defect on, as the analyser would hand it over."""
    material = materiel()
    pairs = {"sign": cle(), "auth": cle(material.auth)}
    files = {name: Certificat(certificat=Path(name), cle=Path(name)) for name in ("insi_auto", "bal_app", "lgc")}
    config = Certificats(
        ac=Path("ac"),
        dmp_sign=Certificat(certificat=Path("sign"), cle=Path("sign")),
        dmp_auth=Certificat(certificat=Path("auth"), cle=Path("auth")),
        **files,
    )
    key = pairs[_passer(actif, "pfi.certificats", config).dmp_sign.cle.name]
    base = vihf.indirecte(
        structure=Structure("10B0000001", "CH BANC"),
        acteur=Professionnel("899900000001", "DOC-TEST", "Ève"),
        ins=Ins("279035121518989", "1.2.250.1.213.1.4.10"),
        cle=key,
        instant=INSTANT,
        authn_instant=INSTANT - timedelta(minutes=5),
        lps=("Banc témoin", "0.1", "BANC-TEMOIN"),
    )
    element = _passer(actif, "pfi.vihf.signe", vihf.write(_passer(actif, "pfi.vihf", base), key))
    security = etree.Element(xml.q(soap.WSSE, "Security"))
    security.append(element)
    return modele.lire_vihf(soap.read(soap.write(etree.Element("x"), [security])), PATIENT)


def lot(actif: str = "") -> modele.SignatureLue:
    octets = lot_signature.write(LOT, DOCUMENTS, cle(), INSTANT)
    octets = _passer(actif, "pfi.signature_lot", octets)
    facts = certificat.read(materiel().sign.der)
    return modele.lire_signature(octets, LOT, DOCUMENTS, associee=True, certificat_vihf=facts)


VIHF = ["V01", "V02", "V03", "V04", "V05", "V06", "V07", "V08", "V09", "V10", "V11", "V12", "V13"]


def test_silent_on_good_material() -> None:
    assert evaluer(modele.GENRE_VIHF, lu(), tls=materiel().auth.der) == {}
    assert evaluer(modele.GENRE_SIGNATURE, lot()) == {}


@pytest.mark.parametrize("numero", VIHF)
def test_each_vihf_rule_by_its_defect(numero: str) -> None:
    assert set(evaluer(modele.GENRE_VIHF, lu(f"DMP-{numero}"), tls=materiel().auth.der)) == {f"DMP-{numero}"}


@pytest.mark.parametrize(
    ("numero", "suite"), [("S01", set()), ("S02", {"DMP-S03"}), ("S03", set()), ("S04", {"DMP-S03"})]
)
def test_each_lot_rule_by_its_defect(numero: str, suite: set[str]) -> None:
    assert set(evaluer(modele.GENRE_SIGNATURE, lot(f"DMP-{numero}"))) == {f"DMP-{numero}", *suite}


def test_every_rule_has_its_defect() -> None:
    mine = {r.id for r in catalogue.toutes() if r.genre in (modele.GENRE_VIHF, modele.GENRE_SIGNATURE)}
    assert mine == {f"DMP-{numero}" for numero in [*VIHF, "S01", "S02", "S03", "S04"]}
    assert mine == {d.regle for d in defauts.tous() if d.muter.__module__ == defauts_vihf.__name__}
    assert all(catalogue.par_id(identifiant).severite is Severite.ERREUR for identifiant in mine)


def test_unassociated_signature_and_other_patient() -> None:
    found = lot()
    stray = modele.SignatureLue(found.lot, found.documents, found.signature, False)
    assert set(evaluer(modele.GENRE_SIGNATURE, stray)) == {"DMP-S01"}
    good = lu()
    other = modele.VihfLu(good.vihf, good.certificat_signature, True, "", PATIENT.replace("279", "179"))
    assert set(evaluer(modele.GENRE_VIHF, other)) == {"DMP-V07"}


def test_official_sample_only_shows_its_known_defect() -> None:
    path = corpus.fichier("dmp", "gie-sv-messages", "VIHF_INDIRECTE_signe.xml")
    found, outcome = vihf.read(xml.parse(path.read_bytes()))
    subject = modele.VihfLu(found, outcome.certificat, outcome.valide, outcome.motif)
    assert set(evaluer(modele.GENRE_VIHF, subject, datetime(2019, 6, 26, 8, 46, 10, tzinfo=UTC))) == {"DMP-V01"}


def test_official_requests_are_unsigned_but_otherwise_clean() -> None:
    files = sorted(corpus.fichier("dmp", "gie-sv-messages").glob("TD*_requete.xml"))
    seen = set()
    for path in files:
        subject = modele.lire_vihf(soap.read(path.read_bytes()))
        instant = datetime.fromisoformat(subject.vihf.instant)
        seen |= {(path.name[:6], key, value) for key, value in evaluer(modele.GENRE_VIHF, subject, instant).items()}
    assert {key for _, key, _ in seen} == {"DMP-V01"}, seen
