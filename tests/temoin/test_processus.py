"""The witness process: building, poste, readiness line, stopping."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from banc_segur.errors import UsageError
from banc_segur.pki import Pki
from banc_segur.temoin import processus
from banc_segur.temoin.base import ActionRefusee, Produit
from banc_segur.temoin.config import ConfigTemoin

JETON = "jeton-de-test"


class Eai(Produit):
    """A product made for these tests."""

    role = "EAI"
    vivants = 0

    def start(self) -> None:
        self.actions["redire"] = self.redire
        self.ecoutes["ri-eai"] = 4711
        Eai.vivants += 1

    def stop(self) -> None:
        Eai.vivants -= 1

    def au_repos(self) -> bool:
        return self.config.nil == "9999"

    def redire(self, parametres: Mapping[str, Any]) -> dict[str, Any]:
        if parametres.get("mot") == "panne":
            raise ZeroDivisionError("division")
        if "mot" not in parametres:
            raise ActionRefusee("Le mot est obligatoire.")
        return {"mot": parametres["mot"]}


class Capricieux(Produit):
    """A product that cannot start."""

    role = "PFI"

    def start(self) -> None:
        raise UsageError("Port déjà pris.")


def _reglages(dossier: Path, roles: list[str]) -> dict[str, Any]:
    vide = {"certificat": "c.pem", "cle": "c.key"}
    personne = {"id_national": "1", "nom": "N", "prenom": "P", "profession": "10", "savoir_faire": "SM54"}
    return {
        "roles": roles,
        "dossier": str(dossier),
        "liens": {},
        "certificats": {
            "ac": "ac.pem",
            **dict.fromkeys(("insi_auto", "dmp_auth", "dmp_sign", "bal_app", "lgc"), vide),
        },
        "structure": dict.fromkeys(
            ("id_national", "nom", "secteur", "bal_app", "bal_reponse", "oid_racine", "domaine_ipp"), "x"
        ),
        "auteur": personne,
        "medecin_traitant": personne,
    }


def _config(dossier: Path, roles: list[str]) -> ConfigTemoin:
    return ConfigTemoin.model_validate(_reglages(dossier, roles))


@pytest.fixture
def faux(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("banc_segur_faux_produits")
    module.Eai, module.Pfi = Eai, Capricieux  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(processus, "PRODUITS", {"EAI": (module.__name__, "Eai"), "PFI": (module.__name__, "Pfi")})


@pytest.fixture
def poste(faux: None, tmp_path: Path) -> Iterator[str]:
    temoin = processus.Temoin(processus.construire(_config(tmp_path, ["EAI"])), JETON)
    yield temoin.start()
    temoin.stop()
    assert Eai.vivants == 0


def _post(url: str, contenu: Any = None, jeton: str = JETON, **options: Any) -> requests.Response:
    return requests.post(url, json=contenu, headers={"X-Banc-Jeton": jeton}, timeout=5, **options)


def _get(url: str) -> Any:
    return requests.get(url, headers={"X-Banc-Jeton": JETON}, timeout=5).json()


def test_actions(poste: str) -> None:
    assert _post(f"{poste}/EAI/redire", {"mot": "été"}).json() == {"mot": "été"}
    assert _post(f"{poste}/eai/redire", {"mot": 1}).json() == {"mot": 1}
    refus = _post(f"{poste}/EAI/redire", {})
    assert refus.status_code == 409 and refus.json() == {"refus": "Le mot est obligatoire."}
    assert _post(f"{poste}/EAI/inconnue", {}).status_code == 404
    panne = _post(f"{poste}/EAI/redire", {"mot": "panne"})
    assert panne.status_code == 500 and "ZeroDivisionError" in panne.json()["erreur"]


def test_token_and_body_are_checked(poste: str) -> None:
    assert _post(f"{poste}/EAI/redire", {"mot": 1}, jeton="faux").status_code == 401
    assert requests.get(f"{poste}/repos", timeout=5).status_code == 401
    pirate = {"X-Banc-Jeton": JETON, "Host": "pirate.example"}
    assert requests.get(f"{poste}/repos", headers=pirate, timeout=5).status_code == 421
    for corps in (b"{", b"[]", b"\xff", b"[" * 5000):
        answer = requests.post(f"{poste}/EAI/redire", corps, headers={"X-Banc-Jeton": JETON}, timeout=5)
        assert answer.status_code == 400 and "objet JSON" in answer.json()["erreur"]


def test_state_of_rest_and_listeners(poste: str) -> None:
    assert _get(f"{poste}/repos") == {"au_repos": True}
    assert _get(f"{poste}/ecoutes") == {"ri-eai": 4711}


def test_defects(poste: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("banc_segur.temoin.defauts._defauts", {"HL7-X": object()})
    assert _post(f"{poste}/defauts", {"actifs": ["HL7-X"]}).json() == {"actifs": ["HL7-X"]}
    inconnu = _post(f"{poste}/defauts", {"actifs": ["HL7-Y"]})
    assert inconnu.status_code == 400 and "HL7-Y" in inconnu.json()["erreur"]
    assert _post(f"{poste}/defauts", {"actifs": []}).json() == {"actifs": []}


def test_a_product_that_cannot_start_stops_the_others(faux: None, tmp_path: Path) -> None:
    temoin = processus.Temoin(processus.construire(_config(tmp_path, ["EAI", "PFI"])), JETON)
    with pytest.raises(UsageError, match="Port déjà pris"):
        temoin.start()
    assert Eai.vivants == 0


def test_unknown_role(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="« XYZ »"):
        processus.construire(_config(tmp_path, ["XYZ"]))


def test_token_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = processus.lire_jeton(tmp_path / "neuf")
    assert len(made) > 20 and processus.lire_jeton(tmp_path / "neuf") == made
    assert (tmp_path / "neuf" / "jeton").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("BANC_POSTE_JETON", "autre")
    assert processus.lire_jeton(tmp_path / "neuf") == "autre"


@pytest.mark.parametrize(
    ("contenu", "attendu"),
    [(None, "illisible"), ("{", "JSON"), ('{"roles": []}', "champ « dossier »"), ("usage", "usage")],
)
def test_usage_errors_of_the_command(
    tmp_path: Path, contenu: str | None, attendu: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fichier = tmp_path / "config.json"
    if contenu:
        fichier.write_text(contenu)
    assert processus.main([] if contenu == "usage" else [str(fichier)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("banc : ") and attendu in captured.err and captured.out == ""


def _lancer(pki: Pki, tmp_path: Path, **env: str) -> subprocess.Popen[str]:
    reglages = _reglages(tmp_path / "temoin", ["EAI"])
    reglages["certificats"] = {"ac": str(pki.ac)} | {
        nom.replace("-", "_"): {"certificat": str(pki.produit(nom).certificat), "cle": str(pki.produit(nom).cle)}
        for nom in ("insi-auto", "dmp-auth", "dmp-sign", "bal-app", "lgc")
    }
    (tmp_path / "config.json").write_text(json.dumps(reglages))
    return subprocess.Popen(
        [sys.executable, "-m", "banc_segur.temoin", str(tmp_path / "config.json")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BANC_POSTE_JETON": JETON, **env},
    )


@pytest.mark.parametrize("arret", ["SIGTERM", "SIGINT", "stdin"])
def test_the_real_process_says_ready_and_stops(pki: Pki, tmp_path: Path, arret: str) -> None:
    process = _lancer(pki, tmp_path, **({"BANC_TEMOIN_SUIT_PARENT": "1"} if arret == "stdin" else {}))
    assert process.stdin and process.stdout
    pret = json.loads(process.stdout.readline())
    assert pret["pret"] is True and pret["pid"] == process.pid
    assert _get(f"{pret['poste']}/ecoutes") == pret["ecoutes"]
    assert pret["ecoutes"]["ri-eai"] > 0
    assert _get(f"{pret['poste']}/repos") == {"au_repos": True}
    if arret == "stdin":
        process.stdin.close()
    else:
        process.send_signal(getattr(signal, arret))
    assert process.wait(10) == 0
    assert process.stdout.read() == ""
