"""What a CDA R2 document holds, as written (`DocumentCda`) and as read (`CdaLu`).

Writing: `cda_write.write`. Reading: `cda_read.read`. Source: `cda.md` §1, §2 (CI-SIS, structuration minimale).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from banc_segur.formats.identite import Ins, Patient, Professionnel, Sejour, Structure, Traits
from banc_segur.formats.ins import OIDS_INS
from banc_segur.tables import lire

NS = "urn:hl7-org:v3"
LOINC = "2.16.840.1.113883.6.1"
TEMPLATE_HL7FR = "2.16.840.1.113883.2.8.2.1"
TEMPLATE_CISIS = "1.2.250.1.213.1.1.1.1"
TEMPLATE_XDS_SD = "1.3.6.1.4.1.19376.1.2.20"


@dataclass(frozen=True, slots=True)
class Concept:
    """One concept of a value set: code, its code system OID, its label."""

    code: str
    systeme: str
    libelle: str


@cache
def jeu(jdv: str) -> dict[str, Concept]:
    """The concepts of a header value set (`J01`, `J02`, `J04`, `J07`, `J142`, `J143`) by code (`cda.md` §3)."""
    return {
        row["code"]: Concept(row["code"], row["systeme"], row["libelle"])
        for row in lire("jdv_cda")
        if row["jdv"] == jdv
    }


def code_profession(professionnel: Professionnel) -> str:
    """The J01 code of a professional: `G15_10/SM54`, or `G15_60` without savoir-faire."""
    base = f"G15_{professionnel.profession}"
    return f"{base}/{professionnel.savoir_faire}" if professionnel.savoir_faire else base


@dataclass(frozen=True, slots=True)
class DocumentCda:
    """What a CDA R2 level 1 document says. instant: AAAAMMJJHHMMSS+ZZZZ; ids: OIDs without extension.

    sejour.debut and sejour.fin are local times of Paris. destinataires feed informationRecipient, with the
    patient himself when destinataire_patient; medecin_traitant becomes participant INF/PCP. remplace: the id of
    the replaced document, empty for a first version. cadre: code of J04 (practice setting).
    """

    document_id: str
    set_id: str
    version: int
    type_code: str
    type_libelle: str
    titre: str
    instant: str
    patient: Patient
    auteur: Professionnel
    structure: Structure
    sejour: Sejour
    destinataires: tuple[Professionnel, ...] = ()
    medecin_traitant: Professionnel | None = None
    remplace: str = ""
    destinataire_patient: bool = False
    type_systeme: str = LOINC
    confidentialite: str = "N"
    cadre: str = "ETABLISSEMENT"


@dataclass(frozen=True, slots=True)
class IdLu:
    """One `id`: root, extension (both may be empty), its place."""

    root: str
    extension: str
    ou: str


@dataclass(frozen=True, slots=True)
class CodeLu:
    """One coded element: code, codeSystem, displayName (each may be empty), its place."""

    code: str
    systeme: str
    libelle: str
    ou: str


@dataclass(frozen=True, slots=True)
class NomLu:
    """One `family` or `given` of the patient: value, qualifier (`BR`, `CL`, empty), its place."""

    valeur: str
    qualifieur: str
    ou: str


@dataclass(frozen=True, slots=True)
class IntervenantLu:
    """A person or an organisation with a part in the document.

    role: element of the header (`author`, `legalAuthenticator`, `custodian`, `intendedRecipient`, `performer`).
    type: its typeCode or signatureCode (`PRF`, `S`), temps its time; organisation_* its represented organisation.
    """

    role: str
    ou: str
    type: str = ""
    temps: str = ""
    ids: tuple[IdLu, ...] = ()
    nom: str = ""
    prenom: str = ""
    code: CodeLu | None = None
    fonction: CodeLu | None = None
    organisation_ids: tuple[IdLu, ...] = ()
    organisation_nom: str = ""
    cadre: CodeLu | None = None


@dataclass(frozen=True, slots=True)
class ActeLu:
    """One documentationOf/serviceEvent: code, low and high of its time, its performers."""

    ou: str
    code: CodeLu | None
    debut: str
    fin: str
    executants: tuple[IntervenantLu, ...]


@dataclass(frozen=True, slots=True)
class RencontreLue:
    """componentOf/encompassingEncounter: ids, type, times, code of the health care facility."""

    ou: str
    ids: tuple[IdLu, ...]
    code: CodeLu | None
    debut: str
    fin: str
    etablissement: CodeLu | None


@dataclass(frozen=True, slots=True)
class CorpsLu:
    """The body. sorte: `nonXMLBody`, `structuredBody` or empty. contenu: decoded bytes of a level 1 body, None
    when not decodable, `erreur` then says why (French)."""

    sorte: str = ""
    ou: str = "component"
    media_type: str = ""
    representation: str = ""
    contenu: bytes | None = None
    erreur: str = ""


@dataclass(frozen=True, slots=True)
class CdaLu:
    """A CDA as read, leniently: what is absent is empty or None.

    comptes: number of children of ClinicalDocument by name, null-flavoured ones left out; nuls: those left out.
    remplaces: (typeCode, parent id) of each relatedDocument. temps: effectiveTime as written.
    """

    type_id: tuple[str, str]
    realm: str
    modeles: tuple[IdLu, ...]
    ids: tuple[IdLu, ...]
    code: CodeLu | None
    titre: str
    temps: str
    confidentialite: CodeLu | None
    langue: str
    set_ids: tuple[IdLu, ...]
    version: str
    patient_ids: tuple[IdLu, ...]
    familles: tuple[NomLu, ...]
    prenoms: tuple[NomLu, ...]
    sexe: CodeLu | None
    naissance: str
    lieu_naissance: str
    auteurs: tuple[IntervenantLu, ...]
    authentificateurs: tuple[IntervenantLu, ...]
    conservateur: IntervenantLu | None
    destinataires: tuple[IntervenantLu, ...]
    actes: tuple[ActeLu, ...]
    rencontre: RencontreLue | None
    remplaces: tuple[tuple[str, IdLu], ...]
    corps: CorpsLu
    comptes: dict[str, int] = field(default_factory=dict)
    nuls: frozenset[str] = frozenset()

    @property
    def document_id(self) -> str:
        """The document's id as XDS uniqueId writes it: `root`, or `root^extension`; empty when absent."""
        if not self.ids:
            return ""
        first = self.ids[0]
        return f"{first.root}^{first.extension}" if first.extension else first.root

    @property
    def ins(self) -> Ins | None:
        """The INS carried by patientRole/id, or None."""
        found = next((i for i in self.patient_ids if i.root in OIDS_INS), None)
        return Ins(found.extension, found.root) if found else None

    @property
    def ipp(self) -> IdLu | None:
        """The first patient id that is not an INS, or None."""
        return next((i for i in self.patient_ids if i.root not in OIDS_INS), None)

    def famille(self, qualifieur: str) -> str:
        """The first family name of that qualifier, or empty."""
        return next((n.valeur for n in self.familles if n.qualifieur == qualifieur), "")

    def prenom(self, qualifieur: str) -> str:
        """The first given name of that qualifier (empty qualifier: the whole list), or empty."""
        return next((n.valeur for n in self.prenoms if n.qualifieur == qualifieur), "")

    @property
    def traits(self) -> Traits:
        """The strict traits as the header tells them; absent ones are empty."""
        birth = self.naissance[:8]
        date = f"{birth[:4]}-{birth[4:6]}-{birth[6:8]}" if len(birth) == 8 else birth
        return Traits(
            nom_naissance=self.famille("BR"),
            prenoms=self.prenom(""),
            premier_prenom=self.prenom("BR"),
            sexe=self.sexe.code if self.sexe else "",
            date_naissance=date,
            lieu_naissance=self.lieu_naissance,
        )

    @property
    def pdf(self) -> bytes | None:
        """The decoded bytes of a level 1 PDF body, or None."""
        return self.corps.contenu if self.corps.media_type == "application/pdf" else None
