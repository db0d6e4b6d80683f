"""Rules of a whole dossier: the same identity and document everywhere, nothing without INSi, nothing lost."""

from banc_segur.rules.dossier import coherence, depot, fuite

__all__ = ["coherence", "depot", "fuite"]
