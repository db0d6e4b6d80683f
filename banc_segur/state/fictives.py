"""Drawing of fictitious people: traits by seed, matricules of a shape that no living person holds.

The matricule takes its commune and rank from `fixtures/monde.toml` [personnes], whatever the traits say
(it is never derived from the place of birth; `insi.md` §10). Hypothèse: no official test range exists.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from faker import Faker

from banc_segur.formats.identite import Traits
from banc_segur.formats.ins import OID_NIR_TEST, cle

_LIGATURES = str.maketrans({"Æ": "AE", "Œ": "OE", "’": "'", "‘": "'", "ʼ": "'"})


@dataclass(frozen=True, slots=True)
class ReglagesPersonnes:
    """The section [personnes] of `fixtures/monde.toml`; oid: assigning authority of fresh matricules."""

    oid: str = OID_NIR_TEST
    lieu_naissance: str = "63220"
    rang_premier: int = 900
    rang_dernier: int = 999


def majuscules(text: str) -> str:
    """Return the text in the alphabet of INSi: A-Z, space, apostrophe, hyphen; none doubled, none at the ends.

    Source: SEL-MP-043 EF_INS01_03 (`insi.md` §7.2).
    """
    plain = unicodedata.normalize("NFKD", text.upper().translate(_LIGATURES))
    letters = "".join(c for c in plain if not unicodedata.combining(c))
    kept = re.sub(r"[^A-Z '-]+", " ", letters)
    return re.sub(r"([ '-])[ '-]+", r"\1", kept).strip(" '-")


class Tirage:
    """A seeded source of fictitious traits: the same seed gives the same sequence of people."""

    def __init__(self, graine: int, reglages: ReglagesPersonnes) -> None:
        self._faker = Faker("fr_FR")
        self._faker.seed_instance(graine)
        self._reglages = reglages

    def traits(self) -> Traits:
        """Draw one adult: birth name sometimes compound, two or three prénoms, the first sometimes hyphenated."""
        fake = self._faker
        sexe = fake.random_element(("M", "F"))
        prenom = fake.first_name_male if sexe == "M" else fake.first_name_female
        premier = majuscules(prenom()).replace(" ", "-")
        if "-" not in premier and fake.random_int(1, 4) == 1:
            premier = f"{premier}-{majuscules(prenom()).replace(' ', '-')}"
        suivants = [majuscules(prenom()).replace(" ", "-") for _ in range(fake.random_int(1, 2))]
        nom = majuscules(fake.last_name())
        if fake.random_int(1, 4) == 1:
            nom = f"{nom}-{majuscules(fake.last_name())}"
        naissance = fake.date_between_dates(date(1931, 1, 1), date(2006, 12, 31))
        return Traits(
            nom_naissance=nom,
            prenoms=" ".join([premier, *suivants]),
            premier_prenom=premier,
            sexe=sexe,
            date_naissance=naissance.isoformat(),
            lieu_naissance=self._reglages.lieu_naissance,
        )


def matricules(traits: Traits, reglages: ReglagesPersonnes) -> list[str]:
    """Every matricule of 15 characters (right key) that these traits may be given, lowest rank first."""
    sexe = "1" if traits.sexe == "M" else "2"
    debut = f"{sexe}{traits.date_naissance[2:4]}{traits.date_naissance[5:7]}{reglages.lieu_naissance}"
    rangs = range(reglages.rang_premier, reglages.rang_dernier + 1)
    return [f"{debut}{rang:03d}" + cle(f"{debut}{rang:03d}") for rang in rangs]
