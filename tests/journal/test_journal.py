"""The journal: chained, committed before it answers, waits that look back."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from banc_segur.journal.attente import AttenteDepassee, Filtre
from banc_segur.journal.base import Base
from banc_segur.journal.campagnes import Campagnes
from banc_segur.journal.journal import EchangeJuge, Emission, Journal
from banc_segur.transport.model import EchangeRecu, Peer

PEER = Peer("127.0.0.1", 5000, "TLSv1.3", "TLS_AES_256_GCM_SHA384", b"der", b"hello")
RI, EAI = Emission("Admissions+", "RI"), Emission("Tuyaux", "EAI")


def ouvrir(path: Path | str = ":memory:") -> Journal:
    return Journal(path, autorises=frozenset, cle_masque=b"cle")


def recu(connexion: int, requete: bytes = b"demande", reponse: bytes | None = b"reponse") -> EchangeRecu:
    instant = datetime.now(UTC)
    return EchangeRecu(connexion, "ri-eai", "mllp", instant, instant, requete, reponse, meta={"nom": "é"})


def juger(journal: Journal, numero: int, operation: str = "ADT^A31", reussi: bool | None = True) -> None:
    juge = EchangeJuge(numero, operation, "Une admission", reussi, RI, EAI, (("ipp", "1"),), (("CodeCR", "01"),))
    journal.juger(juge, lambda _base, _juge: None)


def test_an_exchange_is_read_back_whole() -> None:
    journal = ouvrir()
    connexion = journal.connexion("ri-eai", "mllp", PEER, datetime.now(UTC))
    numero = journal.echange(recu(connexion, b"\x00\xff", None))
    detail = journal.detail(numero)
    assert (detail["requete_b64"], detail["reponse_b64"]) == ("AP8=", None)
    assert detail["meta"] == {"nom": "é"}
    assert detail["connexion_faits"]["version"] == "TLSv1.3"
    assert journal.certificat(connexion) == b"der"


def test_refused_connections_are_kept_with_their_cause() -> None:
    journal = ouvrir()
    numero = journal.refus("pfi-dmp", "http", PEER, datetime.now(UTC), "certificat expiré")
    assert [(r["numero"], r["cause"]) for r in journal.refusees()] == [(numero, "certificat expiré")]
    assert journal.refusees(depuis=numero) == []


def test_the_chain_tells_what_was_changed(tmp_path: Path) -> None:
    journal = ouvrir(tmp_path / "j.sqlite")
    connexion = journal.connexion("ri-eai", "mllp", PEER, datetime.now(UTC))
    numero = journal.echange(recu(connexion))
    journal.fin_connexion(connexion, datetime.now(UTC))
    juger(journal, numero)
    tete = journal.tete()
    assert journal.verifier_chaine() == []
    journal.close()
    with sqlite3.connect(tmp_path / "j.sqlite") as tampered:
        tampered.execute("UPDATE echange SET etat = 'sans réponse'")
    tampered.close()
    reopened = ouvrir(tmp_path / "j.sqlite")
    assert reopened.tete() == tete
    assert any("echange n° 1" in faute for faute in reopened.verifier_chaine())


def test_the_chain_tells_a_changed_body(tmp_path: Path) -> None:
    journal = ouvrir(tmp_path / "j.sqlite")
    journal.echange(recu(0))
    journal.base.executer("UPDATE corps SET octets = x'00' WHERE sha256 = (SELECT requete FROM echange)")
    assert any("contenu modifié" in faute for faute in journal.verifier_chaine())


def test_nothing_of_a_failed_write_stays() -> None:
    journal = ouvrir()
    tete = journal.tete()

    def echouer(base: Base) -> None:
        base.inserer("constat", contenu="{}", produit="", role="")
        base.enchainer("constat", 1)
        raise ValueError

    with pytest.raises(ValueError):
        journal.base.ecrire(echouer)
    assert journal.tete() == tete and journal.verifier_chaine() == []


def test_a_wait_looks_back_and_sees_judged_exchanges_only() -> None:
    journal = ouvrir()
    first, second = journal.echange(recu(0)), journal.echange(recu(0))
    juger(journal, first)
    assert [e["numero"] for e in journal.attendre(Filtre(operation="ADT^A31"), 0, 0)] == [first]
    with pytest.raises(AttenteDepassee):
        journal.attendre(Filtre(operation="ADT^A31"), first, 0)  # the second is not judged yet
    juger(journal, second)
    assert [e["numero"] for e in journal.attendre(Filtre(cle=("ipp", "1")), first, 0)] == [second]


def test_a_wait_is_woken_by_the_judgement() -> None:
    journal = ouvrir()
    numero = journal.echange(recu(0))
    minuterie = threading.Timer(0.1, juger, (journal, numero))
    minuterie.start()
    assert journal.attendre(Filtre(attribut=("CodeCR", "01"), reussi=True), 0, 10)[0]["numero"] == numero
    minuterie.join()


def test_an_exchange_is_judged_once() -> None:
    journal = ouvrir()
    numero = journal.echange(recu(0))
    juger(journal, numero)
    juger(journal, numero, operation="autre")
    assert journal.detail(numero)["operation"] == "ADT^A31"
    assert journal.detail(numero)["cles"] == [["ipp", "1"]]


def test_exchanges_carry_the_passage_under_way() -> None:
    journal = ouvrir()
    before = journal.echange(recu(0))
    passage = Campagnes(journal).ouvrir("essai", [], 1.0, [])["passage"]
    during = journal.echange(recu(0))
    found = {e["numero"]: e["passage"] for e in journal.echanges(juges=False)}
    assert found == {before: None, during: passage}


ENFANT = """
import sys
from datetime import UTC, datetime
from banc_segur.journal.journal import Journal
from banc_segur.transport.model import EchangeRecu
journal = Journal(sys.argv[1], autorises=frozenset, cle_masque=b"cle")
instant = datetime.now(UTC)
n = 0
while True:
    n += 1
    numero = journal.echange(EchangeRecu(0, "l", "mllp", instant, instant, b"%d" % n * 500, b"ok"))
    sys.stdout.write(f"{numero}\\n"); sys.stdout.flush()
"""


def test_kill_9_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    child = subprocess.Popen([sys.executable, "-c", ENFANT, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [int(child.stdout.readline()) for _ in range(200)]
    os.kill(child.pid, signal.SIGKILL)
    told += [int(line) for line in child.stdout.read().splitlines() if line]
    child.wait()
    child.stdout.close()
    journal = ouvrir(path)
    kept = {e["numero"] for e in journal.echanges(juges=False)}
    assert set(told) <= kept
    assert journal.verifier_chaine() == []
    assert journal.echange(recu(0)) == max(kept) + 1  # and it goes on
    assert journal.verifier_chaine() == []
