"""The witness EAI: takes the ADT of the RI, acknowledges once they are on disk, relays them unchanged.

Source: PAM FR 2.11, ITI TF-2 C.2.3 (AE is not sent again, AR and silence are) (`hl7v2.md` §1.15).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from banc_segur.formats import ack, er7
from banc_segur.formats.errors import FormatError
from banc_segur.temoin.base import Produit
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.file_attente import Abandonner, FileAttente, Reessayer, Tache
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.mllp import MllpClient, MllpServer

DELAI_ACK = 10.0  # seconds to connect, send and get the acknowledgement
AR_MAX = 5  # tries of a message that the receiver answers by AR
_PARIS = ZoneInfo("Europe/Paris")
_CAUSES_EN_TETE = frozenset({"200", "201", "202", "203"})  # AR whose cause is in MSH: the same bytes never pass


class Eai(Produit):
    """Listens on `ri-eai`; one queue per receiver keeps the order of messages. Action: `abandons`.

    abandons {} -> {abandons: [{lien, cause}]}: messages that a receiver refused for good.
    """

    role = "EAI"

    def __init__(self, config: ConfigTemoin, instant: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(config)
        self._instant = instant
        liens = {"eai-dpi": config.liens.eai_dpi, "eai-pfi": config.liens.eai_pfi}
        self._clients = {lien: _client(adresse) for lien, adresse in liens.items() if adresse}
        self._file = FileAttente(self.dossier / "file.sqlite", self._relayer, ouvriers=max(1, len(self._clients)))
        self._serveur = MllpServer(self._recevoir, config.hote, config.ecoutes.get("ri-eai", 0))
        self.actions = {"abandons": self._abandons}

    def start(self) -> None:
        """Listen for the RI and take up what is left to relay."""
        self._file.start()
        self.ecoutes["ri-eai"] = self._serveur.start()

    def stop(self) -> None:
        """Stop listening and relaying; what is left stays on disk."""
        self._serveur.stop()
        self._file.stop()
        for client in self._clients.values():
            client.close()

    def au_repos(self) -> bool:
        """True when everything received was relayed or refused for good."""
        return self._file.vide()

    def _recevoir(self, data: bytes) -> bytes:
        """Queue the message for each receiver, then acknowledge."""
        own = f"EAI{secrets.token_hex(8)}"
        now = self._instant().astimezone(_PARIS).strftime("%Y%m%d%H%M%S")
        try:
            message = er7.read(data)
        except FormatError as error:
            return ack.refuser(data, error, identifiant=own, instant=now).write()
        code, erreurs = "AA", list[ack.Erreur]()
        if message.code == "ADT":
            for lien in self._clients:
                self._file.ajouter(lien, data)
        else:
            code = "AR"
            erreurs.append(ack.Erreur("200", "Unsupported message type", "MSH^1^9^1^1"))
        answer = ack.write(message, code, identifiant=own, instant=now, erreurs=erreurs)
        return self.defauts.passer("eai.ack", answer).write()

    def _relayer(self, tache: Tache) -> None:
        client = self._clients.get(tache.cle)
        if client is None:
            raise Abandonner(f"le lien {tache.cle} n'est plus configuré")
        try:
            answer = client.envoyer(self.defauts.passer("eai.relais", tache.contenu), DELAI_ACK)
        except Injoignable as error:
            raise Reessayer(str(error)) from error
        _decider(answer, tache)

    def _abandons(self, _parametres: Mapping[str, Any]) -> dict[str, Any]:
        return {"abandons": [{"lien": tache.cle, "cause": cause} for tache, cause in self._file.abandons()]}


def _client(adresse: str) -> MllpClient:
    hote, _, port = adresse.rpartition(":")
    return MllpClient(hote, int(port))


def _decider(answer: bytes, tache: Tache) -> None:
    """Return when accepted; raise what the acknowledgement asks for."""
    try:
        seen = ack.read(er7.read(answer))
    except FormatError as error:
        raise Abandonner(f"acquittement illisible : {error}") from error
    if seen.accepte:
        return
    causes = ", ".join(f"{e.code} {e.libelle} {e.ou}".strip() for e in seen.erreurs)
    definitif = bool(_CAUSES_EN_TETE & {e.code for e in seen.erreurs})
    if seen.code == "AR" and not definitif and tache.essais + 1 < AR_MAX:
        raise Reessayer(f"AR : {causes}")
    raise Abandonner(f"{seen.code} : {causes}")
