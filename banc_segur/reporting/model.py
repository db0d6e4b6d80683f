"""What a report tells: products, scenarios, exchanges, constats by cause, verdicts. Plain data, JSON-able.

Built by `campaign`, rendered by the other modules of this room; a new format of report touches nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# Exit codes of `run`, `check`, `prove` (design.md, « Exit codes »).
CODE_CONFORME, CODE_NON_CONFORME, CODE_USAGE, CODE_BANC, CODE_INDECIS = 0, 1, 2, 3, 4


class Resultat(StrEnum):
    """The outcome of one scenario. ERREUR is kept for « our bench broke »."""

    REUSSI = "reussi"
    ECHOUE = "echoue"
    ERREUR = "erreur"
    NON_JOUE = "non joue"


class Decision(StrEnum):
    """The verdict of one exigence for one product (design.md, « Verdict »)."""

    CONFORME = "conforme"
    NON_CONFORME = "non conforme"
    NON_EXERCE = "non exercé"
    SANS_OBJET = "sans objet"
    PREUVE_MANUELLE = "preuve manuelle attendue"


@dataclass(frozen=True, slots=True)
class Produit:
    """One product of the campaign; temoin when our own implementation plays it."""

    nom: str
    roles: tuple[str, ...]
    temoin: bool
    editeur: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Etape:
    """One step of a scenario as it was played."""

    texte: str
    resultat: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario of the campaign. role: who should have acted, when it failed; empty when unknown."""

    numero: int
    titre: str
    fichier: str
    etiquettes: tuple[str, ...]
    resultat: Resultat
    message: str = ""
    role: str = ""
    etapes: tuple[Etape, ...] = ()
    duree: float = 0.0


@dataclass(frozen=True, slots=True)
class Echange:
    """One exchange, ready to show. instant: ISO 8601 UTC. requete, reponse: whole bytes as captured."""

    numero: int
    scenario: int | None
    instant: str
    lien: str
    de: str
    vers: str
    operation: str
    resume: str
    reussi: bool | None
    requete: bytes
    reponse: bytes | None
    tls: str = ""


@dataclass(frozen=True, slots=True)
class Constat:
    """One line of the constats: a cause, with where it was first seen.

    regle: the gravest rule that saw it; autres: the other rules that saw the same cause. exigences: those of all of
    them. echanges: numbers where it shows.
    """

    regle: str
    titre: str
    severite: str
    refus: bool
    produit: str
    temoin: bool
    ou: str
    attendu: str
    observe: str
    source: str
    remede: str
    exigences: tuple[str, ...]
    cause: tuple[str, ...]
    echanges: tuple[int, ...]
    autres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """exigence: requirement id; intitule: our own wording."""

    exigence: str
    intitule: str
    produit: str
    decision: Decision
    detail: str


@dataclass(frozen=True, slots=True)
class Refus:
    """A connection that a server of the bench refused."""

    instant: str
    lien: str
    cause: str
    certificat: str


@dataclass(frozen=True, slots=True)
class Rapport:
    """One campaign. tete: head of the journal's chain. alertes: rules not evaluated, links not tapped, and the like."""

    campagne: str
    debut: str
    fin: str
    version: str
    produits: tuple[Produit, ...]
    scenarios: tuple[Scenario, ...]
    echanges: tuple[Echange, ...]
    constats: tuple[Constat, ...]
    verdicts: tuple[Verdict, ...]
    refus: tuple[Refus, ...] = ()
    non_evaluees: tuple[tuple[str, str], ...] = ()
    alertes: tuple[str, ...] = ()
    questions_ouvertes: int = 0
    tete: str = ""
    conclusion: str = ""
    code: int = 0
