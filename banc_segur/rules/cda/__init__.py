"""Rules of CDA documents (genre `cda`) and of the letters they hold (genre `lettre`)."""

from banc_segur.rules.cda import corps, entete, identite, lettre

__all__ = ["corps", "entete", "identite", "lettre"]
