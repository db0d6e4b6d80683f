"""Rules of the metadata of a deposit: M02, M07 to M12, M16, M17. Source of the ids: `dmp.md` §7.3."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from banc_segur.formats import xds
from banc_segur.formats.identite import OID_PS, OID_STRUCTURES
from banc_segur.formats.ins import OIDS_INS, cle_juste
from banc_segur.formats.xds_types import Auteur, Cx, Entree, Lot, Xcn, Xon
from banc_segur.rules.catalogue import regle
from banc_segur.rules.dmp.paquet import GENRE
from banc_segur.rules.dmp.sujets import Soumission
from banc_segur.rules.model import Contexte, Ecart, Severite

OID = re.compile(r"[0-2](\.(0|[1-9]\d*))+")
TEMPS = re.compile(r"\d{4}(\d{2}){0,5}")
AVANCE = timedelta(minutes=10)  # clocks that differ; a local time is one or two hours ahead
OBLIGATOIRES_LOT = {
    "content_type_code": "contentTypeCode",
    "patient_id": "patientId",
    "source_id": "sourceId",
    "unique_id": "uniqueId",
    "submission_time": "submissionTime",
    "authors": "author",
}
OBLIGATOIRES = {
    "authors": "author",
    "class_code": "classCode",
    "type_code": "typeCode",
    "format_code": "formatCode",
    "confidentiality_codes": "confidentialityCode",
    "healthcare_facility_type_code": "healthcareFacilityTypeCode",
    "practice_setting_code": "practiceSettingCode",
    "creation_time": "creationTime",
    "service_start_time": "serviceStartTime",
    "language_code": "languageCode",
    "legal_authenticator": "legalAuthenticator",
    "source_patient_id": "sourcePatientId",
    "patient_id": "patientId",
    "unique_id": "uniqueId",
    "title": "title",
    "mime_type": "mimeType",
}


@regle(
    "DMP-M02",
    "Les attributs obligatoires du lot et des documents sont présents et uniques",
    genre=GENRE,
    source="SEL-MP-037 ; ANS, correspondance CDA–XDS (lot de soumission et fiche)",
    remede="Renseigner l'attribut ; souvent oubliés : legalAuthenticator, serviceStartTime, sourcePatientId, title.",
    refus=True,
)
def obligatoires(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Absent or repeated attributes."""
    yield from (Ecart(*item) for item in sujet.anomalies("M02"))
    yield from _absents(sujet.lot, OBLIGATOIRES_LOT)
    for entree in sujet.lot.toutes:
        yield from _absents(entree, OBLIGATOIRES)


def _absents(objet: Lot | Entree, attributs: dict[str, str]) -> Iterator[Ecart]:
    for attribut, nom in attributs.items():
        if not getattr(objet, attribut):
            yield Ecart(f"{objet.id or 'lot'}/{nom}", "un attribut présent", "absent")


def _objets(lot: Lot) -> tuple[Lot | Entree, ...]:
    return (lot, *lot.toutes)


@regle(
    "DMP-M07",
    "Le patient du lot et de ses entrées est le même, identifié par son INS",
    genre=GENRE,
    source="SEL-MP-037 ; guide d'implémentation INS ; ANS, correspondance CDA–XDS",
    remede="Écrire partout <matricule 15 caractères>^^^&<OID INS>&ISO^NH, sans date en CX-7.",
    refus=True,
)
def patient(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """patientId of the lot, then equality with it."""
    lot = sujet.lot
    if lot.patient_id:
        yield from _cx(f"{lot.id}/patientId", lot.patient_id)
    reference = identite(lot.patient_id)
    for entree in lot.toutes:
        if entree.patient_id and identite(entree.patient_id) != reference:
            yield Ecart(f"{entree.id}/patientId", lot.patient_id, entree.patient_id, "matricule")


def identite(valeur: str) -> tuple[str, str]:
    """(value, authority) of a CX, which is what identifies."""
    identifier = Cx.read(valeur)
    return identifier.valeur, identifier.autorite


def _cx(ou: str, valeur: str) -> Iterator[Ecart]:
    identifier = Cx.read(valeur)
    if not cle_juste(identifier.valeur):
        yield Ecart(ou, "un matricule INS de 15 caractères à la clé juste", identifier.valeur, "matricule")
    if identifier.autorite not in OIDS_INS:
        yield Ecart(ou, "un OID d'autorité INS (1.2.250.1.213.1.4.8 à .11)", identifier.autorite, "oid")
    if identifier.type_id != "NH" or identifier.type_autorite != "ISO":
        yield Ecart(ou, "&OID&ISO^NH", valeur)


@regle(
    "DMP-M07-CX7",
    "Le patientId ne porte plus de date (CX-7)",
    genre=GENRE,
    source="SEL-MP-037 (INS-C abandonné) ; le service le tolère",
    remede="Supprimer les composants qui suivent NH.",
    severite=Severite.AVERTISSEMENT,
)
def cx7(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """The date of the old INS-C."""
    for objet in _objets(sujet.lot):
        if Cx.read(objet.patient_id).date:
            yield Ecart(f"{objet.id}/patientId", "pas de CX-7", objet.patient_id)


@regle(
    "DMP-M08",
    "Les uniqueId sont des OID nus, tous différents",
    genre=GENRE,
    source="CI-SIS structuration minimale (« OID^extension » non géré par le DMP) ; IHE ITI TF-3 §4.2.3",
    remede="Donner à chaque lot et document un OID de 64 caractères au plus, sans ^extension, jamais réutilisé.",
    refus=True,
)
def unique_ids(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Syntax, length, uniqueness in the message."""
    seen: set[str] = set()
    for objet in _objets(sujet.lot):
        valeur, ou = objet.unique_id, f"{objet.id}/uniqueId"
        if not valeur:
            continue
        if OID.fullmatch(valeur) is None or len(valeur) > 64:
            yield Ecart(ou, "un OID d'au plus 64 caractères, sans extension", valeur, "document")
        if valeur in seen:
            yield Ecart(ou, "un identifiant propre à chaque objet", valeur, "document")
        seen.add(valeur)


@regle(
    "DMP-M09",
    "Les dates sont en UTC, en chiffres, et dans l'ordre",
    genre=GENRE,
    source="IHE ITI TF-3 §4.2.3.1.7 ; ANS, correspondance CDA–XDS",
    remede="Convertir en UTC les dates locales du CDA et n'écrire que des chiffres, sans décalage.",
)
def dates(sujet: Soumission, contexte: Contexte) -> Iterable[Ecart]:
    """Digits, order, submission not in the future; creationTime against the CDA is D02's."""
    lot = sujet.lot
    yield from _temps(f"{lot.id}/submissionTime", lot.submission_time)
    latest = (contexte.instant + AVANCE).strftime("%Y%m%d%H%M%S")
    if TEMPS.fullmatch(lot.submission_time) and lot.submission_time > latest:
        now = contexte.instant.strftime("%Y%m%d%H%M%S")
        yield Ecart(f"{lot.id}/submissionTime", f"au plus l'instant de l'envoi en UTC ({now})", lot.submission_time)
    for entree in lot.toutes:
        for nom, valeur in (
            ("creationTime", entree.creation_time),
            ("serviceStartTime", entree.service_start_time),
            ("serviceStopTime", entree.service_stop_time),
        ):
            yield from _temps(f"{entree.id}/{nom}", valeur)
        start, stop = entree.service_start_time, entree.service_stop_time
        size = min(len(start), len(stop))
        if start[:size] > stop[:size]:
            yield Ecart(f"{entree.id}/serviceStopTime", f"au moins {start}", stop)


def _temps(ou: str, valeur: str) -> Iterator[Ecart]:
    if not valeur:
        return
    pattern = "%Y%m%d%H%M%S"[: len(valeur) - 2]
    try:
        valid = TEMPS.fullmatch(valeur) is not None and bool(datetime.strptime(valeur, pattern))
    except ValueError:
        valid = False
    if not valid:
        yield Ecart(ou, "une date AAAA[MM[JJ[HH[MM[SS]]]]] en UTC", valeur)


@regle(
    "DMP-M10",
    "Les auteurs et l'authentificateur sont identifiés comme le DMP le demande",
    genre=GENRE,
    source="SEL-MP-037 ; PDT-INF-617 ; ANS, correspondance CDA–XDS",
    remede="XCN : identifiant, nom, prénom, &1.2.250.1.71.4.2.1&ISO, type ; XON : nom, IDNST, Struct_IdNat ; "
    "une institution du lot est la structure du VIHF.",
    refus=True,
)
def auteurs(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """XCN and XON, then the institution of the lot."""
    lot = sujet.lot
    yield from _auteurs(lot.id, lot.authors)
    for entree in lot.toutes:
        yield from _auteurs(entree.id, entree.authors)
        if entree.legal_authenticator:
            yield from _xcn(f"{entree.id}/legalAuthenticator", entree.legal_authenticator)
    if sujet.vihf is not None and lot.authors:
        numbers = [Xon.read(text).identifiant for author in lot.authors for text in author.institutions]
        if sujet.vihf.structure not in numbers:
            expected = f"la structure du VIHF ({sujet.vihf.structure})"
            yield Ecart(f"{lot.id}/authorInstitution", expected, ", ".join(numbers) or "absente")


def _auteurs(nom: str, authors: tuple[Auteur, ...]) -> Iterator[Ecart]:
    for author in authors:
        yield from _xcn(f"{nom}/authorPerson", author.personne)
        for institution in author.institutions:
            yield from _xon(f"{nom}/authorInstitution", institution)


def _xcn(ou: str, valeur: str) -> Iterator[Ecart]:
    person = Xcn.read(valeur)
    automate = person.type_nom == "U" or person.type_id == "RI"  # a system has one name
    for part, name in ((person.identifiant, "identifiant"), (person.nom, "nom"), (person.prenom, "prénom")):
        if not part and not (automate and name == "prénom"):
            yield Ecart(ou, f"{name} renseigné", valeur)
    if person.type_id in ("IDNPS", "EI") and person.autorite != OID_PS:
        yield Ecart(ou, f"l'autorité {OID_PS}", person.autorite or "absente")


def _xon(ou: str, valeur: str) -> Iterator[Ecart]:
    organisation = Xon.read(valeur)
    if not organisation.nom or not organisation.identifiant:
        yield Ecart(ou, "nom et identifiant de la structure", valeur)
    if organisation.type_id == "IDNST" and organisation.autorite != OID_STRUCTURES:
        yield Ecart(ou, f"l'autorité {OID_STRUCTURES}", organisation.autorite or "absente")


@regle(
    "DMP-M11",
    "hash et size sont ceux des octets transmis",
    genre=GENRE,
    source="IHE ITI TF-3 §4.2.3.2.10 ; SEL-MP-037 (calculés par le DMP s'ils manquent)",
    remede="Calculer le SHA-1 et la taille sur les octets envoyés, après tout changement d'encodage.",
    refus=True,
    exigences=("SBX-DMP-03",),
)
def empreintes(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Only when present."""
    for entree in sujet.lot.toutes:
        octets = sujet.documents.get(entree.id)
        if octets is None:
            continue
        digest = xds.empreinte(octets)
        if entree.hash and entree.hash.lower() != digest:
            yield Ecart(f"{entree.id}/hash", digest, entree.hash, "empreinte")
        if entree.size and entree.size != str(len(octets)):
            yield Ecart(f"{entree.id}/size", str(len(octets)), entree.size)


@regle(
    "DMP-M12",
    "La confidentialité est donnée une fois et les masquages sont compatibles",
    genre=GENRE,
    source="SEL-MP-037 EX_2.1-1050 ; JDV_J58",
    remede="Donner N, R ou V une seule fois ; ne pas cumuler MASQUE_PS et INVISIBLE_PATIENT.",
    refus=True,
    exigences=("EX_2.1-1050",),
)
def visibilite(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """The DMP parameter cumul-invisible_patient-masque_ps is taken as false (hypothèse)."""
    for entree in sujet.entrees:
        codes = [code.code for code in entree.confidentiality_codes]
        ou, seen = f"{entree.id}/confidentialityCode", ", ".join(codes)
        if len([code for code in codes if code in ("N", "R", "V")]) != 1:
            yield Ecart(ou, "N, R ou V, une seule fois", seen or "absent")
        if len(set(codes)) != len(codes):
            yield Ecart(ou, "aucun code répété", seen)
        if {"MASQUE_PS", "INVISIBLE_PATIENT"} <= set(codes):
            yield Ecart(ou, "MASQUE_PS ou INVISIBLE_PATIENT, pas les deux", seen)


@regle(
    "DMP-M17",
    "Type MIME et langue sont text/xml et fr-FR",
    genre=GENRE,
    source="SEL-MP-037 ; ANS, correspondance CDA–XDS (M16 et M17)",
    remede="Un CDA est text/xml (application/xslt+xml s'il est auto-présentable) et en fr-FR, casse comprise.",
)
def mime_et_langue(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """The signature entry has its own language, art."""
    for entree in sujet.entrees:
        if entree.mime_type not in ("text/xml", "application/xslt+xml", "application/dicom"):
            yield Ecart(f"{entree.id}/@mimeType", "text/xml", entree.mime_type or "absent")
        if entree.language_code and entree.language_code != "fr-FR":
            yield Ecart(f"{entree.id}/languageCode", "fr-FR", entree.language_code)
