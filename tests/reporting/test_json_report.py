"""The JSON report holds the same facts, without bytes."""

import json

from banc_segur.reporting import json_report
from tests.reporting import factories


def test_everything_is_there_and_bytes_are_counted() -> None:
    document = json.loads(json_report.render(factories.rapport(constats=(factories.constat(),))))
    assert document["format"] == "banc-segur/rapport"
    assert document["constats"][0]["regle"] == "DMP-M08"
    assert document["echanges"][0]["requete"] == {"octets": len(factories.echange().requete)}
    assert document["scenarios"][0]["resultat"] == "reussi"
