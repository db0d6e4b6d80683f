"""The subject `courriel`: a mail with its envelope, its opened archives and the CDA documents inside."""

from __future__ import annotations

from dataclasses import dataclass

from banc_segur.formats import cda_read, courriel_lu, xdm, xds, xml
from banc_segur.formats.cda import CdaLu
from banc_segur.formats.courriel_lu import CourrielLu
from banc_segur.formats.enveloppe import Transaction
from banc_segur.formats.errors import FormatError

COURRIEL = "courriel"
CONNEXION = "mss.connexion"
DOMAINE_PATIENTS = "@patient."


@dataclass(frozen=True, slots=True)
class DossierLu:
    """One submission set of an archive: its files, its metadata (None when unreadable)."""

    dossier: xdm.Dossier
    lot: xds.Lot | None


@dataclass(frozen=True, slots=True)
class Envoi:
    """A mail as submitted. Only archives of the mail itself count, not those of a forwarded mail.

    erreurs: archives or metadata that cannot be read. cdas: the readable CDA documents in the order of the metadata.
    """

    courriel: CourrielLu
    transaction: Transaction
    archives: tuple[xdm.Archive, ...]
    dossiers: tuple[DossierLu, ...]
    cdas: tuple[CdaLu, ...]
    octets: tuple[bytes, ...]
    erreurs: tuple[FormatError, ...]

    @property
    def nombre_archives(self) -> int:
        """Archives attached to the mail itself, readable or not."""
        return sum(1 for piece in self.courriel.archives if not piece.transmis)

    @property
    def destinataires(self) -> tuple[str, ...]:
        """The recipients of the envelope."""
        return tuple(item.adresse for item in self.transaction.destinataires)

    @property
    def vers_patient(self) -> bool:
        """True when a recipient is a citizen mailbox."""
        return any(DOMAINE_PATIENTS in address for address in self.destinataires)

    @property
    def entrees(self) -> tuple[xds.Entree, ...]:
        """Every document entry of every submission set."""
        return tuple(entry for item in self.dossiers if item.lot for entry in item.lot.entrees)


def noms(cda: CdaLu) -> tuple[str, str]:
    """The names that the subject and the PDF's name show: of birth, else what the document gives instead.

    A document without INS may hold the used name only, or the given names without the first one told apart.
    """
    traits = cda.traits
    given = traits.premier_prenom or traits.prenoms.partition(" ")[0] or cda.prenom("CL")
    return traits.nom_naissance or cda.famille("CL"), given


def ouvrir(message: bytes, transaction: Transaction) -> Envoi:
    """Open a mail, leniently. Raises FormatError: the mail itself cannot be read."""
    mail = courriel_lu.read(message)
    errors: list[FormatError] = []
    archives: list[xdm.Archive] = []
    for piece in mail.archives:
        if not piece.transmis:
            try:
                archives.append(xdm.read(piece.octets))
            except FormatError as error:
                errors.append(error)
    folders = tuple(_dossier(folder, errors) for archive in archives for folder in archive.dossiers)
    cdas: list[CdaLu] = []
    raw: list[bytes] = []
    for item in folders:
        for data in _documents(item):
            try:
                cdas.append(cda_read.read(data))
                raw.append(data)
            except FormatError:
                continue
    return Envoi(mail, transaction, tuple(archives), folders, tuple(cdas), tuple(raw), tuple(errors))


def _dossier(folder: xdm.Dossier, errors: list[FormatError]) -> DossierLu:
    try:
        return DossierLu(folder, xds.read_soumission(xml.parse(folder.metadonnees, ou=xdm.METADONNEES)))
    except FormatError as error:
        errors.append(error)
        return DossierLu(folder, None)


def _documents(item: DossierLu) -> list[bytes]:
    if item.lot is None:
        return list(item.dossier.fichiers.values())
    found = (item.dossier.document(entry.uri) for entry in item.lot.entrees)
    return [data for data in found if data is not None]
