"""What a wait raises when nothing fitting came in time."""

from __future__ import annotations


class AttenteDepassee(Exception):
    """The deadline passed. The French message says what did come instead, nearest first, and what to look at."""
