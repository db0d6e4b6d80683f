"""INSi: the analyser of the link `ri-insi` and the rules on requests (card `insi.md` §14)."""

from banc_segur.rules.insi import acces, analyse, contextes, traits

__all__ = ["acces", "analyse", "contextes", "traits"]
