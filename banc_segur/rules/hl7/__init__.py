"""HL7 v2 inside the hospital: the analyser of MLLP exchanges and the rules of ADT, MDM, ZAM and ACK.

Rule ids are those of the card `hl7v2.md` §5 behind `HL7-`.
"""

from banc_segur.rules.hl7 import analyse, document, entete, identite, recepisse, sejour

__all__ = ["analyse", "document", "entete", "identite", "recepisse", "sejour"]
