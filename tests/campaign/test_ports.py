"""Stable ports are distinct and inside one short range."""

from banc_segur.campaign import ports


def test_stable_ports_are_distinct() -> None:
    found = ports.stables(30000)
    assert len(set(found.values())) == len(found)
    assert all(30000 < port < 30100 for port in found.values())


def test_free_ports_are_left_to_the_system() -> None:
    assert set(ports.libres().values()) == {0}
