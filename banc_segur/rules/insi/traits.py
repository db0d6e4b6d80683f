"""Rules on the traits sent (`insi.md` §5.1, §7.2, §7.3, §14)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from banc_segur.rules.catalogue import regle
from banc_segur.rules.insi.analyse import Requete
from banc_segur.rules.model import Contexte, Ecart, Severite

CORPS = "Body/RECSANSVITALE"
ALPHABET = re.compile(r"[A-Z '-]*")
DOUBLE = re.compile(r"[ ']{2}")
DATE = re.compile(r"(?P<annee>\d{4})-(?P<mois>\d{2})-(?P<jour>\d{2})")
COG = re.compile(r"(?:\d{5}|2[AB]\d{3})")
AVANCE = timedelta(hours=12)  # the latest date in France is that of Wallis-et-Futuna, UTC+12
PLUS_ANCIENNE = 1850  # hypothèse: nobody alive or recently deceased is older


@regle(
    "INSI-B01",
    "Nom de naissance, prénom, sexe et date de naissance sont envoyés",
    genre="insi.requete",
    source="SEL-MP-043 ; insi.md §5.1 (faute insi_19)",
    remede="Bloquez l'appel tant que le nom de naissance, un prénom, le sexe ou la date de naissance manque.",
    refus=True,
)
def b01(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """The four mandatory traits."""
    recherche = requete.recherche
    traits = (
        ("NomNaissance", recherche.nom, "nom_naissance"),
        ("Prenom", "".join(recherche.prenoms), "prenoms"),
        ("Sexe", recherche.sexe, "sexe"),
        ("DateNaissance", recherche.date_naissance, "date_naissance"),
    )
    for local, value, donnee in traits:
        if not value.strip():
            yield Ecart(f"{CORPS}/{local}", "présent", "absent ou vide", donnee)


@regle(
    "INSI-B02",
    "Les noms sont en majuscules non accentuées, avec espace, apostrophe et trait d'union pour seuls signes",
    genre="insi.requete",
    source="SEL-MP-043 EF_INS01_03, EF_INS10_01, EF_INS10_02 ; insi.md §7.2",
    remede="Convertissez avant l'appel : majuscules, sans accent ni cédille, Æ en AE, Œ en OE, apostrophe droite, "
    "ni chiffre ni point, pas de séparateur doublé ou au bord.",
    exigences=("INS/va1.30",),
)
def b02(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """Alphabet and separators of the name and of each prénom."""
    nom = requete.recherche.nom
    if nom and not _nom_correct(nom):
        yield Ecart(f"{CORPS}/NomNaissance", "A-Z, espace, apostrophe, trait d'union", nom, "nom_naissance")
    for prenom in requete.recherche.prenoms:
        if prenom and not _prenom_correct(prenom):
            yield Ecart(f"{CORPS}/Prenom", "A-Z, espace, apostrophe, trait d'union", prenom, "prenoms")


def _commun(value: str) -> bool:
    return bool(ALPHABET.fullmatch(value)) and not DOUBLE.search(value) and value == value.strip()


def _nom_correct(value: str) -> bool:
    return _commun(value) and not value.startswith("-") and "---" not in value


def _prenom_correct(value: str) -> bool:
    return _commun(value) and "--" not in value and not value.endswith(("-", "'"))


@regle(
    "INSI-B03",
    "Le sexe est M ou F, la date de naissance AAAA-MM-JJ et plausible",
    genre="insi.requete",
    source="SEL-MP-043 EF_INS25_04 ; insi.md §5.1, §7.2 (faute insi_24)",
    remede="Envoyez M ou F (un sexe inconnu ne se recherche pas) et une date AAAA-MM-JJ sans espace, non future.",
    refus=True,
)
def b03(requete: Requete, contexte: Contexte) -> Iterable[Ecart]:
    """Formats; « date lunaire » (month or day out of the calendar) is allowed; absence is INSI-B01's."""
    sexe, date = requete.recherche.sexe, requete.recherche.date_naissance
    if sexe and sexe not in ("M", "F"):
        yield Ecart(f"{CORPS}/Sexe", "M ou F", sexe, "sexe")
    if not date:
        return
    match = DATE.fullmatch(date)
    if match is None:
        yield Ecart(f"{CORPS}/DateNaissance", "AAAA-MM-JJ", date, "date_naissance")
        return
    aujourdhui = f"{contexte.instant + AVANCE:%Y-%m-%d}"
    future = date > aujourdhui if int(match["mois"]) <= 12 else match["annee"] > aujourdhui[:4]
    if future or int(match["annee"]) < PLUS_ANCIENNE or int(match["jour"]) > 31:
        yield Ecart(f"{CORPS}/DateNaissance", "une date plausible, non future", date, "date_naissance")


@regle(
    "INSI-B04",
    "Un seul élément Prenom par appel",
    genre="insi.requete",
    severite=Severite.AVERTISSEMENT,
    source="Cahier de tests CNDA ; insi.md §7.3",
    remede="Envoyez un prénom par appel, dans l'ordre ; pour le dernier, tous les prénoms joints par une espace "
    "dans un seul élément Prenom.",
)
def b04(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """The schema allows several, the sequence does not."""
    prenoms = requete.recherche.prenoms
    if len(prenoms) > 1:
        yield Ecart(f"{CORPS}/Prenom", "un élément", f"{len(prenoms)} éléments : {', '.join(prenoms)}", "prenoms")


@regle(
    "INSI-B06",
    "Le lieu de naissance, quand il est envoyé, est un code officiel géographique connu",
    genre="insi.requete",
    severite=Severite.AVERTISSEMENT,
    source="insi.md §5.1, §7.2",
    remede="Envoyez le code INSEE (COG) de la commune ou du pays de naissance, jamais un code postal ; "
    "lieu inconnu (99999) : n'envoyez pas l'élément.",
)
def b06(requete: Requete, _contexte: Contexte) -> Iterable[Ecart]:
    """Five characters, not 99999."""
    lieu = requete.recherche.lieu_naissance
    if lieu and (lieu == "99999" or not COG.fullmatch(lieu)):
        yield Ecart(f"{CORPS}/LieuNaissance", "un code COG de 5 caractères, autre que 99999", lieu, "lieu_naissance")
