"""The page: self-contained, escaped, complete; and seen in a real browser."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from banc_segur.reporting import html, writer
from banc_segur.reporting.model import Decision, Refus, Verdict
from tests.reporting import factories

XSS = "<script>alert(1)</script>"


def full() -> str:
    return html.render(
        factories.rapport(
            constats=(factories.constat(observe=XSS),),
            echanges=(
                factories.echange(requete=XSS.encode()),
                factories.echange(numero=2, scenario=None, reponse=None),
            ),
            verdicts=(Verdict("SBX-DMP-03", "métadonnées", "PFI Exemple", Decision.NON_CONFORME, "DMP-M08"),),
            refus=(Refus("2026-11-22T10:00:01.000+00:00", "pfi-dmp", "certificat expiré", ""),),
            non_evaluees=(("CDA-X", "pas de schéma"),),
            alertes=("À savoir",),
        )
    )


def test_tells_constat_with_where_expected_observed_source_and_what_to_do() -> None:
    page = full()
    for part in (
        "XDSDocumentEntry.uniqueId",
        "un OID",
        "dmp.md §7.3",
        "Donner un OID.",
        "non conforme",
        "certificat expiré",
    ):
        assert part in page


def test_nothing_is_loaded_from_outside_and_nothing_captured_is_obeyed() -> None:
    page = full()
    assert "<script" not in page
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", page)
    assert "@import" not in page and "url(http" not in page


def test_every_anchor_leads_somewhere() -> None:
    page = full()
    targets = set(re.findall(r'id="([^"]+)"', page))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links <= targets | {"p"}


def test_files_are_written_beside_the_page(tmp_path: Path) -> None:
    page = writer.write(factories.rapport(), tmp_path)
    assert page.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert (tmp_path / "rapport.json").exists() and (tmp_path / "junit.xml").exists()
    assert (tmp_path / "echanges" / "1-requete.bin").read_bytes() == factories.echange().requete


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium absent : apt-get install chromium")
def test_a_real_browser_shows_it(tmp_path: Path) -> None:
    page = tmp_path / "index.html"
    page.write_text(full(), "utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    shown = subprocess.run(
        ["chromium", *flags.split(), "--dump-dom", f"--user-data-dir={tmp_path / 'profil'}", page.as_uri()],
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout.decode()
    assert "Constats, une ligne par cause" in shown and "<svg" in shown
