"""DOS-11, DOS-12: a deposit is preceded by TD0.2 and followed by the receipt that was asked."""

from __future__ import annotations

from collections.abc import Iterable

from banc_segur.rules.catalogue import regle
from banc_segur.rules.dossier.lecture import attributs
from banc_segur.rules.model import Contexte, Dossier, Ecart, Etape, NonEvaluable


def _operations(dossier: Dossier, operation: str) -> list[Etape]:
    return [etape for etape in dossier.etapes if etape.analyse.operation == operation]


def _matricules(etape: Etape) -> set[str]:
    return {f.valeur for f in etape.analyse.faits if f.donnee == "matricule" and f.porteur in ("TD0.2", "XDS")}


def _cles(etape: Etape, nom: str) -> set[str]:
    return {value for name, value in etape.analyse.cles if name == nom}


@regle(
    "DOS-11",
    "Un dépôt au DMP suit un test d'existence favorable",
    genre="dossier",
    source="Guide d'intégration DMP, enchaînement des transactions (dmp.md B01)",
    remede="Appeler TD0.2 pour ce patient avant le premier dépôt ; ne pas déposer si le DMP est absent ou fermé.",
)
def existence_avant(dossier: Dossier, _contexte: Contexte) -> Iterable[Ecart]:
    """The last answered TD0.2 of the same patient before each TD2.1 says an open DMP."""
    deposits = _operations(dossier, "TD2.1")
    if not deposits:
        raise NonEvaluable("Aucun dépôt au DMP dans ce dossier.")
    order = {etape.numero: rank for rank, etape in enumerate(dossier.etapes)}
    for deposit in deposits:
        tests = [
            test
            for test in _operations(dossier, "TD0.2")
            if order[test.numero] < order[deposit.numero] and _matricules(test) & _matricules(deposit)
        ]
        if not tests:
            yield Ecart("TD0.2", "un test d'existence du DMP avant le dépôt", "aucun", etape=deposit.numero)
            return
        last = tests[-1]
        found = [*attributs(last, "existence"), *attributs(last, "statut")]
        if "NF" in found or "terminated" in found:
            expected = "aucun dépôt, puisque le test d'existence dit que le DMP est absent ou fermé"
            yield Ecart("TD2.1", expected, "un dépôt", etape=deposit.numero)
            return


@regle(
    "DOS-12",
    "Un dépôt accepté donne le récépissé Z01 positif demandé",
    genre="dossier",
    source="CI-SIS, volet Transmission de documents CDA R2 en HL7v2 2.1, acquittements métier "
    "(hl7v2.md ZAM-08, ZAM-10)",
    remede="Envoyer un ZAM^Z01 (OBX-5 = Y) dès que le DMP accepte un document dont ACK_RECEPTION vaut Y.",
    exigences=("SBX-TR-03",),
)
def recepisse(dossier: Dossier, _contexte: Contexte) -> Iterable[Ecart]:
    """Each document message that asks for a receipt and whose document the DMP accepted has its Z01."""
    asked = [etape for etape in dossier.etapes if "ACK_RECEPTION" in attributs(etape, "indicateur")]
    accepted = [etape for etape in _operations(dossier, "TD2.1") if etape.analyse.reussi]
    pairs = [(m, d) for m in asked for d in accepted if _cles(m, "document") & _cles(d, "document")]
    if not pairs:
        raise NonEvaluable("Aucun dépôt accepté avec récépissé demandé dans ce dossier.")
    for message, deposit in pairs:
        receipts = [z for z in _operations(dossier, "ZAM^Z01") if _cles(z, "MSH-10") & _cles(message, "MSH-10")]
        if not receipts:
            yield Ecart("ZAM^Z01", "un récépissé Z01 positif", "aucun récépissé", etape=deposit.numero)
        for receipt in receipts:
            if "Y" not in attributs(receipt, "recepisse"):
                yield Ecart("OBX-5", "Y, puisque le DMP a accepté le dépôt", "N", etape=receipt.numero)
