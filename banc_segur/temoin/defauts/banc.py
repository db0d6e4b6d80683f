"""Defects that break the bench's own two rules: an unreadable message, a person nobody declared."""

from __future__ import annotations

from banc_segur.formats import ins
from banc_segur.formats.er7 import Message
from banc_segur.temoin.defauts import defaut

# Of the fictitious range (place 63220, rank 900 and more, see fixtures/monde.toml) but never drawn: born in 1900.
_NUMERO = "1000163220999"


@defaut("BANC-LISIBLE", role="EAI", point="eai.relais", titre="L'EAI relaie un message sans segment MSH")
def sans_msh(data: bytes) -> bytes:
    """Nobody can read it."""
    return b"ZZZ" + data[3:]


@defaut("BANC-DONNEE-REELLE", role="RI", point="ri.adt", titre="Le RI envoie le matricule d'une personne non déclarée")
def inconnue(message: Message) -> Message:
    """The INS of PID-3 becomes one that no table of the campaign holds; messages without INS are left alone."""
    for rang, repetition in enumerate(message.repetitions("PID-3"), start=1):
        if repetition.get(5) == "INS":
            changed = message.copie()
            changed.set(f"PID-3[{rang}].1", _NUMERO + ins.cle(_NUMERO))
            return changed
    return message
