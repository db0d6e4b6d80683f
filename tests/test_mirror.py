"""One test file per module: `tests/<room>/test_<module>.py`. What is not so is listed here, and the list only shrinks.

A module that only declares shapes, or one piece of a family that is judged as a whole (rules, defects, a simulator on
its wire), is tested by the file named beside it. A new module comes with its own test file.
"""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

RACINE = Path(__file__).resolve().parents[1]
PRODUIT = ("banc_segur", "simulators", "steps")

# Modules without a file of their name -> the file that tests them. `*` stands for one folder's modules.
AILLEURS = {
    "banc_segur/campaign/asking.py": "tests/e2e/test_outside.py",
    "banc_segur/campaign/connection_sheet.py": "tests/e2e/test_serve.py",
    "banc_segur/campaign/gather.py": "tests/e2e/test_run.py",
    "banc_segur/campaign/home.py": "tests/e2e/test_run.py",
    "banc_segur/campaign/processes.py": "tests/e2e/test_run.py",
    "banc_segur/campaign/run.py": "tests/e2e/test_run.py",
    "banc_segur/campaign/site.py": "tests/e2e/test_outside.py",
    "banc_segur/cli/repondre.py": "tests/e2e/test_outside.py",
    "banc_segur/cli/run.py": "tests/e2e/test_run.py",
    "banc_segur/cli/console.py": "tests/e2e/test_run.py",
    "banc_segur/cli/serve.py": "tests/e2e/test_serve.py",
    "banc_segur/cli/*.py": "tests/e2e/test_run.py",
    "banc_segur/control/__main__.py": "tests/test_traces.py",
    "banc_segur/control/ouvrier.py": "tests/control/test_documents.py",
    "banc_segur/control/trames.py": "tests/control/test_documents.py",
    "banc_segur/control/*.py": "tests/control/test_bench_process.py",
    "banc_segur/errors.py": "tests/campaign/test_profil.py",
    "banc_segur/formats/cda.py": "tests/formats/test_cda_write.py",
    "banc_segur/formats/courriel_lu.py": "tests/formats/test_courriel.py",
    "banc_segur/formats/d[en]*.py": "tests/formats/test_certificat.py",
    "banc_segur/formats/dsn.py": "tests/formats/test_courriel.py",
    "banc_segur/formats/enveloppe.py": "tests/rules/test_mss.py",
    "banc_segur/formats/errors.py": "tests/formats/test_xml.py",
    "banc_segur/formats/hl7_segments.py": "tests/formats/test_adt.py",
    "banc_segur/formats/http.py": "tests/transport/test_https.py",
    "banc_segur/formats/identite.py": "tests/formats/test_adt.py",
    "banc_segur/formats/ins.py": "tests/rules/test_insi.py",
    "banc_segur/formats/insi/*.py": "tests/formats/test_insi.py",
    "banc_segur/formats/pdfa.py": "tests/formats/test_pdf.py",
    "banc_segur/formats/registry_response.py": "tests/formats/test_xds.py",
    "banc_segur/formats/requete_stockee.py": "tests/formats/test_xds.py",
    "banc_segur/formats/soap.py": "tests/simulators/test_insi.py",
    "banc_segur/formats/xdm_pages.py": "tests/formats/test_xdm.py",
    "banc_segur/formats/xds_*.py": "tests/formats/test_xds.py",
    "banc_segur/journal/*.py": "tests/journal/test_journal.py",
    "banc_segur/pki/certificats.py": "tests/pki/test_pki.py",
    "banc_segur/reporting/model.py": "tests/reporting/test_html.py",
    "banc_segur/reporting/writer.py": "tests/e2e/test_run.py",
    "banc_segur/rules/*.py": "tests/rules/dossier/test_dossier.py",
    "banc_segur/rules/cda/*.py": "tests/rules/cda/test_cda.py",
    "banc_segur/rules/dmp/*.py": "tests/rules/test_dmp.py",
    "banc_segur/rules/dossier/*.py": "tests/rules/dossier/test_dossier.py",
    "banc_segur/rules/hl7/*.py": "tests/rules/hl7/test_hl7.py",
    "banc_segur/rules/insi/*.py": "tests/rules/test_insi.py",
    "banc_segur/rules/mss/*.py": "tests/rules/test_mss.py",
    "banc_segur/rules/vihf/*.py": "tests/rules/test_vihf.py",
    "banc_segur/state/base.py": "tests/state/test_personnes.py",
    "banc_segur/state/*.py": "tests/state/test_personnes.py",
    "banc_segur/tables/extraction/cda_jdv.py": "tests/tables/test_cda_jdv.py",
    "banc_segur/tables/extraction/exigences.py": "tests/tables/test_exigences.py",
    "banc_segur/tables/extraction/format_cda.py": "tests/formats/test_xds_derive.py",
    "banc_segur/tables/extraction/hl7v2.py": "tests/rules/hl7/test_hl7.py",
    "banc_segur/tables/extraction/jdv.py": "tests/tables/test_jdv.py",
    "banc_segur/tables/extraction/personnes_insi.py": "tests/tables/test_personnes_insi.py",
    "banc_segur/temoin/defauts/*.py": "tests/temoin/test_defauts_cda.py",
    "banc_segur/temoin/dpi_*.py": "tests/temoin/test_dpi.py",
    "banc_segur/temoin/lgc.py": "tests/temoin/test_pfi_services.py",
    "banc_segur/temoin/pfi_*.py": "tests/temoin/test_pfi.py",
    "banc_segur/temoin/ri_*.py": "tests/temoin/test_ri.py",
    "banc_segur/temoin/*.py": "tests/temoin/test_processus.py",
    "banc_segur/transport/relais.py": "tests/transport/test_mllp.py",
    "banc_segur/transport/*.py": "tests/transport/test_https.py",
    "simulators/dmp/*.py": "tests/simulators/test_dmp.py",
    "simulators/insi/*.py": "tests/simulators/test_insi.py",
    "simulators/mssante/*.py": "tests/simulators/test_mssante.py",
    "steps/*.py": "tests/e2e/test_run.py",
}
PLAFOND = 166  # modules tested elsewhere; lower it with each test file added, never raise it


def _modules() -> list[str]:
    found = (path for room in PRODUIT for path in (RACINE / room).rglob("*.py") if path.name != "__init__.py")
    return sorted(str(path.relative_to(RACINE)) for path in found)


def _le_sien(module: str) -> str:
    """Where the test file of a module is expected: `banc_segur/x/y.py` -> `tests/x/test_y.py`."""
    path = Path(module)
    folders = path.parts[1:-1] if path.parts[0] == "banc_segur" else path.parts[:-1]
    return str(Path("tests", *folders, f"test_{path.name}"))


def _meme_dossier(module: str, motif: str) -> bool:
    return Path(module).parent == Path(motif).parent and fnmatch(module, motif)


def _sans_le_sien() -> list[str]:
    return [module for module in _modules() if not (RACINE / _le_sien(module)).exists()]


def test_every_module_is_tested_somewhere() -> None:
    lost = [module for module in _sans_le_sien() if not any(_meme_dossier(module, motif) for motif in AILLEURS)]
    assert not lost, "\n".join(f"{module}: write {_le_sien(module)}" for module in lost)


def test_the_list_names_files_that_exist_and_modules_that_need_it() -> None:
    absent = sorted({path for path in AILLEURS.values() if not (RACINE / path).is_file()})
    assert not absent
    needy = _sans_le_sien()
    stale = [motif for motif in AILLEURS if not any(_meme_dossier(module, motif) for module in needy)]
    assert not stale, f"no module needs these lines any more: {stale}"


def test_the_list_only_shrinks() -> None:
    found = len(_sans_le_sien())
    assert found <= PLAFOND, f"{found} modules have no test file of their own; a new module comes with its own"
    assert found == PLAFOND, f"set PLAFOND to {found}"
