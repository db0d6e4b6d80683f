"""The facts that an XDS entry tells of its patient, the same in a deposit and in an archive. Source: `dmp.md` §3.3."""

from __future__ import annotations

from collections.abc import Iterator

from banc_segur.rules.model import Fait


def traits(source_patient_info: tuple[str, ...], porteur: str, ou: str) -> Iterator[Fait]:
    """The traits of sourcePatientInfo, normalised as `DONNEES` says.

    source_patient_info: the values of the slot (`PID-7|19790328`). ou: place of the slot, which the field name follows.
    """
    fields = dict(item.split("|", 1) for item in source_patient_info if "|" in item)
    name = [*fields.get("PID-5", "").split("^"), ""]
    birth = fields.get("PID-7", "")[:8]
    values = {
        "nom_naissance": ("PID-5.1", name[0]),
        "premier_prenom": ("PID-5.2", name[1]),
        "date_naissance": ("PID-7", f"{birth[:4]}-{birth[4:6]}-{birth[6:]}" if len(birth) == 8 else birth),
        "sexe": ("PID-8", fields.get("PID-8", "")),
    }
    for donnee, (field, valeur) in values.items():
        if valeur:
            yield Fait(donnee, valeur, porteur, f"{ou}/{field}")
