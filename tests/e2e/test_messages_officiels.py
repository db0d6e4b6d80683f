"""The official messages of ANS, sent as they are to the witness behind the real bench.

Each initial transmission reaches the DMP and the mailbox, or is refused for a reason that `hl7v2.md` §4 gives. As the
readme of ANS asks, only MSH-10 is changed (the same in every example); line ends become CR.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from banc_segur.campaign.ports import libres
from banc_segur.campaign.profil import Profil, ReglagesCampagne
from banc_segur.campaign.site import Site
from banc_segur.formats import ack, er7
from banc_segur.transport.mllp import MllpClient
from tests.formats import corpus_hl7

DELAI = 30.0
MATRICULE, OID = "279035121518989", "1.2.250.1.213.1.4.10"
MEDECIN = "adam.hoda@test-ci-sis.mssante.fr"
EXEMPLES = "ans-exemples"


@dataclass(frozen=True)
class Attendu:
    """The end of one message. motif: word of the refusal, empty when taken in charge; carte: what the card says of the
    file. dmp: how the DMP's story ends. document: what reaches the mailbox of the recipient."""

    accuse: str
    carte: str
    motif: str = ""
    dmp: str = ""
    document: str = ""


FACTICE = Attendu("AE", "document is a placeholder, not a CDA", "pas un CDA")
LPS = Attendu("AR", "earlier LPS profile / MDM^T02, LPS 1.1", "Profil de transmission au LPS")
INITIAUX = {
    "vague2/trans_cda_v2.1/mdm_initial/message_MDM_CR_Radio_INIT_N1.er7": FACTICE,
    "vague2/trans_cda_v2.1/mdm_initial/message_MDM_CR_Radio_INIT_N1_Base64.er7": Attendu(
        "AA",
        "same with a CDA N1",
        dmp="Dépôt de « Radio de hanche » dans le DMP : accepté",
        document="1.2.250.1.71.4.2.2.120456789.71024000081",
    ),
    "vague2/trans_cda_v2.1/oru_initial/message_ORU_CR_Bio_INIT_N3_SEGUR.hl7": Attendu(
        "AE", "malformed patient id and address", "27707279035121518989@patient.mssante.fr"
    ),
    "vague2/lps_mss_v1.1/mdm_initial/message_MDM__LPS_MSS_CR_Radio_INIT_N1.er7": LPS,
    "vague2/lps_mss_v1.1/mdm_initial/message_MDM__LPS_MSS_CR_Radio_INIT_N1_Base64.er7": LPS,
    "volets/trans_cda_v1.2/MDM/message.hl7": Attendu("AE", "not a CDA", "pas un CDA"),
    "volets/trans_cda_v2.0/mdm_initial/message_MDM_CR_Radio_INIT_N1.er7": FACTICE,
    "volets/trans_cda_v2.0/mdm_initial/message_MDM_CR_Radio_INIT_N1_Base64.er7": Attendu(
        "AA",
        "production OID .8 with test people (1.2, 2.0); TXA-12 holds the concatenation, the CDA root + extension",
        dmp="Test d'existence du DMP : aucun DMP pour ce patient",
        document="1.2.250.1.71.4.2.2.120456789^A71024000081",
    ),
    "volets/trans_cda_v2.0/oru_initial/message_ORU_CR_Bio_INIT_N1_N3.hl7": Attendu(
        "AE", "MSH-2 uses U+02DC as repetition separator", "MSH-2"
    ),
    "volets/trans_cda_v2.1/oru_initial/message_ORU_CR_Bio_INIT_N1_N3.hl7": FACTICE,
    "volets/lps_mss_v1.0/MDM/message.hl7": LPS,
    "volets/lps_mss_v1.0/mdm_initial/message_MDM__LPS_MSS_CR_Radio_INIT_N1.er7": LPS,
    "volets/lps_mss_v1.0/mdm_initial/message_MDM__LPS_MSS_CR_Radio_INIT_N1_Base64.er7": LPS,
}
REMPLACEMENT = "vague2/trans_cda_v2.1/mdm_remplacement/message_MDM_CR_Radio_RPLC_N1.er7"
CONSENTEMENTS = "vague2/consentement_dmp_pamfr"
ADMISSIONS = (
    "sgl/admission.er7",
    f"{CONSENTEMENTS}/ConsentementConsultation_NonOppositionAlimentation.er7",
    f"{CONSENTEMENTS}/NonConsentementConsultation_NonOppositionAlimentation.er7",
    f"{CONSENTEMENTS}/NonRecueillieConsentementConsultation_NonOppositionAlimentation.er7",
)


class Terrain:
    """A bench played by the witness, where the patient of the examples has a DMP and a mailbox."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.client = site.client
        self.scenario = self.client.ouvrir_scenario("Messages officiels", "e2e", [])
        self.client.ouvrir_patient(self.scenario, MATRICULE, OID)

    def envoyer(self, nom: str, lien: str = "dpi-pfi", *, avant: str = "\0", apres: str = "") -> ack.Ack:
        """Send one file, `avant` replaced by `apres`, through the relay of a link and wait for calm."""
        data = corpus_hl7.lire(f"{EXEMPLES}/{nom}").decode().replace(avant, apres)
        message = er7.read(data.rstrip("\n").replace("\n", "\r").encode() + b"\r")
        message.set("MSH-10", f"OFF-{hashlib.sha256(data.encode()).hexdigest()[:16]}")
        hote, _, port = self.site.pret["relais"][lien].rpartition(":")
        client = MllpClient(hote, int(port))
        try:
            return ack.read(er7.read(client.envoyer(message.write(), DELAI)))
        finally:
            client.close()
            self.client.barriere(DELAI)

    def marque(self) -> int:
        return max((echange["numero"] for echange in self.client.echanges()), default=0)

    def depuis(self, marque: int, lien: str, operation: str = "") -> list[dict[str, Any]]:
        return [
            e
            for e in self.client.echanges()
            if e["numero"] > marque and e["lien"] == lien and e["operation"].startswith(operation)
        ]

    def courriels(self, adresse: str = MEDECIN) -> list[list[str]]:
        return [message["documents"] for message in self.client.boite(adresse)]


@pytest.fixture(scope="module")
def terrain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terrain]:
    corpus_hl7.lire(f"{EXEMPLES}/{ADMISSIONS[0]}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BANC_HOME", str(tmp_path_factory.mktemp("officiels")))
        with Site(Profil(campagne=ReglagesCampagne(nom="officiels")), libres()) as site:
            yield Terrain(site)


def test_every_initial_transmission_of_the_corpus_is_told() -> None:
    corpus_hl7.lire(f"{EXEMPLES}/{ADMISSIONS[0]}")
    files = [corpus_hl7.nom_court(path) for path in corpus_hl7.fichiers(EXEMPLES) if path.name.startswith("message")]
    initial = [n for n in files if not any(word in n for word in ("remplacement", "suppression"))]
    assert sorted(initial) == sorted(f"{EXEMPLES}/{name}" for name in INITIAUX)


@pytest.mark.parametrize("nom", INITIAUX)
def test_an_initial_transmission_reaches_its_readers_or_is_refused(terrain: Terrain, nom: str) -> None:
    attendu, marque, avant = INITIAUX[nom], terrain.marque(), len(terrain.courriels())
    answer = terrain.envoyer(nom)
    assert answer.code == attendu.accuse
    if attendu.motif:
        assert attendu.motif in answer.erreurs[0].libelle
        assert terrain.depuis(marque, "pfi-dmp") == terrain.depuis(marque, "pfi-mss", "SMTP") == []
        return
    assert terrain.depuis(marque, "pfi-dmp")[-1]["resume"] == attendu.dmp
    assert terrain.courriels()[avant:] == [[attendu.document]]


def test_the_official_replacement_replaces_the_official_document(terrain: Terrain) -> None:
    (first,) = (attendu.document for attendu in INITIAUX.values() if attendu.dmp.startswith("Dépôt"))
    terrain.envoyer(next(nom for nom, attendu in INITIAUX.items() if attendu.document == first))
    assert terrain.envoyer(REMPLACEMENT).code == "AA"
    held = {d["uniqueId"]: d["statut"] for d in terrain.client.depots(MATRICULE)["documents"]}
    assert (held[first], held[first[:-1] + "2"]) == ("remplacé", "actif")
    assert terrain.courriels()[-1] == [first[:-1] + "2"]


def test_the_official_n3_with_the_right_address_reaches_the_dmp_and_is_told_by_its_receipts(terrain: Terrain) -> None:
    """No mailbox: a document without PDF cannot be mailed (ECO.2.1.1), and the receipts say so."""
    marque = terrain.marque()
    nom = "vague2/trans_cda_v2.1/oru_initial/message_ORU_CR_Bio_INIT_N3_SEGUR.hl7"
    assert terrain.envoyer(nom, avant=f"27707{MATRICULE}", apres=MATRICULE).code == "AA"
    assert "accepté" in terrain.depuis(marque, "pfi-dmp", "TD2.1")[0]["resume"]
    receipts = [e["operation"] for e in terrain.depuis(marque, "pfi-dpi")]
    assert sorted(receipts) == ["ZAM^Z01", "ZAM^Z02", "ZAM^Z02"]


@pytest.mark.parametrize("nom", ADMISSIONS)
def test_an_official_admission_is_taken_by_everybody(terrain: Terrain, nom: str) -> None:
    marque = terrain.marque()
    assert terrain.envoyer(nom, "ri-eai").code == "AA"
    seen = [(e["lien"], e["operation"], e["reussi"]) for e in terrain.client.echanges() if e["numero"] > marque]
    assert sorted(seen) == [(lien, "ADT^A01", True) for lien in ("eai-dpi", "eai-pfi", "ri-eai")]
