"""What a failed wait says."""

from __future__ import annotations

from typing import Any

from banc_segur.control.attribution import Emetteurs
from banc_segur.control.explication import consigne_de, expliquer, mouvement
from banc_segur.journal.attente import Filtre

PRODUITS = [{"nom": "PFI+", "roles": ["PFI"]}]


def vu(numero: int, lien: str, operation: str, **plus: Any) -> dict[str, Any]:
    base = {"reussi": True, "cles": [], "attributs": [], "scenario": 1, "resume": f"Message {operation}"}
    return {"numero": numero, "lien": lien, "operation": operation} | base | plus


def dire(filtre: Filtre, *vus: dict[str, Any], refus: tuple[dict[str, Any], ...] = (), nombre: int = 1) -> str:
    return expliquer(filtre, nombre, 5, vus, refus, Emetteurs(PRODUITS))


def test_nearest_first_with_the_fields_that_differ() -> None:
    said = dire(
        Filtre(1, "pfi-dmp", "TD2.1", True),
        vu(1, "pfi-dmp", "TD0.2"),
        vu(2, "pfi-dmp", "TD2.1", reussi=False),
        vu(3, "ri-eai", "ADT^A31"),
    )
    assert said.index("n° 2") < said.index("n° 1 ") and "n° 3" not in said
    assert "issue : attendu accepté, trouvé refusé" in said and "opération : attendu TD2.1, trouvé TD0.2" in said


def test_silence_names_who_should_have_sent_and_refused_connections() -> None:
    refus = ({"lien": "pfi-dmp", "cause": "certificat expiré", "sujet": "CN=DMP-AUTH"},)
    said = dire(Filtre(1, "pfi-dmp", "TD2.1"), vu(3, "ri-eai", "ADT^A31"), refus=refus)
    assert "PFI (PFI+)" in said and "certificat expiré, certificat « CN=DMP-AUTH »" in said
    assert said.endswith("Dernier échange vu : n° 3 (ri-eai, « Message ADT^A31 »).")


def test_too_few_and_attached_elsewhere() -> None:
    said = dire(
        Filtre(1, "pfi-dpi", "ZAM^Z02"),
        vu(1, "pfi-dpi", "ZAM^Z02"),
        vu(2, "pfi-dpi", "ZAM^Z02", scenario=None, cles=[["MSH-10", "42"]]),
        nombre=2,
    )
    assert "2 × ZAM^Z02" in said and "Reçu : 1 sur 2 (n° 1)" in said
    assert "hors scénario" in said and "MSH-10 = 42" in said


def test_nothing_at_all() -> None:
    assert dire(Filtre(1)).endswith("Aucun échange depuis le début du scénario.")


def test_what_a_person_is_asked_to_do() -> None:
    assert consigne_de("relever", {"boite": "a@b", "vide": ""}) == "Relevez la messagerie. boite : a@b. Fait ?"
    assert consigne_de("faire_autre_chose", {}) == "Faites l'action « faire autre chose ». Fait ?"


def test_why_calm_did_not_come_back() -> None:
    assert "RI, EAI" in mouvement(5, ["RI, EAI"], 0, 3) and "silence" not in mouvement(5, [], 2, 3)
    assert "silence voulu : 3 s" in mouvement(5, [], 0, 3)
