"""The IHE_XDM archive (`IHE_XDM.zip`): METADATA.XML and its documents, written and read.

Sources: IHE ITI-32 (Distribute Document Set on Media); CI-SIS volet Échange; `mssante.md` §2.4, `dmp.md` §6.
Reading trusts nothing: names, number, sizes, ratio and overlap of entries are bounded, nothing touches the disk.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from banc_segur.formats.errors import FormatError
from banc_segur.formats.xdm_pages import Emetteur, index_htm, readme_txt
from banc_segur.formats.xds_types import Anomalie

NOM = "IHE_XDM.zip"
SOUS_ENSEMBLE = "SUBSET01"
METADONNEES = "METADATA.XML"
FORME = "X01-FORME"  # anomaly that stops no reader (`mssante.md` §6.2: W)

MAX_ARCHIVE = 64 * 1024 * 1024
MAX_ENTREES = 500
MAX_OUVERT = 128 * 1024 * 1024  # all entries together, uncompressed
MAX_RATIO = 200
RATIO_LIBRE = 1024 * 1024  # an entry smaller than this may have any ratio

_ISO9660 = re.compile(r"[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{1,3})?")
_ECARTES = re.compile(r"(^|/)(__MACOSX(/|$)|\.DS_Store$|Thumbs\.db$|desktop\.ini$)", re.IGNORECASE)
_EPOQUE = (1980, 1, 1, 0, 0, 0)  # fixed, so that the same content gives the same bytes


@dataclass(frozen=True, slots=True)
class Dossier:
    """One submission set of the archive. nom: `SUBSET01`; fichiers: name in the folder -> bytes, METADATA left out."""

    nom: str
    metadonnees: bytes
    fichiers: dict[str, bytes]

    def document(self, uri: str) -> bytes | None:
        """The file that a `URI` slot names: exact name first, then without regard to case; None when absent."""
        if uri in self.fichiers:
            return self.fichiers[uri]
        wanted = uri.replace("\\", "/").removeprefix("./").lower()
        return next((data for name, data in self.fichiers.items() if name.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Archive:
    """What was read. anomalies: what reading went over (`X01` place of the metadata, `FORME` the rest)."""

    dossiers: tuple[Dossier, ...]
    anomalies: tuple[Anomalie, ...] = ()

    @property
    def metadonnees(self) -> bytes:
        """METADATA.XML of the first submission set."""
        return self.dossiers[0].metadonnees

    @property
    def documents(self) -> dict[str, bytes]:
        """The files of the first submission set by name (the value of the `URI` slot)."""
        return self.dossiers[0].fichiers

    def document(self, uri: str) -> bytes | None:
        """The file of the first submission set that a `URI` slot names, or None."""
        return self.dossiers[0].document(uri)


def nom_document(numero: int, extension: str = "XML") -> str:
    """The 8.3 name of the n-th document, to be put in its `URI` slot: `DOC00001.XML`."""
    return f"DOC{numero:05d}.{extension}"


def write(metadonnees: bytes, documents: Sequence[tuple[str, bytes]], emetteur: Emetteur) -> bytes:
    """Write the archive with one submission set.

    metadonnees: METADATA.XML whole (`xds.write_soumission` serialised), its URI, hash and size slots already set.
    documents: (URI, bytes) in order. The bytes depend on the arguments only.
    """
    folder = f"IHE_XDM/{SOUS_ENSEMBLE}"
    names = [f"{folder}/{METADONNEES}", *(f"{folder}/{uri}" for uri, _ in documents)]
    entries = [
        ("INDEX.HTM", index_htm(emetteur, names)),
        ("README.TXT", readme_txt(emetteur, names)),
        (names[0], metadonnees),
        *((f"{folder}/{uri}", data) for uri, data in documents),
    ]
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as archive:
        for name, data in entries:
            info = zipfile.ZipInfo(name, _EPOQUE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            archive.writestr(info, data)
    return output.getvalue()


def read(data: bytes) -> Archive:
    """Read an archive in memory.

    Raises:
        FormatError: not a ZIP, hostile (encrypted, duplicate, overlapping or too many entries, names that leave the
            archive, sizes or ratio over the bounds), or without any METADATA.XML.
    """
    if len(data) > MAX_ARCHIVE:
        raise FormatError(NOM, f"une archive d'au plus {MAX_ARCHIVE} octets", f"{len(data)} octets")
    if data.count(b"PK\x01\x02") > MAX_ENTREES:
        raise FormatError(NOM, f"au plus {MAX_ENTREES} entrées", f"{data.count(b'PK' + bytes([1, 2]))} entrées")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _borner(archive.infolist())
            anomalies, files = _lire_entrees(archive)
    except (zipfile.BadZipFile, zlib.error, struct.error, RuntimeError, EOFError, ValueError, OSError) as error:
        raise FormatError(NOM, "une archive ZIP lisible", str(error)) from error
    return _ranger(files, anomalies)


def _borner(infos: list[zipfile.ZipInfo]) -> None:
    """Refuse what could harm before a single entry is opened."""
    total = sum(info.file_size for info in infos)
    if total > MAX_OUVERT:
        raise FormatError(NOM, f"au plus {MAX_OUVERT} octets une fois ouverte", f"{total} octets annoncés")
    for info in infos:
        if info.flag_bits & 0x1:
            raise FormatError(info.filename, "une entrée non chiffrée", "entrée chiffrée")
        if info.file_size > RATIO_LIBRE and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            raise FormatError(info.filename, f"un taux de compression d'au plus {MAX_RATIO}", "bombe de décompression")
    end = 0
    for info in sorted(infos, key=lambda item: item.header_offset):
        if info.header_offset < end:
            raise FormatError(info.filename, "des entrées qui ne se chevauchent pas", "entrées superposées")
        end = info.header_offset + 30 + len(info.orig_filename) + info.compress_size


def _nom_sur(info: zipfile.ZipInfo) -> str:
    name = info.orig_filename.replace("\\", "/")
    if "\0" in name or name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
        raise FormatError(name.replace("\0", "\\0"), "un nom relatif, dans l'archive", "nom qui sort de l'archive")
    return name


def _lire_entrees(archive: zipfile.ZipFile) -> tuple[list[Anomalie], dict[str, bytes]]:
    anomalies: list[Anomalie] = []
    files: dict[str, bytes] = {}
    room = MAX_OUVERT
    for info in archive.infolist():
        name = _nom_sur(info)
        if "\\" in info.orig_filename:
            anomalies.append(Anomalie(FORME, info.orig_filename, "des noms séparés par « / »", "« \\ »"))
        if _ECARTES.search(name):
            anomalies.append(Anomalie(FORME, name, "aucune entrée étrangère à l'archive XDM", "entrée de système"))
            continue
        if name.endswith("/"):
            continue
        if name.lower() in (known.lower() for known in files):
            raise FormatError(name, "des noms d'entrées distincts", "nom en double")
        with archive.open(info) as stream:
            files[name] = stream.read(room + 1)
        room -= len(files[name])
        if room < 0:
            raise FormatError(NOM, f"au plus {MAX_OUVERT} octets une fois ouverte", "davantage")
        if files[name].startswith(b"PK\x03\x04"):
            anomalies.append(Anomalie(FORME, name, "aucune archive dans l'archive", "ZIP imbriqué, non ouvert"))
    return anomalies, files


def _ranger(files: dict[str, bytes], anomalies: list[Anomalie]) -> Archive:
    """Sort the files into submission sets: one for each METADATA.XML."""
    for wanted in ("INDEX.HTM", "README.TXT"):
        if wanted not in files:
            anomalies.append(Anomalie(FORME, wanted, f"{wanted} à la racine", "absent"))
    folders: list[Dossier] = []
    for name, data in files.items():
        folder, _, base = name.rpartition("/")
        if base.upper() != METADONNEES:
            continue
        if not folder.upper().startswith("IHE_XDM/"):
            anomalies.append(Anomalie("X01", name, "IHE_XDM/<sous-ensemble>/METADATA.XML", name))
        prefix = f"{folder}/" if folder else ""
        own = {key.removeprefix(prefix): value for key, value in files.items() if key.startswith(prefix)}
        del own[base]
        folders.append(Dossier(folder.rpartition("/")[2], data, own))
        anomalies.extend(_noms_iso(prefix, [base, *own]))
    if not folders:
        raise FormatError(NOM, "IHE_XDM/<sous-ensemble>/METADATA.XML", "absent")
    return Archive(tuple(folders), tuple(anomalies))


def _noms_iso(prefix: str, names: list[str]) -> list[Anomalie]:
    return [
        Anomalie(FORME, prefix + name, "un nom 8.3 en capitales (ISO 9660 niveau 1)", name)
        for name in names
        if not all(_ISO9660.fullmatch(part) for part in name.split("/"))
    ]
