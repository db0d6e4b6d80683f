"""What a bench process is told: one JSON file, written by the launcher or by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from banc_segur import tables
from banc_segur.errors import UsageError

SERVICES = ("insi", "dmp", "mssante")


class ReglagesBanc(BaseModel):
    """Settings of one bench.

    dossier: its folder (journal, state, `pret.json`), made when absent. pki: folder of the certificates, default
    `dossier/pki`. hote: address listened on; noms: host names and addresses that go into the server certificate.
    ports: by service (`controle`, `insi`, `dmp`, `smtp`, `imap`) or relayed link; 0 or absent = any free port.
    monde: content of `fixtures/monde.toml`. services: the simulators to start. relais: MLLP links to listen for,
    default all of `tables/liens.csv`. insi, dmp, mssante: settings of each simulator.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    nom: str = Field(default="banc", min_length=1)
    dossier: Path
    pki: Path | None = None
    hote: str = "127.0.0.1"
    noms: tuple[str, ...] = ()
    ports: dict[str, int] = {}
    monde: dict[str, Any]
    services: tuple[str, ...] = SERVICES
    relais: tuple[str, ...] | None = None
    insi: dict[str, Any] = {}
    dmp: dict[str, Any] = {}
    mssante: dict[str, Any] = {}

    @field_validator("ports")
    @classmethod
    def _ports_possibles(cls, ports: dict[str, int]) -> dict[str, int]:
        known = {"controle", "insi", "dmp", "smtp", "imap", *liens_mllp()}
        for nom, port in ports.items():
            if nom not in known:
                raise ValueError(f"port « {nom} » inconnu ; attendu : {', '.join(sorted(known))}")
            if not 0 <= port < 65536:
                raise ValueError(f"port {port} impossible pour {nom} ; attendu : 0 à 65535")
        return ports

    def port(self, nom: str) -> int:
        """The port wanted for a service or link, 0 for any."""
        return self.ports.get(nom, 0)

    @property
    def dossier_pki(self) -> Path:
        """Where the certificates live."""
        return self.pki or self.dossier / "pki"

    @property
    def liens_relayes(self) -> tuple[str, ...]:
        """The links that a relay listens for."""
        return liens_mllp() if self.relais is None else self.relais


def liens_mllp() -> tuple[str, ...]:
    """The MLLP links of the journey."""
    return tuple(row["lien"] for row in tables.lire("liens") if row["protocole"] == "mllp")


def lire(chemin: Path) -> ReglagesBanc:
    """Read a settings file.

    Raises:
        UsageError: absent, not JSON, unknown or wrong key; one French sentence.
    """
    try:
        return ReglagesBanc.model_validate(json.loads(chemin.read_text("utf-8")))
    except OSError as error:
        raise UsageError(f"{chemin} : réglages illisibles ({error.strerror}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "(réglages)"
        raise UsageError(f"{chemin}, clé « {key} » : {first['msg'].removeprefix('Value error, ')}.") from error
    except ValueError as error:
        raise UsageError(f"{chemin} : ce n'est pas du JSON valide ({error}).") from error
