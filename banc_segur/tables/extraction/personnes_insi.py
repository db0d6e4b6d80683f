"""Make the INSi tables from the corpus: `python -m banc_segur.tables.extraction.personnes_insi`.

Input: `$BANC_CORPUS/insi/test-identities.csv` (calls of the CNDA plan and their answers) and `faults.csv`.
Output: `personnes_insi.csv` (one row per published test person) and `insi_fautes.csv` (faults, own ones included).
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from banc_segur.errors import UsageError

OID_NIR = "1.2.250.1.213.1.4.8"
OID_TEST = "1.2.250.1.213.1.4.10"
# Variants of a person who is already there, answered only by injection in the CNDA plan.
VARIANTES = frozenset({"ECETINSI_kit", "ECETINSI_NIA"})
PERSONNES = (
    "cas",
    "reponse",
    "nom",
    "prenoms",
    "sexe",
    "date_naissance",
    "lieu_naissance",
    "matricule",
    "oid",
    "histo",
)
# Published by ANS (HL7 v2 and CDA examples; `insi.md` §9), not by the CNDA plan.
AJOUTS = (("PAT_TROIS", "00", "PAT-TROIS", "DOMINIQUE", "F", "1979-03-28", "51215", "279035121518989", OID_TEST, ""),)

MOTIF_10 = "La requête n'est pas conforme au format attendu par le service."  # hypothèse: text not captured
FAUTES = ("code", "sous_code", "classe", "severite", "message", "motif", "origine")
# Our own codes, outside the real ranges: triggers whose real code is unknown (`insi.md` §6, hypothèse).
FAUTES_BANC = (
    ("banc_01", "Le message reçu n'est pas une enveloppe SOAP 1.2 lisible."),
    ("banc_02", "L'action demandée est absente, inconnue ou différente du corps du message."),
    ("banc_03", "Le contexte BAM est absent ou invalide."),
    ("banc_04", "Le contexte LPS est absent ou invalide."),
    ("banc_05", "Le champ prénom est obligatoire"),
    ("banc_06", "Le format du champ date de naissance est incorrect"),
    ("banc_07", "Le format du champ lieu de naissance est incorrect"),
    ("banc_08", "Le corps de la requête n'est pas conforme au schéma INSiRecSans."),
    ("banc_09", "L'opération demandée n'est pas prise en charge par le banc."),
)
HISTO = re.compile(r"(\w{13})/(\d\d)(?:.*?DateDeb (\S+) DateFin (\S+))?")


def historique(cell: str) -> str:
    """`NUM/CLE OID .8 DateDeb D DateFin D ; …` -> `MATRICULE|OID|D|D` joined by spaces."""
    entries = []
    for part in cell.split(" ; "):
        match = HISTO.match(part)
        if match:
            entries.append(f"{match[1]}{match[2]}|{OID_NIR}|{match[3] or ''}|{match[4] or ''}")
    return " ".join(entries)


def personnes(calls: Iterable[Mapping[str, str]]) -> list[tuple[str, ...]]:
    """Turn the calls of the plan into people: answers 00, and the unnamed homonym that an answer 02 proves."""
    people: list[tuple[str, ...]] = []
    for call in calls:
        if call["case"] in VARIANTES or call["CodeCR"] not in ("00", "02"):
            continue
        listed = call["TIQ_ListePrenom"]
        prenoms = call["Prenom_sent"] if not listed or listed.startswith("(absent") else listed
        matricule = call["NumIdentifiant"] + call["Cle"]
        row = (call["case"], call["CodeCR"], call["NomNaissance"], prenoms, call["Sexe"], call["DateNaissance"])
        people.append((*row, call["TIQ_LieuNaissance"], matricule, call["OID"], historique(call["INSHISTO"])))
    return sorted([*people, *AJOUTS])


def fautes(rows: Iterable[Mapping[str, str]]) -> list[tuple[str, ...]]:
    """The published faults, then ours (Sender, siram_10)."""
    known = [
        (
            row["erreur_code"],
            row["subcode"],
            row["fault_code"],
            row["severite"],
            row["erreur_text"],
            MOTIF_10 if row["reason_text"].startswith("(") else row["reason_text"],
            "service",
        )
        for row in rows
    ]
    ours = [(code, "siram_10", "Sender", "erreur", message, MOTIF_10, "banc") for code, message in FAUTES_BANC]
    return sorted([*known, *ours])


def lire_source(path: Path) -> list[dict[str, str]]:
    """Rows of one source file.

    Raises:
        UsageError: the file is absent.
    """
    if not path.is_file():
        raise UsageError(f"{path} est absent : indiquez le corpus par la variable BANC_CORPUS.")
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def ecrire(path: Path, source: str, head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Write one table."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"# source: {source}\n")
        writer = csv.writer(stream, delimiter=";", lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)


def main() -> int:
    """Convert both tables beside this package."""
    corpus = Path(os.environ.get("BANC_CORPUS", "../shared/data")) / "insi"
    target = Path(__file__).resolve().parents[1]
    people = personnes(lire_source(corpus / "test-identities.csv"))
    ecrire(
        target / "personnes_insi.csv",
        "cahier de tests CNDA, exemples GIE SESAM-Vitale; version: 2025",
        PERSONNES,
        people,
    )
    errors = fautes(lire_source(corpus / "faults.csv"))
    ecrire(target / "insi_fautes.csv", "fautes INSi publiées et captées, codes banc_xx; version: 2025", FAUTES, errors)
    sys.stdout.write(f"personnes_insi: {len(people)} lignes\ninsi_fautes: {len(errors)} lignes\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
