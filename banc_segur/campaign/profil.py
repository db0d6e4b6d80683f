"""Site profiles (TOML): which product plays which role, where it listens, how it is driven.

A role that no product of the profile plays is played by the witness. Every mistake in a profile gives one French
sentence with the file, the key and the remedy (`UsageError`).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from banc_segur import tables
from banc_segur.errors import UsageError

ROLES = ("RI", "EAI", "DPI", "PFI", "LGC")


class _Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProduitDeclare(_Modele):
    """One product under test.

    ecoute: for each link that leads to it, `hote:port` where it listens. declencheur: `personne` when somebody
    acts at its screen (the bench asks), `poste` when it offers the witness's HTTP screen at `poste_url`, opened by
    `poste_jeton`.
    attendus: values that the bench compares with what it emits (`X-MSS-NIL`, `LPS_Nom`, `LPS_Version`).
    """

    nom: str = Field(min_length=1)
    roles: tuple[Literal["RI", "EAI", "DPI", "PFI", "LGC"], ...] = Field(min_length=1)
    editeur: str = ""
    version: str = ""
    ecoute: dict[str, str] = {}
    declencheur: Literal["personne", "poste"] = "personne"
    poste_url: str = ""
    poste_jeton: str = ""
    attendus: dict[str, str] = {}

    @field_validator("ecoute")
    @classmethod
    def _liens_connus(cls, ecoute: dict[str, str]) -> dict[str, str]:
        known = {row["lien"]: row["vers"] for row in tables.lire("liens") if row["protocole"] == "mllp"}
        for lien, adresse in ecoute.items():
            if lien not in known:
                raise ValueError(f"lien inconnu « {lien} » ; liens possibles : {', '.join(sorted(known))}")
            hote, _, port = adresse.rpartition(":")
            if not hote or not port.isdigit() or not 0 < int(port) < 65536:
                raise ValueError(f"« {adresse} » n'est pas une adresse hote:port (exemple : 127.0.0.1:2575)")
        return ecoute

    @model_validator(mode="after")
    def _poste_complet(self) -> ProduitDeclare:
        if self.declencheur == "poste" and not self.poste_url.startswith(("http://127.0.0.1:", "http://localhost:")):
            raise ValueError('poste_url doit être une adresse http://127.0.0.1:PORT quand declencheur = "poste"')
        if self.declencheur == "poste" and not self.poste_jeton:
            raise ValueError('poste_jeton est attendu quand declencheur = "poste" : le jeton que ce poste demande')
        return self


class ReglagesCampagne(_Modele):
    """nom: folder of the report. silence: seconds without an exchange that stand for « plus rien ne part »."""

    nom: str = Field(default="temoin", pattern=r"^[a-z0-9][a-z0-9._-]{0,60}$")
    silence: float = Field(default=3.0, gt=0, le=600)
    delai: float = Field(default=30.0, gt=0, le=3600)


class ReglagesPorts(_Modele):
    """depuis: first port of the stable range. None: the stable default when a product of the user's is there."""

    depuis: int | None = Field(default=None, ge=1024, le=65000)


class Profil(_Modele):
    """One site: campaign settings, ports of the bench, products under test."""

    campagne: ReglagesCampagne = ReglagesCampagne()
    ports: ReglagesPorts = ReglagesPorts()
    produits: tuple[ProduitDeclare, ...] = ()

    @model_validator(mode="after")
    def _un_produit_par_role(self) -> Profil:
        seen: dict[str, str] = {}
        for produit in self.produits:
            for role in produit.roles:
                if role in seen:
                    raise ValueError(f"le rôle {role} est joué par « {seen[role]} » et par « {produit.nom} »")
                seen[role] = produit.nom
        return self

    def roles_temoin(self) -> tuple[str, ...]:
        """The roles that the witness plays."""
        taken = {role for produit in self.produits for role in produit.roles}
        return tuple(role for role in ROLES if role not in taken)

    def destinations(self) -> dict[str, str]:
        """Where the products under test listen, by link."""
        return {lien: adresse for produit in self.produits for lien, adresse in produit.ecoute.items()}

    def liens_non_captes(self) -> frozenset[str]:
        """Links that the bench cannot see: their receiver is a product that does not say where it listens."""
        ours = set(self.roles_temoin())
        seen = self.destinations()
        return frozenset(
            row["lien"]
            for row in tables.lire("liens")
            if row["capte_par"] == "relais" and row["vers"] not in ours and row["lien"] not in seen
        )


def lire(chemin: Path) -> Profil:
    """Read one profile file.

    Raises:
        UsageError: absent, not TOML, unknown or wrong key.
    """
    try:
        content = chemin.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"Profil {chemin} : fichier illisible ({error}) ; donnez le chemin d'un fichier TOML."
        ) from error
    try:
        data = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"Profil {chemin} : ce n'est pas du TOML valide ({error}) ; corrigez cette ligne.") from error
    try:
        return Profil.model_validate(data)
    except ValidationError as error:
        raise UsageError(_phrase(chemin, error)) from error


_MOTIFS = {
    "extra_forbidden": "clé inconnue ; retirez-la ou corrigez son nom",
    "missing": "clé obligatoire absente ; ajoutez-la",
    "literal_error": "valeur hors de la liste permise ({expected})",
    "string_pattern_mismatch": "valeur refusée : lettres minuscules, chiffres, point, tiret, 61 caractères au plus",
    "too_short": "au moins une valeur est attendue",
}


def _phrase(chemin: Path, error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"]) or "(profil)"
    context = first.get("ctx", {})
    if first["type"] == "value_error":
        reason = str(context.get("error", first["msg"]))
    else:
        reason = _MOTIFS.get(first["type"], first["msg"]).format(expected=context.get("expected", ""))
    return f"Profil {chemin}, clé « {key} » : {reason}."
