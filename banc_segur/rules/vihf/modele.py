"""The subjects of the family: a VIHF as it was received, the signature of a lot beside the lot."""

from __future__ import annotations

from dataclasses import dataclass

from banc_segur.formats import lot_signature, soap, vihf
from banc_segur.formats.certificat import FaitsCertificat
from banc_segur.formats.errors import FormatError

GENRE_VIHF = "dmp.vihf"
GENRE_SIGNATURE = "dmp.lot_signature"


@dataclass(frozen=True, slots=True)
class VihfLu:
    """A VIHF and its signature. motif: French reason when the signature does not hold.

    patient_requete: CX of the patient that the body names (`<INS>^^^&<OID>&ISO^NH`), None when it names none.
    depot: True when the call is a deposit (TD2.1). noms_patient: `NOM PRENOM` of the patient in the body, upper case.
    """

    vihf: vihf.Vihf
    certificat_signature: FaitsCertificat | None
    signature_valide: bool
    motif: str = ""
    patient_requete: str | None = None
    depot: bool = False
    noms_patient: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SignatureLue:
    """The signature of a lot beside what it should sign. signature: None when absent or unreadable, then motif.

    associee: a `signs` association leads from the signature entry to the SubmissionSet.
    """

    lot: str
    documents: tuple[lot_signature.DocumentLot, ...]
    signature: lot_signature.SignatureLot | None
    associee: bool
    motif: str = ""
    certificat_vihf: FaitsCertificat | None = None


def lire_vihf(enveloppe: soap.Envelope, patient_requete: str | None = None) -> VihfLu:
    """Read the VIHF of a request. Raises FormatError: no assertion, several, or not at its place."""
    found, outcome = vihf.read(vihf.find(enveloppe))
    return VihfLu(found, outcome.certificat, outcome.valide, outcome.motif, patient_requete)


def lire_signature(
    octets: bytes | None,
    lot: str,
    documents: tuple[lot_signature.DocumentLot, ...],
    *,
    associee: bool,
    certificat_vihf: FaitsCertificat | None = None,
) -> SignatureLue:
    """Read the bytes of the signature entry (None or empty: no such entry). Never raises."""
    if not octets:
        return SignatureLue(lot, documents, None, associee, "aucune signature dans le lot", certificat_vihf)
    try:
        found = lot_signature.read(octets)
    except FormatError as error:
        return SignatureLue(lot, documents, None, associee, f"signature illisible ({error})", certificat_vihf)
    return SignatureLue(lot, documents, found, associee, "", certificat_vihf)
