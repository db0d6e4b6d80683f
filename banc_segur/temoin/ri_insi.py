"""The witness RI's calls to INSi: the sequence of searches by traits, and what may be taken from an answer.

Sources: sequence expected by the CNDA (`insi.md` §7.3); guide d'implémentation INS R6, R11, R12 (`insi.md` §12.3).
"""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from banc_segur import __version__
from banc_segur.errors import BancError
from banc_segur.formats import insi
from banc_segur.formats.errors import FormatError
from banc_segur.formats.identite import Ins, Traits
from banc_segur.formats.ins import OIDS_INS, cle_juste
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.defauts import Defauts
from banc_segur.transport.erreurs import Injoignable
from banc_segur.transport.http_client import ClientHttps

PRODUIT = "BANC-SEGUR-RI"
DELAI_LECTURE = 10.0  # seconds without a byte, one call
DELAI_TOTAL = 20.0  # seconds, whole sequence: admission goes on without INSi afterwards
LIEU_INCONNU = "99999"
_ENTETES = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{insi.ACTION_TRAITS}"'}


@dataclass(frozen=True, slots=True)
class Issue:
    """What a sequence of calls gave. code: `00`, `01`, `02`, a fault code, or empty when nothing came back.

    individu only with `00`; cause: French sentence, empty when INSi answered.
    """

    code: str
    individu: insi.Individu | None = None
    cause: str = ""


class AppelInsi:
    """Searches one person at a time, within a bounded time, never twice the same call."""

    def __init__(
        self, config: ConfigTemoin, defauts: Defauts, instance: str, delais: tuple[float, float] | None = None
    ) -> None:
        """instance: stable UUID of the installation. delais: (one call, whole sequence), seconds."""
        self._config = config
        self._defauts = defauts
        self._instance = instance
        self._lecture, self._total = delais or (DELAI_LECTURE, DELAI_TOTAL)

    def rechercher(self, traits: Traits) -> Issue:
        """Run the sequence; when the time is over, give up the call that is under way and say so."""
        arrivee: queue.SimpleQueue[Issue] = queue.SimpleQueue()
        abandon = threading.Event()
        threading.Thread(
            target=lambda: arrivee.put(self._sequence(traits, abandon)), name="ri-insi", daemon=True
        ).start()
        try:
            return arrivee.get(timeout=self._total)
        except queue.Empty:
            abandon.set()
            return Issue("", cause=f"l'INSi n'a pas répondu en {self._total:g} secondes")

    def _sequence(self, traits: Traits, abandon: threading.Event) -> Issue:
        try:
            usage = self._defauts.passer("ri.certificat", "insi_auto")
            paire = getattr(self._config.certificats, usage)
            ac = self._config.certificats.ac
            client = ClientHttps(ac, paire.certificat, paire.cle, delai_lecture=self._lecture)
        except BancError as error:
            return Issue("", cause=str(error))
        try:
            return self._appels(client, traits, abandon)
        except Injoignable as error:
            return Issue("", cause=str(error))
        except FormatError as error:
            return Issue("", cause=f"réponse de l'INSi illisible : {error}")
        finally:
            client.close()

    def _appels(self, client: ClientHttps, traits: Traits, abandon: threading.Event) -> Issue:
        """One prénom per call, in order; stop at the first `00`; then the whole list; on `02` narrow by the place."""
        issue = Issue("")
        for prenoms in prenoms_a_envoyer(traits):
            if abandon.is_set():
                break
            issue = self._appel(client, traits, prenoms, "")
            if issue.code == "02" and traits.lieu_naissance not in ("", LIEU_INCONNU):
                precise = self._appel(client, traits, prenoms, traits.lieu_naissance)
                return precise if precise.code == "00" else issue
            if issue.code != "01":
                break
        return issue

    def _appel(self, client: ClientHttps, traits: Traits, prenoms: str, lieu: str) -> Issue:
        recherche = self._defauts.passer("ri.recherche", self._recherche(traits, prenoms, lieu))
        octets = self._defauts.passer("ri.requete", insi.write_request(recherche))
        reponse = client.post(self._config.liens.insi, octets, _ENTETES)
        if reponse.status not in (200, 500):
            raise Injoignable(f"l'INSi refuse la requête (HTTP {reponse.status})")
        lu = insi.read_answer(reponse.body)
        if isinstance(lu, insi.Faute):
            return Issue(lu.code or lu.sous_code, cause=f"faute {lu.code or lu.sous_code} : {lu.message or lu.motif}")
        lu = self._defauts.passer("ri.reponse", lu)
        return Issue(lu.code, lu.individu)

    def _recherche(self, traits: Traits, prenoms: str, lieu: str) -> insi.Recherche:
        temps = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"
        emetteur = self._config.structure.id_national
        lps = insi.ContexteLps(
            id=str(uuid.uuid4()),
            temps=temps,
            emetteur=emetteur,
            idam=self._config.idam,
            version_logiciel=__version__,
            instance=self._instance,
            nom=f"urn:lps:{PRODUIT}:{__version__}",
        )
        return insi.Recherche(
            nom=traits.nom_naissance,
            prenoms=(prenoms,),
            sexe=traits.sexe,
            date_naissance=traits.date_naissance,
            lieu_naissance=lieu,
            bam=insi.ContexteBam(str(uuid.uuid4()), temps, emetteur),
            lps=lps,
            message_id=f"uuid:{uuid.uuid4()}",
        )


def prenoms_a_envoyer(traits: Traits) -> list[str]:
    """The prénoms in order, one per call, then the whole list when there are several."""
    suivants = traits.prenoms.removeprefix(traits.premier_prenom).split()
    appels = [traits.premier_prenom, *suivants]
    return [*appels, " ".join(appels)] if suivants else appels


def accepter(traits: Traits, individu: insi.Individu) -> tuple[Traits, Ins] | str:
    """Take an answer `00` into the record: its traits and INS, or the French reason why it is refused.

    The first prénom stays the local one (RI.INS.15, RI.INS.16); key, OID, sex, date and name must agree.
    """
    checks: tuple[tuple[str, Callable[[], bool]], ...] = (
        ("un trait de l'INSi est vide", lambda: bool(individu.nom_naissance and individu.prenoms and individu.sexe)),
        ("la date de naissance de l'INSi est incomplète", lambda: not _incomplete(individu.date_naissance)),
        ("la clé du matricule est fausse", lambda: cle_juste(individu.ins.matricule)),
        ("l'OID du matricule est inconnu", lambda: individu.ins.oid in OIDS_INS),
        ("le nom de naissance diffère", lambda: individu.nom_naissance == traits.nom_naissance),
        ("le sexe diffère", lambda: individu.sexe == traits.sexe),
        ("la date de naissance diffère", lambda: individu.date_naissance == traits.date_naissance),
        ("le premier prénom n'est pas en tête de la liste", lambda: _commence(individu.prenoms, traits.premier_prenom)),
    )
    for cause, juste in checks:
        if not juste():
            return f"réponse de l'INSi refusée : {cause}"
    pris = replace(
        traits,
        nom_naissance=individu.nom_naissance,
        prenoms=individu.prenoms,
        sexe=individu.sexe,
        date_naissance=individu.date_naissance,
        lieu_naissance=individu.lieu_naissance or traits.lieu_naissance,
    )
    return pris, individu.ins


def _incomplete(date: str) -> bool:
    return date[5:7] == "00" or date[8:10] == "00" or len(date) != 10


def _commence(prenoms: str, premier: str) -> bool:
    """Hyphen and apostrophe count as spaces (RI.INS.15)."""
    plain = str.maketrans("-'", "  ")
    return f"{prenoms.translate(plain)} ".startswith(f"{premier.translate(plain)} ")
