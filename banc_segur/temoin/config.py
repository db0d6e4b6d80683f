"""What a witness process is told: its roles, where its links lead, its certificates, its folder.

Written as JSON by the launcher (`campaign`) or by hand for an outside witness: `python -m banc_segur.temoin FILE`.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict


class _Modele(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Certificat(_Modele):
    """PEM files of one certificate and of its private key."""

    certificat: Path
    cle: Path


class Liens(_Modele):
    """Where each link leads, as `hote:port` (MLLP, SMTP, IMAP) or URL; empty when the role is not played."""

    insi: str = ""  # https://hote:port/lps
    dmp: str = ""  # https://hote:port/si-dmp-server/v2/services
    smtp: str = ""
    imap: str = ""
    ri_eai: str = ""
    eai_dpi: str = ""
    eai_pfi: str = ""
    dpi_pfi: str = ""
    pfi_dpi: str = ""


class Certificats(_Modele):
    """ac: PEM bundle to trust. The others: client certificates by usage, issued by `banc_segur.pki`."""

    ac: Path
    insi_auto: Certificat
    dmp_auth: Certificat
    dmp_sign: Certificat
    bal_app: Certificat
    lgc: Certificat


class ReglagesStructure(_Modele):
    """The establishment: Struct_IdNat, name, sector, BAL APP of the PFI, reply BAL, OIDs it may assign under."""

    id_national: str
    nom: str
    secteur: str
    bal_app: str
    bal_reponse: str
    oid_racine: str
    domaine_ipp: str


class ReglagesMedecin(_Modele):
    """A professional of the fixtures."""

    id_national: str
    nom: str
    prenom: str
    profession: str
    savoir_faire: str
    adresse_mss: str = ""


class ConfigTemoin(_Modele):
    """Everything a witness process needs. ecoutes: wanted listening ports by link, 0 = any free port."""

    roles: tuple[str, ...]  # among RI, EAI, DPI, PFI, LGC
    dossier: Path
    hote: str = "127.0.0.1"
    liens: Liens
    certificats: Certificats
    structure: ReglagesStructure
    auteur: ReglagesMedecin
    medecin_traitant: ReglagesMedecin
    idam: str = "BANCTEMOIN01"
    homologation_dmp: str = "BANC-TEMOIN"
    nil: str = "9999"
    ecoutes: dict[str, int] = {}
