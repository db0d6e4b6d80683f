"""The objects of WS_INS2. An absent element is the empty string.

Sources: XSD INSiRecSans, INSiResultat, CTXBAM V01_02, CTXLPS V01_00 (`insi.md` §3.4, §3.5, §5).
"""

from __future__ import annotations

from dataclasses import dataclass

from banc_segur.formats.identite import Ins

ACTION_TRAITS = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"
ACTION_CARTE_VITALE = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecCarteVitale"

# Labels as the live service writes them, without accents (`insi.md` §7.1).
LIBELLES = {"00": "OK", "01": "Aucune identite trouvee", "02": "Plusieurs identites trouvees"}


@dataclass(frozen=True, slots=True)
class ContexteBam:
    """ContexteBAM. temps: xs:dateTime. couverture: the element COUVERTURE is there, even empty."""

    id: str
    temps: str
    emetteur: str
    version: str = "01_02"
    couverture: bool = True


@dataclass(frozen=True, slots=True)
class ContexteLps:
    """ContexteLPS. idam: numéro d'autorisation CNDA, idam_r its attribute R; instance: UUID of the installation."""

    id: str
    temps: str
    emetteur: str
    idam: str
    version_logiciel: str
    instance: str
    nom: str
    idam_r: str = "4"
    version: str = "01_00"
    nature: str = "CTXLPS"


@dataclass(frozen=True, slots=True)
class Recherche:
    """One search by traits. prenoms: the `Prenom` elements as sent, normally one.

    bam, lps: None when the context is absent. assertions: number of SAML assertions of wsse:Security.
    """

    nom: str
    prenoms: tuple[str, ...]
    sexe: str
    date_naissance: str
    lieu_naissance: str
    bam: ContexteBam | None
    lps: ContexteLps | None
    message_id: str
    action: str = ACTION_TRAITS
    assertions: int = 0


@dataclass(frozen=True, slots=True)
class InsHistorique:
    """One INSHISTO; debut and fin AAAA-MM-JJ as received (they may be inverted), empty when absent."""

    ins: Ins
    debut: str = ""
    fin: str = ""


@dataclass(frozen=True, slots=True)
class Individu:
    """INDIVIDU of an answer `00`: INSACTIF, INSHISTO, TIQ. prenoms is ListePrenom (or Prenom in old answers).

    Every trait may be empty: rules R11 and R12 of the guide exist because the service really does it.
    """

    ins: Ins
    nom_naissance: str
    prenoms: str
    sexe: str
    date_naissance: str
    lieu_naissance: str
    historique: tuple[InsHistorique, ...] = ()


@dataclass(frozen=True, slots=True)
class Resultat:
    """RESULTAT. code: `00`, `01` or `02`; individu only with `00`."""

    code: str
    libelle: str
    individu: Individu | None = None
