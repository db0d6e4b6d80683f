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
            if test.analyse.reussi
            and order[test.numero] < order[deposit.numero]
            and _matricules(test) & _matricules(deposit)
        ]
        if not tests:
            yield Ecart(
                "TD0.2", "un test d'existence du DMP, avec sa réponse, avant le dépôt", "aucun", etape=deposit.numero
            )
            return
        last = tests[-1]
        found = [*attributs(last, "existence"), *attributs(last, "statut")]
        if "NF" in found or "terminated" in found:
            expected = "aucun dépôt, puisque le test d'existence dit que le DMP est absent ou fermé"
            yield Ecart("TD2.1", expected, "un dépôt", etape=deposit.numero)
            return


@regle(
    "DOS-12",
    "Le récépissé Z01 demandé dit la réponse du DMP au dépôt",
    genre="dossier",
    source="CI-SIS, volet Transmission de documents CDA R2 en HL7v2 2.1, acquittements métier "
    "(hl7v2.md ZAM-08, ZAM-10)",
    remede="Quand ACK_RECEPTION vaut Y, envoyer un ZAM^Z01 : OBX-5 = Y dès que le DMP accepte le document, N avec le "
    "code du DMP s'il le refuse.",
    exigences=("SBX-TR-03",),
)
def recepisse(dossier: Dossier, _contexte: Contexte) -> Iterable[Ecart]:
    """By document: a Z01 after the accepted deposit; each Z01 tells the last answer of the DMP before it.

    Messages that the PFI refused ask nothing; one receipt is enough for a message sent again under another MSH-10.
    """
    messages = _par_document([m for m in dossier.etapes if _demande(m)])
    deposits = _par_document([d for d in _operations(dossier, "TD2.1") if d.analyse.reussi is not None])
    documents = [document for document in messages if document in deposits]
    if not documents:
        raise NonEvaluable("Aucune réponse du DMP à un dépôt avec récépissé demandé dans ce dossier.")
    order = {etape.numero: rank for rank, etape in enumerate(dossier.etapes)}
    for document in documents:
        names = {name for message in messages[document] for name in _cles(message, "MSH-10")}
        receipts = [z for z in _operations(dossier, "ZAM^Z01") if _cles(z, "MSH-10") & names]
        yield from _recepisses(deposits[document], receipts, order)


def _demande(etape: Etape) -> bool:
    return etape.analyse.reussi is not False and "ACK_RECEPTION" in attributs(etape, "indicateur")


def _par_document(etapes: list[Etape]) -> dict[str, list[Etape]]:
    found: dict[str, list[Etape]] = {}
    for etape in etapes:
        for document in _cles(etape, "document"):
            found.setdefault(document, []).append(etape)
    return found


def _recepisses(deposits: list[Etape], receipts: list[Etape], order: dict[int, int]) -> Iterable[Ecart]:
    accepted = next((d for d in deposits if d.analyse.reussi), None)
    if accepted and not any(order[z.numero] > order[accepted.numero] for z in receipts):
        yield Ecart("ZAM^Z01", "un récépissé Z01 positif", "aucun récépissé", etape=accepted.numero)
    for receipt in receipts:
        before = [d.analyse.reussi for d in deposits if order[d.numero] < order[receipt.numero]]
        positive = "Y" in attributs(receipt, "recepisse")
        if before and before[-1] and not positive:
            yield Ecart("OBX-5", "Y, puisque le DMP a accepté le dépôt", "N", etape=receipt.numero)
        if before and not any(before) and positive:
            yield Ecart("OBX-5", "N, puisque le DMP a refusé le dépôt", "Y", etape=receipt.numero)
