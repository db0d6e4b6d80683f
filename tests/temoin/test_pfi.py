"""The witness PFI over real MLLP: intake refusals, one handling, retries with the same ids, receipts, recovery."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from banc_segur.formats import ack, adt, er7, mdm, zam
from banc_segur.formats.hl7_segments import EnteteHl7
from banc_segur.formats.identite import Ins, Patient
from banc_segur.temoin import pfi
from banc_segur.temoin.config import ConfigTemoin, Liens
from banc_segur.temoin.defauts import Defauts
from banc_segur.temoin.depot import Existence, IdentifiantsLot, Resultat
from banc_segur.temoin.dpi_lettre import Demande, Fabrique
from banc_segur.temoin.envoi import Avis, Remise
from banc_segur.temoin.erreurs import ServiceInjoignable
from banc_segur.transport.mllp import MllpClient, MllpServer
from tests.cda_monde import PATIENT, SEJOUR
from tests.temoin.test_dpi import config as config_dpi

CORPUS = Path(os.environ.get("BANC_CORPUS", Path(__file__).parents[3] / "shared" / "data"))
ADRESSE_PATIENT = f"{PATIENT.ins.matricule if PATIENT.ins else ''}@patient.mssante.fr"
ADRESSE_MEDECIN = "paul.generaliste@medecins-test.mssante.fr"


@dataclass
class Monde:
    """The DMP, the mail service and the DPI around the PFI; `pannes`: calls that fail before one succeeds."""

    depots: list[IdentifiantsLot] = field(default_factory=list)
    courriels: list[tuple[str, str]] = field(default_factory=list)
    avis: list[Avis] = field(default_factory=list)
    zams: list[er7.Message] = field(default_factory=list)
    accuses: list[str] = field(default_factory=list)
    lots: list[str] = field(default_factory=list)
    pannes: int = 0
    ferme: bool = False
    bloque: threading.Event | None = None

    def _panne(self) -> None:
        if self.bloque is not None:
            raise ServiceInjoignable("coupé")
        if self.pannes:
            self.pannes -= 1
            raise ServiceInjoignable("coupé")

    def existence(self, _mdm: mdm.DocumentMdm) -> Existence:
        return Existence(True, self.ferme, "VALIDE")

    def deposer(self, _mdm: mdm.DocumentMdm, identifiants: IdentifiantsLot) -> Resultat:
        self.depots.append(identifiants)
        self._panne()
        return Resultat(True)

    def envoyer(self, _config: Any, _defauts: Any, _doc: Any, who: mdm.Destinataire, ident: str, lot: str) -> Remise:
        self.courriels.append((who.adresse, ident))
        self.lots.append(lot)
        self._panne()
        remis = who.patient is None
        self.avis.append(Avis(ident, who.adresse, remis, "" if remis else "550", "" if remis else "inconnu"))
        return Remise(True)

    def relever_avis(self, _config: Any) -> list[Avis]:
        return list(self.avis)

    def recevoir(self, data: bytes) -> bytes:
        message = er7.read(data)
        self.zams.append(message)
        code = self.accuses.pop(0) if self.accuses else "AA"
        erreurs = [] if code == "AA" else [ack.Erreur("207", "non")]
        return ack.write(message, code, identifiant="A1", instant="20260115103000", erreurs=erreurs).write()


@dataclass
class Banc:
    monde: Monde
    dossier: Path
    config: ConfigTemoin
    produits: list[pfi.Pfi] = field(default_factory=list)

    def demarrer(self) -> pfi.Pfi:
        produit = pfi.Pfi(self.config)
        produit.start()
        self.produits.append(produit)
        return produit

    def envoyer(self, produit: pfi.Pfi, octets: bytes, lien: str = "dpi-pfi") -> ack.Ack:
        client = MllpClient("127.0.0.1", produit.ecoutes[lien])
        try:
            return ack.read(er7.read(client.envoyer(octets, 10)))
        finally:
            client.close()

    def lettre(self, **champs: Any) -> er7.Message:
        demande = Demande(titre="Lettre de liaison", **{"dmp": True, "medecin": True, "patient": True} | champs)
        fabrique = Fabrique(self.config, Defauts(), lambda: datetime(2026, 1, 15, 9, 30, tzinfo=UTC))
        return er7.read(fabrique.faire(PATIENT, SEJOUR, demande).octets)


def attendre(condition: Callable[[], bool]) -> None:
    """Wait for a condition of another thread, at most 10 s."""
    fin = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < fin, "délai dépassé"
        threading.Event().wait(0.01)


@pytest.fixture
def banc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Banc]:
    monde = Monde()
    monkeypatch.setattr(pfi, "ClientDmp", lambda _config, _defauts: monde)
    monkeypatch.setattr(pfi.messagerie, "envoyer", monde.envoyer)
    monkeypatch.setattr(pfi.messagerie, "relever_avis", monde.relever_avis)
    monkeypatch.setattr(pfi, "PERIODE_AVIS", 0.02)
    dpi = MllpServer(monde.recevoir)
    liens = Liens(dmp="https://127.0.0.1:1/services", smtp="127.0.0.1:1", pfi_dpi=f"127.0.0.1:{dpi.start()}")
    config = config_dpi(tmp_path, "").model_copy(update={"roles": ("PFI",), "liens": liens})
    found = Banc(monde, tmp_path, config)
    yield found
    for produit in found.produits:
        produit.stop()
    dpi.stop()


def test_one_letter_goes_everywhere_and_receipts_come_back(banc: Banc) -> None:
    produit = banc.demarrer()
    letter = banc.lettre()
    answer = banc.envoyer(produit, letter.write())
    assert (answer.code, answer.acquitte) == ("AA", letter.identifiant)
    attendre(produit.au_repos)
    assert len(banc.monde.depots) == 1
    assert sorted(adresse for adresse, _ in banc.monde.courriels) == sorted([ADRESSE_PATIENT, ADRESSE_MEDECIN])
    receipts = [zam.read(message) for message in banc.monde.zams]
    assert {receipt.message for receipt in receipts} == {letter.identifiant}
    seen = {(receipt.evenement, receipt.adresse): (receipt.positif, receipt.code) for receipt in receipts}
    assert seen == {
        ("Z01", ""): (True, ""),
        ("Z02", ADRESSE_MEDECIN): (True, ""),
        ("Z02", ADRESSE_PATIENT): (False, "550"),
    }
    states = {(entry["nature"], entry["adresse"]): entry["etat"] for entry in produit.actions["etat"]({})["envois"]}
    assert set(states.values()) == {"fait"} and len(states) == 3


def test_same_message_twice_is_handled_once(banc: Banc) -> None:
    produit = banc.demarrer()
    octets, other = banc.lettre().write(), banc.lettre()
    assert [banc.envoyer(produit, octets).code for _ in range(2)] == ["AA", "AA"]
    other.set("MSH-10", er7.read(octets).identifiant)
    assert banc.envoyer(produit, other.write()).code == "AE"
    attendre(produit.au_repos)
    assert (len(banc.monde.depots), len(banc.monde.courriels)) == (1, 2)


def test_retries_keep_every_identifier(banc: Banc) -> None:
    banc.monde.pannes = 2
    banc.monde.accuses = ["AR"]
    produit = banc.demarrer()
    banc.envoyer(produit, banc.lettre().write())
    attendre(produit.au_repos)
    assert len(banc.monde.depots) + len(banc.monde.courriels) == 5
    assert len(set(banc.monde.depots)) == 1
    assert len(set(banc.monde.courriels)) == 2
    assert len(banc.monde.zams) == 4
    assert len({message.identifiant for message in banc.monde.zams}) == 3


def test_a_message_outlives_the_process(banc: Banc) -> None:
    banc.monde.bloque = threading.Event()
    produit = banc.demarrer()
    assert banc.envoyer(produit, banc.lettre().write()).code == "AA"
    attendre(lambda: bool(banc.monde.depots) and len(banc.monde.courriels) >= 2)
    assert not produit.au_repos()
    produit.stop()
    banc.produits.clear()
    banc.monde.bloque = None
    again = banc.demarrer()
    attendre(again.au_repos)
    assert len(set(banc.monde.depots)) == 1
    assert len({ident for _, ident in banc.monde.courriels}) == 2 == len(set(banc.monde.lots))
    assert len(banc.monde.zams) == 3


def test_a_notification_that_never_comes_is_not_awaited_for_ever(banc: Banc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pfi, "ATTENTE_AVIS", 0.1)
    monkeypatch.setattr(pfi.messagerie, "relever_avis", lambda _config: [])
    produit = banc.demarrer()
    banc.envoyer(produit, banc.lettre(dmp=False, patient=False).write())
    attendre(produit.au_repos)
    assert banc.monde.zams == []
    assert produit.actions["etat"]({})["envois"][0]["libelle"] == "aucun avis de remise reçu"


def test_notices_are_read_when_mails_have_left_not_at_the_next_period(
    banc: Banc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pfi, "PERIODE_AVIS", 60.0)
    produit = banc.demarrer()
    for _ in range(2):
        banc.envoyer(produit, banc.lettre(dmp=False).write())
        attendre(produit.au_repos)
    assert len(banc.monde.zams) == 4


def test_closed_record_is_told_by_the_receipt(banc: Banc) -> None:
    banc.monde.ferme = True
    produit = banc.demarrer()
    banc.envoyer(produit, banc.lettre(medecin=False, patient=False).write())
    attendre(produit.au_repos)
    receipt = zam.read(banc.monde.zams[0])
    assert (receipt.positif, receipt.code, receipt.libelle) == (False, "DMPClosed", "DMP fermé")
    assert banc.monde.depots == []


def test_a_service_that_is_not_configured_is_told_by_the_receipt(banc: Banc) -> None:
    banc.config = banc.config.model_copy(update={"liens": Liens(pfi_dpi=banc.config.liens.pfi_dpi)})
    produit = banc.demarrer()
    banc.envoyer(produit, banc.lettre(patient=False).write())
    attendre(produit.au_repos)
    receipts = [zam.read(message) for message in banc.monde.zams]
    assert {(r.evenement, r.positif) for r in receipts} == {("Z01", False), ("Z02", False)}


def _sans_ins(message: er7.Message) -> None:
    message.set("PID-32", "PROV")


def _orc(message: er7.Message) -> None:
    message.set("ORC-1", "RO")


def _invisible(message: er7.Message) -> None:
    obx = next(o for o in message.tous("OBX") if o.get("3") == "INVISIBLE_PATIENT")
    obx.set("5.1", "Y")


def _autre_patient(message: er7.Message) -> None:
    message.set("PID-3[2].1", "279035121518989")


def _sans_rct(message: er7.Message) -> None:
    message.segments = [s for s in message.segments if not (s.nom == "PRT" and s.get("4") == "RCT")]


def _sans_sb(message: er7.Message) -> None:
    message.segments = [s for s in message.segments if not (s.nom == "PRT" and s.get("4") == "SB")]


def _illisible(message: er7.Message) -> None:
    message.set("OBX-5.5", "PGE+")


def _suppression(message: er7.Message) -> None:
    message.set("MSH-9.2", "T04")
    message.set("ORC-1", "CA")
    message.set("OBX-11", "D")


def _separateurs(message: er7.Message) -> None:
    message.set("MSH-2", er7.Brut("^\u02dc\\&"))


def _lps(message: er7.Message) -> None:
    message.set("MSH-21", er7.Brut("1.1^CISIS_CDA_HL7_LPS"))


@pytest.mark.parametrize(
    ("casser", "code"),
    [
        (_sans_ins, "AE"),
        (_orc, "AE"),
        (_invisible, "AE"),
        (_autre_patient, "AE"),
        (_sans_rct, "AE"),
        (_sans_sb, "AE"),
        (_illisible, "AE"),
        (_suppression, "AR"),
        (_separateurs, "AE"),
        (_lps, "AR"),
    ],
)
def test_intake_refusals(banc: Banc, casser: Callable[[er7.Message], None], code: str) -> None:
    produit = banc.demarrer()
    letter = banc.lettre()
    casser(letter)
    answer = banc.envoyer(produit, letter.write())
    assert answer.code == code
    assert answer.erreurs and answer.erreurs[0].libelle
    assert produit.au_repos()
    assert (banc.monde.depots, banc.monde.courriels, banc.monde.zams) == ([], [], [])


def test_identities_and_garbage(banc: Banc) -> None:
    produit = banc.demarrer()
    entete = EnteteHl7("EAI", "CH", "PFI", "CH", "20260115100000", "EAI-1")
    message = adt.write("A28", PATIENT, entete)
    assert banc.envoyer(produit, message.write(), "eai-pfi").code == "AA"
    assert banc.envoyer(produit, b"MSH|^~\\&|A|B|C|D|2026||ADT^A28|X|T|2.5\rpid\r", "eai-pfi").code == "AE"
    assert banc.envoyer(produit, message.write()).code == "AR"


def test_the_identity_flow_has_the_last_word_on_what_leaves_with_an_ins(banc: Banc) -> None:
    produit = banc.demarrer()
    entete = EnteteHl7("EAI", "CH", "PFI", "CH", "20260115100000", "EAI-1")

    def identite(patient: Patient, evenement: str = "A31", **options: Any) -> None:
        message = adt.write(evenement, patient, entete, **options)
        assert banc.envoyer(produit, message.write(), "eai-pfi").code == "AA"

    def dit(**champs: bool) -> list[str]:
        answer = banc.envoyer(produit, banc.lettre(**champs).write())
        return [erreur.libelle for erreur in answer.erreurs]

    identite(PATIENT)
    assert dit() == []
    identite(replace(PATIENT, ins=Ins("275126322074974", PATIENT.ins.oid if PATIENT.ins else "")))
    assert "INS" in dit(medecin=False, patient=False)[0]
    identite(replace(PATIENT, statut="recuperee"), "A47", ancien_ins=PATIENT.ins)
    assert "qualifiée" in dit(medecin=False, patient=False)[0]
    assert "qualifiée" in dit(dmp=False, medecin=False)[0]
    assert dit(dmp=False, patient=False) == []
    attendre(produit.au_repos)
    assert (len(banc.monde.depots), len(banc.monde.courriels)) == (1, 3)


def test_defect_point_of_the_receipt(banc: Banc, monkeypatch: pytest.MonkeyPatch) -> None:
    produit = banc.demarrer()
    points: list[str] = []

    def passer(point: str, value: Any) -> Any:
        points.append(point)
        return value

    monkeypatch.setattr(produit.defauts, "passer", passer)
    banc.envoyer(produit, banc.lettre(medecin=False, patient=False).write())
    attendre(produit.au_repos)
    assert points == ["pfi.existence", "pfi.zam"]


# Official initial transmissions: the word of `hl7v2.md` §4 that explains the refusal, empty when it must go through.
OFFICIELS = {
    "vague2/trans_cda_v2.1/mdm_initial/message_MDM_CR_Radio_INIT_N1.er7": "pas un CDA",
    "vague2/trans_cda_v2.1/mdm_initial/message_MDM_CR_Radio_INIT_N1_Base64.er7": "",
    "vague2/trans_cda_v2.1/oru_initial/message_ORU_CR_Bio_INIT_N3_SEGUR.hl7": "27707279035121518989",
    "volets/trans_cda_v1.2/MDM/message.hl7": "pas un CDA",
    "volets/trans_cda_v2.0/mdm_initial/message_MDM_CR_Radio_INIT_N1_Base64.er7": "",
    "volets/trans_cda_v2.0/oru_initial/message_ORU_CR_Bio_INIT_N1_N3.hl7": "MSH-2",
    "volets/trans_cda_v2.1/oru_initial/message_ORU_CR_Bio_INIT_N1_N3.hl7": "pas un CDA",
    "volets/trans_cda_v2.1/oru_suppression/message_ORU_CR_Bio_DEL_N1_Base64_N3_Base64.er7": "n'est pas celui du PID",
}


@pytest.mark.parametrize("nom", sorted(OFFICIELS))
def test_official_messages(banc: Banc, nom: str) -> None:
    path = CORPUS / "hl7v2" / "ans-exemples" / nom
    if not path.exists():
        pytest.skip("corpus officiel absent (BANC_CORPUS)")
    produit = banc.demarrer()
    answer = banc.envoyer(produit, path.read_bytes())
    if OFFICIELS[nom]:
        assert answer.code == "AE"
        assert OFFICIELS[nom] in answer.erreurs[0].libelle
        return
    assert answer.code == "AA"
    attendre(produit.au_repos)
    assert (len(banc.monde.depots), len(banc.monde.courriels)) == (1, 1)
