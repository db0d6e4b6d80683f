"""Rules of the package and of the ebRIM structure of a deposit: T03 to T06, M01, M03, M13 to M15.

Source of the ids: `dmp.md` §7.1, §7.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from banc_segur.formats import depot, soap
from banc_segur.formats.xds_types import HAS_MEMBER, RPLC, SIGNS, Association
from banc_segur.rules.catalogue import regle
from banc_segur.rules.dmp.sujets import Soumission
from banc_segur.rules.model import Contexte, Ecart, Severite

GENRE = "dmp.soumission"
UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _anomalies(sujet: Soumission, code: str) -> Iterator[Ecart]:
    for ou, attendu, observe in sujet.anomalies(code):
        yield Ecart(ou, attendu, observe)


@regle(
    "DMP-T03",
    "Le dépôt est un message MTOM (multipart/related, racine XOP)",
    genre=GENRE,
    source="SEL-MP-037 EX_2.1-1260 ; RFC 2387 ; W3C XOP 1.0",
    remede='Envoyer multipart/related avec type="application/xop+xml", start et start-info, la racine typée de même.',
    exigences=("EX_2.1-1260",),
)
def mtom(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Headers of the package; a document in line is read but told."""
    yield from _anomalies(sujet, "T03")


@regle(
    "DMP-T04",
    "Chaque xop:Include désigne une partie du message, et chaque partie est désignée",
    genre=GENRE,
    source="IHE ITI TF-2b §3.41 ; W3C XOP 1.0",
    remede="Donner à xop:Include/@href le Content-ID de la partie (préfixe cid:, sans chevrons).",
    refus=True,
)
def parties(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Unresolved and unused parts."""
    yield from _anomalies(sujet, "T04")


@regle(
    "DMP-T05",
    "Chaque Document a l'identifiant de son ExtrinsicObject, casse comprise",
    genre=GENRE,
    source="IHE ITI TF-2b §3.41.4.1 ; SEL-MP-037",
    remede="Écrire exactement le même identifiant dans Document/@id et ExtrinsicObject/@id.",
    refus=True,
)
def identifiants(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Documents without entry and entries without document."""
    yield from _anomalies(sujet, "T05")


@regle(
    "DMP-T06",
    "Les en-têtes WS-Addressing Action, MessageID et ReplyTo sont présents",
    genre=GENRE,
    source="WS-Addressing 1.0 ; SEL-MP-037 (exemples)",
    remede="Ajouter l'en-tête manquant ; MessageID est urn:uuid: suivi d'un UUID nouveau à chaque appel.",
    severite=Severite.AVERTISSEMENT,
)
def adressage(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Presence, and the action of the operation."""
    enveloppe = sujet.depot.enveloppe
    for nom in ("Action", "MessageID", "ReplyTo"):
        if not enveloppe.header_blocks(soap.WSA, nom):
            yield Ecart(f"Header/wsa:{nom}", "un en-tête présent", "absent")
    action = enveloppe.addressing("Action")
    if action and action != depot.ACTION:
        yield Ecart("Header/wsa:Action", depot.ACTION, action)


@regle(
    "DMP-M01",
    "Le dépôt contient un seul lot de soumission, classé par son nœud",
    genre=GENRE,
    source="IHE ITI TF-3 §4.2.1",
    remede="Envoyer un RegistryPackage et sa Classification de nœud urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd.",
    refus=True,
)
def un_lot(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Number of submission sets and kinds of objects."""
    yield from _anomalies(sujet, "M01")


@regle(
    "DMP-M03",
    "Les schémas de classification et d'identification sont ceux de XDS",
    genre=GENRE,
    source="IHE ITI TF-3 §4.2.5.2",
    remede="Recopier l'UUID exact du schéma ; un attribut sous un autre schéma ou hors de l'espace ebRIM est perdu.",
    refus=True,
)
def schemas(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """Unknown UUIDs, elements outside the ebRIM namespace."""
    yield from _anomalies(sujet, "M03")


@regle(
    "DMP-M13",
    "Les associations relient le lot, ses entrées, la signature et le document remplacé",
    genre=GENRE,
    source="IHE ITI TF-3 §4.2.2 ; SEL-MP-037 (signature du lot, remplacement)",
    remede="Une association HasMember « Original » par entrée, signs de la signature vers le lot, "
    "et RPLC vers l'entryUUID (urn:uuid:…) de l'entrée remplacée, jamais vers son uniqueId.",
    refus=True,
)
def associations(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """HasMember for every entry, ends that exist, targets of RPLC."""
    lot = sujet.lot
    members = {link.cible: link for link in lot.associations if link.type == HAS_MEMBER and link.source == lot.id}
    for entree in lot.toutes:
        link = members.get(entree.id)
        if link is None:
            yield Ecart("Association HasMember", f"une association du lot vers {entree.id}", "aucune")
        elif link.statut != "Original":
            yield Ecart(f"HasMember {entree.id}/SubmissionSetStatus", "Original", link.statut or "absent")
    entries = {entree.id for entree in lot.toutes}
    for link in lot.associations:
        yield from _bouts(link, {lot.id, *entries})
        if link.type == RPLC and link.source == lot.id:
            yield Ecart("RPLC/@sourceObject", "le document qui remplace", link.source)


def _bouts(link: Association, known: set[str]) -> Iterator[Ecart]:
    name = link.type.rpartition(":")[2]
    if link.type not in (HAS_MEMBER, RPLC, SIGNS):
        yield Ecart("Association/@associationType", "HasMember, RPLC ou signs", link.type)
    if link.source not in known:
        yield Ecart(f"{name}/@sourceObject", "un objet du dépôt", link.source)
    if link.type == SIGNS:
        if link.cible not in known:
            yield Ecart(f"{name}/@targetObject", "le lot de soumission", link.cible)
    elif link.cible not in known and UUID.fullmatch(link.cible) is None:
        yield Ecart(f"{name}/@targetObject", "un entryUUID (urn:uuid:…)", link.cible)
    elif link.type == RPLC and link.cible in known:
        yield Ecart(f"{name}/@targetObject", "l'entryUUID d'une entrée déjà enregistrée", link.cible)


@regle(
    "DMP-M14",
    "Le dépôt n'envoie pas ce que le DMP attribue",
    genre=GENRE,
    source="IHE ITI TF-3 §4.2.3.2 ; SEL-MP-037",
    remede="Ne pas envoyer repositoryUniqueId, ni un statut autre qu'Approved.",
    severite=Severite.AVERTISSEMENT,
)
def attribues(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """repositoryUniqueId and status of every entry."""
    for entree in sujet.lot.toutes:
        if entree.repository_unique_id:
            yield Ecart(f"{entree.id}/repositoryUniqueId", "absent", entree.repository_unique_id)
        if entree.status and not entree.status.endswith(":Approved"):
            yield Ecart(f"{entree.id}/@status", "absent ou Approved", entree.status)


@regle(
    "DMP-M15",
    "Classifications et identifiants désignent l'objet qui les contient",
    genre=GENRE,
    source="ebRIM 3.0 ; SEL-MP-037 (exemples)",
    remede="Écrire dans classifiedObject et registryObject l'identifiant de l'objet parent.",
    severite=Severite.AVERTISSEMENT,
)
def parents(sujet: Soumission, _contexte: Contexte) -> Iterable[Ecart]:
    """classifiedObject and registryObject."""
    yield from _anomalies(sujet, "M15")
