"""The witness EAI over real MLLP sockets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from banc_segur.formats import ack, adt, er7
from banc_segur.temoin.config import Certificat, Certificats, ConfigTemoin, Liens, ReglagesMedecin, ReglagesStructure
from banc_segur.temoin.defauts import hl7 as defauts_hl7
from banc_segur.temoin.eai import Eai
from banc_segur.transport.mllp import MllpClient, MllpServer
from tests.formats.hl7_monde import ENTETE, PROVISOIRE, QUALIFIE

assert defauts_hl7
DELAI = 5.0
MEDECIN = ReglagesMedecin(id_national="899900000019", nom="MARTEL", prenom="Jeanne", profession="10", savoir_faire="")
MESSAGE = adt.write("A31", QUALIFIE, ENTETE).write()


class Recepteur:
    """A DPI or PFI: keeps what it gets, answers each message by the next of `codes`, the last one repeating."""

    def __init__(self, codes: list[str]) -> None:
        self.recus: list[bytes] = []
        self._codes = codes
        self._change = threading.Condition()
        self.serveur = MllpServer(self._recevoir)
        self.adresse = f"127.0.0.1:{self.serveur.start()}"

    def _recevoir(self, data: bytes) -> bytes:
        with self._change:
            self.recus.append(data)
            self._change.notify_all()
        code = self._codes.pop(0) if len(self._codes) > 1 else self._codes[0]
        erreurs = [] if code == "AA" else [ack.Erreur("207", "Application error")]
        return ack.write(er7.read(data), code, identifiant="R1", instant="20260302", erreurs=erreurs).write()

    def attendre(self, nombre: int) -> bool:
        with self._change:
            return self._change.wait_for(lambda: len(self.recus) >= nombre, DELAI)


def _config(path: Path, **liens: str) -> ConfigTemoin:
    certificate = Certificat(certificat=path, cle=path)
    names = ("insi_auto", "dmp_auth", "dmp_sign", "bal_app", "lgc")
    structure = ReglagesStructure(
        id_national="175B000001",
        nom="CH",
        secteur="SA01",
        bal_app="a@b.fr",
        bal_reponse="a@b.fr",
        oid_racine="1.2",
        domaine_ipp="1.2.3",
    )
    return ConfigTemoin(
        roles=("EAI",),
        dossier=path,
        liens=Liens(**liens),
        certificats=Certificats(ac=path, **dict.fromkeys(names, certificate)),
        structure=structure,
        auteur=MEDECIN,
        medecin_traitant=MEDECIN,
    )


@pytest.fixture
def ouvrir(tmp_path: Path) -> Iterator[Callable[..., Eai]]:
    """Start an EAI in one folder; stopped at the end."""
    started: list[Eai] = []

    def start(**liens: str) -> Eai:
        eai = Eai(_config(tmp_path, **liens))
        eai.start()
        started.append(eai)
        return eai

    yield start
    for eai in started:
        eai.stop()


@pytest.fixture
def recepteurs() -> Iterator[Callable[[list[str]], Recepteur]]:
    opened: list[Recepteur] = []

    def make(codes: list[str]) -> Recepteur:
        opened.append(Recepteur(codes))
        return opened[-1]

    yield make
    for one in opened:
        one.serveur.stop()


def _envoyer(eai: Eai, message: bytes) -> ack.Ack:
    client = MllpClient("127.0.0.1", eai.ecoutes["ri-eai"])
    try:
        return ack.read(er7.read(client.envoyer(message, DELAI)))
    finally:
        client.close()


def test_what_comes_in_goes_out_unchanged_to_both(
    ouvrir: Callable[..., Eai], recepteurs: Callable[[list[str]], Recepteur]
) -> None:
    dpi, pfi = recepteurs(["AA"]), recepteurs(["AA"])
    eai = ouvrir(eai_dpi=dpi.adresse, eai_pfi=pfi.adresse)
    first = adt.write("A28", PROVISOIRE, ENTETE).write()
    assert _envoyer(eai, first).accepte
    assert _envoyer(eai, MESSAGE).accepte
    assert dpi.attendre(2) and pfi.attendre(2)
    assert dpi.recus == pfi.recus == [first, MESSAGE]
    assert eai._file.attendre_vide(DELAI)
    assert eai.au_repos()


def test_ar_is_sent_again_and_ae_is_not(
    ouvrir: Callable[..., Eai], recepteurs: Callable[[list[str]], Recepteur]
) -> None:
    dpi, pfi = recepteurs(["AR", "AA"]), recepteurs(["AE", "AA"])
    eai = ouvrir(eai_dpi=dpi.adresse, eai_pfi=pfi.adresse)
    _envoyer(eai, MESSAGE)
    assert eai._file.attendre_vide(DELAI)
    assert dpi.recus == [MESSAGE, MESSAGE]
    assert pfi.recus == [MESSAGE]
    assert eai.actions["abandons"]({}) == {"abandons": [{"lien": "eai-pfi", "cause": "AE : 207 Application error"}]}


def test_a_stopped_receiver_gets_it_when_it_is_back(
    tmp_path: Path, recepteurs: Callable[[list[str]], Recepteur]
) -> None:
    dpi = recepteurs(["AA"])
    absent = MllpServer(lambda data: b"")
    port = absent.start()
    absent.stop()
    eai = Eai(_config(tmp_path, eai_dpi=f"127.0.0.1:{port}"))
    eai.start()
    assert _envoyer(eai, MESSAGE).accepte
    assert not eai.au_repos()
    eai.stop()
    again = Eai(_config(tmp_path, eai_dpi=dpi.adresse))
    again.start()
    assert dpi.attendre(1)
    assert again._file.attendre_vide(DELAI)
    again.stop()
    assert dpi.recus == [MESSAGE]


def test_other_messages_and_garbage_are_refused(ouvrir: Callable[..., Eai]) -> None:
    eai = ouvrir()
    seen = _envoyer(eai, MESSAGE.replace(b"ADT^A31^ADT_A05", b"ORM^O01^ORM_O01"))
    assert (seen.code, seen.erreurs[0].code) == ("AR", "200")
    assert _envoyer(eai, b"pas un message").code == "AE"
    assert eai.au_repos()


def test_defects_are_applied(ouvrir: Callable[..., Eai], recepteurs: Callable[[list[str]], Recepteur]) -> None:
    dpi = recepteurs(["AA"])
    eai = ouvrir(eai_dpi=dpi.adresse)
    eai.defauts.activer(["HL7-ENV-06", "HL7-ACK-08"])
    assert _envoyer(eai, MESSAGE).acquitte == "1"
    assert dpi.attendre(1)
    assert dpi.recus == [MESSAGE.replace(b"\r", b"\n")]
