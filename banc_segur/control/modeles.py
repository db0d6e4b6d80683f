"""The structured arguments of the control API."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ProduitCampagne(BaseModel):
    """One product of a campaign (see `client.ouvrir_campagne`)."""

    model_config = ConfigDict(extra="forbid")

    nom: str = Field(min_length=1)
    roles: list[Literal["RI", "EAI", "DPI", "PFI", "LGC"]]
    temoin: bool
    declencheur: Literal["poste", "personne"] = "personne"
    editeur: str = ""
    version: str = ""
    attendus: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _poste_du_temoin(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("temoin"):
            return {"declencheur": "poste"} | data
        return data
