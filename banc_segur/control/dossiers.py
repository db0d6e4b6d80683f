"""Tier 3: the rules of a whole dossier, at the end of each scenario and of the passage.

Outside any scenario (campaign « libre », late exchanges), exchanges that share keys, directly or through others, make
one dossier. A constat goes to the product that wrote the exchange where the wrong value first appears (`Ecart.etape`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from banc_segur.control.juge import analyser_sans_faute, constat_json, lire_brut
from banc_segur.journal.journal import Emission, Journal, JugementRecord, contenu_constat
from banc_segur.rules import catalogue
from banc_segur.rules.cles import Cle, proximite
from banc_segur.rules.model import Analyse, Contexte, Dossier, Etape, Fait, Jugement, Sujet

PERSONNE = Emission("", "")


def construire(journal: Journal, echanges: Sequence[dict[str, Any]]) -> Dossier:
    """The dossier of these judged exchanges, oldest first."""
    etapes = [_etape(journal, echange) for echange in echanges]
    return Dossier(tuple(sorted(etapes, key=lambda etape: (etape.instant, etape.numero))))


def _etape(journal: Journal, echange: dict[str, Any]) -> Etape:
    numero = int(echange["numero"])
    return Etape(
        numero=numero,
        instant=datetime.fromisoformat(echange["debut"]),
        lien=echange["lien"],
        emetteur=echange["de"],
        recepteur=echange["vers"],
        analyse=_analyse(journal, numero),
    )


def _analyse(journal: Journal, numero: int) -> Analyse:
    """The exchange understood again, with the facts of its documents."""
    analyse, _fautes = analyser_sans_faute(lire_brut(journal, numero))
    faits = tuple(
        Fait(fait["donnee"], fait["valeur"], fait["porteur"], fait["ou"])
        for fait in journal.faits("f.echange = ?", (numero,))
    )
    return replace(analyse, faits=faits)


def composantes(echanges: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Exchanges grouped by shared keys, those without key left out; groups and list are ordered by number.

    Nearest group first, the last one among equals; the others join too unless they are of another patient
    (`rules.cles.proximite`). A message that names no patient (a receipt) joins one group only.
    """
    groupes: list[_Groupe] = []
    for echange in sorted(echanges, key=lambda e: int(e["numero"])):
        cles = {(type_, valeur) for type_, valeur in echange["cles"]}
        if not cles:
            continue
        nouveau = _Groupe(set(cles), [echange])
        seul = not any(type_ in ("ipp", "matricule", "document") for type_, _valeur in cles)
        lies = [groupe for groupe in groupes if groupe.cles & cles]
        for groupe in sorted(lies, key=lambda g: (proximite(cles, g.cles), g.dernier), reverse=True):
            if proximite(nouveau.cles, groupe.cles) == (0, 0):
                continue
            groupes.remove(groupe)
            nouveau = _Groupe(nouveau.cles | groupe.cles, [*groupe.membres, *nouveau.membres])
            if seul:
                break
        groupes.append(nouveau)
    found = [sorted(groupe.membres, key=lambda e: int(e["numero"])) for groupe in groupes]
    return sorted(found, key=lambda membres: int(membres[0]["numero"]))


@dataclass(frozen=True, slots=True)
class _Groupe:
    """What is known of a patient outside scenarios: keys and exchanges."""

    cles: set[Cle]
    membres: list[dict[str, Any]]

    @property
    def dernier(self) -> int:
        """The number of its last exchange."""
        return max(int(echange["numero"]) for echange in self.membres)


class Dossiers:
    """Judges dossiers and keeps their constats; judged again, only what is new is added."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def juger_scenario(self, scenario: int, passage: int, personnes: frozenset[tuple[str, str]]) -> None:
        """Judge the dossier of one scenario."""
        echanges = self._journal.echanges(scenario=scenario)
        self._juger(echanges, scenario, passage, personnes)

    def juger_passage(self, passage: int, scenarios: Sequence[int], personnes: frozenset[tuple[str, str]]) -> None:
        """Judge every scenario again (late exchanges), then what belongs to none."""
        for scenario in scenarios:
            self.juger_scenario(scenario, passage, personnes)
        orphans = self._journal.echanges(passage=passage, hors_scenario=True)
        for groupe in composantes(orphans):
            self._juger(groupe, None, passage, personnes)

    def _juger(
        self,
        echanges: list[dict[str, Any]],
        scenario: int | None,
        passage: int,
        personnes: frozenset[tuple[str, str]],
    ) -> None:
        if not echanges:
            return
        contexte = Contexte(instant=datetime.now(UTC), personnes=personnes)
        jugement = catalogue.evaluer(Sujet("dossier", construire(self._journal, echanges)), contexte)
        record = self._record(jugement, echanges)
        self._journal.juger_dossier(self._nouveau(record, scenario, passage), scenario=scenario, passage=passage)

    def _record(self, jugement: Jugement, echanges: list[dict[str, Any]]) -> JugementRecord:
        par_numero = {int(echange["numero"]): echange for echange in echanges}
        constats = []
        for constat in jugement.constats:
            echange = par_numero.get(constat.etape)
            contenu = constat_json(asdict(constat)) | {"dossier": int(echanges[0]["numero"])}
            constats.append((contenu, _emission(echange, constat.cote) if echange else PERSONNE))
        return JugementRecord(
            tuple(constats),
            tuple((regle, PERSONNE) for regle in jugement.evaluees),
            tuple((regle, raison, PERSONNE) for regle, raison in jugement.non_evaluees),
        )

    def _nouveau(self, record: JugementRecord, scenario: int | None, passage: int) -> JugementRecord:
        base = self._journal.base
        lieu = (scenario, passage)
        known = {
            row["contenu"]
            for row in base.etat.rows(
                "SELECT contenu FROM constat WHERE echange IS NULL AND scenario IS ? AND passage IS ?", lieu
            )
        }
        tables = ("evaluee", "non_evaluee")
        regles = {
            table: {
                row["regle"]
                for row in base.etat.rows(
                    f"SELECT regle FROM {table} WHERE echange IS NULL AND scenario IS ? AND passage IS ?",  # noqa: S608
                    lieu,
                )
            }
            for table in tables
        }
        return JugementRecord(
            tuple(pair for pair in record.constats if contenu_constat(pair[0]) not in known),
            tuple(pair for pair in record.evaluees if pair[0] not in regles["evaluee"]),
            tuple(triple for triple in record.non_evaluees if triple[0] not in regles["non_evaluee"]),
        )


def _emission(echange: dict[str, Any], cote: str) -> Emission:
    if cote == "reponse":
        return Emission(echange["recepteur"], echange["vers"])
    return Emission(echange["emetteur"], echange["de"])
