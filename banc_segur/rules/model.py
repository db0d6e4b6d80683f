"""The words of the rules room: règle, écart, constat, fait, analyse.

Flow: bytes of one échange -> `Analyse` (parsed once, facts and keys taken out) -> the rules of each sujet's
genre -> `Ecart`s -> `Constat`s. Everything here is pure: no I/O, no clock; the instant comes in `Contexte`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Severite(StrEnum):
    """Severities everywhere; whether the real service would refuse is the separate attribute `refus`."""

    ERREUR = "erreur"
    AVERTISSEMENT = "avertissement"
    INFORMATION = "information"


# Names of the data that travel through the chain, for `Fait.donnee` and `Ecart.donnee`.
# Values are normalised: dates AAAA-MM-JJ, sexe M/F, names as written, document ids as OID, empreinte SHA-1 hex.
DONNEES = (
    "matricule",
    "oid",
    "nom_naissance",
    "prenoms",
    "premier_prenom",
    "sexe",
    "date_naissance",
    "lieu_naissance",
    "document",
    "empreinte",
)


@dataclass(frozen=True, slots=True)
class Fait:
    """One value seen in one place. porteur: `INSi`, `ADT`, `MDM`, `CDA`, `PDF`, `datamatrix`, `XDS`, `VIHF`,
    `XDM`, `courriel`, `TD0.2`. ou: exact place (`PID-3.1`, `recordTarget/patientRole/id/@extension`)."""

    donnee: str
    valeur: str
    porteur: str
    ou: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document found inside an exchange, judged in the tier-2 worker. genre: `cda` or `lettre` (PDF)."""

    genre: str
    octets: bytes
    ou: str


@dataclass(frozen=True, slots=True)
class Sujet:
    """One thing to judge. genre dispatches the rules; cote tells who wrote it: `requete` or `reponse`."""

    genre: str
    objet: Any
    cote: str = "requete"


@dataclass(frozen=True, slots=True)
class EchangeBrut:
    """What an analyser reads: protocole `http`, `mllp`, `smtp`, `imap`; lien (`ri-insi`…); whole bytes.

    http: bytes as `formats.http` writes them. mllp: the message without frame. smtp: see `formats.enveloppe`.
    reponse is None for the state « sans réponse ».
    """

    protocole: str
    lien: str
    requete: bytes
    reponse: bytes | None
    meta: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Analyse:
    """What was understood of one exchange.

    operation: short technical name (`rechercherInsAvecTraitsIdentite`, `ADT^A31`, `TD2.1`, `SMTP`, `ZAM^Z01`).
    resume: one French sentence for a person who cannot read XML.
    reussi: True accepted, False refused by the peer, None unknown or no answer.
    cles: correlation keys, proper to one patient or one document only: (`ipp`, …), (`matricule`, …),
        (`traits`, `NOM|AAAA-MM-JJ`), (`MSH-10`, …), (`document`, OID), (`Message-ID`, …).
    attributs: what a wait may filter on but that correlates nothing: (`CodeCR`, `01`), (`destinataire`, address).
    """

    operation: str
    resume: str
    reussi: bool | None
    sujets: tuple[Sujet, ...] = ()
    cles: tuple[tuple[str, str], ...] = ()
    attributs: tuple[tuple[str, str], ...] = ()
    faits: tuple[Fait, ...] = ()
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Contexte:
    """What a rule may know beside its subject.

    instant: UTC time of the exchange. certificat: DER of the TLS peer, None in clear or without certificate.
    personnes: allowed (matricule, OID) pairs of the campaign, empty for document rules (kept by content). attendus:
    values that the profile declares about the emitting product (`X-MSS-NIL`, `LPS_Nom`…), empty when it declares none.
    """

    instant: datetime
    lien: str = ""
    certificat: bytes | None = None
    personnes: frozenset[tuple[str, str]] = frozenset()
    attendus: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Etape:
    """One exchange inside a dossier, as dossier rules see it; ordered by instant then numero.

    emetteur, recepteur: roles (`RI`, `EAI`, `DPI`, `PFI`, `LGC`) or services (`INSi`, `DMP`, `MSSanté`).
    """

    numero: int
    instant: datetime
    lien: str
    emetteur: str
    recepteur: str
    analyse: Analyse


@dataclass(frozen=True, slots=True)
class Dossier:
    """All exchanges of one patient and document, oldest first."""

    etapes: tuple[Etape, ...]


@dataclass(frozen=True, slots=True)
class Ecart:
    """What one rule saw: where, expected, observed (French); donnee names the datum when there is one.

    etape: for dossier rules only, the `Etape.numero` where the wrong value first appears; 0 elsewhere.
    """

    ou: str
    attendu: str
    observe: str
    donnee: str = ""
    etape: int = 0


class NonEvaluable(Exception):
    """Raised by a rule that cannot decide; the text is a French reason. It never counts as passed."""


@dataclass(frozen=True, slots=True)
class Regle:
    """One check. source: document and section. remede: what to do, one French sentence."""

    id: str
    titre: str
    genre: str
    severite: Severite
    source: str
    remede: str
    controle: Callable[[Any, Contexte], Iterable[Ecart]]
    exigences: tuple[str, ...] = ()
    refus: bool = False


@dataclass(frozen=True, slots=True)
class Constat:
    """What a rule found in one subject; `cause` groups the same wrong value of the same datum."""

    regle: str
    titre: str
    severite: Severite
    refus: bool
    source: str
    exigences: tuple[str, ...]
    remede: str
    ou: str
    attendu: str
    observe: str
    donnee: str
    cote: str = "requete"
    etape: int = 0

    @property
    def cause(self) -> tuple[str, str]:
        """(datum or rule id, observed value): with the first emitter, the identity of a cause."""
        return (self.donnee or self.regle, self.observe)


@dataclass(frozen=True, slots=True)
class Jugement:
    """The outcome of judging one subject: constats, ids of rules evaluated, (id, reason) of those not evaluated."""

    constats: tuple[Constat, ...] = ()
    evaluees: tuple[str, ...] = ()
    non_evaluees: tuple[tuple[str, str], ...] = ()
