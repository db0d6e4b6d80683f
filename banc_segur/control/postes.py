"""The witness's screens: making a witness product act over HTTP, and asking whether it is at rest.

Wire: `temoin.processus` (POST /<role>/<action>, GET /repos; token in `X-Banc-Jeton`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from banc_segur.errors import BancError
from banc_segur.state.base import Etat

DELAI_ACTION = 110.0
DELAI_REPOS = 10.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS poste (role TEXT PRIMARY KEY, url TEXT NOT NULL, jeton TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS branchement (lien TEXT PRIMARY KEY, destination TEXT NOT NULL);
"""


class PosteRefuse(Exception):
    """The product refuses the action; the text is what its user reads."""


class Postes:
    """The declared screens and relay destinations; kept in the state, so that they survive a restart."""

    def __init__(self, etat: Etat) -> None:
        self._etat = etat
        etat.schema(_SCHEMA)
        self._session = requests.Session()
        self._session.trust_env = False

    def declarer(self, postes: Mapping[str, str], jeton: str, jetons: Mapping[str, str]) -> None:
        """Replace the screens: role -> URL; `jetons`: by role, the token of a screen that has its own."""
        with self._etat.transaction() as connection:
            connection.execute("DELETE FROM poste")
            connection.executemany(
                "INSERT INTO poste VALUES (?, ?, ?)",
                [(role, url.rstrip("/"), jetons.get(role, jeton)) for role, url in postes.items()],
            )

    def brancher(self, lien: str, destination: str) -> None:
        """Remember where the relay of a link leads."""
        with self._etat.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO branchement VALUES (?, ?)", (lien, destination))

    def branchements(self) -> dict[str, str]:
        """Destination by link."""
        return {row["lien"]: row["destination"] for row in self._etat.rows("SELECT * FROM branchement")}

    def existe(self, role: str) -> bool:
        """True when a screen is declared for the role."""
        return self._etat.row("SELECT 1 FROM poste WHERE role = ?", (role,)) is not None

    def agir(self, role: str, action: str, parametres: Mapping[str, Any]) -> dict[str, Any]:
        """Make the product act.

        Raises:
            PosteRefuse: the product refused.
            BancError: no screen, or it does not answer.
        """
        row = self._etat.row("SELECT * FROM poste WHERE role = ?", (role,))
        if row is None:
            raise BancError(f"Aucun poste n'est déclaré pour le rôle {role}.")
        try:
            answer = self._session.post(
                f"{row['url']}/{role}/{action}",
                json=dict(parametres),
                headers={"X-Banc-Jeton": row["jeton"]},
                timeout=DELAI_ACTION,
            )
            contenu = answer.json()
        except requests.RequestException as error:
            raise BancError(
                f"Le poste du rôle {role} ne répond pas à {row['url']} ({type(error).__name__})."
            ) from error
        if answer.status_code == requests.codes.conflict:
            raise PosteRefuse(str(contenu.get("refus", "")))
        if not answer.ok or not isinstance(contenu, dict):
            raise BancError(f"Le poste du rôle {role} refuse « {action} » : {str(contenu)[:200]}")
        return contenu

    def agites(self) -> list[str]:
        """The screens that still have something queued or on its way: `RI, EAI…` by screen; empty when all rest.

        Raises:
            BancError: a screen does not answer.
        """
        roles: dict[tuple[str, str], list[str]] = {}
        for row in self._etat.rows("SELECT * FROM poste ORDER BY role"):
            roles.setdefault((row["url"], row["jeton"]), []).append(row["role"])
        return [", ".join(names) for (url, jeton), names in roles.items() if not self._au_repos(url, jeton)]

    def _au_repos(self, url: str, jeton: str) -> bool:
        try:
            answer = self._session.get(f"{url}/repos", headers={"X-Banc-Jeton": jeton}, timeout=DELAI_REPOS)
            return bool(answer.json().get("au_repos"))
        except (requests.RequestException, AttributeError) as error:
            raise BancError(f"Le poste {url} ne dit pas s'il est au repos ({type(error).__name__}).") from error
