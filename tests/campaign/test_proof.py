"""The order of the proof: a defect that leaves something on its way must not hide the next one."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from banc_segur.campaign import proof
from banc_segur.control.client import AttenteDepassee
from banc_segur.errors import BancError
from banc_segur.temoin.defauts import Defaut


class Faux:
    """A site that notes what it is asked, its own client too."""

    def __init__(self) -> None:
        self.faits: list[str] = []
        self.client = self

    def armer(self, identifiants: Sequence[str]) -> None:
        self.faits.append(f"arme {' '.join(identifiants)}".strip())

    def barriere(self, delai: float) -> None:
        self.faits.append(f"calme {delai:g}")


def test_a_witness_that_never_rests_breaks_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Faux()

    def agite(_delai: float) -> None:
        raise AttenteDepassee("le PFI a encore à envoyer")

    monkeypatch.setattr(site, "barriere", agite)
    monkeypatch.setattr(proof, "jouer", lambda _client, _titre: 1)
    monkeypatch.setattr(proof, "_constats", lambda _client, _scenario: [])
    defaut = Defaut("A-1", "A-1", "PFI", "p", "t", lambda value: value)
    with pytest.raises(BancError, match="après le défaut A-1 : le PFI"):
        list(proof._preuves([site], [defaut]))  # type: ignore[list-item]


def test_calm_comes_back_before_the_next_defect(monkeypatch: pytest.MonkeyPatch) -> None:
    site = Faux()

    def jouer(_client: Any, titre: str) -> int:
        site.faits.append(f"joue {titre}")
        return 1

    monkeypatch.setattr(proof, "jouer", jouer)
    monkeypatch.setattr(proof, "_constats", lambda _client, _scenario: [{"regle": "A-1"}])
    chosen = [Defaut(name, name, "PFI", "p", "t", lambda value: value) for name in ("A-1", "A-2")]
    preuves = list(proof._preuves([site], chosen))  # type: ignore[list-item]
    assert [preuve.attrapee for preuve in preuves] == [True, False]
    calme = f"calme {proof.CALME:g}"
    assert site.faits == ["arme A-1", "joue A-1", "arme", calme, "arme A-2", "joue A-2", "arme", calme]


def test_two_sites_play_at_once_and_the_proofs_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    sites = [Faux(), Faux()]
    second = threading.Event()

    def jouer(client: Any, titre: str) -> int:
        client.faits.append(f"joue {titre}")
        if titre == "A-2":
            second.set()
        assert second.wait(10)
        return 1

    monkeypatch.setattr(proof, "jouer", jouer)
    monkeypatch.setattr(proof, "_constats", lambda _client, _scenario: [])
    chosen = [Defaut(name, name, "PFI", "p", "t", lambda value: value) for name in ("A-1", "A-2", "A-3")]
    preuves = list(proof._preuves(sites, chosen))  # type: ignore[arg-type]
    assert [preuve.defaut for preuve in preuves] == ["A-1", "A-2", "A-3"]
    calme = f"calme {proof.CALME:g}"
    played = sorted(name for site in sites for name in site.faits if name.startswith("joue"))
    assert played == ["joue A-1", "joue A-2", "joue A-3"]
    for site in sites:
        assert [fait.split()[0] for fait in site.faits] == ["arme", "joue", "arme", "calme"] * (len(site.faits) // 4)
        assert calme in site.faits
