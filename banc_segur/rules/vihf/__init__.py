"""Rules on the VIHF (genre `dmp.vihf`) and on the signature of the lot (genre `dmp.lot_signature`).

The analyser of link `pfi-dmp` makes the subjects: `modele.lire_vihf` and `modele.lire_signature`.
"""

from banc_segur.rules.vihf import acteur, assertion, contenu, lot

__all__ = ["acteur", "assertion", "contenu", "lot"]
