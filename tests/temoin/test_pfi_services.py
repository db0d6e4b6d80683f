"""The witness PFI between the simulated DMP and MSSanté operator, over real TLS; only the DPI is played."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from banc_segur.formats import zam
from banc_segur.pki.pki import AUTRE_STRUCTURE, STRUCTURE
from banc_segur.state.base import Etat
from banc_segur.temoin import defauts, pfi
from banc_segur.transport.mllp import MllpServer
from banc_segur.transport.tls import contexte_serveur
from simulators.mssante.operateur import Operateur
from simulators.mssante.reglages import Reglages
from tests.carnet import Carnet
from tests.cda_monde import PATIENT
from tests.certificats import pki_partagee
from tests.dmp_banc import BancDmp
from tests.temoin.test_pfi import Banc, Monde, attendre

MEDECIN = "paul@medecins.mssante.fr"
BAL_APP = "pfi@ch-test.mssante.fr"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[tuple[Banc, BancDmp, Operateur]]:
    """A PFI to start, the DMP and the operator; the patient has no Mon espace santé mailbox."""
    monde = Monde()
    dpi = MllpServer(monde.recevoir)
    dmp = BancDmp(tmp_path)
    assert PATIENT.ins
    dmp.registre.ouvrir(PATIENT.ins)
    pki = pki_partagee()
    server = pki.serveur()
    tls = contexte_serveur(server.certificat, server.cle, pki.ac, client="accepte")
    reglages = Reglages("ch-test.mssante.fr", "medecins.mssante.fr")
    operateur = Operateur(Etat(":memory:"), Carnet(), tls, "127.0.0.1", 0, 0, reglages)
    operateur.boites.ouvrir(BAL_APP, "APP", STRUCTURE)
    operateur.boites.ouvrir(MEDECIN, "PER", AUTRE_STRUCTURE)
    smtp, imap = operateur.start()
    liens = dmp.config.liens.model_copy(
        update={"smtp": f"127.0.0.1:{smtp}", "imap": f"127.0.0.1:{imap}", "pfi_dpi": f"127.0.0.1:{dpi.start()}"}
    )
    config = dmp.config.model_copy(
        update={
            "dossier": tmp_path / "pfi",
            "liens": liens,
            "structure": dmp.config.structure.model_copy(update={"bal_app": BAL_APP}),
            "medecin_traitant": dmp.config.medecin_traitant.model_copy(update={"adresse_mss": MEDECIN}),
        }
    )
    banc = Banc(monde, tmp_path, config)
    yield banc, dmp, operateur
    for produit in banc.produits:
        produit.stop()
    operateur.stop()
    dmp.serveur.stop()
    dpi.stop()


def test_letter_reaches_the_dmp_and_the_mailbox(
    services: tuple[Banc, BancDmp, Operateur], monkeypatch: pytest.MonkeyPatch
) -> None:
    banc, dmp, operateur = services
    monkeypatch.setattr(pfi, "PERIODE_AVIS", 0.1)
    produit = banc.demarrer()
    assert banc.envoyer(produit, banc.lettre().write()).code == "AA"
    attendre(produit.au_repos)
    assert PATIENT.ins
    assert len(dmp.registre.documents(PATIENT.ins)) == 1
    assert len(operateur.boites.messages(MEDECIN)) == 1
    receipts = {(r.evenement, r.adresse): r.positif for r in map(zam.read, banc.monde.zams)}
    patient = f"{PATIENT.ins.matricule}@patient.mssante.fr"
    assert receipts == {("Z01", ""): True, ("Z02", MEDECIN): True, ("Z02", patient): False}
    assert [(c.regle, c.ou, c.observe) for c in dmp.constats()] == []


def test_every_vihf_defect_shows_on_the_wire(services: tuple[Banc, BancDmp, Operateur]) -> None:
    banc, dmp, _ = services
    defauts.charger()
    produit = banc.demarrer()
    mine = [d for d in defauts.tous() if d.muter.__module__ == "banc_segur.temoin.defauts.vihf"]
    missed = []
    for entry in mine:
        dmp.carnet.echanges.clear()
        produit.defauts.activer([entry.id])
        banc.envoyer(produit, banc.lettre(medecin=False, patient=False).write())
        attendre(produit.au_repos)
        if entry.regle not in {constat.regle for constat in dmp.constats()}:
            missed.append(entry.id)
    assert missed == []
