"""Nominal journeys in a row: `python -m benchmarks.parcours [N]`.

Wall milliseconds from the trigger at the RI to the end of the last ZAM (instants of the journal); memory and CPU of
each process at 10 %, 50 % and 100 %, so that growth shows; cost of closing the passage at the end.
"""

from __future__ import annotations

import statistics
import sys
import time
from datetime import UTC, datetime

from banc_segur.control.client import ClientControle
from benchmarks.commun import TRAITS, Mesure, processus, site

DELAI = 60.0


def parcourir(client: ClientControle) -> float:
    """Play one journey, close its scenario; return its milliseconds.

    Raises:
        SystemExit: a rule saw something: the measure would not be that of a nominal journey.
    """
    scenario = client.ouvrir_scenario("mesure", "benchmarks", [])
    personne = client.nouveau_patient(scenario)
    parametres = {name: personne[name] for name in TRAITS} | {"preuve": "CN", "classe": "I"}
    depart = datetime.now(UTC)
    admission = client.declencher(scenario, "RI", "admettre", parametres)
    client.attendre(scenario, lien="eai-dpi", operation="ADT^A01", delai=DELAI)
    client.attendre(scenario, lien="eai-pfi", operation="ADT^A01", delai=DELAI)
    lettre = {"ipp": admission["ipp"], "dmp": True, "destinataire_medecin": True, "destinataire_patient": True}
    client.declencher(scenario, "DPI", "valider_lettre", lettre)
    recus = client.attendre(scenario, lien="pfi-dpi", operation="ZAM^Z01", delai=DELAI)
    recus += client.attendre(scenario, lien="pfi-dpi", operation="ZAM^Z02", nombre=2, delai=DELAI)
    client.declencher(scenario, "LGC", "relever", {})
    client.barriere(DELAI)
    constats = client.fermer_scenario(scenario, "reussi", "")["constats"]
    if any(constat["severite"] != "information" for constat in constats):
        sys.exit(f"Parcours non nominal : {constats[0]['regle']} {constats[0]['ou']}")
    fin = max(datetime.fromisoformat(recu["fin"]) for recu in recus)
    return (fin - depart).total_seconds() * 1000


def main(nombre: int) -> None:
    """Measure and print."""
    with site() as started:
        parcourir(started.client)  # imports, document worker, first connections
        processes = processus()
        steps = {max(1, nombre // 10), max(1, nombre // 2), nombre}
        durees: list[float] = []
        start, before = time.monotonic(), {name: process.cpu() for name, process in processes.items()}
        for rank in range(1, nombre + 1):
            durees.append(parcourir(started.client))
            if rank in steps:
                _etape(rank, durees, processes, before, time.monotonic() - start)
                start, before = time.monotonic(), {name: process.cpu() for name, process in processes.items()}
                durees.clear()
        start, spent = time.monotonic(), processes["banc"].cpu()
        started.client.fermer_campagne()
        used = processes["banc"].cpu() - spent
        print(f"passage closed in {time.monotonic() - start:.1f} s, {used / 1000:.1f} cpu-s of the bench")


def _etape(rank: int, durees: list[float], processes: dict[str, Mesure], before: dict[str, float], wall: float) -> None:
    """One line: the journeys since the last line, and the memory now."""
    count = len(durees)
    memory = {name: process.memoire() for name, process in processes.items()}
    spent = {name: (process.cpu() - before[name]) / count for name, process in processes.items()}
    parts = ", ".join(f"{name} {memory[name]:.0f} MB {spent[name]:.0f} cpu-ms" for name in sorted(memory))
    print(
        f"{rank:5} journeys: median {statistics.median(durees):.0f} ms, max {max(durees):.0f} ms "
        f"(whole cycle {1000 * wall / count:.0f} ms); RSS {sum(memory.values()):.0f} MB: {parts}",
        flush=True,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 100)
