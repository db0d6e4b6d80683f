"""Lawful deposits of other vendors: accepted by the simulator and silent in the report, but for what each row names."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from banc_segur.formats import cda_write, dn, vihf, xml
from banc_segur.formats.certificat import read_pem
from banc_segur.formats.dsig import DS
from banc_segur.formats.vihf import Vihf
from banc_segur.formats.xds import Association, Auteur, Entree, Lot, Xcn, Xon, code_jdv
from banc_segur.formats.xds_schemas import RIM
from banc_segur.rules import catalogue
from banc_segur.rules.model import Contexte, Sujet
from banc_segur.rules.vihf.modele import GENRE_VIHF, VihfLu
from tests import corpus
from tests.certificats import pki_partagee
from tests.dmp_banc import INS, PDF, document
from tests.dmp_envoi import Envoi, cle, envoyer, erreurs, juger
from tests.dmp_paquets import base64_non_dit, limite, parties, renommer

Element = etree._Element


def _cda(numero: int = 1, *remplacements: tuple[str, str]) -> bytes:
    text = cda_write.write(document(numero), PDF).decode()
    for old, new in remplacements:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def _entree(**champs: Any) -> Callable[[Lot], Lot]:
    return lambda lot: replace(lot, entrees=tuple(replace(entree, **champs) for entree in lot.entrees))


def _majuscules(lot: Lot) -> Lot:
    return replace(lot, entrees=tuple(replace(e, hash=e.hash.upper()) for e in lot.entrees))


def _cx7(lot: Lot) -> Lot:
    date = "^^20100907"
    return replace(
        lot,
        patient_id=lot.patient_id + date,
        entrees=tuple(replace(e, patient_id=e.patient_id + date) for e in lot.entrees),
    )


def _rim(root: Element, local: str) -> list[Element]:
    return list(root.iter(xml.q(RIM, local)))


def _slots_en_plus(root: Element) -> None:
    for parent in (*_rim(root, "ExtrinsicObject"), *_rim(root, "RegistryPackage")):
        for name in ("urn:vendeur:numero", "referenceIdList", "urn:ihe:iti:xds:2013:referenceIdList"):
            slot = etree.Element(xml.q(RIM, "Slot"), {"name": name})
            etree.SubElement(etree.SubElement(slot, xml.q(RIM, "ValueList")), xml.q(RIM, "Value")).text = "1"
            parent.insert(0, slot)


def _attributs_en_plus(root: Element) -> None:
    for element in (*_rim(root, "ExtrinsicObject"), *_rim(root, "RegistryPackage")):
        element.set("lid", str(element.get("id")))
        element.set("home", "urn:oid:1.2.3")
    for element in _rim(root, "ExtrinsicObject"):
        element.set("isOpaque", "false")
        element.set("status", "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved")
    for element in _rim(root, "Classification"):
        element.set("objectType", "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Classification")


def _melanges(root: Element) -> None:
    """The objects of the list in the other order, and comments."""
    (objects,) = _rim(root, "RegistryObjectList")
    objects[:] = list(objects)[::-1]
    objects.insert(0, etree.Comment(" généré "))
    for parent in _rim(root, "ExtrinsicObject"):
        parent.append(etree.Comment("x"))


def _noeud_dans_la_liste(root: Element) -> None:
    """The classification of the lot as an object of the list, as IHE samples have it."""
    (objects,) = _rim(root, "RegistryObjectList")
    (node,) = [c for c in _rim(root, "Classification") if c.get("classificationNode")]
    objects.append(node)


def _sans_to(root: Element) -> None:
    for element in root.iter("{http://www.w3.org/2005/08/addressing}To"):
        element.text = "https://lps.dmp.test/si-dmp-server/v2/services/repository"


def _dossiers_auteurs(lot: Lot) -> Lot:
    """Two institutions (EG then EJ) in the lot."""
    author = lot.authors[0]
    other = Xon("GHT SEGUR TEST", "175B000099").write()
    return replace(lot, authors=(replace(author, institutions=(other, *author.institutions)),))


def _automate(lot: Lot) -> Lot:
    device = Auteur(
        Xcn("175B000001/PFI", "PFI", "", "1.2.250.1.71.4.2.1", "U", "RI").write(), lot.authors[0].institutions
    )
    return replace(lot, authors=(lot.authors[0], device))


def _reference(lot: Lot) -> Lot:
    """A document deposited before, named again in this lot."""
    link = Association(
        "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember",
        lot.id,
        f"urn:uuid:{uuid.uuid4()}",
        "Reference",
    )
    return replace(lot, associations=(*lot.associations, link))


def _uid_uuid(numero: int) -> str:
    return f"2.25.{uuid.UUID(int=numero + (1 << 127)).int}"


def _prefixes(root: Element) -> None:
    etree.cleanup_namespaces(root)


def _chaine(rang: int) -> Callable[[Element], None]:
    """The authority's certificate beside the signer's in X509Data (outside what is signed)."""

    def changer(root: Element) -> None:
        (data,) = root.iter(xml.q(DS, "X509Data"))
        element = etree.Element(xml.q(DS, "X509Certificate"))
        element.text = base64.b64encode(_emetteur()).decode()
        data.insert(rang, element)
        etree.SubElement(data, xml.q(DS, "X509SubjectName")).text = "CN=x"

    return changer


def _emetteur() -> bytes:
    leaf = cle().certificat
    (found,) = [c for c in read_pem(pki_partagee().ac.read_bytes()) if dn.memes(c.sujet, leaf.emetteur)]
    return found.der


def _action(root: Element) -> None:
    for element in root.iter("{http://www.w3.org/2005/08/addressing}ReplyTo"):
        element.attrib.clear()


def _issuer(texte: Callable[[str], str]) -> Callable[[Vihf], Vihf]:
    return lambda found: replace(found, issuer=texte(found.issuer))


def _conditions(found: Vihf) -> Vihf:
    year = int(found.instant[:4])
    return replace(
        found,
        instant=f"{year - 1}{found.instant[4:]}",
        authn_instant=f"{year - 1}{found.authn_instant[4:]}",
        not_before=f"{year - 1}{found.instant[4:]}",
        not_on_or_after=f"{year + 1}{found.instant[4:]}",
    )


def _sept_chiffres(found: Vihf) -> Vihf:
    return replace(
        found, instant=re.sub(r"\.\d+Z", ".1234567Z", found.instant), authn_instant=found.authn_instant[:19] + "Z"
    )


def _nom_entree(lot: Lot, rang: int) -> Entree:
    return lot.entrees[rang]


@dataclass(frozen=True)
class Variante:
    """A lawful deposit. constats: the rules that may speak, with no refusal on the wire."""

    nom: str
    envoi: Envoi
    constats: frozenset[str] = frozenset()


LONG = "Lettre de liaison " * 9
VARIANTES = [
    Variante("témoin", Envoi()),
    Variante("rsa-sha1", Envoi(sha1=True)),
    Variante("VIHF 4.0", Envoi(vihf=lambda v: replace(v, version="4.0"))),
    Variante("Authentification_Mode", Envoi(vihf=lambda v: replace(v, mode_nom="Authentification_Mode"))),
    Variante("chaîne de certificats dans KeyInfo", Envoi(enveloppe=_chaine(0))),
    Variante("chaîne de certificats, la feuille d'abord", Envoi(enveloppe=_chaine(1))),
    Variante("Issuer à l'envers, avec espaces", Envoi(vihf=_issuer(lambda t: ", ".join(t.split(",")[::-1])))),
    Variante("Issuer en minuscules de types", Envoi(vihf=_issuer(lambda t: t.replace("CN=", "cn=")))),
    Variante("LPS_ID et attribut inconnu", Envoi(vihf=lambda v: replace(v, lps_id="1.2.3", autres={"Palier": "2"}))),
    Variante("Conditions d'un an", Envoi(vihf=_conditions)),
    Variante("instants à 7 décimales et sans décimale", Envoi(vihf=_sept_chiffres)),
    Variante("centre 15", Envoi(vihf=lambda v: replace(v, purpose=replace(v.purpose, code="centre_15")))),  # type: ignore[type-var]
    Variante("sans codeSystemName", Envoi(vihf=lambda v: replace(v, purpose=replace(v.purpose, nom_systeme="")))),  # type: ignore[type-var]
    Variante(
        "identifiant interne de l'utilisateur", Envoi(vihf=lambda v: replace(v, nameid="3750000001/DUPONT Jeanne"))
    ),
    Variante("ADELI de Corse", Envoi(vihf=lambda v: replace(v, nameid="02A1234567"))),
    Variante("CX-7 dans resource-id", Envoi(vihf=lambda v: replace(v, resource_id=v.resource_id + "^^20100907"))),
    Variante("sans hash ni size", Envoi(lot=_entree(hash="", size=""))),
    Variante("hash en majuscules", Envoi(lot=_majuscules)),
    Variante("CX-7 dans patientId", Envoi(lot=_cx7), frozenset({"DMP-M07-CX7"})),
    Variante("ids urn:uuid", Envoi(paquet=renommer(*(uuid.UUID(int=rang + 2**127).urn for rang in range(3))))),
    Variante("autres ids symboliques", Envoi(paquet=renommer("lot", "theDocument", "sig"))),
    Variante("slots et attributs en plus", Envoi(enveloppe=_slots_en_plus)),
    Variante("attributs ebRIM en plus", Envoi(enveloppe=_attributs_en_plus)),
    Variante("objets dans un autre ordre", Envoi(enveloppe=_melanges)),
    Variante("nœud du lot dans la liste", Envoi(enveloppe=_noeud_dans_la_liste)),
    Variante("wsa:To rempli", Envoi(enveloppe=_sans_to)),
    Variante("ReplyTo sans mustUnderstand", Envoi(enveloppe=_action)),
    Variante("deux institutions d'auteur", Envoi(lot=_dossiers_auteurs)),
    Variante("auteur automate sans prénom", Envoi(lot=_automate)),
    Variante("référence à un document déjà là", Envoi(lie=_reference)),
    Variante("uniqueId dérivé d'un UUID", Envoi(lot=lambda lot: replace(lot, unique_id=_uid_uuid(1)))),
    Variante(
        "uniqueId de document dérivé d'un UUID",
        Envoi(cdas={"Document01": _cda(1, ("1.2.250.1.999.1.1.7.1", _uid_uuid(2)))}),
    ),
    Variante("trois documents", Envoi(cdas={f"Document0{rang}": _cda(rang) for rang in (1, 2, 3)})),
    Variante(
        "date d'acte complétée par des zéros",
        Envoi(cdas={"Document01": _cda()}, lot=lambda lot: _entree(creation_time=lot.entrees[0].creation_time)(lot)),
    ),
    Variante(
        "effectiveTime avec millisecondes",
        Envoi(
            cdas={"Document01": _cda(1, ("20260115093000+0100", "20260115093000.123+0100"))},
            lot=_entree(creation_time="20260115083000"),
        ),
    ),
    Variante(
        "effectiveTime à la minute, secondes ajoutées",
        Envoi(
            cdas={"Document01": _cda(1, ('"20260115093000+0100"', '"202601150930+0100"'))},
            lot=_entree(creation_time="20260115083000"),
        ),
    ),
    Variante(
        "titre de plus de 128 caractères coupé",
        Envoi(
            cdas={
                "Document01": _cda(
                    1, ("<title>Lettre de liaison à la sortie</title>", f"<title>{LONG.strip()}</title>")
                )
            },
            lot=_entree(title=LONG[:128]),
        ),
    ),
    Variante("masqué aux professionnels", Envoi(lot=lambda lot: _masquer(lot, "MASQUE_PS"))),
    Variante("invisible au patient", Envoi(lot=lambda lot: _masquer(lot, "INVISIBLE_PATIENT"))),
    Variante(
        "commentaires et sourcePatientInfo complet",
        Envoi(
            lot=_entree(
                comments="x",
                source_patient_info=(
                    "PID-5|A^B^^^^^L",
                    "PID-5|C^D^^^^^D",
                    "PID-7|19630515",
                    "PID-8|F",
                    "PID-11|^^^^^^BDL^^63220",
                ),
            )
        ),
    ),
    Variante("boundary à espaces et signes", Envoi(paquet=limite("=_Part 1 (x):/?'"))),
    Variante("boundary sans guillemets", Envoi(paquet=limite("MIMEBoundary_abc", cite=False))),
    Variante("parties en base64", Envoi(paquet=parties(base64_cte=True))),
    Variante("préambule, en-têtes en plus", Envoi(paquet=parties(preambule=True))),
    Variante("start-info à la CXF", Envoi(paquet=parties(cxf=True))),
    Variante("cid encodé", Envoi(paquet=parties(cid=lambda c: f"urn%3Auuid%3A{c.replace('@', '%40')}"))),
]


def _masquer(lot: Lot, code: str) -> Lot:
    first = lot.entrees[0]
    codes = (*first.confidentiality_codes, code_jdv("jdv_j58", code))
    return replace(lot, entrees=(replace(first, confidentiality_codes=codes), *lot.entrees[1:]))


@pytest.mark.parametrize("variante", VARIANTES, ids=lambda item: item.nom)
def test_lawful_deposit(variante: Variante) -> None:
    paquet = variante.envoi.ecrire()
    constats = juger(paquet)
    assert (erreurs(envoyer(paquet)), {k: v for k, v in constats.items() if k not in variante.constats}) == ([], {})
    assert variante.constats <= set(constats)


EXEMPLES = {  # what the example itself says wrong, or leaves out, shows in metadata derived from it
    "CARD-F-PRC-TAP_2022.01": {"DMP-M10"},  # signatory under root 1.2.250.1.71
    "CNAM-HR_2021.01_sans-info": {"DMP-M10"},  # a device as author, which this derivation does not name
}


@corpus.requiert("cda", "examples")
@pytest.mark.parametrize("path", corpus.fichiers("cda/examples", ".xml"), ids=lambda path: path.stem)
def test_official_documents_are_deposited_in_silence(path: Path) -> None:
    """Every ANS example, its patient made ours; levels 1 and 3, whatever its templates."""
    data = re.sub(
        rb'extension="\d{15}" root="1.2.250.1.213.1.4.(8|10)"',
        f'extension="{INS.matricule}" root="{INS.oid}"'.encode(),
        path.read_bytes(),
    )
    paquet = Envoi(cdas={"Document01": data}).ecrire()
    constats = juger(paquet)
    expected = EXEMPLES.get(path.stem, set())
    assert set(constats) == expected, constats
    if not expected:
        assert erreurs(envoyer(paquet)) == []


def _replace_vihf(**champs: Any) -> Envoi:
    return Envoi(vihf=lambda found: replace(found, **champs))


def _remplace_par_le_lot(lot: Lot) -> Lot:
    link = Association("urn:ihe:iti:2007:AssociationType:RPLC", lot.id, f"urn:uuid:{uuid.uuid4()}", "")
    return replace(lot, associations=(*lot.associations, link))


DEFAUTS = [
    ("AIR pour un dépôt", _replace_vihf(mode="INDIRECTE_RENFORCEE"), "DMP-V08", "DMPAccessDeniedByRightsService"),
    ("mode DIRECTE sans carte", _replace_vihf(mode="DIRECTE"), "DMP-V08", "DMPAccessDeniedByRightsService"),
    ("mode inventé", _replace_vihf(mode="PSC"), "DMP-V08", "DMPAccessDeniedByRightsService"),
    ("nom du patient pour utilisateur", _replace_vihf(subject_id="Anne DUPONT-TEST"), "DMP-V10", ""),
    ("RPPS sans préfixe", _replace_vihf(nameid="99900000019"), "DMP-V13", ""),
    ("AudienceRestriction", _replace_vihf(audience=True), "DMP-V12", ""),
    (
        "établissement d'un exemple",
        Envoi(lot=_entree(healthcare_facility_type_code=code_jdv("jdv_j61", "SA07"))),
        "DMP-D02",
        "",
    ),
    (
        "autre cadre d'exercice",
        Envoi(lot=_entree(practice_setting_code=code_jdv("jdv_j62", "AMBULATOIRE"))),
        "DMP-D02",
        "",
    ),
    ("titre coupé trop court", Envoi(lot=_entree(title="Lettre de")), "DMP-D02", ""),
    ("heure locale", Envoi(lot=_entree(creation_time="20260115093000")), "DMP-D02", ""),
    (
        "format d'un autre volet",
        Envoi(lot=_entree(format_code=code_jdv("jdv_j60", "urn:asip:ci-sis:ldl-ses:2017"))),
        "DMP-M06",
        "",
    ),
    ("remplacement par le lot", Envoi(lie=_remplace_par_le_lot), "DMP-M13", "XDSRegistryMetadataError"),
    ("base64 dit binaire", Envoi(paquet=base64_non_dit), "DMP-M11", "XDSRepositoryMetadataError"),
    (
        "base64 dit binaire, sans hash",
        Envoi(lot=_entree(hash="", size=""), paquet=base64_non_dit),
        "DMP-S02",
        "",
    ),
]


@pytest.mark.parametrize(("envoi", "regle", "fil"), [row[1:] for row in DEFAUTS], ids=[row[0] for row in DEFAUTS])
def test_a_real_defect_is_told(envoi: Envoi, regle: str, fil: str) -> None:
    paquet = envoi.ecrire()
    assert regle in juger(paquet)
    answer = erreurs(envoyer(paquet))
    assert bool(answer) == bool(fil)
    assert all(fil in item for item in answer)


def test_official_direct_vihf_shows_only_its_known_defects() -> None:
    """Saved in Latin-1, which breaks its signature; its Issuer lost an accent."""
    octets = corpus.fichier("dmp", "gie-sv-messages", "VIHF_DIRECTE_signe.xml").read_bytes()
    found, outcome = vihf.read(xml.parse(octets.decode("latin-1").encode()))
    subject = Sujet(GENRE_VIHF, VihfLu(found, outcome.certificat, outcome.valide, outcome.motif))
    jugement = catalogue.evaluer(subject, Contexte(datetime.fromisoformat(found.instant)))
    assert {item.regle for item in jugement.constats} == {"DMP-V01", "DMP-V03"}
    assert [item[0] for item in jugement.non_evaluees] == ["DMP-V04"]
