"""Events of the scenarios become finished scenarios with their steps."""

import io
import json

from banc_segur.campaign.events import Recueil
from banc_segur.reporting.model import Resultat


def test_gathers_steps_and_result() -> None:
    events = [
        {"type": "debut", "numero": 3, "titre": "T", "fichier": "a.feature", "etiquettes": ["SBX-E2E-01"]},
        {"type": "etape", "texte": "Quand x", "resultat": "reussi", "message": ""},
        {"type": "etape", "texte": "Alors y", "resultat": "echoue", "message": "rien reçu"},
        {"type": "fin", "numero": 3, "titre": "T", "resultat": "echoue", "message": "rien reçu", "role": "PFI"},
    ]
    heard: list[str] = []
    recueil = Recueil(lambda event: heard.append(event["type"]))
    recueil.lire(io.BytesIO("".join(json.dumps(event) + "\n" for event in events).encode()))
    [scenario] = recueil.scenarios
    assert scenario.resultat is Resultat.ECHOUE and scenario.role == "PFI"
    assert [etape.resultat for etape in scenario.etapes] == ["reussi", "echoue"]
    assert heard == ["debut", "etape", "etape", "fin"]
