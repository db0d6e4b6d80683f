"""What stops a command: one French sentence, an exit code, never a bare traceback."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from banc_segur.campaign.ports import DECALAGES
from banc_segur.cli import app
from tests.e2e.banc import Service, banc, plage_libre


def phrase(home: Path, *arguments: str, code: int = 2) -> str:
    """Run a command that must fail; return its one sentence."""
    done = banc(home, *arguments)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == code, done.stdout + done.stderr
    assert len(lines) == 1 and lines[0].startswith("banc : "), done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    return lines[0]


@pytest.fixture
def fichier(tmp_path: Path) -> Path:
    """A file where a folder would be needed: nobody can write below it, root included."""
    path = tmp_path / "fichier"
    path.write_text("x", "utf-8")
    return path


@pytest.mark.parametrize(
    ("arguments", "dit"),
    [
        (("run", "--nimporte"), "Option « --nimporte » inconnue"),
        (("nimporte",), "Commande « nimporte » inconnue"),
        (("list", "a", "b"), "Argument en trop : b."),
        (("run", "--sortie"), "--sortie demande une valeur"),
        (("serve", "--ports-depuis", "abc"), "--ports-depuis doit être un nombre entier"),
        (("serve", "--ports-depuis", "65500"), "Premier port 65500 : attendu de 1 à 65442"),
        (("serve", "--ports-depuis", "0"), "Premier port 0"),
        (("serve", "--ecoute", "999.1.1.1", "--nom", "a"), "--ecoute 999.1.1.1 : attendu une adresse IP"),
        (("serve", "--ecoute", "192.0.2.1", "--nom", "a"), "cette machine n'a pas cette adresse"),
        (("serve", "--ecoute", "127.0.0.1"), "--ecoute demande --nom"),
        (("serve", "--ecoute", "127.0.0.1", "--nom", "pas un nom"), "Nom d'hôte « pas un nom »"),
        (("repondre", "abc", "oui"), "doit être un nombre entier"),
        (("repondre", "1", "oui"), "Aucun banc n'est en marche"),
        (("list", "rien"), "Liste « rien » inconnue"),
        (("prove", "RIEN-"), "Aucune règle ne commence par « RIEN- »"),
        (("run", "absent.toml"), "Profil absent.toml"),
    ],
)
def test_wrong_option(tmp_path: Path, arguments: tuple[str, ...], dit: str) -> None:
    more = ("--sortie", str(tmp_path / "s")) if arguments[0] == "serve" else ()
    assert dit in phrase(tmp_path, *arguments, *more)


def test_wrong_choice_of_scenarios(tmp_path: Path) -> None:
    said = phrase(tmp_path, "run", "-e", "and and", "--sortie", str(tmp_path / "s"))
    assert "Choix de scénarios « and and » incompris" in said


def test_places_that_cannot_be_written(tmp_path: Path, fichier: Path) -> None:
    assert "BANC_HOME" in phrase(fichier / "home", "serve")
    assert "--sortie" in phrase(tmp_path, "run", "--sortie", str(fichier / "rapport"))
    assert "--sortie" in phrase(tmp_path, "serve", "--sortie", str(fichier / "rapport"))
    (tmp_path / "bancs").write_text("x", "utf-8")
    assert "BANC_HOME" in phrase(tmp_path, "serve", "--sortie", str(tmp_path / "s"))


@pytest.fixture(params=["ri-eai", "insi", "smtp", "imap", "controle"])
def occupe(request: pytest.FixtureRequest) -> Iterator[tuple[int, str]]:
    """The first port of a range where one port is taken, and what is taken."""
    first = plage_libre()
    with socket.create_server(("127.0.0.1", first + DECALAGES[request.param])):
        yield first, str(first + DECALAGES[request.param])


def test_occupied_port(tmp_path: Path, occupe: tuple[int, str]) -> None:
    first, port = occupe
    said = phrase(tmp_path, "serve", "--ports-depuis", str(first), "--sortie", str(tmp_path / "s"))
    assert port in said and "choisissez" in said
    profil = tmp_path / "profil.toml"
    profil.write_text(f'[campagne]\nnom = "occupe"\n[ports]\ndepuis = {first}\n', "utf-8")
    said = phrase(tmp_path, "run", str(profil), "--sortie", str(tmp_path / "s"))
    assert port in said and "choisissez" in said


def test_second_bench_and_damaged_pret(tmp_path: Path) -> None:
    sortie = ("--sortie", str(tmp_path / "s"))
    pret = tmp_path / "bancs" / "libre" / "pret.json"
    pret.parent.mkdir(parents=True)
    pret.write_text('{"pid": ', "utf-8")
    assert "Aucun banc n'est en marche" in phrase(tmp_path, "repondre")
    service = Service(tmp_path, "--ports-depuis", str(plage_libre()), *sortie)  # a stale pret.json stops nobody
    try:
        service.until("Ctrl-C")
        kept = pret.read_text("utf-8")
        said = phrase(tmp_path, "serve", "--ports-depuis", str(plage_libre()), "--sortie", str(tmp_path / "s2"))
        assert "« libre » est déjà en marche" in said
        assert pret.read_text("utf-8") == kept
        profil = tmp_path / "profil.toml"
        profil.write_text('[campagne]\nnom = "libre"\n', "utf-8")
        assert "déjà en marche" in phrase(tmp_path, "run", str(profil), "--sortie", str(tmp_path / "s3"))
        assert "Il n'y a pas de question n° 7" in phrase(tmp_path, "repondre", "7", "oui")
        assert banc(tmp_path, "repondre").returncode == 0  # the first bench is whole
    finally:
        service.stop()
    assert service.process.returncode == 0


@pytest.mark.parametrize("abime", ["etat.sqlite", "journal.sqlite"])
def test_damaged_file_of_the_bench(tmp_path: Path, abime: str) -> None:
    path = tmp_path / "bancs" / "libre" / abime
    path.parent.mkdir(parents=True)
    path.write_bytes(b"ceci n'est pas une base" * 100)
    said = phrase(tmp_path, "serve", "--ports-depuis", str(plage_libre()), "--sortie", str(tmp_path / "s"), code=3)
    assert abime in said and "abîmé" in said


def test_a_fault_of_ours_is_one_sentence_and_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def casser(**_options: object) -> None:
        raise ZeroDivisionError("essai\nen deux lignes")

    monkeypatch.setenv("BANC_HOME", str(tmp_path))
    monkeypatch.setattr(app, "app", casser)
    with pytest.raises(SystemExit) as end:
        app.main()
    said = capsys.readouterr().err
    assert end.value.code == 3 and said.count("\n") == 1
    found = re.fullmatch(
        r"banc : Erreur imprévue du banc \(ZeroDivisionError : essai en deux lignes\) ; .* (\S+)\.\n", said
    )
    assert found and "casser" in Path(found[1]).read_text("utf-8")
