"""The tables of the journal, and the canonical text of each chained record.

Chained records never change; what the judge derives (operation, summary, keys, attribution) lives beside them, may
be computed again, and is not chained except the constats themselves.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping

SCHEMA = """
CREATE TABLE IF NOT EXISTS registre (
    rang INTEGER PRIMARY KEY, genre TEXT NOT NULL, numero INTEGER NOT NULL, chaine TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS corps (sha256 TEXT PRIMARY KEY, octets BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS connexion (
    numero INTEGER PRIMARY KEY, lien TEXT NOT NULL, protocole TEXT NOT NULL, debut TEXT NOT NULL, fin TEXT,
    adresse TEXT NOT NULL, port INTEGER NOT NULL, version TEXT NOT NULL, suite TEXT NOT NULL,
    certificat TEXT, client_hello TEXT, cause TEXT
);
CREATE TABLE IF NOT EXISTS echange (
    numero INTEGER PRIMARY KEY, connexion INTEGER NOT NULL, lien TEXT NOT NULL, protocole TEXT NOT NULL,
    debut TEXT NOT NULL, fin TEXT NOT NULL, etat TEXT NOT NULL, requete TEXT NOT NULL, reponse TEXT,
    meta TEXT NOT NULL, masque INTEGER NOT NULL,
    passage INTEGER, scenario INTEGER, juge INTEGER NOT NULL DEFAULT 0, operation TEXT NOT NULL DEFAULT '',
    resume TEXT NOT NULL DEFAULT '', reussi INTEGER, attributs TEXT NOT NULL DEFAULT '[]',
    de TEXT NOT NULL DEFAULT '', vers TEXT NOT NULL DEFAULT '',
    emetteur TEXT NOT NULL DEFAULT '', recepteur TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS echange_a_juger ON echange (numero) WHERE juge = 0;
CREATE INDEX IF NOT EXISTS echange_scenario ON echange (scenario);
CREATE TABLE IF NOT EXISTS cle (echange INTEGER NOT NULL, type TEXT NOT NULL, valeur TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS cle_valeur ON cle (type, valeur);
CREATE INDEX IF NOT EXISTS cle_echange ON cle (echange);
CREATE TABLE IF NOT EXISTS fait (
    echange INTEGER NOT NULL, donnee TEXT NOT NULL, valeur TEXT NOT NULL, porteur TEXT NOT NULL, ou TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS fait_echange ON fait (echange);
CREATE TABLE IF NOT EXISTS constat (
    numero INTEGER PRIMARY KEY, echange INTEGER, scenario INTEGER, passage INTEGER,
    contenu TEXT NOT NULL, produit TEXT NOT NULL, role TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS constat_echange ON constat (echange);
CREATE TABLE IF NOT EXISTS evaluee (
    echange INTEGER, scenario INTEGER, passage INTEGER, regle TEXT NOT NULL, produit TEXT NOT NULL, role TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS evaluee_echange ON evaluee (echange);
CREATE TABLE IF NOT EXISTS non_evaluee (
    echange INTEGER, scenario INTEGER, passage INTEGER,
    regle TEXT NOT NULL, raison TEXT NOT NULL, produit TEXT NOT NULL, role TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS non_evaluee_echange ON non_evaluee (echange);
CREATE INDEX IF NOT EXISTS constat_scenario ON constat (scenario, passage) WHERE echange IS NULL;
CREATE INDEX IF NOT EXISTS evaluee_scenario ON evaluee (scenario, passage) WHERE echange IS NULL;
CREATE INDEX IF NOT EXISTS non_evaluee_scenario ON non_evaluee (scenario, passage) WHERE echange IS NULL;
CREATE TABLE IF NOT EXISTS campagne (numero INTEGER PRIMARY KEY, nom TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS passage (
    numero INTEGER PRIMARY KEY, campagne INTEGER NOT NULL, debut TEXT NOT NULL, fin TEXT,
    produits TEXT NOT NULL, personnes TEXT NOT NULL, silence REAL NOT NULL, marque_connexion INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS scenario (
    numero INTEGER PRIMARY KEY, passage INTEGER NOT NULL, titre TEXT NOT NULL, fichier TEXT NOT NULL,
    etiquettes TEXT NOT NULL, debut TEXT NOT NULL, marque INTEGER NOT NULL, marque_connexion INTEGER NOT NULL,
    fin TEXT, marque_fin INTEGER, resultat TEXT NOT NULL DEFAULT '', message TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS cle_scenario (
    scenario INTEGER NOT NULL, type TEXT NOT NULL, valeur TEXT NOT NULL, PRIMARY KEY (type, valeur, scenario)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cle_scenario_scenario ON cle_scenario (scenario);
CREATE TABLE IF NOT EXISTS question (
    numero INTEGER PRIMARY KEY, scenario INTEGER, role TEXT NOT NULL, produit TEXT NOT NULL, consigne TEXT NOT NULL,
    parametres TEXT NOT NULL, posee TEXT NOT NULL, reponse TEXT NOT NULL DEFAULT '',
    commentaire TEXT NOT NULL DEFAULT '', fichier TEXT NOT NULL DEFAULT '', contenu TEXT, repondue TEXT
);
CREATE TABLE IF NOT EXISTS document_juge (
    sha256 TEXT NOT NULL, genre TEXT NOT NULL, version TEXT NOT NULL, resultat TEXT NOT NULL,
    PRIMARY KEY (sha256, genre, version)
) WITHOUT ROWID;
"""

# genre of record -> (table, columns that are chained)
CHAINES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "connexion": (
        "connexion",
        (
            "numero",
            "lien",
            "protocole",
            "debut",
            "adresse",
            "port",
            "version",
            "suite",
            "certificat",
            "client_hello",
            "cause",
        ),
    ),
    "fin_connexion": ("connexion", ("numero", "fin")),
    "echange": (
        "echange",
        ("numero", "connexion", "lien", "protocole", "debut", "fin", "etat", "requete", "reponse", "meta", "masque"),
    ),
    "constat": ("constat", ("numero", "echange", "contenu", "produit", "role")),
    "passage": ("passage", ("numero", "campagne", "debut", "produits", "personnes")),
    "scenario": ("scenario", ("numero", "passage", "titre", "fichier", "etiquettes", "debut", "marque")),
    "fin_scenario": ("scenario", ("numero", "fin", "marque_fin", "resultat", "message")),
    "reponse": ("question", ("numero", "consigne", "reponse", "commentaire", "fichier", "contenu", "repondue")),
}

ORIGINE = hashlib.sha256(b"Banc Segur, journal 1").hexdigest()


def maillon(precedent: str, genre: str, row: sqlite3.Row | Mapping[str, object]) -> str:
    """Return the next value of the chain: SHA-256 of the previous one, a line feed, and the record's canonical JSON."""
    record = {column: row[column] for column in CHAINES[genre][1]}
    texte = json.dumps([genre, record], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{precedent}\n{texte}".encode()).hexdigest()
