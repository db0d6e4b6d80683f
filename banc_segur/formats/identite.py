"""The people and structures that every format carries, in one neutral form.

Each format reads its own bytes into these and writes them from these; nothing here knows a wire syntax.
Source of the field list: RNIV, guide d'implémentation INS rule 1 (`insi.md` §11, §12).
"""

from __future__ import annotations

from dataclasses import dataclass

# Authorities of PS_IdNat and Struct_IdNat in every format (`cda.md` §2, after AU-09).
OID_PS = "1.2.250.1.71.4.2.1"
OID_STRUCTURES = "1.2.250.1.71.4.2.2"


@dataclass(frozen=True, slots=True)
class Ins:
    """matricule: 15 characters, key included. oid: assigning authority, e.g. 1.2.250.1.213.1.4.10."""

    matricule: str
    oid: str


@dataclass(frozen=True, slots=True)
class Traits:
    """The strict traits. date_naissance is AAAA-MM-JJ, sexe M or F, lieu_naissance a COG code (5 characters).

    prenoms is the whole list of prénoms de naissance joined by one space; premier_prenom its beginning.
    """

    nom_naissance: str
    prenoms: str
    premier_prenom: str
    sexe: str
    date_naissance: str
    lieu_naissance: str


@dataclass(frozen=True, slots=True)
class Identifiant:
    """A local identifier (IPP, NDA): value, universal id of the assigning authority, its type (ISO, M, N, L)."""

    valeur: str
    autorite: str
    type_autorite: str = "ISO"
    nom_autorite: str = ""


@dataclass(frozen=True, slots=True)
class Professionnel:
    """id_national is PS_IdNat with its prefix (`8` + RPPS). profession: TRE_G15 code; savoir_faire: TRE_R01."""

    id_national: str
    nom: str
    prenom: str
    profession: str = "10"
    savoir_faire: str = "SM54"
    adresse_mss: str = ""


@dataclass(frozen=True, slots=True)
class Structure:
    """id_national is Struct_IdNat with its prefix (`1` + FINESS). secteur: JDV_J61 code, e.g. SA01."""

    id_national: str
    nom: str
    secteur: str = "SA01"

    @property
    def finess(self) -> str:
        """The FINESS number without the type prefix."""
        return self.id_national[1:]


@dataclass(frozen=True, slots=True)
class Patient:
    """One patient as a product knows it: local identifier, traits, status and, once known, the INS.

    statut: one of `provisoire`, `recuperee`, `validee`, `qualifiee` (RNIV; `insi.md` §12.1).
    """

    ipp: Identifiant
    traits: Traits
    statut: str = "provisoire"
    ins: Ins | None = None


@dataclass(frozen=True, slots=True)
class Sejour:
    """A stay. nda: the account number; venue: visit number; classe: PV1-2 (I, O, E, R).

    debut, fin: AAAAMMJJHHMMSS local time (Europe/Paris), fin empty while open. uf: unité fonctionnelle.
    """

    nda: Identifiant
    venue: str
    classe: str
    debut: str
    uf: str = "MED1"
    fin: str = ""
