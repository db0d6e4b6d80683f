"""The words of an XDS deposit: code, author, entry, association, submission set (« lot »).

Field names are the XDS attributes in snake case; values are the very text of the wire (CX, XCN, XON, DTM digits),
so that a rule sees what was sent. `Cx`, `Xcn`, `Xon` read and write the composite ones.
Sources: IHE ITI TF-3 §4.2; `dmp.md` §3.1 to §3.4, §3.9 (ANS mapping, GIE SESAM-Vitale samples).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from banc_segur.formats.identite import OID_PS, OID_STRUCTURES

HAS_MEMBER = "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember"
RPLC = "urn:ihe:iti:2007:AssociationType:RPLC"
SIGNS = "urn:ihe:iti:2007:AssociationType:signs"

FORMAT_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
CLASSE_SIGNATURE = "urn:oid:1.3.6.1.4.1.19376.1.2.1.1.1"


def _composant(parts: list[str], numero: int) -> str:
    return parts[numero - 1] if len(parts) >= numero else ""


@dataclass(frozen=True, slots=True)
class Cx:
    """An identifier `valeur^^^&autorite&ISO^type_id[^^date]`; date is CX-7, obsolete (INS-C)."""

    valeur: str
    autorite: str
    type_id: str = "NH"
    type_autorite: str = "ISO"
    date: str = ""

    @classmethod
    def read(cls, texte: str) -> Cx:
        """Read a CX; missing components are empty."""
        parts = texte.split("^")
        authority = _composant(parts, 4).split("&")
        return cls(
            parts[0], _composant(authority, 2), _composant(parts, 5), _composant(authority, 3), _composant(parts, 7)
        )

    def write(self) -> str:
        """The CX text, without CX-7."""
        return f"{self.valeur}^^^&{self.autorite}&{self.type_autorite}^{self.type_id}"


@dataclass(frozen=True, slots=True)
class Xcn:
    """A person `id^nom^prenom^^^^^^&autorite&ISO^type_nom^^^type_id` (type_id IDNPS, EI, RI, NH)."""

    identifiant: str
    nom: str
    prenom: str
    autorite: str = OID_PS
    type_nom: str = "D"
    type_id: str = "IDNPS"

    @classmethod
    def read(cls, texte: str) -> Xcn:
        """Read an XCN; missing components are empty."""
        parts = texte.split("^")
        authority = _composant(parts, 9).split("&")
        return cls(
            parts[0],
            _composant(parts, 2),
            _composant(parts, 3),
            _composant(authority, 2),
            _composant(parts, 10),
            _composant(parts, 13),
        )

    def write(self) -> str:
        """The XCN text."""
        return f"{self.identifiant}^{self.nom}^{self.prenom}^^^^^^&{self.autorite}&ISO^{self.type_nom}^^^{self.type_id}"


@dataclass(frozen=True, slots=True)
class Xon:
    """An organisation `nom^^^^^&autorite&ISO^type_id^^^identifiant`."""

    nom: str
    identifiant: str
    autorite: str = OID_STRUCTURES
    type_id: str = "IDNST"

    @classmethod
    def read(cls, texte: str) -> Xon:
        """Read an XON; missing components are empty."""
        parts = texte.split("^")
        authority = _composant(parts, 6).split("&")
        return cls(parts[0], _composant(parts, 10), _composant(authority, 2), _composant(parts, 7))

    def write(self) -> str:
        """The XON text."""
        return f"{self.nom}^^^^^&{self.autorite}&ISO^{self.type_id}^^^{self.identifiant}"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded attribute: nodeRepresentation, codingScheme, display name."""

    code: str
    systeme: str
    libelle: str = ""


@dataclass(frozen=True, slots=True)
class Auteur:
    """One author classification: authorPerson (XCN), authorInstitution (XON), authorRole, authorSpecialty."""

    personne: str
    institutions: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    specialites: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entree:
    """One DocumentEntry. Times are UTC digits; hash is 40 hex digits, size decimal, both empty when absent."""

    id: str
    unique_id: str = ""
    patient_id: str = ""
    title: str = ""
    comments: str = ""
    mime_type: str = "text/xml"
    authors: tuple[Auteur, ...] = ()
    class_code: Code | None = None
    type_code: Code | None = None
    format_code: Code | None = None
    confidentiality_codes: tuple[Code, ...] = ()
    healthcare_facility_type_code: Code | None = None
    practice_setting_code: Code | None = None
    event_codes: tuple[Code, ...] = ()
    creation_time: str = ""
    service_start_time: str = ""
    service_stop_time: str = ""
    language_code: str = ""
    legal_authenticator: str = ""
    source_patient_id: str = ""
    source_patient_info: tuple[str, ...] = ()
    reference_ids: tuple[str, ...] = ()
    hash: str = ""
    size: str = ""
    uri: str = ""
    repository_unique_id: str = ""
    status: str = ""

    @property
    def est_signature(self) -> bool:
        """True for the entry that carries the signature of the lot (`dmp.md` §3.8)."""
        format_code = self.format_code.code if self.format_code else ""
        class_code = self.class_code.code if self.class_code else ""
        return format_code == FORMAT_SIGNATURE or class_code == CLASSE_SIGNATURE


@dataclass(frozen=True, slots=True)
class Association:
    """An ebRIM association; statut is the SubmissionSetStatus slot (`Original`, `Reference`), empty when absent."""

    type: str
    source: str
    cible: str
    statut: str = "Original"


@dataclass(frozen=True, slots=True)
class Anomalie:
    """Something wrong that reading met and went over. code: the check of `dmp.md` §7.3 it belongs to (`M03`…)."""

    code: str
    ou: str
    attendu: str
    observe: str


@dataclass(frozen=True, slots=True)
class Lot:
    """A submission set with its entries; `entrees` leaves out the entry of the signature."""

    id: str
    unique_id: str = ""
    source_id: str = ""
    patient_id: str = ""
    submission_time: str = ""
    title: str = ""
    comments: str = ""
    authors: tuple[Auteur, ...] = ()
    content_type_code: Code | None = None
    entrees: tuple[Entree, ...] = ()
    signature: Entree | None = None
    associations: tuple[Association, ...] = ()
    anomalies: tuple[Anomalie, ...] = field(default=(), compare=False)

    @property
    def toutes(self) -> tuple[Entree, ...]:
        """Every entry, the signature's last."""
        return (*self.entrees, self.signature) if self.signature else self.entrees

    def remplacements(self) -> tuple[Association, ...]:
        """The RPLC associations."""
        return tuple(item for item in self.associations if item.type == RPLC)


def lier(lot: Lot, remplacements: dict[str, str] | None = None) -> Lot:
    """Return the lot with its usual associations (`dmp.md` §3.9).

    remplacements: id of an entry of the lot -> entryUUID of the entry that it replaces.
    """
    links = [Association(HAS_MEMBER, lot.id, entry.id) for entry in lot.toutes]
    if lot.signature:
        links.append(Association(SIGNS, lot.signature.id, lot.id))
    links.extend(Association(RPLC, source, target, "") for source, target in (remplacements or {}).items())
    return replace(lot, associations=tuple(links))
