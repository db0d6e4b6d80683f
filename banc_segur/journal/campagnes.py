"""Campaigns, passages, scenarios and questions: records of the journal, so that they survive a restart."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from banc_segur.journal.base import Base, maintenant
from banc_segur.journal.lectures import Lectures


class Campagnes:
    """The records of what was run, in the journal's own file."""

    def __init__(self, lectures: Lectures) -> None:
        self._lectures = lectures
        self._base = lectures.base

    # ---- campaign ----

    def ouvrir(
        self, nom: str, produits: Sequence[Mapping[str, Any]], silence: float, personnes: Iterable[tuple[str, str]]
    ) -> dict[str, Any]:
        """Open a passage of the campaign `nom`, made when new; the passage under way is closed."""
        self.fermer()

        def ecrire(base: Base) -> dict[str, Any]:
            base.executer("INSERT OR IGNORE INTO campagne (nom) VALUES (?)", nom)
            campagne = int(base.etat.rows("SELECT numero FROM campagne WHERE nom = ?", (nom,))[0]["numero"])
            passage = base.inserer(
                "passage",
                campagne=campagne,
                debut=maintenant(),
                produits=json.dumps([dict(produit) for produit in produits], ensure_ascii=False),
                personnes=json.dumps(sorted(list(pair) for pair in personnes)),
                silence=silence,
                marque_connexion=self._lectures.derniere_connexion(),
            )
            base.enchainer("passage", passage)
            return {"campagne": campagne, "passage": passage, "nom": nom}

        return self._base.ecrire(ecrire)

    def fermer(self) -> None:
        """Close the passage under way, if any."""
        self._base.ecrire(lambda base: base.executer("UPDATE passage SET fin = ? WHERE fin IS NULL", maintenant()))

    def courant(self) -> dict[str, Any] | None:
        """The passage under way: `campagne`, `passage`, `nom`, `debut`, `produits`, `personnes`, `silence`…"""
        passage = self.dernier()
        return passage if passage and passage["fin"] is None else None

    def dernier(self) -> dict[str, Any] | None:
        """The last passage opened, closed or not."""
        row = self._base.etat.row(
            "SELECT p.*, c.nom FROM passage p JOIN campagne c ON c.numero = p.campagne ORDER BY p.numero DESC LIMIT 1"
        )
        if row is None:
            return None
        return {
            "campagne": row["campagne"],
            "passage": row["numero"],
            "nom": row["nom"],
            "debut": row["debut"],
            "fin": row["fin"],
            "produits": json.loads(row["produits"]),
            "personnes": [(matricule, oid) for matricule, oid in json.loads(row["personnes"])],
            "silence": row["silence"],
            "marque_connexion": row["marque_connexion"],
        }

    # ---- scenarios ----

    def ouvrir_scenario(self, passage: int, titre: str, fichier: str, etiquettes: Sequence[str]) -> int:
        """Open a scenario: its marks are the last exchange and connection at this moment."""

        def ecrire(base: Base) -> int:
            numero = base.inserer(
                "scenario",
                passage=passage,
                titre=titre,
                fichier=fichier,
                etiquettes=json.dumps(list(etiquettes), ensure_ascii=False),
                debut=maintenant(),
                marque=self._lectures.dernier(),
                marque_connexion=self._lectures.derniere_connexion(),
            )
            base.enchainer("scenario", numero)
            return numero

        return self._base.ecrire(ecrire)

    def fermer_scenario(self, numero: int, resultat: str, message: str) -> None:
        """Close a scenario with its result."""

        def ecrire(base: Base) -> None:
            base.executer(
                "UPDATE scenario SET fin = ?, marque_fin = ?, resultat = ?, message = ? WHERE numero = ?",
                maintenant(),
                self._lectures.dernier(),
                resultat,
                message,
                numero,
            )
            base.enchainer("fin_scenario", numero)

        self._base.ecrire(ecrire)

    def scenario(self, numero: int) -> dict[str, Any] | None:
        """One scenario, None when unknown."""
        row = self._base.etat.row("SELECT * FROM scenario WHERE numero = ?", (numero,))
        return _scenario(row) if row else None

    def scenarios(self, campagne: int) -> list[dict[str, Any]]:
        """The scenarios of all passages of a campaign, oldest first."""
        rows = self._base.etat.rows(
            "SELECT s.* FROM scenario s JOIN passage p ON p.numero = s.passage WHERE p.campagne = ? ORDER BY s.numero",
            (campagne,),
        )
        return [_scenario(row) for row in rows]

    # ---- questions ----

    def demander(
        self, scenario: int | None, role: str, produit: str, consigne: str, parametres: Mapping[str, Any]
    ) -> int:
        """Ask a person; return the question's number."""
        return self._base.ecrire(
            lambda base: base.inserer(
                "question",
                scenario=scenario,
                role=role,
                produit=produit,
                consigne=consigne,
                parametres=json.dumps(dict(parametres), ensure_ascii=False),
                posee=maintenant(),
            )
        )

    def repondre(self, numero: int, reponse: str, commentaire: str, fichier: str, contenu: bytes | None) -> bool:
        """Keep the answer of a question; False when it is unknown or was answered before."""

        def ecrire(base: Base) -> bool:
            row = base.etat.row("SELECT reponse FROM question WHERE numero = ?", (numero,))
            if row is None or row["reponse"]:
                return False
            base.executer(
                "UPDATE question SET reponse = ?, commentaire = ?, fichier = ?, contenu = ?, repondue = ? "
                "WHERE numero = ?",
                reponse,
                commentaire,
                fichier,
                base.corps(contenu),
                maintenant(),
                numero,
            )
            base.enchainer("reponse", numero)
            return True

        return self._base.ecrire(ecrire)

    def question(self, numero: int) -> dict[str, Any] | None:
        """One question, None when unknown."""
        row = self._base.etat.row("SELECT * FROM question WHERE numero = ?", (numero,))
        return _question(row) if row else None

    def questions(self, *, toutes: bool = False) -> list[dict[str, Any]]:
        """The questions without answer; every question when `toutes`."""
        rows = self._base.etat.rows("SELECT * FROM question ORDER BY numero")
        return [_question(row) for row in rows if toutes or not row["reponse"]]


def _scenario(row: sqlite3.Row) -> dict[str, Any]:
    return dict(row) | {"etiquettes": json.loads(row["etiquettes"])}


def _question(row: sqlite3.Row) -> dict[str, Any]:
    return dict(row) | {"parametres": json.loads(row["parametres"])}
