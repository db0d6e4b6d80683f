"""Settings of the INSi simulator."""

from __future__ import annotations

from dataclasses import dataclass

from banc_segur.formats.insi import MAX_REQUETE


@dataclass(frozen=True, slots=True)
class ReglagesInsi:
    """idams: known authorisation numbers, empty = any. dialecte: form of answers, `2021`, `2022` or `2025`.

    max_octets: largest request read.
    """

    idams: frozenset[str] = frozenset()
    dialecte: str = "2025"
    max_octets: int = MAX_REQUETE
