"""The operations of the control API, without HTTP. Names, arguments and results: `control.client`."""

from __future__ import annotations

import base64
import binascii
import os
import time
from collections.abc import Callable
from typing import Any, Literal

from cryptography import x509

from banc_segur import __version__
from banc_segur.control.attribution import Emetteurs, ajouter_cles
from banc_segur.control.dossiers import Dossiers
from banc_segur.control.explication import consigne_de, expliquer, mouvement
from banc_segur.control.juge import Juge
from banc_segur.control.modeles import ProduitCampagne
from banc_segur.control.monde import Monde
from banc_segur.control.postes import PosteRefuse, Postes
from banc_segur.errors import UsageError
from banc_segur.journal.attente import AttenteDepassee, Filtre
from banc_segur.journal.campagnes import Campagnes
from banc_segur.journal.journal import Journal
from banc_segur.rules.cles import cles_traits

PAUSE = 0.1  # seconds between two looks at the witness's screens, cut short by any exchange
MAX_FICHIER = 20 * 1024 * 1024
DELAI_JUGEMENT = 120.0

Paire = tuple[str, str]


class ActionRefusee(Exception):
    """A product refused what it was asked; the text is what its user reads."""


class Service:
    """One bench's operations. brancher: sets the destination of a relay; arreter: asks the bench to stop."""

    def __init__(
        self,
        nom: str,
        monde_fixe: dict[str, Any],
        journal: Journal,
        monde: Monde,
        juge: Juge,
        postes: Postes,
        brancher: Callable[[str, str], None],
        arreter: Callable[[], None],
    ) -> None:
        self._nom = nom
        self._monde_fixe = monde_fixe
        self._journal = journal
        self._campagnes = Campagnes(journal)
        self._monde = monde
        self._juge = juge
        self._postes = postes
        self._brancher = brancher
        self._arreter = arreter
        self._dossiers = Dossiers(journal)

    # ---- the bench ----

    def etat(self) -> dict[str, Any]:
        """See the client."""
        return {
            "nom": self._nom,
            "pid": os.getpid(),
            "version": __version__,
            "monde": self._monde_fixe,
            "campagne": self._campagnes.courant(),
            "echanges": self._journal.dernier(),
            "a_juger": self._journal.a_juger(),
            "tete": self._journal.tete(),
        }

    def arreter(self) -> None:
        """See the client."""
        self._arreter()

    def tete(self) -> str:
        """See the client."""
        return self._journal.tete()

    # ---- campaign and scenarios ----

    def ouvrir_campagne(
        self,
        nom: str,
        produits: list[ProduitCampagne],
        attendus: dict[str, dict[str, str]],
        silence: float = 3.0,
        personnes: list[Paire] | None = None,
    ) -> dict[str, Any]:
        """See the client."""
        declares = [
            produit.model_dump() | {"attendus": {**produit.attendus, **attendus.get(produit.nom, {})}}
            for produit in produits
        ]
        return self._campagnes.ouvrir(nom, declares, silence, personnes or [])

    def fermer_campagne(self) -> dict[str, Any]:
        """See the client."""
        passage = self._passage()
        numero = int(passage["passage"])
        self._juge.attendre_repos(DELAI_JUGEMENT)
        scenarios = [s["numero"] for s in self._campagnes.scenarios(passage["campagne"]) if s["passage"] == numero]
        self._dossiers.juger_passage(numero, scenarios, self.personnes())
        self._campagnes.fermer()
        return {
            "campagne": passage["campagne"],
            "passage": numero,
            "constats": self._journal.constats("c.passage = ?", (numero,)),
            "non_evaluees": self._journal.non_evaluees("n.passage = ?", (numero,)),
        }

    def ouvrir_scenario(self, titre: str, fichier: str, etiquettes: list[str]) -> dict[str, int]:
        """See the client."""
        return {"numero": self._campagnes.ouvrir_scenario(self._passage()["passage"], titre, fichier, etiquettes)}

    def fermer_scenario(self, numero: int, resultat: str, message: str) -> dict[str, Any]:
        """See the client."""
        scenario = self._scenario(numero)
        self._juge.attendre_repos(DELAI_JUGEMENT)
        self._campagnes.fermer_scenario(numero, resultat, message)
        self._dossiers.juger_scenario(numero, scenario["passage"], self.personnes())
        return self._scenario(numero) | {
            "constats": self.constats(numero),
            "non_evaluees": self.non_evaluees(numero),
        }

    def scenarios(self) -> list[dict[str, Any]]:
        """See the client."""
        return self._campagnes.scenarios(self._derniere_campagne())

    # ---- the world ----

    def nouveau_patient(
        self,
        scenario: int,
        reponse: Literal["00", "01", "02"] = "00",
        traits: dict[str, str] | None = None,
        dmp: str = "actif",
        boite: str = "ouverte",
    ) -> dict[str, Any]:
        """See the client."""
        self._scenario(scenario)
        return self._lier(scenario, self._monde.nouveau_patient(reponse, traits or {}, dmp, boite))

    def ouvrir_patient(
        self, scenario: int, matricule: str, oid: str, dmp: str = "actif", boite: str = "ouverte"
    ) -> dict[str, Any]:
        """See the client."""
        self._scenario(scenario)
        return self._lier(scenario, self._monde.ouvrir_patient(matricule, oid, dmp, boite))

    def _lier(self, scenario: int, personne: dict[str, Any]) -> dict[str, Any]:
        """Let the scenario know the keys of a person."""
        cles = [*cles_traits(personne["nom_naissance"], personne["date_naissance"], personne["prenoms"])]
        if personne["matricule"]:
            cles.append(("matricule", personne["matricule"]))
        self._journal.base.ecrire(lambda base: ajouter_cles(base, scenario, cles))
        return personne

    def boite(self, adresse: str) -> list[dict[str, Any]]:
        """See the client."""
        return self._monde.boite(adresse)

    def depots(self, matricule: str) -> dict[str, Any]:
        """See the client."""
        return self._monde.depots(matricule)

    def personnes(self) -> frozenset[Paire]:
        """The allowed (matricule, OID) pairs: the bench's people and those of the profile's file."""
        passage = self._campagnes.courant()
        declarees = frozenset(passage["personnes"]) if passage else frozenset()
        return self._monde.personnes.autorises() | declarees

    def emetteurs(self) -> Emetteurs:
        """The products of the passage under way."""
        passage = self._campagnes.courant()
        return Emetteurs(passage["produits"] if passage else ())

    # ---- making things happen ----

    def brancher(self, lien: str, destination: str) -> None:
        """See the client."""
        hote, _, port = destination.rpartition(":")
        if not hote or not port.isdigit() or not 0 < int(port) < 65536:
            raise UsageError(f"« {destination} » n'est pas une adresse hote:port (exemple : 127.0.0.1:2575).")
        self._brancher(lien, destination)
        self._postes.brancher(lien, destination)

    def postes(self, postes: dict[str, str], jeton_poste: str, jetons: dict[str, str]) -> None:
        """See the client."""
        self._postes.declarer(postes, jeton_poste, jetons)

    def declencher(self, scenario: int, role: str, action: str, parametres: dict[str, Any]) -> dict[str, Any]:
        """See the client; for a person, `{"question": number}`."""
        self._scenario(scenario)
        produit = self.emetteurs().produit(role)
        if produit is None:
            raise UsageError(f"Aucun produit de la campagne ne joue le rôle {role} : ajoutez-le au profil.")
        if produit["declencheur"] == "personne":
            consigne = consigne_de(action, parametres)
            numero = self._campagnes.demander(scenario, role, produit["nom"], consigne, parametres)
            return {"question": numero}
        try:
            return self._postes.agir(role, action, parametres)
        except PosteRefuse as refus:
            raise ActionRefusee(str(refus)) from refus

    def demander(self, scenario: int, consigne: str, role: str = "") -> dict[str, int]:
        """See the client."""
        produit = self.emetteurs().produit(role)
        nom = str(produit["nom"]) if produit else ""
        return {"question": self._campagnes.demander(scenario, role, nom, consigne, {})}

    def questions(self, toutes: bool = False) -> list[dict[str, Any]]:
        """See the client."""
        return self._campagnes.questions(toutes=toutes)

    def question(self, numero: int, delai: float = 0.0) -> dict[str, Any]:
        """One question, waiting at most `delai` seconds for its answer."""
        self._journal.base.attendre_que(lambda: True if self._question(numero)["reponse"] else None, delai)
        return self._question(numero)

    def repondre(
        self,
        numero: int,
        reponse: Literal["oui", "non"],
        commentaire: str = "",
        nom_fichier: str = "",
        contenu_b64: str | None = None,
    ) -> None:
        """See the client."""
        contenu = None
        if contenu_b64 is not None:
            try:
                contenu = base64.b64decode(contenu_b64, validate=True)
            except binascii.Error as error:
                raise UsageError("Le contenu du fichier joint n'est pas du base64.") from error
            if len(contenu) > MAX_FICHIER:
                raise UsageError(f"Fichier joint de {len(contenu)} octets ; au plus {MAX_FICHIER}.")
        self._question(numero)
        if not self._campagnes.repondre(numero, reponse, commentaire, nom_fichier, contenu):
            raise UsageError(f"La question n° {numero} a déjà sa réponse.")

    # ---- waits ----

    def attendre(
        self,
        scenario: int,
        lien: str | None = None,
        operation: str | None = None,
        reussi: bool | None = None,
        cle: Paire | None = None,
        attribut: Paire | None = None,
        nombre: int = 1,
        delai: float = 30.0,
    ) -> list[dict[str, Any]]:
        """See the client."""
        ouvert = self._scenario(scenario)
        filtre = Filtre(scenario, lien, operation, reussi, cle, attribut)
        try:
            return self._journal.attendre(filtre, ouvert["marque"], delai, nombre)
        except AttenteDepassee as error:
            vus = self._journal.echanges(depuis=ouvert["marque"], passage=ouvert["passage"])
            refus = self._refus(ouvert["marque_connexion"])
            raise AttenteDepassee(expliquer(filtre, nombre, delai, vus, refus, self.emetteurs())) from error

    def barriere(self, delai: float) -> None:
        """See the client."""
        fin = time.monotonic() + delai
        silence = self._silence()
        while True:
            reste = max(fin - time.monotonic(), 0)
            marque = self._journal.dernier_parti()
            self._juge.attendre_repos(reste)
            agites = self._postes.agites()
            calme = not agites and not self._journal.a_juger() and self._inchange(marque, min(silence, reste))
            if calme and silence <= reste:
                return
            if time.monotonic() >= fin:
                raise AttenteDepassee(mouvement(delai, agites, self._journal.a_juger(), silence))
            self._inchange(self._journal.dernier_parti(), min(PAUSE, reste))

    def _inchange(self, marque: int, duree: float) -> bool:
        """True when nothing leaves after `marque` now and during `duree` seconds; looks into mailboxes do not count."""
        base = self._journal.base
        return base.attendre_que(lambda: True if self._journal.dernier_parti() > marque else None, duree) is None

    def _silence(self) -> float:
        """Seconds of quiet that outside products need; 0 when the witness plays everything."""
        passage = self._campagnes.courant()
        if passage is None or all(produit["temoin"] for produit in passage["produits"]):
            return 0.0
        return float(passage["silence"])

    # ---- evidence ----

    def echanges(self, scenario: int | None = None, hors_scenario: bool = False) -> list[dict[str, Any]]:
        """See the client."""
        if scenario is not None or not hors_scenario:
            return self._journal.echanges(scenario=scenario)
        return self._journal.echanges(hors_scenario=True)

    def echange(self, numero: int) -> dict[str, Any]:
        """See the client."""
        try:
            return self._journal.detail(numero)
        except KeyError as error:
            raise UsageError(f"Il n'y a pas d'échange n° {numero}.") from error

    def faits(self, scenario: int | None = None) -> list[dict[str, Any]]:
        """See the client."""
        return self._journal.faits(*(("1", ()) if scenario is None else ("e.scenario = ?", (scenario,))))

    def constats(self, scenario: int | None = None) -> list[dict[str, Any]]:
        """See the client."""
        return self._journal.constats(*_juge_dans("c", scenario))

    def non_evaluees(self, scenario: int | None = None) -> list[dict[str, Any]]:
        """See the client."""
        return self._journal.non_evaluees(*_juge_dans("n", scenario))

    def evaluees(self, scenario: int | None = None) -> list[dict[str, Any]]:
        """See the client."""
        return self._journal.evaluees(*_juge_dans("n", scenario))

    def refus(self) -> list[dict[str, Any]]:
        """See the client."""
        return self._refus(0)

    def _refus(self, depuis: int) -> list[dict[str, Any]]:
        return [
            connexion | {"sujet": _sujet(connexion["certificat_b64"])} for connexion in self._journal.refusees(depuis)
        ]

    # ---- inside ----

    def _passage(self) -> dict[str, Any]:
        passage = self._campagnes.courant()
        if passage is None:
            raise UsageError("Aucune campagne n'est ouverte sur ce banc : ouvrez-en une d'abord.")
        return passage

    def _derniere_campagne(self) -> int:
        passage = self._campagnes.dernier()
        return int(passage["campagne"]) if passage else 0

    def _scenario(self, numero: int) -> dict[str, Any]:
        scenario = self._campagnes.scenario(numero)
        if scenario is None:
            raise UsageError(f"Il n'y a pas de scénario n° {numero} sur ce banc.")
        return scenario

    def _question(self, numero: int) -> dict[str, Any]:
        question = self._campagnes.question(numero)
        if question is None:
            raise UsageError(f"Il n'y a pas de question n° {numero} ; la liste : ./banc repondre.")
        return question


def _juge_dans(table: str, scenario: int | None) -> tuple[str, tuple[int, ...]]:
    """What was judged in the exchanges of a scenario or in its dossier; both halves have an index."""
    if scenario is None:
        return "1", ()
    own = f"{table}.echange IN (SELECT numero FROM echange WHERE scenario = ?)"  # noqa: S608
    return f"({own} OR ({table}.echange IS NULL AND {table}.scenario = ?))", (scenario, scenario)


def _sujet(certificat_b64: str | None) -> str:
    """Subject of a certificate, empty when absent or unreadable."""
    if not certificat_b64:
        return ""
    try:
        return x509.load_der_x509_certificate(base64.b64decode(certificat_b64)).subject.rfc4514_string()
    except ValueError:
        return ""
