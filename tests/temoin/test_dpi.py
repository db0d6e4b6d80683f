from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banc_segur.formats import ack, adt, cda_read, er7, mdm, pdf, zam
from banc_segur.formats.hl7_segments import EnteteHl7
from banc_segur.formats.identite import Patient
from banc_segur.rules.documents import juger_document
from banc_segur.temoin.base import ActionRefusee
from banc_segur.temoin.config import (
    Certificat,
    Certificats,
    ConfigTemoin,
    Liens,
    ReglagesMedecin,
    ReglagesStructure,
)
from banc_segur.temoin.dpi import SANS_INS, Dpi
from banc_segur.transport.mllp import MllpClient, MllpServer
from tests.cda_monde import CONTEXTE, PATIENT, SEJOUR

INSTANT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
ENTETE = EnteteHl7("EAI", "CH", "DPI", "CH", "20260115100000", "EAI-1")
TOUT = {"dmp": True, "destinataire_medecin": True, "destinataire_patient": True}


class Pfi:
    """A PFI that keeps what it gets and answers what it is told."""

    def __init__(self) -> None:
        self.messages: list[er7.Message] = []
        self.code = "AA"
        self.serveur = MllpServer(self._recevoir)
        self.port = self.serveur.start()

    def _recevoir(self, data: bytes) -> bytes:
        message = er7.read(data)
        self.messages.append(message)
        erreurs = [] if self.code == "AA" else [ack.Erreur("101", "INS absent", "PID^1^3")]
        return ack.write(message, self.code, identifiant="A1", instant="20260115103000", erreurs=erreurs).write()


def config(dossier: Path, dpi_pfi: str) -> ConfigTemoin:
    certificat = Certificat(certificat=dossier / "c.pem", cle=dossier / "k.pem")
    medecin = {"profession": "10", "savoir_faire": "SM54"}
    return ConfigTemoin(
        roles=("DPI",),
        dossier=dossier,
        liens=Liens(dpi_pfi=dpi_pfi),
        certificats=Certificats(
            ac=dossier / "ac.pem",
            insi_auto=certificat,
            dmp_auth=certificat,
            dmp_sign=certificat,
            bal_app=certificat,
            lgc=certificat,
        ),
        structure=ReglagesStructure(
            id_national="175B000001",
            nom="CH SEGUR TEST",
            secteur="SA01",
            bal_app="pfi@ch-segur-test.mssante.fr",
            bal_reponse="secretariat@ch-segur-test.mssante.fr",
            oid_racine="1.2.250.1.999.1.1",
            domaine_ipp="1.2.250.1.999.1.1.1",
        ),
        auteur=ReglagesMedecin(id_national="899900000019", nom="MARTEL", prenom="Jeanne", **medecin),
        medecin_traitant=ReglagesMedecin(
            id_national="899900000027",
            nom="GENERALISTE",
            prenom="Paul",
            adresse_mss="paul.generaliste@medecins-test.mssante.fr",
            **medecin,
        ),
    )


@pytest.fixture
def pfi() -> Iterator[Pfi]:
    server = Pfi()
    yield server
    server.serveur.stop()


@pytest.fixture
def dpi(tmp_path: Path, pfi: Pfi) -> Iterator[Dpi]:
    product = Dpi(config(tmp_path, f"127.0.0.1:{pfi.port}"), lambda: INSTANT)
    product.start()
    yield product
    product.stop()


def send(dpi: Dpi, lien: str, data: bytes) -> ack.Ack:
    client = MllpClient("127.0.0.1", dpi.ecoutes[lien])
    try:
        return ack.read(er7.read(client.envoyer(data, 5)))
    finally:
        client.close()


def admit(dpi: Dpi, patient: Patient = PATIENT) -> None:
    for event in ("A28", "A01", "A31", "A03"):
        message = adt.write(event, patient, ENTETE, sejour=SEJOUR if event in {"A01", "A03"} else None)
        assert send(dpi, "eai-dpi", message.write()).code == "AA"


def test_a_letter_leaves_with_its_document_and_destinations(dpi: Dpi, pfi: Pfi) -> None:
    admit(dpi)
    result = dpi.actions["valider_lettre"]({"ipp": "IPP1", **TOUT})
    assert (result["accuse"], result["erreur"], result["ecarte"]) == ("AA", "", "")
    (message,) = pfi.messages
    assert message.identifiant == result["message"]
    sent = mdm.read(message)
    assert sent.document_id == result["document"] == cda_read.read(sent.cda).document_id
    assert [d.adresse for d in sent.destinataires] == [
        "paul.generaliste@medecins-test.mssante.fr",
        "160012B02077713@patient.mssante.fr",
    ]
    assert sent.adresse_reponse == "secretariat@ch-segur-test.mssante.fr"
    asked = {code for code in mdm.INDICATEURS if sent.demande(code)}
    assert asked == {"DESTDMP", "DESTMSSANTEPS", "DESTMSSANTEPAT", "ACK_RECEPTION"}
    assert [obx.get("3") for obx in message.tous("OBX")][1:11] == list(mdm.INDICATEURS)
    assert message.get("PID-3[2]") == "160012B02077713"


def test_the_clean_witness_raises_no_finding(dpi: Dpi, pfi: Pfi) -> None:
    admit(dpi)
    dpi.actions["valider_lettre"]({"ipp": "IPP1", **TOUT})
    found = juger_document("cda", mdm.read(pfi.messages[0]).cda, CONTEXTE)
    assert found.jugement.constats == ()
    assert found.jugement.non_evaluees == ()


@pytest.mark.parametrize("statut", ["provisoire", "recuperee", "validee"])
def test_without_qualified_identity_no_ins_leaves_and_the_user_is_told(dpi: Dpi, pfi: Pfi, statut: str) -> None:
    admit(dpi, replace(PATIENT, statut=statut, ins=None))
    result = dpi.actions["valider_lettre"]({"ipp": "IPP1", **TOUT})
    assert result["ecarte"] == SANS_INS
    sent = mdm.read(pfi.messages[0])
    assert not sent.demande("DESTDMP")
    assert not sent.demande("DESTMSSANTEPAT")
    assert [d.identifiant for d in sent.destinataires] == ["899900000027"]
    read = cda_read.read(sent.cda)
    assert read.ins is None
    assert read.pdf is not None
    assert pdf.read(read.pdf).symboles == ()
    assert b"160012B02077713" not in pfi.messages[0].write()
    assert juger_document("cda", sent.cda, CONTEXTE).jugement.constats == ()


def test_an_ins_withdrawn_by_a_later_message_is_no_longer_shown(dpi: Dpi, pfi: Pfi) -> None:
    admit(dpi)
    former = PATIENT.ins
    message = adt.write("A47", replace(PATIENT, statut="validee", ins=None), ENTETE, ancien_ins=former)
    assert send(dpi, "eai-dpi", message.write()).code == "AA"
    dpi.actions["valider_lettre"]({"ipp": "IPP1", "destinataire_medecin": True})
    assert cda_read.read(mdm.read(pfi.messages[0]).cda).ins is None


def test_a_refusal_of_the_pfi_is_shown_to_the_user(dpi: Dpi, pfi: Pfi) -> None:
    admit(dpi, replace(PATIENT, statut="validee", ins=None))
    pfi.code = "AE"
    result = dpi.actions["valider_lettre"]({"ipp": "IPP1", "dmp": True, "forcer_dmp": True})
    assert result["accuse"] == "AE"
    assert "INS absent" in result["erreur"]
    assert mdm.read(pfi.messages[0]).demande("DESTDMP")


def test_receipts_join_their_document_and_count_once(dpi: Dpi) -> None:
    admit(dpi)
    sent = dpi.actions["valider_lettre"]({"ipp": "IPP1", **TOUT})
    entete = replace(ENTETE, identifiant="Z-1")
    refused = zam.write_z01(sent["message"], entete, code="DMPClosed", libelle="DMP fermé")
    z02 = zam.write_z02(sent["message"], replace(ENTETE, identifiant="Z-2"), "paul@medecins-test.mssante.fr")
    for message in (refused, z02, z02):
        assert send(dpi, "pfi-dpi", message.write()).code == "AA"
    recus = dpi.actions["recus"]({"document": sent["document"]})["recus"]
    assert [(r["evenement"], r["positif"], r["code"]) for r in recus] == [
        ("Z01", False, "DMPClosed"),
        ("Z02", True, ""),
    ]
    assert dpi.actions["recus"]({"document": "1.2.3"})["recus"] == []


def test_records_survive_a_restart(tmp_path: Path, pfi: Pfi) -> None:
    settings = config(tmp_path, f"127.0.0.1:{pfi.port}")
    first = Dpi(settings, lambda: INSTANT)
    first.start()
    admit(first)
    first.stop()
    second = Dpi(settings, lambda: INSTANT)
    second.start()
    try:
        assert second.actions["valider_lettre"]({"ipp": "IPP1"})["accuse"] == "AA"
    finally:
        second.stop()


@pytest.mark.parametrize(
    "data",
    [
        b"PID|1",
        b"MSH|^~\\&|A|B|C|D|20260115||ADT^A28^ADT_A05|1|T|2.5\r",
        b"\xff",
        b"MSH|^~\\&|A||||||MDM^T02|1\r",
    ],
)
def test_bad_messages_get_a_negative_answer_and_the_listener_lives(dpi: Dpi, data: bytes) -> None:
    assert send(dpi, "eai-dpi", data).code == "AE"
    admit(dpi)


def test_what_cannot_be_done_is_said_in_french(dpi: Dpi) -> None:
    with pytest.raises(ActionRefusee, match="Aucun patient connu"):
        dpi.actions["valider_lettre"]({"ipp": "INCONNU"})
    send(dpi, "eai-dpi", adt.write("A28", PATIENT, ENTETE).write())
    with pytest.raises(ActionRefusee, match="Aucun séjour"):
        dpi.actions["valider_lettre"]({"ipp": "IPP1"})


def test_a_pfi_that_is_down_is_said_to_the_user(dpi: Dpi, pfi: Pfi) -> None:
    admit(dpi)
    pfi.serveur.stop()
    with pytest.raises(ActionRefusee, match="pas accusé réception"):
        dpi.actions["valider_lettre"]({"ipp": "IPP1"})
