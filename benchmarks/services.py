"""CPU of the bench process per call of each service: `python -m benchmarks.services [N]`.

The witness's own clients call from this process over real sockets and TLS; journal and state are on disk. Each figure
holds receiving, recording, answering, then understanding the exchange and its rules in line (tier 1); the document
worker (tier 2) is another process, told apart.
"""

from __future__ import annotations

import base64
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from banc_segur.campaign.profil import ROLES
from banc_segur.campaign.site import Site
from banc_segur.formats import er7, mdm
from banc_segur.formats.identite import Identifiant, Ins, Patient, Sejour, Traits
from banc_segur.formats.insi import read_answer
from banc_segur.temoin import envoi
from banc_segur.temoin.config import ConfigTemoin
from banc_segur.temoin.defauts import Defauts
from banc_segur.temoin.depot import ClientDmp, IdentifiantsLot
from banc_segur.temoin.dpi_lettre import Demande, Fabrique
from banc_segur.temoin.ri_insi import AppelInsi
from banc_segur.transport.http_client import ClientHttps
from benchmarks.commun import TRAITS, Mesure, processus, site

SEJOUR = Sejour(
    Identifiant("NDA1", "1.2.250.1.999.1.1.4"), "V1", "I", "20260110080000", fin="20260115100000"
)  # fmt: skip

INSTANCE = "6b1f6b9e-3c43-4c4c-9a44-6f6f3f0f9a11"


class Gonfle(Defauts):
    """No defect: only a PDF with bytes after its end, so that what carries it weighs what the measure wants."""

    def __init__(self, plus: int) -> None:
        super().__init__()
        self._plus = plus
        self.requete = b""

    def passer(self, point: str, valeur: Any) -> Any:
        """Grow the PDF, keep the INSi request, let the rest pass."""
        if point == "dpi.pdf" and self._plus:
            return valeur + b"\n% " + base64.b64encode(os.urandom(self._plus * 3 // 4)) + b"\n"
        if point == "ri.requete":
            self.requete = valeur
        return valeur


def _oid(config: ConfigTemoin) -> str:
    return f"{config.structure.oid_racine}.{int.from_bytes(os.urandom(7), 'big')}"


def lettres(config: ConfigTemoin, patient: Patient, plus: int, nombre: int) -> list[mdm.DocumentMdm]:
    """Different letters of a patient, as the PFI reads them."""
    fabrique = Fabrique(config, Gonfle(plus), lambda: datetime.now(UTC))
    demande = Demande(dmp=True, medecin=True)
    return [mdm.read(er7.read(fabrique.faire(patient, SEJOUR, demande).octets)) for _ in range(nombre)]


def mesurer(titre: str, started: Site, appel: Callable[[int], object], nombre: int) -> None:
    """Print the milliseconds of the bench, and of its document worker, per call; nothing else happens meanwhile."""
    started.client.barriere(120.0)
    found = processus()
    before = {name: measure.cpu() for name, measure in found.items()}
    for rank in range(nombre):
        appel(rank)
    answered = found["banc"].cpu() - before["banc"]
    started.client.barriere(120.0)
    judged = found["banc"].cpu() - before["banc"]
    worker = _ouvrier(found, before)
    print(
        f"{titre:44} bench {judged / nombre:6.2f} cpu-ms (until the last answer {answered / nombre:6.2f}), "
        f"document worker {worker / nombre:6.2f} cpu-ms",
        flush=True,
    )


def _ouvrier(found: dict[str, Mesure], before: dict[str, float]) -> float:
    return found["ouvrier"].cpu() - before["ouvrier"] if "ouvrier" in found else 0.0


def main(nombre: int) -> None:
    """Measure and print."""
    with site() as started:
        client = started.client
        scenario = client.ouvrir_scenario("mesure", "benchmarks", [])
        personne = client.nouveau_patient(scenario)
        traits = Traits(**{name: personne[name] for name in TRAITS})
        ins = Ins(personne["matricule"], personne["oid"])
        patient = Patient(Identifiant("IPP1", "1.2.250.1.999.1.1.3"), traits, "qualifiee", ins)
        config = ConfigTemoin.model_validate(started.config_temoin(ROLES))

        defauts = Gonfle(0)
        AppelInsi(config, defauts, INSTANCE).rechercher(traits)
        paire = config.certificats.insi_auto
        https = ClientHttps(config.certificats.ac, paire.certificat, paire.cle)
        entetes = {"Content-Type": "application/soap+xml; charset=utf-8"}

        def insi(_rank: int) -> None:
            read_answer(https.post(config.liens.insi, defauts.requete, entetes).body)

        mesurer("INSi call, connection kept", started, insi, nombre * 5)
        mesurer(
            "INSi call, new connection",
            started,
            lambda _: AppelInsi(config, Gonfle(0), INSTANCE).rechercher(traits),
            nombre,
        )
        dmp = ClientDmp(config, Gonfle(0))

        def deposer(letters: list[mdm.DocumentMdm]) -> Callable[[int], object]:
            def deposit(rank: int) -> None:
                resultat = dmp.deposer(letters[rank], IdentifiantsLot(_oid(config), _oid(config)))
                if not resultat.ok:
                    sys.exit(f"Dépôt refusé : {resultat.code} {resultat.libelle}")

            return deposit

        deposer(lettres(config, patient, 0, 1))(0)
        client.barriere(60.0)
        for plus, titre in ((0, "the witness's letter"), (210_000, "300 kB")):
            letters = lettres(config, patient, plus, nombre)
            size = len(letters[0].cda) // 1000
            mesurer(f"deposit (TD2.1), {titre}: CDA of {size} kB", started, deposer(letters), nombre)

        for plus, titre in ((0, "the witness's letter"), (75_000, "300 kB")):
            letters = lettres(config, patient, plus, nombre)
            mesurer(f"mail to the GP, {titre}", started, _poster(config, letters), nombre)


def _poster(config: ConfigTemoin, letters: list[mdm.DocumentMdm]) -> Callable[[int], object]:
    def post(rank: int) -> None:
        letter = letters[rank]
        ident, lot = f"<{os.urandom(8).hex()}@mesure>", _oid(config)
        remise = envoi.envoyer(config, Gonfle(0), letter, letter.destinataires[0], ident, lot)
        if not remise.ok:
            sys.exit(f"Courriel refusé : {remise.code} {remise.libelle}")

    return post


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 40)
