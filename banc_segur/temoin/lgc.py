"""The witness GP software: reads its personal mailbox and opens the archives that it holds.

Hypothèse of this issue: the GP's PER mailbox is opened with a structure certificate; Pro Santé Connect comes later.
Sources: ECO.2.1.2 (patient from METADATA), `mssante.md` §2.3, §2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from banc_segur.formats import courriel_lu, xdm, xds, xml
from banc_segur.formats.errors import FormatError
from banc_segur.temoin.base import ActionRefusee, Produit
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.envoi import lire_nouveaux, marquer_lu, ouvrir_boite
from banc_segur.temoin.erreurs import ServiceInjoignable


class Lgc(Produit):
    """Action `relever` {} -> {courriels: [{sujet, message_id, de, patient, documents, pdfs, erreurs}]}, new mails only.

    patient: matricule of METADATA, empty when unknown. documents: uniqueIds. erreurs: French, one per bad archive.
    """

    role = "LGC"

    def __init__(self, config: ConfigTemoin) -> None:
        super().__init__(config)
        self.actions = {"relever": self._relever}

    def _relever(self, _parametres: Mapping[str, Any]) -> dict[str, Any]:
        found: list[dict[str, Any]] = []
        address = self.config.medecin_traitant.adresse_mss
        try:
            with ouvrir_boite(self.config, self.config.certificats.lgc, address) as client:
                for uid, data in list(lire_nouveaux(client)):
                    found.append(lire(data))
                    marquer_lu(client, uid)
        except ServiceInjoignable as error:
            raise ActionRefusee(str(error)) from error
        return {"courriels": found}


def lire(data: bytes) -> dict[str, Any]:
    """What the GP sees of one mail."""
    try:
        mail = courriel_lu.read(data)
    except FormatError as error:
        return {"sujet": "", "message_id": "", "de": "", "patient": "", "documents": [], "erreurs": [str(error)]}
    shown: dict[str, Any] = {
        "sujet": mail.sujet,
        "message_id": mail.message_id,
        "de": mail.de,
        "patient": "",
        "documents": [],
        "pdfs": [piece.nom for piece in mail.pdfs],
        "erreurs": [],
    }
    for piece in mail.archives:
        try:
            _ouvrir(piece.octets, shown)
        except FormatError as error:
            shown["erreurs"].append(str(error))
    return shown


def _ouvrir(archive: bytes, shown: dict[str, Any]) -> None:
    for folder in xdm.read(archive).dossiers:
        lot = xds.read_soumission(xml.parse(folder.metadonnees, ou=xdm.METADONNEES))
        shown["patient"] = shown["patient"] or xds.Cx.read(lot.patient_id).valeur
        for entry in lot.entrees:
            data = folder.document(entry.uri)
            if data is None or xds.empreinte(data) != entry.hash.lower():
                shown["erreurs"].append(f"{entry.uri} : document absent ou altéré")
            shown["documents"].append(entry.unique_id)
