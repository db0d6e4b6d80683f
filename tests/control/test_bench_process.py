"""The bench as its users meet it: a process, its control API, kill -9, ports."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests
from flask import Flask

from banc_segur.control.api import ServeurApi
from banc_segur.control.client import ActionRefusee, AttenteDepassee, ClientControle
from banc_segur.control.reglages import lire
from banc_segur.errors import BancError, UsageError
from banc_segur.formats import ins
from tests.control.conftest import MONDE, RACINE, TEMOINS, ProcessusBanc

SUSPECT = "1850699326999" + ins.cle("1850699326999")


def test_a_wait_looks_back_and_filters(banc: ProcessusBanc, scenario: int) -> None:
    client = banc.client
    personne = client.nouveau_patient(scenario)
    cle = f"matricule={personne['matricule']}"
    banc.envoyer("ri-eai", f"ADT^A01|{cle}|MSH-10=1|attribut=00")
    banc.envoyer("ri-eai", f"ADT^A31|{cle}|MSH-10=2|REFUS=1")
    found = client.attendre(scenario, lien="ri-eai", operation="ADT^A01", attribut=("CodeCR", "00"), delai=5)
    assert [e["operation"] for e in found] == ["ADT^A01"]
    assert (found[0]["de"], found[0]["emetteur"], found[0]["recepteur"]) == ("RI", "Témoin RI", "Témoin EAI")
    assert client.attendre(scenario, reussi=False, delai=5)[0]["operation"] == "ADT^A31"
    assert len(client.attendre(scenario, cle=("matricule", personne["matricule"]), nombre=2, delai=5)) == 2


def test_a_failed_wait_says_what_came_instead(banc: ProcessusBanc, scenario: int) -> None:
    personne = banc.client.nouveau_patient(scenario)
    banc.envoyer("ri-eai", f"ADT^A31|matricule={personne['matricule']}|REFUS=1")
    banc.envoyer("ri-eai", "ADT^A31|matricule=inconnu-du-scenario")
    with pytest.raises(AttenteDepassee) as error:
        banc.client.attendre(scenario, lien="ri-eai", operation="ADT^A31", reussi=True, delai=0.5)
    message = str(error.value)
    assert message.index("issue : attendu accepté, trouvé refusé") < message.index("hors scénario")
    assert "matricule = inconnu-du-scenario" in message
    with pytest.raises(AttenteDepassee, match=r"Rien n'a été vu sur le lien dpi-pfi .* DPI \(Témoin DPI\)"):
        banc.client.attendre(scenario, lien="dpi-pfi", delai=0)


def test_what_shares_no_key_stays_outside_every_scenario(banc: ProcessusBanc, scenario: int) -> None:
    other = banc.client.ouvrir_scenario("Un autre", "essai.feature", [])
    banc.client.nouveau_patient(other)
    banc.client.nouveau_patient(scenario)
    banc.envoyer("dpi-pfi", f"MDM|document=PERDU-{scenario}")
    banc.client.barriere(5)
    assert banc.client.echanges(scenario) == banc.client.echanges(other) == []
    assert banc.client.echanges(hors_scenario=True)[-1]["cles"] == [["document", f"PERDU-{scenario}"]]


def test_the_document_chain_is_adopted_once_the_patient_is_known(banc: ProcessusBanc, scenario: int) -> None:
    personne = banc.client.nouveau_patient(scenario)
    banc.envoyer("pfi-dpi", f"ZAM|document=DOC-{scenario}")
    banc.envoyer("dpi-pfi", f"MDM|document=DOC-{scenario}|ipp=I-{scenario}")
    banc.envoyer("ri-eai", f"ADT^A01|ipp=I-{scenario}|matricule={personne['matricule']}")
    banc.client.attendre(scenario, operation="ZAM", delai=5)
    assert [e["operation"] for e in banc.client.echanges(scenario)] == ["ZAM", "MDM", "ADT^A01"]
    assert {f["valeur"] for f in banc.client.faits(scenario) if f["donnee"] == "document"} == {f"DOC-{scenario}"}


def test_findings_name_the_product_and_carry_what_it_declares(banc: ProcessusBanc) -> None:
    client = banc.client
    produits = [*TEMOINS[1:], {"nom": "Admissions+", "roles": ["RI"], "temoin": False}]
    client.ouvrir_campagne("essai", produits, {"Admissions+": {"X-MSS-NIL": "4242"}}, silence=0.2)
    scenario = client.ouvrir_scenario("Faute", "essai.feature", [])
    matricule = client.nouveau_patient(scenario)["matricule"]
    banc.envoyer("ri-eai", f"ADT^A01|matricule={matricule}|ipp=F-{scenario}|faute=Z")
    banc.envoyer("eai-dpi", f"ADT^A01|ipp=F-{scenario}|matricule=autre")
    client.barriere(10)
    closed = client.fermer_scenario(scenario, "reussi", "")
    found = {c["regle"]: c for c in closed["constats"]}
    assert (found["ESSAI-01"]["produit"], found["ESSAI-01"]["role"]) == ("Admissions+", "RI")
    assert found["ESSAI-01"]["cause"] == ["sexe", "Z"] and "NIL 4242" in found["ESSAI-01"]["attendu"]
    assert (found["DOS-ESSAI"]["produit"], found["DOS-ESSAI"]["role"]) == ("Témoin EAI", "EAI")
    assert found["DOS-ESSAI"]["echange"] == max(e["numero"] for e in client.echanges(scenario))
    before = len(client.constats(scenario))
    client.fermer_campagne()
    assert len(client.constats(scenario)) == before  # judged again, nothing new
    assert {e["regle"] for e in client.evaluees(scenario)} == {"ESSAI-01", "DOS-ESSAI"}


def test_a_suspected_real_person_never_reaches_the_disk(banc: ProcessusBanc, scenario: int) -> None:
    banc.envoyer("ri-eai", f"ADT^A01|matricule={SUSPECT}")
    banc.client.barriere(5)
    last = banc.client.echanges(hors_scenario=True)[-1]
    detail = banc.client.echange(last["numero"])
    assert detail["masque"] and "BANC-DONNEE-REELLE" in {c["regle"] for c in detail["constats"]}
    kept = b"".join(path.read_bytes() for path in banc.dossier.glob("journal.sqlite*"))
    assert SUSPECT.encode() not in kept


def test_a_document_that_kills_the_worker_stops_nobody(banc: ProcessusBanc, scenario: int) -> None:
    matricule = banc.client.nouveau_patient(scenario)["matricule"]
    banc.envoyer("dpi-pfi", f"MDM|matricule={matricule}|doc=qui-tue")
    banc.envoyer("ri-eai", f"ADT^A01|matricule={matricule}")
    assert len(banc.client.attendre(scenario, nombre=2, delai=15)) == 2
    reasons = [n["raison"] for n in banc.client.non_evaluees(scenario)]
    assert len(reasons) == 1 and "s'est arrêté sur ce document" in reasons[0]


def test_an_analyser_that_raises_stops_nobody(banc: ProcessusBanc, scenario: int) -> None:
    banc.envoyer("ri-eai", "ADT^A01|plante=1")
    banc.client.barriere(5)
    last = banc.client.echanges(hors_scenario=True)[-1]
    assert "erreur du banc" in banc.client.echange(last["numero"])["non_evaluees"][0]["raison"]


def test_a_person_is_asked_and_answers(banc: ProcessusBanc, tmp_path: Path) -> None:
    client = banc.client
    client.ouvrir_campagne("essai", [{"nom": "DPI+", "roles": ["DPI"], "temoin": False}], silence=0.1)
    scenario = client.ouvrir_scenario("Au poste", "essai.feature", [])
    joint = tmp_path / "capture.txt"
    joint.write_text("vu")

    def repondre(reponse: str) -> None:
        other = ClientControle(client.url, client.jeton)
        while not (questions := other.questions()):
            pass
        other.repondre(questions[0]["numero"], reponse, "Le bouton est gris", joint)

    for reponse in ("oui", "non"):
        person = threading.Thread(target=repondre, args=(reponse,))
        person.start()
        if reponse == "oui":
            told = client.declencher(scenario, "DPI", "valider_lettre", {"ipp": "12"}, delai=10)
            assert told == {"reponse": "oui", "commentaire": "Le bouton est gris", "fichier": "capture.txt"}
        else:
            with pytest.raises(ActionRefusee, match="gris"):
                client.declencher(scenario, "DPI", "valider_lettre", {"ipp": "12"}, delai=10)
        person.join()
    question = client.questions(toutes=True)[-1]
    assert "ipp : 12" in question["consigne"] and question["produit"] == "DPI+"
    with pytest.raises(UsageError, match="déjà"):
        client.repondre(question["numero"], "oui")
    with pytest.raises(AttenteDepassee, match="restée sans réponse"):
        client.declencher(scenario, "DPI", "relever", {}, delai=0.1)


class Poste(BaseHTTPRequestHandler):
    """A witness's screen that is at rest at the third look."""

    regards = 0

    def _json(self, code: int, contenu: object) -> None:
        body = json.dumps(contenu).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        Poste.regards += 1
        self._json(200, {"au_repos": Poste.regards % 3 == 0})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        demande = json.loads(self.rfile.read(length))
        if self.headers["X-Banc-Jeton"] != "sesame" or "refuser" in demande:
            self._json(409, {"refus": "Champ grisé"})
        else:
            self._json(200, {"chemin": self.path, **demande})

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_the_witness_acts_and_the_barrier_waits_for_its_rest(banc: ProcessusBanc, scenario: int) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Poste)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        banc.client.postes({"RI": f"http://127.0.0.1:{server.server_port}"}, "autre", {"RI": "sesame"})
        told = banc.client.declencher(scenario, "RI", "admettre", {"nom": "X"})
        assert told == {"chemin": "/RI/admettre", "nom": "X"}
        with pytest.raises(ActionRefusee, match="grisé"):
            banc.client.declencher(scenario, "RI", "admettre", {"refuser": 1})
        banc.client.barriere(10)
        assert Poste.regards == 3
        with pytest.raises(AttenteDepassee, match="encore à envoyer : RI"):
            banc.client.barriere(0)
    finally:
        server.shutdown()
        server.server_close()
        banc.client.postes({}, "")


def test_absence_after_the_silence_of_outside_products(banc: ProcessusBanc) -> None:
    banc.client.ouvrir_campagne("essai", [{"nom": "X", "roles": ["RI"], "temoin": False}], silence=0.4)
    scenario = banc.client.ouvrir_scenario("Silence", "essai.feature", [])
    matricule = banc.client.nouveau_patient(scenario)["matricule"]
    tardif = threading.Timer(0.2, banc.envoyer, ("ri-eai", f"ADT^A01|matricule={matricule}"))
    tardif.start()
    banc.client.barriere(10)
    assert len(banc.client.echanges(scenario)) == 1  # the late one was waited for
    tardif.join()


def test_patients_by_outcome(banc: ProcessusBanc, scenario: int) -> None:
    found = banc.client.nouveau_patient(scenario)
    assert found["adresse_mss"] == f"{found['matricule']}@patient.mssante.fr" and found["oid"]
    assert banc.client.depots(found["matricule"]) == {"statut": "actif", "documents": []}
    assert banc.client.boite(found["adresse_mss"]) == []
    for reponse in ("01", "02"):
        other = banc.client.nouveau_patient(scenario, reponse=reponse)
        assert (other["matricule"], other["adresse_mss"], other["dmp"]) == ("", "", "inexistant")
    closed = banc.client.nouveau_patient(scenario, dmp="ferme", traits={"nom_naissance": "DE-LA-TOUR"})
    assert closed["nom_naissance"] == "DE-LA-TOUR" and banc.client.depots(closed["matricule"])["statut"] == "ferme"
    with pytest.raises(UsageError, match="dmp"):
        banc.client.nouveau_patient(scenario, dmp="entrouvert")


def test_every_error_is_a_french_sentence(banc: ProcessusBanc, scenario: int) -> None:
    url = banc.client.url
    assert requests.post(f"{url}/v1/etat", json={}, timeout=5).status_code == 401
    headers = {"X-Banc-Jeton": banc.client.jeton}
    rebinding = requests.post(f"{url}/v1/etat", json={}, headers=headers | {"Host": "pirate.example"}, timeout=5)
    assert rebinding.status_code == 421 and "127.0.0.1" in rebinding.json()["erreur"]
    for path, body in (("/v1/nimporte", "{}"), ("/v1/etat", "[]"), ("/v1/echange", '{"numero": "x"}'), ("/", "")):
        answer = requests.post(url + path, data=body, headers=headers, timeout=5)
        assert answer.status_code in (400, 404) and answer.json()["erreur"].endswith(".")
    with pytest.raises(UsageError, match="pas d'échange n° 99999"):
        banc.client.echange(99999)
    with pytest.raises(UsageError, match="pas relayé"):
        banc.client.brancher("inconnu", "127.0.0.1:1")
    with pytest.raises(UsageError, match="hote:port"):
        banc.client.brancher("ri-eai", "ailleurs")
    with pytest.raises(UsageError, match="rôle LGC"):
        banc.client.ouvrir_campagne("essai", TEMOINS[:1])
        banc.client.declencher(banc.client.ouvrir_scenario("x", "x", []), "LGC", "relever", {})
    assert scenario


def test_kill_9_then_the_campaign_goes_on(tmp_path: Path, pki: Path, recepteur: int) -> None:
    banc = ProcessusBanc(tmp_path / "banc", pki)
    banc.client.brancher("ri-eai", f"127.0.0.1:{recepteur}")
    banc.client.ouvrir_campagne("essai", TEMOINS)
    scenario = banc.client.ouvrir_scenario("Coupure", "essai.feature", [])
    matricule = banc.client.nouveau_patient(scenario)["matricule"]
    question = banc.client._objet("demander", scenario=scenario, consigne="Vu ?")["question"]
    banc.client.repondre(question, "oui")
    acks = [banc.envoyer("ri-eai", f"ADT^A01|matricule={matricule}|MSH-10={n}") for n in range(20)]
    banc.tuer()
    assert acks == [b"AA"] * 20
    jeton = banc.client.jeton
    banc.demarrer()
    try:
        assert banc.client.jeton == jeton
        assert len(banc.client.attendre(scenario, lien="ri-eai", nombre=20, delai=10)) == 20
        assert banc.envoyer("ri-eai", f"ADT^A31|matricule={matricule}") == b"AA"  # the relay knows where to go
        assert banc.client.attendre(scenario, operation="ADT^A31", delai=5)
        assert banc.client.etat()["campagne"]["nom"] == "essai"
        assert banc.client.questions(toutes=True)[0]["reponse"] == "oui"
    finally:
        assert banc.arreter() == 0
    assert not (tmp_path / "banc" / "pret.json").exists()
    with pytest.raises(UsageError, match="démarrez-le"):
        ClientControle.depuis(tmp_path / "banc" / "pret.json")
    with pytest.raises(BancError, match="ne répond pas"):
        banc.client.etat()


def test_a_stop_ends_the_waits_under_way(tmp_path: Path, pki: Path) -> None:
    banc = ProcessusBanc(tmp_path / "banc", pki, relais=[])
    banc.client.ouvrir_campagne("essai", TEMOINS)
    scenario = banc.client.ouvrir_scenario("Arrêt", "essai.feature", [])
    said: list[str] = []

    def attendre() -> None:
        try:
            ClientControle(banc.client.url, banc.client.jeton).attendre(scenario, delai=60)
        except BancError as error:
            said.append(str(error))

    waiter = threading.Thread(target=attendre)
    waiter.start()
    banc.client.arreter()
    assert banc._finir() == 0
    waiter.join(10)
    assert len(said) == 1


def _lancer(reglages: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.control.banc_essai", str(reglages)]
    return subprocess.run(command, capture_output=True, text=True, cwd=RACINE, timeout=30, check=False)


def test_a_taken_port_is_one_sentence_and_exit_2(tmp_path: Path, pki: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = tmp_path / "r.json"
        contenu = {"dossier": str(tmp_path / "b"), "pki": str(pki), "monde": MONDE, "services": []}
        settings.write_text(json.dumps(contenu | {"ports": {"eai-dpi": port}}))
        done = _lancer(settings)
        assert done.returncode == 2 and done.stdout == ""
        assert len(done.stderr.splitlines()) == 1 and str(port) in done.stderr and "arrêtez" in done.stderr


def test_a_taken_control_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        api = ServeurApi(Flask("essai"), taken.getsockname()[1])
        with pytest.raises(UsageError, match="API de contrôle"):
            api.start()
        api.stop()


def test_two_benches_never_share_a_folder(banc: ProcessusBanc) -> None:
    done = _lancer(banc._reglages)
    assert done.returncode == 2 and "déjà en marche" in done.stderr


@pytest.mark.parametrize("contenu", ["", "[]", "{", "{}", '{"dossier": "x", "monde": {}, "ports": {"ftp": 1}}'])
def test_wrong_settings_name_the_file(tmp_path: Path, contenu: str) -> None:
    settings = tmp_path / "r.json"
    settings.write_text(contenu)
    with pytest.raises(UsageError, match=r"r\.json"):
        lire(settings)


def test_the_head_of_the_chain_moves_with_the_evidence(banc: ProcessusBanc) -> None:
    before = banc.client.tete()
    banc.envoyer("ri-eai", "ADT^A01|MSH-10=x")
    banc.client.barriere(5)
    assert len(before) == 64 and banc.client.tete() != before


def test_the_simulators_listen_and_are_reachable(tmp_path: Path, pki: Path) -> None:
    banc = ProcessusBanc(tmp_path / "banc", pki, services=["insi", "dmp", "mssante"], relais=[])
    try:
        trust = str(banc.pret["pki"]["ac"])
        paire = banc.pret["pki"]["produits"]["insi-auto"]
        cert = (paire["certificat"], paire["cle"])
        for nom in ("insi", "dmp"):
            answer = requests.post(banc.pret[nom]["url"], data=b"x", verify=trust, cert=cert, timeout=10)
            assert answer.status_code in (400, 404, 415, 500)
        with pytest.raises(requests.RequestException):
            requests.post(banc.pret["insi"]["url"], data=b"x", verify=trust, timeout=10)
        refus = banc.client.refus()
        assert [(r["lien"], bool(r["cause"])) for r in refus] == [("ri-insi", True)]
        for nom in ("smtp", "imap"):
            hote, _, port = banc.pret[nom].rpartition(":")
            with socket.create_connection((hote, int(port)), timeout=10) as connexion:
                assert connexion.recv(3) in (b"220", b"* O")
    finally:
        assert banc.arreter() == 0
