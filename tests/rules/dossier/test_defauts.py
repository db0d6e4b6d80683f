"""Defects of documents and deposits, on real CDA, PDF and deposits to the simulated DMP, caught by dossier rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from banc_segur.formats import cda_write, datamatrix, lettre, mdm
from banc_segur.formats.identite import Patient
from banc_segur.formats.mdm import DocumentMdm
from banc_segur.rules.documents import juger_document
from banc_segur.rules.model import Analyse, Constat, Contexte, Etape, Fait
from banc_segur.temoin import defauts
from tests import cda_monde, dmp_banc
from tests.dmp_banc import BancDmp, identifiants
from tests.formats.hl7_monde import ENTETE
from tests.rules.dossier.test_dossier import DEBUT, DEFAUTS, constats, etape, message


@pytest.fixture(scope="module")
def banc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BancDmp]:
    found = BancDmp(Path(tmp_path_factory.mktemp("dmp")))
    yield found
    found.serveur.stop()


def _insi(patient: Patient) -> Analyse:
    assert patient.ins is not None
    traits = patient.traits
    values = {
        "matricule": patient.ins.matricule,
        "oid": patient.ins.oid,
        "nom_naissance": traits.nom_naissance,
        "prenoms": traits.prenoms,
        "sexe": traits.sexe,
        "date_naissance": traits.date_naissance,
        "lieu_naissance": traits.lieu_naissance,
    }
    return Analyse("recherche", "", True, faits=tuple(Fait(d, v, "INSi", "INDIVIDU") for d, v in values.items()))


def _avec_document(analyse: Analyse) -> Analyse:
    """What the judge adds once the document worker has read the CDA, its PDF and its datamatrix."""
    found = [juger_document(d.genre, d.octets, Contexte(DEBUT)).faits for d in analyse.documents]
    return replace(analyse, faits=(*analyse.faits, *(fait for faits in found for fait in faits)))


def _mdm(document: DocumentMdm) -> Analyse:
    entete = replace(ENTETE, application_emetteur="DPI", identifiant="D1")
    return _avec_document(message("dpi-pfi", mdm.write(document, entete)))


def _juger(*etapes: Etape) -> list[Constat]:
    return constats({str(e.numero): e for e in etapes})


def _lettre(defaut: defauts.Defaut | None) -> list[Constat]:
    """A letter of the DPI with its PDF and datamatrix, with one defect at its point."""
    patient = cda_monde.PATIENT
    assert patient.ins is not None
    payload = datamatrix.encode(patient.ins, patient.traits)
    document = cda_monde.DOCUMENT
    if defaut and defaut.point == "dpi.datamatrix":
        payload = defaut.muter(payload)
    if defaut and defaut.point == "dpi.cda":
        document = defaut.muter(document)
    octets = cda_write.write(document, lettre.write(replace(cda_monde.page(), datamatrix=payload)))
    carried = DocumentMdm(
        "T02",
        patient,
        cda_monde.SEJOUR,
        document.document_id,
        document.type_code,
        document.type_libelle,
        octets,
        cda_monde.AUTEUR,
        cda_monde.STRUCTURE,
    )
    return _juger(etape(1, "ri-insi", _insi(patient)), etape(2, "dpi-pfi", _mdm(carried)))


def _depot(banc: BancDmp, numero: int, defaut: defauts.Defaut | None) -> list[Constat]:
    """An existence test and a deposit by the witness PFI, with one defect switched on."""
    banc.carnet.echanges.clear()
    carried = dmp_banc.message(numero)
    banc.defauts.activer([defaut.id] if defaut else [])
    existence = banc.defauts.passer("pfi.existence", banc.client.existence)
    existence(carried)
    banc.client.deposer(carried, identifiants(numero))
    calls = [etape(n, "pfi-dmp", _avec_document(a)) for n, a in enumerate(banc.analyses(), 3)]
    return _juger(etape(1, "ri-insi", _insi(carried.patient)), etape(2, "dpi-pfi", _mdm(carried)), *calls)


def test_untouched_letters_and_deposits_are_silent(banc: BancDmp) -> None:
    assert _lettre(None) == []
    assert _depot(banc, 1, None) == []


@pytest.mark.parametrize("regle", ["DOS-02", "DOS-03", "DOS-06"])
def test_defects_of_the_letter(regle: str) -> None:
    assert {c.regle for c in _lettre(DEFAUTS[regle])} == {regle}


@pytest.mark.parametrize("regle", ["DOS-01", "DOS-07", "DOS-09", "DOS-11", "DOS-13"])
def test_defects_of_the_deposit(banc: BancDmp, regle: str) -> None:
    numero = int(regle[-2:]) + 100
    found = {c.regle: c for c in _depot(banc, numero, DEFAUTS[regle])}
    refused = {"DOS-11"} if regle == "DOS-01" else set()  # the DMP refuses that TD0.2 too: no favourable test
    assert set(found) == {regle} | refused
    assert found[regle].etape >= 3
