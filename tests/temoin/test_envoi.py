"""The witness's mail side and GP mailbox against the simulated operator, over real TLS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banc_segur.formats.mdm import Destinataire
from banc_segur.pki.pki import AUTRE_STRUCTURE, STRUCTURE
from banc_segur.rules import catalogue
from banc_segur.rules.analyse import analyser
from banc_segur.rules.model import Contexte, EchangeBrut
from banc_segur.state.base import Etat
from banc_segur.temoin import defauts, envoi
from banc_segur.temoin.base import ActionRefusee
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.defauts import Defauts
from banc_segur.temoin.erreurs import ServiceInjoignable
from banc_segur.temoin.lgc import Lgc, lire
from banc_segur.transport.tls import contexte_serveur
from simulators.mssante.operateur import Operateur
from simulators.mssante.reglages import Reglages
from tests.cda_monde import PATIENT
from tests.certificats import pki_partagee
from tests.dmp_banc import INS, BancDmp, message
from tests.simulators.test_mssante import Memoire

APP = "pfi@ch-test.mssante.fr"
GP = "paul@medecins.mssante.fr"


class BancMss:
    def __init__(self, config: ConfigTemoin) -> None:
        pki = pki_partagee()
        server = pki.serveur()
        tls = contexte_serveur(server.certificat, server.cle, pki.ac, client="accepte")
        self.journal = Memoire()
        reglages = Reglages("ch-test.mssante.fr", "medecins.mssante.fr")
        self.operateur = Operateur(Etat(":memory:"), self.journal, tls, "127.0.0.1", 0, 0, reglages)
        self.operateur.boites.ouvrir(APP, "APP", STRUCTURE)
        self.operateur.boites.ouvrir(GP, "PER", AUTRE_STRUCTURE)
        smtp, imap = self.operateur.start()
        liens = config.liens.model_copy(update={"smtp": f"127.0.0.1:{smtp}", "imap": f"127.0.0.1:{imap}"})
        structure = config.structure.model_copy(
            update={"bal_app": APP, "bal_reponse": "secretariat@ch-test.mssante.fr"}
        )
        medecin = config.medecin_traitant.model_copy(update={"adresse_mss": GP})
        update = {"liens": liens, "structure": structure, "medecin_traitant": medecin}
        self.config = config.model_copy(update=update)
        self.defauts = Defauts()

    def envoyer(self, adresse: str = GP, patient: bool = False, message_id: str = "<m1@ch-test>") -> envoi.Remise:
        who = Destinataire(adresse, patient=PATIENT if patient else None)
        mdm = replace(message(1), patient_fin=True, destinataires=(who,))
        return envoi.envoyer(self.config, self.defauts, mdm, who, message_id, "1.2.250.1.999.1.1.11.1")

    def constats(self) -> set[str]:
        found: set[str] = set()
        for item in self.journal.echanges:
            if item.protocole != "smtp":
                continue
            certificat = self.journal.connexions[item.connexion - 1][1].certificat
            brut = EchangeBrut(item.protocole, item.lien, item.requete, item.reponse, item.meta)
            for sujet in analyser(brut).sujets:
                contexte = Contexte(datetime.now(UTC), item.lien, certificat, attendus={"X-MSS-NIL": self.config.nil})
                judged = catalogue.evaluer(sujet, contexte)
                assert judged.non_evaluees == ()
                found |= {constat.regle for constat in judged.constats}
        return found


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConfigTemoin]:
    catalogue.charger()
    defauts.charger()
    dmp = BancDmp(tmp_path_factory.mktemp("envoi"))
    yield dmp.config
    dmp.serveur.stop()


@pytest.fixture
def banc(config: ConfigTemoin) -> Iterator[BancMss]:
    found = BancMss(config)
    yield found
    found.operateur.stop()


def test_the_clean_witness_breaks_no_rule_and_is_read_by_the_gp(banc: BancMss, tmp_path: Path) -> None:
    citizen = f"{INS.matricule}@patient.mssante.fr"
    banc.operateur.boites.ouvrir(citizen, "PATIENT")
    assert banc.envoyer() == envoi.Remise(True)
    assert banc.envoyer(citizen, patient=True, message_id="<m2@ch-test>").ok
    assert banc.constats() == set()
    gp = Lgc(banc.config.model_copy(update={"dossier": tmp_path}))
    (mail,) = gp.actions["relever"]({})["courriels"]
    assert mail["patient"] == INS.matricule
    assert (mail["documents"], mail["erreurs"], len(mail["pdfs"])) == ([message(1).document_id], [], 1)
    assert gp.actions["relever"]({}) == {"courriels": []}
    notices = list(envoi.relever_avis(banc.config))
    assert notices == [envoi.Avis("<m1@ch-test>", GP, True), envoi.Avis("<m2@ch-test>", citizen, True)]
    assert list(envoi.relever_avis(banc.config)) == []


def test_bounces_and_refusals_reach_the_caller(banc: BancMss) -> None:
    assert banc.envoyer("100000000000000@patient.mssante.fr", patient=True).ok
    (notice,) = envoi.relever_avis(banc.config)
    assert (notice.remis, notice.code, notice.libelle) == (False, "550", "5.1.1 mailbox unknown")
    refused = banc.envoyer("inconnu@medecins.mssante.fr")
    assert (refused.ok, refused.code) == (False, "550")


def test_a_notice_is_known_by_the_envelope_even_when_the_message_id_was_spoilt(banc: BancMss) -> None:
    banc.defauts.activer(["MSS-H01"])
    assert banc.envoyer(message_id="<m3@ch-test>").ok
    assert list(envoi.relever_avis(banc.config)) == [envoi.Avis("<m3@ch-test>", GP, True)]


def test_a_notice_is_read_again_when_nobody_took_it(banc: BancMss) -> None:
    assert banc.envoyer().ok
    assert next(iter(envoi.relever_avis(banc.config))).remis  # killed before it was noted
    (notice,) = envoi.relever_avis(banc.config)
    assert notice.message_id == "<m1@ch-test>"
    assert list(envoi.relever_avis(banc.config)) == []


def test_nobody_there(banc: BancMss, tmp_path: Path) -> None:
    banc.operateur.stop()
    with pytest.raises(ServiceInjoignable):
        banc.envoyer()
    with pytest.raises(ServiceInjoignable):
        list(envoi.relever_avis(banc.config))
    with pytest.raises(ActionRefusee):
        Lgc(banc.config.model_copy(update={"dossier": tmp_path})).actions["relever"]({})


def test_every_defect_shows_on_the_wire(banc: BancMss) -> None:
    citizen = f"{INS.matricule}@patient.mssante.fr"
    banc.operateur.boites.ouvrir(citizen, "PATIENT")
    missed = []
    for entry in (item for item in defauts.tous() if item.id.startswith("MSS-")):
        banc.journal.echanges.clear()
        banc.defauts.activer([entry.id])
        banc.envoyer()
        banc.journal.attendre(lambda: any(item.protocole == "smtp" for item in banc.journal.echanges))
        if entry.regle not in banc.constats():
            missed.append(entry.id)
    assert missed == []


def test_the_gp_is_told_of_a_bad_mail() -> None:
    assert lire(b"")["erreurs"]
