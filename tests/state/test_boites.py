"""Mailboxes: atomic delivery, flags, restart, reset."""

from __future__ import annotations

from pathlib import Path

import pytest

from banc_segur.state.base import Etat
from banc_segur.state.boites import Boites, domaine

INSTANT = "2026-01-10T10:00:00+00:00"


def test_delivery_is_all_or_none_and_survives_restart(tmp_path: Path) -> None:
    etat = Etat(tmp_path / "etat")
    boites = Boites(etat)
    boites.ouvrir("A@x.fr", "APP", "1")
    with pytest.raises(KeyError):
        boites.livrer([("a@x.fr", b"1"), ("absent@x.fr", b"2")], INSTANT)
    assert boites.messages("a@x.fr") == []
    boites.livrer([("a@x.fr", b"1"), ("A@X.fr", b"2")], INSTANT)
    boites.marquer("a@x.fr", 1, ["\\Seen"])
    boites.supprimer("a@x.fr", [2])
    etat.close()
    again = Boites(Etat(tmp_path / "etat"))
    again.livrer([("a@x.fr", b"3")], INSTANT)
    assert [(m.uid, m.octets, m.drapeaux) for m in again.messages("a@x.fr")] == [
        (1, b"1", frozenset({"\\Seen"})),
        (3, b"3", frozenset()),
    ]
    assert again.sommaire("a@x.fr")[1] == (3, INSTANT, frozenset())
    assert again.domaines() == {"x.fr"}


def test_states_and_reset() -> None:
    boites = Boites(Etat(":memory:"))
    boites.ouvrir("a@x.fr", "PATIENT")
    first = boites.boite("a@x.fr")
    boites.fermer("a@x.fr")
    closed = boites.boite("a@x.fr")
    assert first and closed and (first.etat, closed.etat) == ("ouverte", "fermee")
    boites.ouvrir("a@x.fr", "PATIENT")
    assert boites.boite("a@x.fr") == first
    boites.vider()
    assert boites.boite("a@x.fr") is None
    boites.ouvrir("a@x.fr", "PATIENT")
    renewed = boites.boite("a@x.fr")
    assert renewed and renewed.uidvalidity > first.uidvalidity
    with pytest.raises(ValueError, match="inconnu"):
        boites.ouvrir("a@x.fr", "AUTRE")
    assert domaine("sans-arobase") == ""
