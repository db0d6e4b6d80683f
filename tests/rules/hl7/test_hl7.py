"""HL7 rules: silent on the official messages but for their known defects; each caught by its own defect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banc_segur.formats import ack, adt, er7, mdm, zam
from banc_segur.rules import hl7  # registers the family
from banc_segur.rules.analyse import analyser
from banc_segur.rules.catalogue import evaluer, toutes
from banc_segur.rules.model import Analyse, Contexte, EchangeBrut
from banc_segur.temoin import defauts
from banc_segur.temoin.defauts import hl7 as defauts_hl7  # registers the defects
from tests.formats import corpus_hl7
from tests.formats.hl7_monde import CDA, DOCUMENT, ENTETE, INS, PROVISOIRE, QUALIFIE, RECUPERE, SEJOUR, SORTIE

assert hl7 and defauts_hl7
CONTEXTE = Contexte(datetime(2026, 3, 2, 8, 0, tzinfo=UTC))
REGLES = [r.id for r in toutes() if r.id.startswith("HL7-")]
DEFAUTS = [d for d in defauts.tous() if d.regle.startswith("HL7-")]

_SANS_LISTE = {"HL7-INS-09"}  # PID-5.3 empty: written before the list of given names existed (PAM 2.9)
_TILDE = {"HL7-ENV-07"}  # U+02DC instead of the tilde
# Known defects of the official files (card hl7v2.md §4), by file; every other file must be silent.
CONNUS = {
    "volets/lps_mss_v1.0/MDM/message.hl7": {"HL7-INS-05", *_SANS_LISTE},  # wrong key
    "volets/lps_mss_v1.0/mdm_initial/message_MDM__LPS_MSS_CR_Radio_INIT_N1.er7": _SANS_LISTE,
    "volets/lps_mss_v1.0/mdm_initial/message_MDM__LPS_MSS_CR_Radio_INIT_N1_Base64.er7": _SANS_LISTE,
    "volets/lps_mss_v1.0/mdm_remplacement/message_MDM__LPS_MSS_CR_Radio_RPLC_N1.er7": _SANS_LISTE,
    "volets/trans_cda_v1.2/MDM/message.hl7": {"HL7-INS-05", *_SANS_LISTE},  # wrong key
    "volets/trans_cda_v2.0/mdm_initial/message_MDM_CR_Radio_INIT_N1.er7": _SANS_LISTE,
    # TXA-12 holds the concatenation although the CDA has root + extension
    "volets/trans_cda_v2.0/mdm_initial/message_MDM_CR_Radio_INIT_N1_Base64.er7": {"HL7-DOC-13", *_SANS_LISTE},
    "volets/trans_cda_v2.0/mdm_suppression/message_MDM_CR_Radio_DEL_N1.er7": _SANS_LISTE,
    "volets/trans_cda_v2.0/oru_initial/message_ORU_CR_Bio_INIT_N1_N3.hl7": _TILDE | _SANS_LISTE,
    "volets/trans_cda_v2.0/oru_remplacement/message_ORU_CR_Bio_RPLC_N1_Base64_N3_Base64.er7": _TILDE | _SANS_LISTE,
    "volets/trans_cda_v2.0/oru_remplacement/message_ORU_CR_Bio_RPLC_N1_N3.er7": _TILDE | _SANS_LISTE,
    # the CDA is of another patient: the very accident the bench must catch
    "volets/trans_cda_v2.1/oru_suppression/message_ORU_CR_Bio_DEL_N1_Base64_N3_Base64.er7": {"HL7-DOC-28"},
}
FICHIERS = corpus_hl7.fichiers()


def juger(requete: bytes, reponse: bytes | None = None) -> tuple[Analyse, set[str]]:
    """The analysis of an exchange and the ids of the rules that found something."""
    analyse = analyser(EchangeBrut("mllp", "ri-eai", requete, reponse))
    outcomes = [evaluer(sujet, CONTEXTE) for sujet in analyse.sujets]
    assert [o.non_evaluees for o in outcomes if o.non_evaluees] == []
    return analyse, {constat.regle for outcome in outcomes for constat in outcome.constats}


@corpus_hl7.requis
@pytest.mark.parametrize("path", FICHIERS, ids=corpus_hl7.nom_court)
def test_official_messages_raise_their_known_defects_only(path: Path) -> None:
    lines = [line for line in path.read_bytes().split(b"\n") if line.strip()]
    analyse, seen = juger(b"\r".join(lines) + b"\r")
    name = str(path.relative_to(corpus_hl7.RACINE)).removeprefix("ans-exemples/")
    assert seen == CONNUS.get(name, set())
    assert analyse.operation != "illisible"


def _bases(point: str) -> Iterator[er7.Message]:
    """Good messages of the witness for a defect point."""
    entete = replace(ENTETE, application_emetteur="DPI", application_destinataire="PFI", identifiant="DPI-1")
    if point in ("ri.adt", "eai.relais"):
        yield adt.write("A28", PROVISOIRE, ENTETE)
        yield adt.write("A31", RECUPERE, ENTETE, insi_appele="20260302080430")
        yield adt.write("A31", QUALIFIE, ENTETE, insi_appele="20260302080430", preuve="CN")
        yield adt.write("A47", RECUPERE, ENTETE, ancien_ins=INS)
        yield adt.write("A01", QUALIFIE, ENTETE, sejour=SEJOUR, insi_appele="20260302080430", preuve="CN")
        yield adt.write("A03", QUALIFIE, ENTETE, sejour=SORTIE)
    if point == "dpi.mdm.message":
        role = f'<patientRole><id root="{INS.oid}" extension="{INS.matricule}"/></patientRole>'
        patient = f"<recordTarget>{role}</recordTarget>"
        cda = CDA.replace(b"</ClinicalDocument>", f"{patient}</ClinicalDocument>".encode())
        yield mdm.write(replace(DOCUMENT, cda=cda), entete)
    if point == "pfi.zam":
        yield zam.write_z01("DPI-1", entete)
        yield zam.write_z01("DPI-1", entete, code="DMPClosed", libelle="DMP fermé")
        yield zam.write_z02("DPI-1", entete, "a@b.mssante.fr")
    if point == "eai.ack":
        yield mdm.write(DOCUMENT, entete)


def _juger_au_point(point: str, message: er7.Message, defaut: defauts.Defaut | None) -> set[str]:
    if point == "eai.ack":
        answer = ack.write(message, "AA", identifiant="1", instant="20260302080001")
        return juger(message.write(), (defaut.muter(answer) if defaut else answer).write())[1]
    if point == "eai.relais":
        return juger(defaut.muter(message.write()) if defaut else message.write())[1]
    return juger((defaut.muter(message) if defaut else message).write())[1]


def test_each_rule_has_one_defect() -> None:
    assert sorted(d.regle for d in DEFAUTS) == REGLES
    assert len(REGLES) >= 30


@pytest.mark.parametrize("defaut", DEFAUTS, ids=lambda d: d.id)
def test_each_defect_is_caught_by_its_rule(defaut: defauts.Defaut) -> None:
    for base in _bases(defaut.point):
        assert _juger_au_point(defaut.point, base, None) == set()
    seen = [_juger_au_point(defaut.point, base, defaut) for base in _bases(defaut.point)]
    assert any(defaut.regle in found for found in seen)


def test_the_analysis_of_a_qualified_identity() -> None:
    message = adt.write("A31", QUALIFIE, ENTETE, insi_appele="20260302080430")
    answer = ack.write(message, "AA", identifiant="E1", instant="20260302080001")
    analyse, seen = juger(message.write(), answer.write())
    assert seen == set()
    assert analyse.operation == "ADT^A31"
    assert analyse.reussi is True
    assert analyse.resume == (
        "ADT A31, mise à jour de l'identité de PAT-TROIS DOMINIQUE (IPP 000003) (statut VALI, avec INS) : accepté (AA)"
    )
    assert analyse.cles == (
        ("ipp", "000003"),
        ("matricule", INS.matricule),
        ("traits", "PAT-TROIS|1979-03-28"),
        ("traits", "PAT-TROIS|1979-03-28|DOMINIQUE"),
    )
    assert ("acquittement", "AA") in analyse.attributs
    assert {(f.donnee, f.valeur, f.ou) for f in analyse.faits} == {
        ("matricule", INS.matricule, "PID-3[2].1"),
        ("oid", INS.oid, "PID-3[2].4.2"),
        ("nom_naissance", "PAT-TROIS", "PID-5[1].1"),
        ("premier_prenom", "DOMINIQUE", "PID-5[1].2"),
        ("prenoms", "DOMINIQUE", "PID-5[1].3"),
        ("date_naissance", "1979-03-28", "PID-7"),
        ("sexe", "F", "PID-8"),
        ("lieu_naissance", "63220", "PID-11[1].9"),
    }


def test_the_analysis_of_a_document_and_of_its_receipt() -> None:
    message = mdm.write(DOCUMENT, replace(ENTETE, identifiant="DPI-1"))
    analyse, _ = juger(message.write())
    assert ("MSH-10", "DPI-1") in analyse.cles
    assert ("document", DOCUMENT.document_id) in analyse.cles
    assert [d.octets for d in analyse.documents] == [CDA]
    assert {f.donnee for f in analyse.faits if f.porteur == "MDM"} >= {"document", "empreinte", "matricule"}
    assert analyse.reussi is None
    receipt, _ = juger(zam.write_z01("DPI-1", ENTETE, code="DMPClosed", libelle="DMP fermé").write())
    assert receipt.cles == (("MSH-10", "DPI-1"),)
    assert receipt.resume.startswith("Récépissé Z01 négatif (DMPClosed DMP fermé)")


def test_a_refusal_and_unreadable_bytes() -> None:
    message = adt.write("A28", PROVISOIRE, ENTETE)
    errors = [ack.Erreur("101", "Required field missing", "PID^1^3")]
    answer = ack.write(message, "AE", identifiant="E1", instant="20260302080001", erreurs=errors)
    analyse, seen = juger(message.write(), answer.write())
    assert analyse.reussi is False
    assert analyse.resume.endswith("refusé (AE : Required field missing)")
    assert seen == set()
    analyse, seen = juger(message.write(), b"pas un acquittement")
    assert analyse.reussi is None
    assert seen == {"BANC-LISIBLE"}
    assert juger(b"pas un message")[1] == {"BANC-LISIBLE"}
