"""The client of a bench's control API: what the steps, the launcher and the console use.

Every method is one HTTP call on loopback; waiting is done by long polls on the server. Results are JSON values.
Shape of an exchange, wherever one is returned: `numero`, `lien`, `protocole`, `de`, `vers` (roles or services),
`emetteur` (product), `debut`, `fin` (ISO 8601, UTC), `etat` (`complet`, `sans réponse`), `operation`, `resume`,
`reussi` (True, False, None), `cles` and `attributs` (lists of [nom, valeur]), `scenario` (number, None = hors
scénario), `connexion`, `juge`, `masque` (real values replaced by tokens), `nb_constats`.
Shape of a constat: the fields of `rules.model.Constat`, and `numero`, `echange` (for a dossier: where the value
first appears), `scenario`, `produit`, `role`, `cause`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import requests

from banc_segur.errors import BancError, UsageError
from banc_segur.journal.attente import AttenteDepassee

__all__ = ["ActionRefusee", "AttenteDepassee", "ClientControle"]

JUGEMENT = 600.0  # seconds for what is still to be judged; a passage takes some 45 ms a scenario
MARGE = 30.0  # seconds beyond a wait's own deadline before the bench is said to be dead
TOUR = 20.0  # seconds of one long poll while a person is awaited


class ActionRefusee(Exception):
    """A product, or the person at its screen, could not do the action; the text is what its user reads."""


class ClientControle:
    """A handle on one bench. Every method raises `BancError` when the bench does not answer."""

    def __init__(self, url: str, jeton: str) -> None:
        self.url = url.rstrip("/")
        self.jeton = jeton
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["X-Banc-Jeton"] = jeton

    @classmethod
    def depuis(cls, pret_json: Path) -> ClientControle:
        """Make a client from the `pret.json` that a bench wrote in its folder.

        Raises:
            UsageError: the file is absent or damaged.
        """
        try:
            controle = json.loads(pret_json.read_text("utf-8"))["controle"]
            return cls(controle["url"], controle["jeton"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{pret_json} : banc introuvable ; démarrez-le d'abord (./banc serve).") from error

    # ---- the bench ----

    def etat(self) -> dict[str, Any]:
        """`nom`, `pid`, `version`, `monde` (the world file), `campagne` (None or the open one), `scenario` (open
        numbers), `echanges`, `a_juger` (exchanges awaiting judgement), `tete`."""
        return self._objet("etat")

    def arreter(self) -> None:
        """Ask the bench to stop cleanly; it answers before it stops."""
        self._appeler("arreter")

    def tete(self) -> str:
        """The head of the journal's chain: SHA-256 hex, to print in a report."""
        return str(self._appeler("tete"))

    # ---- campaign and scenarios ----

    def ouvrir_campagne(
        self,
        nom: str,
        produits: Sequence[Mapping[str, Any]],
        attendus: Mapping[str, Mapping[str, str]] | None = None,
        *,
        silence: float = 3.0,
        personnes: Iterable[tuple[str, str]] = (),
    ) -> dict[str, Any]:
        """Open a campaign, or a new passage of the campaign of that name; returns `campagne`, `passage`.

        Args:
            produits: each `nom`, `roles` (list), `temoin` (bool), and if wished `declencheur` (`poste` or `personne`;
                default: `poste` for the witness, `personne` for others), `editeur`, `version`, `attendus`.
            attendus: product name -> values that its messages must carry (`X-MSS-NIL`, `LPS_Nom`…).
            silence: seconds with no exchange that stand for « plus rien ne part » of products that are not the witness.
            personnes: more allowed (matricule, OID) pairs, from the profile's people file.
        """
        return self._objet(
            "ouvrir_campagne",
            nom=nom,
            produits=[dict(produit) for produit in produits],
            attendus={key: dict(value) for key, value in (attendus or {}).items()},
            silence=silence,
            personnes=[list(pair) for pair in personnes],
        )

    def fermer_campagne(self) -> dict[str, Any]:
        """Judge what belongs to the whole passage; returns `campagne`, `passage`, `constats`, `non_evaluees`."""
        return self._objet("fermer_campagne", _attente=JUGEMENT)

    def ouvrir_scenario(self, titre: str, fichier: str, etiquettes: Sequence[str]) -> int:
        """Open a scenario and return its number. Its waits look back to this moment."""
        return int(self._objet("ouvrir_scenario", titre=titre, fichier=fichier, etiquettes=list(etiquettes))["numero"])

    def fermer_scenario(self, numero: int, resultat: str, message: str) -> dict[str, Any]:
        """Close a scenario (resultat: `reussi`, `echoue`, `erreur`…), judge its dossier; returns the scenario with
        `constats` (all of its constats) and `non_evaluees`."""
        return self._objet("fermer_scenario", numero=numero, resultat=resultat, message=message, _attente=JUGEMENT)

    def scenarios(self) -> list[dict[str, Any]]:
        """The scenarios of the open campaign, oldest first: `numero`, `titre`, `fichier`, `etiquettes`, `debut`,
        `fin`, `resultat`, `message`, `passage`."""
        return self._liste("scenarios")

    # ---- the world ----

    def nouveau_patient(
        self,
        scenario: int,
        reponse: str = "00",
        traits: Mapping[str, str] | None = None,
        dmp: str = "actif",
        boite: str = "ouverte",
    ) -> dict[str, Any]:
        """Make a fresh fictitious person for a scenario and register the keys that tie exchanges to it.

        Args:
            reponse: CodeCR that the INSi will answer for these traits: `00` one identity, `01` none, `02` several.
            traits: values imposed on the person (fields of `formats.identite.Traits`).
            dmp: `actif`, `ferme` or `inexistant`.
            boite: state of the patient's Mon espace santé mailbox, `ouverte` or `absente`.

        Returns:
            The six traits, `reponse`, `matricule` and `oid` (empty unless 00), `adresse_mss` (the citizen address,
            empty without matricule), `dmp`, `boite`.
        """
        return self._objet(
            "nouveau_patient", scenario=scenario, reponse=reponse, traits=dict(traits or {}), dmp=dmp, boite=boite
        )

    def ouvrir_patient(
        self, scenario: int, matricule: str, oid: str, dmp: str = "actif", boite: str = "ouverte"
    ) -> dict[str, Any]:
        """Give a DMP and a citizen mailbox to a person that the bench knows: a published test person, or one of its
        own. Same result as `nouveau_patient`; the keys of the person are tied to the scenario.

        Raises:
            UsageError: no such person, unknown statut or boîte.
        """
        return self._objet("ouvrir_patient", scenario=scenario, matricule=matricule, oid=oid, dmp=dmp, boite=boite)

    def boite(self, adresse: str) -> list[dict[str, Any]]:
        """The messages of a mailbox, oldest first: `uid`, `recu`, `de`, `a` (list), `sujet`, `message_id`, `archive`
        (bool: IHE_XDM.zip), `pdfs` (file names), `pieces` (all file names), `documents` (document ids), `drapeaux`."""
        return self._liste("boite", adresse=adresse)

    def depots(self, matricule: str) -> dict[str, Any]:
        """The DMP of a patient: `statut` (`actif`, `ferme`, `inexistant`), `documents` (each `uniqueId`, `statut`,
        `titre`, `type`, …, oldest first)."""
        return self._objet("depots", matricule=matricule)

    # ---- making things happen ----

    def brancher(self, lien: str, destination: str) -> None:
        """Tell the relay of `lien` where the real receiver listens (`hote:port`)."""
        self._appeler("brancher", lien=lien, destination=destination)

    def postes(self, postes: Mapping[str, str], jeton: str, jetons: Mapping[str, str] | None = None) -> None:
        """Declare the HTTP screens: role -> URL; `jeton` opens them, but those whose role is in `jetons`."""
        self._appeler("postes", postes=dict(postes), jeton_poste=jeton, jetons=dict(jetons or {}))

    def declencher(
        self, scenario: int, role: str, action: str, parametres: Mapping[str, Any], delai: float = 3600.0
    ) -> dict[str, Any]:
        """Make the product that plays `role` act, and return what it says.

        For a product whose declencheur is `personne`, a question with the instruction is asked and awaited (at most
        `delai` seconds); the result is then `{"reponse": "oui", "commentaire": …, "fichier": …}`.

        Raises:
            ActionRefusee: the product refused, or the person answered « non ».
            AttenteDepassee: nobody answered in time.
        """
        resultat = self._objet(
            "declencher", scenario=scenario, role=role, action=action, parametres=dict(parametres), _attente=120.0
        )
        if "question" not in resultat:
            return resultat
        return self._attendre_reponse(int(resultat["question"]), delai)

    def questions(self, *, toutes: bool = False) -> list[dict[str, Any]]:
        """The questions that await a person (all of them when `toutes`): `numero`, `scenario`, `role`, `produit`,
        `consigne`, `parametres`, `posee`, `reponse`, `commentaire`, `fichier`."""
        return self._liste("questions", toutes=toutes)

    def demander(self, scenario: int, consigne: str, role: str = "", delai: float = 3600.0) -> dict[str, Any]:
        """Ask a person a yes/no question and wait for the answer: `{"reponse": "oui" | "non", "commentaire", …}`.

        Raises:
            AttenteDepassee: nobody answered in time.
        """
        numero = int(self._objet("demander", scenario=scenario, role=role, consigne=consigne)["question"])
        return self._attendre_question(numero, delai)

    def repondre(self, numero: int, reponse: str, commentaire: str = "", fichier: Path | None = None) -> None:
        """Answer a question: `oui` or `non`, a comment, a file (at most 20 MB; its content is kept by the bench)."""
        contenu = None
        nom = ""
        if fichier is not None:
            nom, contenu = fichier.name, _lire(fichier)
        self._appeler(
            "repondre", numero=numero, reponse=reponse, commentaire=commentaire, nom_fichier=nom, contenu_b64=contenu
        )

    # ---- waits ----

    def attendre(
        self,
        scenario: int,
        *,
        lien: str | None = None,
        operation: str | None = None,
        reussi: bool | None = None,
        cle: tuple[str, str] | None = None,
        attribut: tuple[str, str] | None = None,
        nombre: int = 1,
        delai: float = 30.0,
    ) -> list[dict[str, Any]]:
        """Wait until `nombre` judged exchanges of the scenario fit every criterion, looking back to its start.

        cle, attribut: (nom, valeur) that the exchange must carry. Returns all fitting exchanges, oldest first.

        Raises:
            AttenteDepassee: says what did come instead, nearest first.
        """
        return self._liste(
            "attendre",
            scenario=scenario,
            lien=lien,
            operation=operation,
            reussi=reussi,
            cle=list(cle) if cle else None,
            attribut=list(attribut) if attribut else None,
            nombre=nombre,
            delai=delai,
            _attente=delai,
        )

    def barriere(self, delai: float = 30.0) -> None:
        """Return once nothing more is on its way: witness products at rest, everything judged, and with outside
        products no exchange during the campaign's `silence`.

        Raises:
            AttenteDepassee: something was still moving at the deadline; says which product.
        """
        self._appeler("barriere", delai=delai, _attente=delai)

    # ---- evidence ----

    def echanges(self, scenario: int | None = None, *, hors_scenario: bool = False) -> list[dict[str, Any]]:
        """The exchanges of a scenario, oldest first; of the whole campaign without one; only those that belong to no
        scenario with `hors_scenario`."""
        return self._liste("echanges", scenario=scenario, hors_scenario=hors_scenario)

    def echange(self, numero: int) -> dict[str, Any]:
        """One exchange with all that is known: shape above, and `requete_b64`, `reponse_b64` (None without answer),
        `meta`, `connexion_faits` (address, TLS version, suite, `certificat_b64`, `client_hello_b64`), `constats`,
        `non_evaluees`, `faits`."""
        return self._objet("echange", numero=numero)

    def faits(self, scenario: int | None = None) -> list[dict[str, Any]]:
        """Values seen: `echange`, `lien`, `donnee`, `valeur`, `porteur`, `ou`, `scenario`, oldest first."""
        return self._liste("faits", scenario=scenario)

    def constats(self, scenario: int | None = None) -> list[dict[str, Any]]:
        """The constats of a scenario, or of the whole campaign (shape above)."""
        return self._liste("constats", scenario=scenario)

    def non_evaluees(self, scenario: int | None = None) -> list[dict[str, Any]]:
        """Rules that could not decide: `echange`, `scenario`, `regle`, `raison`, `produit`, `role`."""
        return self._liste("non_evaluees", scenario=scenario)

    def evaluees(self, scenario: int | None = None) -> list[dict[str, Any]]:
        """Rules that were evaluated, counted: `regle`, `produit`, `role`, `scenario`, `fois`."""
        return self._liste("evaluees", scenario=scenario)

    def refus(self) -> list[dict[str, Any]]:
        """Refused connections of the campaign: `numero`, `lien`, `protocole`, `debut`, `cause`, `adresse`, `version`,
        `certificat_b64` (None when not seen), `sujet` (of that certificate)."""
        return self._liste("refus")

    # ---- inside ----

    def _attendre_reponse(self, numero: int, delai: float) -> dict[str, Any]:
        reponse = self._attendre_question(numero, delai)
        if reponse["reponse"] == "oui":
            return reponse
        raise ActionRefusee(reponse["commentaire"] or "La personne au poste a répondu « non ».")

    def _attendre_question(self, numero: int, delai: float) -> dict[str, Any]:
        reste = delai
        while reste > 0:
            tour = min(TOUR, reste)
            question = self._objet("question", numero=numero, delai=tour, _attente=tour)
            if question["reponse"]:
                return {name: question[name] for name in ("reponse", "commentaire", "fichier")}
            reste -= tour
        raise AttenteDepassee(f"La question n° {numero} est restée sans réponse pendant {delai:g} s (./banc repondre).")

    def _objet(self, verbe: str, /, _attente: float = 0.0, **arguments: Any) -> dict[str, Any]:
        resultat: dict[str, Any] = self._appeler(verbe, _attente, **arguments)
        return resultat

    def _liste(self, verbe: str, /, _attente: float = 0.0, **arguments: Any) -> list[dict[str, Any]]:
        resultat: list[dict[str, Any]] = self._appeler(verbe, _attente, **arguments)
        return resultat

    def _appeler(self, verbe: str, /, _attente: float = 0.0, **arguments: Any) -> Any:
        try:
            answer = self._session.post(f"{self.url}/v1/{verbe}", json=arguments, timeout=(10.0, _attente + MARGE))
            contenu = answer.json()
        except requests.RequestException as error:
            raise BancError(f"Le banc ne répond pas à {self.url} ({type(error).__name__}).") from error
        if answer.ok:
            return contenu["resultat"]
        raise _ERREURS.get(contenu.get("genre", ""), BancError)(contenu.get("erreur", "Erreur inconnue du banc."))


_ERREURS: Mapping[str, type[Exception]] = {
    "usage": UsageError,
    "attente": AttenteDepassee,
    "action": ActionRefusee,
}


def _lire(fichier: Path) -> str:
    try:
        return base64.b64encode(fichier.read_bytes()).decode("ascii")
    except OSError as error:
        raise UsageError(f"{fichier} : fichier illisible ({error.strerror}).") from error
