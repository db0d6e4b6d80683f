"""X01 to X03: the archive opens, its metadata describe its files, one patient. Source: `mssante.md` §6.2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from banc_segur.formats import xdm, xds
from banc_segur.rules.catalogue import regle
from banc_segur.rules.model import Contexte, Ecart, Severite
from banc_segur.rules.mss.sujets import COURRIEL, DossierLu, Envoi


@regle(
    "MSS-X01",
    "L'archive IHE_XDM.zip s'ouvre et a la forme attendue",
    genre=COURRIEL,
    source="IHE ITI-32 ; CI-SIS, volet Échange de documents de santé",
    remede="Joindre une seule archive ZIP lisible, avec IHE_XDM/SUBSET01/METADATA.XML.",
    exigences=("SBX-MSS-01",),
)
def forme(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """Unreadable archives and metadata, metadata out of their place."""
    if sujet.nombre_archives > 1:
        yield Ecart("IHE_XDM.zip", "une seule archive", f"{sujet.nombre_archives} archives")
    for error in sujet.erreurs:
        yield Ecart(error.ou, error.attendu, error.observe or "illisible")
    yield from _anomalies(sujet, forme=False)


def _anomalies(sujet: Envoi, *, forme: bool) -> Iterator[Ecart]:
    for archive in sujet.archives:
        for anomaly in archive.anomalies:
            if (anomaly.code == xdm.FORME) == forme:
                yield Ecart(anomaly.ou, anomaly.attendu, anomaly.observe)


@regle(
    "MSS-X01-FORME",
    "L'archive suit le profil XDM jusqu'aux noms de fichiers",
    genre=COURRIEL,
    source="IHE ITI-32 §3.32.4.1.2 (INDEX.HTM, README.TXT, noms ISO 9660 niveau 1)",
    remede="Ajouter INDEX.HTM et README.TXT à la racine, nommer les fichiers en 8.3 et en capitales, rien d'autre.",
    severite=Severite.AVERTISSEMENT,
    exigences=("SBX-MSS-01",),
)
def forme_xdm(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """What no reader stops at."""
    yield from _anomalies(sujet, forme=True)


@regle(
    "MSS-X02",
    "Les métadonnées décrivent exactement les fichiers de l'archive",
    genre=COURRIEL,
    source="IHE ITI-32 §3.32.4.1.2 (URI, hash, size)",
    remede="Pour chaque document, donner dans METADATA.XML son URI, sa taille et son empreinte SHA-1 exactes.",
    exigences=("SBX-MSS-01",),
)
def fichiers(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """Every URI exists with its size and hash; nothing unlisted but copies and style sheets."""
    for item in sujet.dossiers:
        if item.lot is not None:
            yield from _verifier(item, item.lot)


def _verifier(item: DossierLu, lot: xds.Lot) -> Iterator[Ecart]:
    listed = {entry.uri.replace("\\", "/").removeprefix("./").lower() for entry in lot.toutes}
    for entry in lot.toutes:
        data = item.dossier.document(entry.uri)
        if data is None:
            yield Ecart(f"{entry.id}/URI", "un fichier de l'archive", entry.uri or "absent")
            continue
        if entry.size != str(len(data)):
            yield Ecart(f"{entry.id}/size", str(len(data)), entry.size or "absent")
        if entry.hash.lower() != xds.empreinte(data):
            yield Ecart(f"{entry.id}/hash", xds.empreinte(data), entry.hash or "absent", "empreinte")
    for name in item.dossier.fichiers:
        if name.lower() not in listed and name.upper().endswith(".XML"):
            yield Ecart(name, "un document décrit dans METADATA.XML", "fichier non décrit")


@regle(
    "MSS-X03",
    "L'archive concerne un seul patient, le même dans les métadonnées et les CDA",
    genre=COURRIEL,
    source="Référentiel socle MSSanté #2, ECO.2.1.1, ECO.2.1.2",
    remede="Envoyer un courriel par usager, et reprendre dans patientId l'INS de l'en-tête du CDA.",
    exigences=("SC.MSS/CONF.23",),
)
def patient(sujet: Envoi, _contexte: Contexte) -> Iterable[Ecart]:
    """patientId of every entry and set against the CDA."""
    known = {(cda.ins.matricule, cda.ins.oid) for cda in sujet.cdas if cda.ins}
    if len(known) > 1:
        yield Ecart("CDA", "un seul patient", ", ".join(sorted(matricule for matricule, _ in known)), "matricule")
        return
    for item in sujet.dossiers:
        for where, value in _patients(item):
            cx = xds.Cx.read(value)
            if known and (cx.valeur, cx.autorite) not in known:
                matricule, oid = next(iter(known))
                yield Ecart(f"METADATA.XML, {where}/patientId", f"{matricule} ({oid})", value or "absent", "matricule")


def _patients(item: DossierLu) -> list[tuple[str, str]]:
    if item.lot is None:
        return []
    return [("SubmissionSet", item.lot.patient_id), *((entry.id, entry.patient_id) for entry in item.lot.entrees)]
