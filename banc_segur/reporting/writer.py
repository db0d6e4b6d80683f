"""Write every form of a report into the campaign's folder; whole bytes of exchanges go beside the page."""

from __future__ import annotations

from pathlib import Path

from banc_segur.reporting import html, json_report, junit
from banc_segur.reporting.model import Rapport


def write(rapport: Rapport, dossier: Path) -> Path:
    """Write `index.html`, `rapport.json`, `junit.xml` and `echanges/*.bin`; return the path of the page."""
    exchanges = dossier / "echanges"
    exchanges.mkdir(parents=True, exist_ok=True)
    for echange in rapport.echanges:
        (exchanges / f"{echange.numero}-requete.bin").write_bytes(echange.requete)
        if echange.reponse is not None:
            (exchanges / f"{echange.numero}-reponse.bin").write_bytes(echange.reponse)
    (dossier / "rapport.json").write_text(json_report.render(rapport), "utf-8")
    (dossier / "junit.xml").write_bytes(junit.render(rapport))
    page = dossier / "index.html"
    page.write_text(html.render(rapport), "utf-8")
    return page
