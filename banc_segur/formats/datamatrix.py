"""The INS datamatrix: its payload, read and written, and its symbol.

Source: « Référentiel datamatrix INS » v2.2 of 26/09/2023 as told in `insi.md` §13.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import zxingcpp
from PIL import Image

from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Traits
from banc_segur.formats.ins import OIDS_INS, cle_juste

GS = b"\x1d"
ENTETE = b"IS" + b"01" + b"0" * 22
MAX_BYTES = 400


@dataclass(frozen=True, slots=True)
class Bloc:
    """One data block: identifier, trait it holds, shortest and longest value, whether it may be left out."""

    id: str
    champ: str
    minimum: int
    maximum: int
    facultatif: bool = False

    @property
    def fixe(self) -> bool:
        """True when the length never varies, so that no separator follows."""
        return self.minimum == self.maximum


BLOCS = {
    bloc.id: bloc
    for bloc in (
        Bloc("S1", "matricule", 15, 15),
        Bloc("S2", "oid", 19, 20),
        Bloc("S3", "prenoms", 1, 100),
        Bloc("S4", "nom_naissance", 1, 100),
        Bloc("S5", "sexe", 1, 1),
        Bloc("S6", "date_naissance", 10, 10),
        Bloc("S7", "lieu_naissance", 5, 5, facultatif=True),
    )
}


@dataclass(frozen=True, slots=True)
class DatamatrixIns:
    """What the payload says: values by field name (date as AAAA-MM-JJ), block order, what is wrong (French).

    valeurs keys: matricule, oid, prenoms, nom_naissance, sexe, date_naissance, lieu_naissance.
    """

    valeurs: dict[str, str]
    ordre: tuple[str, ...]
    anomalies: tuple[str, ...]

    def valeur(self, champ: str) -> str:
        """The value of a field, empty when absent."""
        return self.valeurs.get(champ, "")


def encode(ins: Ins, traits: Traits) -> bytes:
    """Return the payload: header, blocks S1 to S7 in order, separators where the rule asks (`insi.md` §13).

    S7 is left out when the place of birth is unknown. Names are written as given, in ISO-8859-1.
    """
    birth = "-".join(reversed(traits.date_naissance.split("-")))
    values = {
        "S1": ins.matricule,
        "S2": ins.oid,
        "S3": traits.prenoms,
        "S4": traits.nom_naissance,
        "S5": traits.sexe,
        "S6": birth,
        "S7": traits.lieu_naissance,
    }
    present = [(BLOCS[key], value) for key, value in values.items() if value]
    parts = [ENTETE]
    for rank, (bloc, value) in enumerate(present, 1):
        parts.append((bloc.id + value).encode("latin-1", "replace"))
        if len(value) < bloc.maximum and rank < len(present):
            parts.append(GS)
    return b"".join(parts)


def est_ins(payload: bytes) -> bool:
    """True when the payload claims to be an INS datamatrix (prefix `IS`)."""
    return payload.startswith(b"IS")


def decode(payload: bytes) -> DatamatrixIns:
    """Read a payload in any block order; what breaks the referential is told in `anomalies`.

    Raises:
        FormatError: longer than 400 bytes, or without the 26-character header.
    """
    if len(payload) > MAX_BYTES:
        raise FormatError("datamatrix", f"au plus {MAX_BYTES} octets", f"{len(payload)} octets")
    if not payload.startswith(ENTETE):
        raise FormatError("datamatrix", f"l'en-tête {ENTETE.decode()}", payload[:26].decode("latin-1"))
    values: dict[str, str] = {}
    order: list[str] = []
    anomalies: list[str] = []
    rest = payload[len(ENTETE) :].decode("latin-1")
    while rest:
        identifier, rest = rest[:2], rest[2:]
        bloc = BLOCS.get(identifier)
        if bloc is None:
            anomalies.append(f"bloc inconnu « {identifier} » : la suite n'est pas lisible")
            break
        if identifier in order:
            anomalies.append(f"bloc {identifier} présent deux fois")
        order.append(identifier)
        value, rest = _valeur(bloc, rest, anomalies)
        values[bloc.champ] = value
    anomalies += _controles(values, order)
    birth = values.get("date_naissance", "")
    if re.fullmatch(r"\d{2}-\d{2}-\d{4}", birth):
        values["date_naissance"] = "-".join(reversed(birth.split("-")))
    return DatamatrixIns(values, tuple(order), tuple(anomalies))


def _valeur(bloc: Bloc, rest: str, anomalies: list[str]) -> tuple[str, str]:
    """Take the value of one block and say when its separator is wrong."""
    window = rest[: bloc.maximum]
    cut = window.find("\x1d")
    if cut >= 0:
        if bloc.fixe:
            anomalies.append(f"bloc {bloc.id} : {cut} caractères au lieu de {bloc.maximum}")
        elif cut + 1 >= len(rest):
            anomalies.append(f"séparateur GS superflu à la fin du dernier bloc {bloc.id}")
        return window[:cut], rest[cut + 1 :]
    value, rest = window, rest[bloc.maximum :]
    if rest.startswith("\x1d"):
        anomalies.append(f"séparateur GS superflu après le bloc {bloc.id}, déjà à sa longueur maximale")
        rest = rest[1:]
    if bloc.id in {"S3", "S4"} and re.search(r"S[1-7]", value):
        anomalies.append(f"séparateur GS manquant après le bloc {bloc.id}")
    return value, rest


def _controles(values: dict[str, str], order: list[str]) -> list[str]:
    missing = [b.id for b in BLOCS.values() if not b.facultatif and b.id not in order]
    found = [f"bloc {identifier} absent" for identifier in missing]
    for bloc in BLOCS.values():
        value = values.get(bloc.champ)
        if value is not None and not bloc.minimum <= len(value) <= bloc.maximum:
            found.append(f"bloc {bloc.id} : {len(value)} caractères, {bloc.minimum} à {bloc.maximum} attendus")
    if "S2" in order and values["oid"] not in OIDS_INS:
        found.append("bloc S2 : OID hors de la liste des autorités d'affectation de l'INS (séparateur GS oublié ?)")
    if "S1" in order and not cle_juste(values["matricule"]):
        found.append("bloc S1 : matricule de clé fausse ou de forme inattendue")
    if "S5" in order and values["sexe"] not in {"M", "F"}:
        found.append("bloc S5 : sexe hors de M, F")
    if "S6" in order and not _date(values["date_naissance"]):
        found.append("bloc S6 : date hors du format JJ-MM-AAAA")
    for key, champ in (("S3", "prenoms"), ("S4", "nom_naissance")):
        if key in order and not re.fullmatch(r"[A-Z][A-Z '\-]*", values[champ]):
            found.append(f"bloc {key} : caractères hors des majuscules sans accent, trait d'union, apostrophe, espace")
    return found


def _date(value: str) -> bool:
    if not re.fullmatch(r"\d{2}-\d{2}-\d{4}", value):
        return False
    day, month, year = (int(part) for part in value.split("-"))
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def symbole(payload: bytes, *, carre: bool = True, echelle: int = 8) -> Image.Image:
    """Return the Data Matrix ECC 200 symbol of the payload as a grey image, with its quiet zone.

    carre: the square shape that the referential asks; False lets the encoder choose a rectangle (a defect).
    """
    code = zxingcpp.create_barcode(payload.decode("latin-1"), zxingcpp.BarcodeFormat.DataMatrix, force_square=carre)
    pixels = zxingcpp.write_barcode_to_image(code, scale=echelle, add_quiet_zones=True)
    return Image.fromarray(pixels)
