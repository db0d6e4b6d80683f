"""Small, valid reports; each argument changes one thing."""

from typing import Any

from banc_segur.reporting.model import Constat, Echange, Etape, Produit, Rapport, Resultat, Scenario

PRODUIT = Produit("PFI Exemple", ("PFI",), temoin=False, editeur="Exemple SA", version="4.2")


def constat(**changes: Any) -> Constat:
    values: dict[str, Any] = {
        "regle": "DMP-M08",
        "titre": "uniqueId est un OID",
        "severite": "erreur",
        "refus": True,
        "produit": "PFI Exemple",
        "temoin": False,
        "ou": "XDSDocumentEntry.uniqueId",
        "attendu": "un OID",
        "observe": "abc",
        "source": "dmp.md §7.3",
        "remede": "Donner un OID.",
        "exigences": ("SBX-DMP-03",),
        "cause": ("document", "abc"),
        "echanges": (2,),
    }
    return Constat(**(values | changes))


def echange(**changes: Any) -> Echange:
    values: dict[str, Any] = {
        "numero": 1,
        "scenario": 1,
        "instant": "2026-11-22T10:00:00.000+00:00",
        "lien": "dpi-pfi",
        "de": "DPI",
        "vers": "PFI",
        "operation": "MDM^T02",
        "resume": "Le DPI confie la lettre à la PFI.",
        "reussi": True,
        "requete": b"MSH|^~\\&|DPI\rPID|1\r",
        "reponse": b"MSH|^~\\&|PFI\rMSA|AA|1\r",
    }
    return Echange(**(values | changes))


def scenario(**changes: Any) -> Scenario:
    values: dict[str, Any] = {
        "numero": 1,
        "titre": "La lettre arrive",
        "fichier": "parcours/a.feature",
        "etiquettes": ("SBX-E2E-01", "SBX-DMP-03"),
        "resultat": Resultat.REUSSI,
        "etapes": (Etape("Quand on dépose", "reussi"),),
    }
    return Scenario(**(values | changes))


def rapport(**changes: Any) -> Rapport:
    values: dict[str, Any] = {
        "campagne": "essai",
        "debut": "2026-11-22T10:00:00.000+00:00",
        "fin": "2026-11-22T10:00:05.000+00:00",
        "version": "0.1.0",
        "produits": (PRODUIT,),
        "scenarios": (scenario(),),
        "echanges": (echange(),),
        "constats": (),
        "verdicts": (),
        "conclusion": "Conforme.",
        "tete": "ab" * 32,
    }
    return Rapport(**(values | changes))
