"""What a vendor configures to meet the bench: addresses, certificates, mailboxes, test people; text and JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from banc_segur import tables

ROLES_DES_LIENS = {
    "ri-eai": "le RI envoie ici ses ADT destinés à l'EAI",
    "eai-dpi": "l'EAI envoie ici ses ADT destinés au DPI",
    "eai-pfi": "l'EAI envoie ici ses ADT destinés à la PFI",
    "dpi-pfi": "le DPI envoie ici ses MDM destinés à la PFI",
    "pfi-dpi": "la PFI envoie ici ses ZAM destinés au DPI",
}
USAGES = {
    "insi-auto": "appel de l'INSi par un logiciel (CN=INSI-AUTO)",
    "dmp-auth": "connexion au DMP (ORG_AUTH_CLI)",
    "dmp-sign": "signature du VIHF et du lot (ORG_SIGN, cachet)",
    "bal-app": "BAL applicative MSSanté (ORG_AUTH_CLI)",
    "lgc": "cabinet du médecin traitant",
}


def text(pret: dict[str, Any], monde: dict[str, Any]) -> str:
    """Return the sheet as French text."""
    pki = pret["pki"]
    lines = [
        "RACCORDEMENT AU BANC SÉGUR",
        "",
        "Services",
        f"  INSi (WS_INS2)      {pret['insi']['url']}",
        f"  DMP (API LPS v2)    {pret['dmp']['url']}",
        f"  MSSanté, envoi      {pret['smtp']}   SMTP, STARTTLS, certificat client, AUTH PLAIN (login = BAL)",
        f"  MSSanté, relève     {pret['imap']}   IMAP, STARTTLS, certificat client, login = BAL",
        "",
        "Relais HL7 v2 (MLLP) : envoyez ici, le banc transmet au destinataire et garde la trace",
        *(f"  {lien:<10} {adresse:<22} {ROLES_DES_LIENS[lien]}" for lien, adresse in sorted(pret["relais"].items())),
        "",
        "Certificats",
        f"  autorité à approuver  {pki['ac']}",
        *(
            f"  {usage:<12} {USAGES[usage]}\n      certificat {pki['produits'][usage]['certificat']}\n"
            f"      clé        {pki['produits'][usage]['cle']}"
            for usage in USAGES
        ),
        "",
        "Boîtes aux lettres",
        f"  {monde['structure']['bal_app']}  BAL applicative de l'établissement",
        f"  {monde['structure']['bal_reponse']}  BAL de réponse",
        f"  {monde['medecin_traitant']['adresse_mss']}  médecin traitant",
        f"  <matricule INS>@{monde['domaines']['patients']}  patients",
        "",
        f"Établissement : {monde['structure']['nom']}, Struct_IdNat {monde['structure']['id_national']}",
        "",
        "Personnes de test (publiées) que l'INSi connaît ; avec un matricule : DMP actif, messagerie ouverte",
        *(f"  {person}" for person in _personnes()),
    ]
    return "\n".join(lines) + "\n"


def _personnes() -> list[str]:
    return [
        " · ".join(row[name] for name in ("nom", "prenoms", "sexe", "date_naissance", "matricule") if row.get(name))
        for row in tables.lire("personnes_insi")
    ]


def write(dossier: Path, pret: dict[str, Any], monde: dict[str, Any]) -> Path:
    """Write `raccordement.txt` and `raccordement.json` into the folder; return the text's path."""
    shown = {name: pret[name] for name in ("insi", "dmp", "smtp", "imap", "relais", "pki")}
    (dossier / "raccordement.json").write_text(
        json.dumps({**shown, "monde": monde}, ensure_ascii=False, indent=2), "utf-8"
    )
    path = dossier / "raccordement.txt"
    path.write_text(text(pret, monde), "utf-8")
    return path
