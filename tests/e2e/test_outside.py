"""A product of the user's in place of a witness role: an outside PFI process, and a RI driven by a person."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from banc_segur.campaign.home import RACINE
from banc_segur.campaign.site import USAGES_TEMOIN
from banc_segur.control.client import ClientControle
from banc_segur.errors import BancError
from tests.e2e.banc import Service, banc, plage_libre, ports_libres

JETON = "jeton-du-test"


def raccordement(home: Path, first: int) -> dict[str, Any]:
    """What `./banc serve` tells a vendor, read from its file; the bench is stopped again."""
    service = Service(home, "--ports-depuis", str(first), "--sortie", str(home / "libre"))
    service.until("Ctrl-C")
    service.stop()
    told: dict[str, Any] = json.loads((home / "libre" / "raccordement.json").read_text("utf-8"))
    return told


@contextmanager
def produit_exterieur(
    dossier: Path, told: dict[str, Any], role: str, ecoutes: dict[str, int]
) -> Iterator[dict[str, Any]]:
    """A witness product started as a process of its own, configured from the connection sheet alone."""
    monde, pki = told["monde"], told["pki"]
    config = {
        "roles": [role],
        "dossier": str(dossier),
        "liens": {
            "insi": told["insi"]["url"],
            "dmp": told["dmp"]["url"],
            "smtp": told["smtp"],
            "imap": told["imap"],
            **{lien.replace("-", "_"): adresse for lien, adresse in told["relais"].items()},
        },
        "certificats": {"ac": pki["ac"], **{u.replace("-", "_"): pki["produits"][u] for u in USAGES_TEMOIN}},
        "structure": monde["structure"],
        "auteur": monde["auteur"],
        "medecin_traitant": monde["medecin_traitant"],
        "ecoutes": ecoutes,
    }
    dossier.mkdir()
    (dossier / "config.json").write_text(json.dumps(config), "utf-8")
    (dossier / "jeton").write_text(JETON, "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "banc_segur.temoin", str(dossier / "config.json")],
        cwd=RACINE,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield json.loads((process.stdout.readline() if process.stdout else b"") or b"{}")
    finally:
        process.terminate()
        process.wait(20)


def test_a_pfi_started_outside_is_judged_as_a_product(tmp_path: Path) -> None:
    first = plage_libre()
    told = raccordement(tmp_path, first)
    eai_pfi, dpi_pfi = ports_libres(2)
    profil = tmp_path / "profil.toml"
    profil.write_text(
        f'[campagne]\nnom = "pfi-dehors"\n[ports]\ndepuis = {first}\n'
        f'[[produits]]\nnom = "PFI du dehors"\nediteur = "Essai"\nversion = "1"\nroles = ["PFI"]\n'
        f'ecoute = {{ "eai-pfi" = "127.0.0.1:{eai_pfi}", "dpi-pfi" = "127.0.0.1:{dpi_pfi}" }}\n',
        "utf-8",
    )
    absent = banc(tmp_path, "run", str(profil), "--sortie", str(tmp_path / "sortie"))
    assert absent.returncode == 2 and "n'écoute pas" in absent.stderr
    with produit_exterieur(tmp_path / "pfi", told, "PFI", {"eai-pfi": eai_pfi, "dpi-pfi": dpi_pfi}) as pret:
        done = banc(tmp_path, "run", str(profil), "--sortie", str(tmp_path / "sortie"))
        armer(pret["poste"], ["MSS-H04"])
        faulty = banc(tmp_path, "run", str(profil), "--sortie", str(tmp_path / "defaut"), "-e", "SBX-E2E-01")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "sortie" / "rapport.json").read_text("utf-8"))
    assert {p["nom"]: p["temoin"] for p in report["produits"]}["PFI du dehors"] is False
    decisions = {v["exigence"]: v["decision"] for v in report["verdicts"] if v["produit"] == "PFI du dehors"}
    assert decisions["SBX-TR-03"] == decisions["SBX-DMP-03"] == "conforme"

    assert faulty.returncode == 1, faulty.stdout + faulty.stderr
    wrong = json.loads((tmp_path / "defaut" / "rapport.json").read_text("utf-8"))
    assert [(c["regle"], c["produit"]) for c in wrong["constats"]] == [("MSS-H04", "PFI du dehors")]
    refused = {v["exigence"] for v in wrong["verdicts"] if v["decision"] == "non conforme"}
    assert refused == {"SC.MSS/CONF.16"}


def armer(poste: str, defauts: list[str]) -> None:
    """Break the outside product on purpose."""
    requests.post(
        f"{poste}/defauts", json={"actifs": defauts}, headers={"X-Banc-Jeton": JETON}, timeout=10
    ).raise_for_status()


def test_a_person_drives_the_ri_and_answers_from_a_script(tmp_path: Path) -> None:
    first = plage_libre()
    told = raccordement(tmp_path, first)
    profil = tmp_path / "profil.toml"
    profil.write_text(
        f'[campagne]\nnom = "ri-personne"\n[ports]\ndepuis = {first}\n'
        '[[produits]]\nnom = "RI du dehors"\nroles = ["RI"]\ndeclencheur = "personne"\n',
        "utf-8",
    )
    with produit_exterieur(tmp_path / "ri", told, "RI", {}) as pret:
        person = Personne(tmp_path, "ri-personne", pret["poste"])
        person.start()
        try:
            done = banc(tmp_path, "run", str(profil), "--sortie", str(tmp_path / "sortie"))
        finally:
            person.done.set()
            person.join(30)
    assert done.returncode == 0, done.stdout + done.stderr
    assert person.answered >= 3 and not person.errors, person.errors
    assert "Question" in done.stdout and "./banc repondre" in done.stdout


class Personne(threading.Thread):
    """Somebody at the RI's screen: does what each question says, then answers by `./banc repondre`."""

    def __init__(self, home: Path, campagne: str, poste: str) -> None:
        super().__init__(daemon=True)
        self.home, self.campagne, self.poste = home, campagne, poste
        self.done = threading.Event()
        self.answered = 0
        self.errors: list[str] = []

    def run(self) -> None:
        while not self.done.wait(0.2):
            try:
                client = ClientControle.depuis(self.home / "bancs" / self.campagne / "pret.json")
                questions = client.questions()
            except BancError:
                continue
            for question in questions:
                self.answer(question)

    def answer(self, question: dict[str, Any]) -> None:
        acted = requests.post(
            f"{self.poste}/ri/admettre", json=question["parametres"], headers={"X-Banc-Jeton": JETON}, timeout=60
        )
        if not acted.ok:
            self.errors.append(acted.text)
        arguments = ("repondre", str(question["numero"]), "oui", "--campagne", self.campagne, "-c", "fait")
        answered = banc(self.home, *arguments)
        if answered.returncode:
            self.errors.append(answered.stderr)
        self.answered += 1


@pytest.mark.parametrize("arguments", [("repondre",), ("repondre", "1", "oui")])
def test_repondre_without_a_bench_says_so(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = banc(tmp_path, *arguments)
    assert done.returncode == 2 and "Aucun banc n'est en marche" in done.stderr
