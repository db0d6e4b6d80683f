"""MDM and ORU: round trip of ours, reading of every official document message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from banc_segur.formats import er7, mdm
from banc_segur.formats.errors import FormatError
from tests.formats import corpus_hl7
from tests.formats.hl7_monde import CDA, DOCUMENT, ENTETE, GENERALISTE, INS

DOCUMENTS = [p for p in corpus_hl7.fichiers() if p.read_bytes()[:200].split(b"|")[8][:3] in (b"MDM", b"ORU")]


def test_what_is_written_is_read_back() -> None:
    seen = mdm.read(er7.read(mdm.write(DOCUMENT, ENTETE).write()))
    flags = {code: DOCUMENT.demande(code) for code in mdm.INDICATEURS}
    recipients = tuple(
        replace(d, professionnel=replace(GENERALISTE, adresse_mss=d.adresse)) if d.professionnel else d
        for d in DOCUMENT.destinataires
    )
    # PV1-3 is not part of the volet: the ward does not travel
    assert DOCUMENT.sejour is not None
    stay = replace(DOCUMENT.sejour, uf="")
    assert seen == replace(DOCUMENT, indicateurs=flags, destinataires=recipients, sejour=stay)


def test_the_form_is_the_one_of_the_skeleton() -> None:
    model = er7.read(corpus_hl7.lire("squelettes/mdm_t02.er7"))
    mine = mdm.write(DOCUMENT, ENTETE)
    assert [s.nom for s in mine.segments] == [s.nom for s in model.segments]
    for ours, theirs in zip(mine.tous("OBX")[1:], model.tous("OBX")[1:], strict=True):
        assert ours.champs[:5] == theirs.champs[:5]
        assert len(ours.champs) == len(theirs.champs)
    for ours, theirs in zip(mine.tous("PRT"), model.tous("PRT"), strict=True):
        assert [bool(f) for f in ours.champs] == [bool(f) for f in theirs.champs]
        assert ours.brut(4) == theirs.brut(4)


@pytest.mark.parametrize(("action", "orc", "status"), [("T02", "NW", "F"), ("T10", "RO", "C"), ("T04", "CA", "D")])
def test_actions(action: str, orc: str, status: str) -> None:
    message = mdm.write(replace(DOCUMENT, action=action, remplace="1.2.3^A"), ENTETE)
    assert (message.get("ORC-1"), message.get("OBX-11"), message.evenement) == (orc, status, action)
    assert message.get("TXA-13.3") == "1.2.3"
    assert mdm.read(message).remplace == "1.2.3^A"


@corpus_hl7.requis
@pytest.mark.parametrize("path", DOCUMENTS, ids=corpus_hl7.nom_court)
def test_every_official_document_message_is_read(path: Path) -> None:
    seen = mdm.read(er7.read(path.read_bytes()))
    assert seen.action in mdm.ACTIONS
    assert seen.type_code
    assert seen.cda
    assert seen.patient.ins is not None
    if "lps" not in str(path):
        assert set(mdm.INDICATEURS[:8]) <= set(seen.indicateurs)


def test_the_official_oru_of_2_1_is_understood() -> None:
    name = "ans-exemples/vague2/trans_cda_v2.1/oru_initial/message_ORU_CR_Bio_INIT_N3_SEGUR.hl7"
    seen = mdm.read(er7.read(corpus_hl7.lire(name)))
    assert seen.action == "T02"
    assert seen.document_id.startswith("1.2.250.")
    assert seen.structure.id_national == "1120459876"
    assert [d.adresse for d in seen.destinataires] == [
        "adam.hoda@test-ci-sis.mssante.fr",
        "27707279035121518989@patient.mssante.fr",
    ]
    assert seen.destinataires[1].patient is not None
    assert seen.destinataires[1].identifiant == INS.matricule
    assert seen.corps_ps.startswith("Cher confrère")
    assert all(seen.demande(code) for code in ("DESTDMP", "DESTMSSANTEPS", "DESTMSSANTEPAT", "ACK_RECEPTION"))


def test_a_finess_followed_by_blanks_gets_its_prefix_back() -> None:
    """As in the official `…INIT_N1_Base64.er7`: eighteen no-break spaces after PRT-8.10."""
    message = mdm.write(DOCUMENT, ENTETE)
    message.tous("PRT")[0].set("8.7", "FINEG")
    message.tous("PRT")[0].set("8.10", "300017985" + "\u00a0" * 18)
    assert mdm.read(message).structure.id_national == "1300017985"


def test_an_mdm_without_readable_document_is_refused() -> None:
    message = mdm.write(DOCUMENT, ENTETE)
    message.set("OBX-5.5", "pas du base64 !")
    with pytest.raises(FormatError) as error:
        mdm.read(message)
    assert error.value.ou == "OBX-5.5"
    message.set("OBX-5.5", "")
    with pytest.raises(FormatError):
        mdm.read(message)
    message.set("OBX-2", "CE")
    with pytest.raises(FormatError):
        mdm.read(message)


def test_an_oru_takes_its_document_id_from_the_cda() -> None:
    message = mdm.write(DOCUMENT, ENTETE)
    message.set("MSH-9.1", "ORU")
    message.segments = [s for s in message.segments if s.nom != "TXA"]
    assert mdm.read(message).document_id == "1.2.250.1.999.1.1.7.1"
    assert mdm.read(message).cda == CDA
