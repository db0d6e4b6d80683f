"""DMP family: importing it registers the analyser of `pfi-dmp` and every rule."""

from banc_segur.rules.dmp import analyse, codes, coherence, existence, metadonnees, paquet

__all__ = ["analyse", "codes", "coherence", "existence", "metadonnees", "paquet"]
