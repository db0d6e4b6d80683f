"""`./banc serve`: the connection sheet, a clean stop, the report of the campaign « libre »."""

import json
import socket
from pathlib import Path

from tests.e2e.banc import Service, banc, plage_libre


def test_serves_on_stable_ports_and_reports_at_ctrl_c(tmp_path: Path) -> None:
    first = plage_libre()
    service = Service(tmp_path, "--ports-depuis", str(first), "--sortie", str(tmp_path / "sortie"))
    try:
        sheet = service.until("Ctrl-C")
        assert f":{first + 43}/lps" in sheet and "pfi@ch-segur-test.mssante.fr" in sheet and "ADRUN" in sheet
        told = json.loads((tmp_path / "sortie" / "raccordement.json").read_text("utf-8"))
        assert Path(told["pki"]["ac"]).exists()
        socket.create_connection(("127.0.0.1", first + 4), timeout=5).close()
        occupied = banc(tmp_path / "autre", "serve", "--ports-depuis", str(first))
        assert occupied.returncode == 2, occupied.stdout + occupied.stderr
        assert str(first) in occupied.stderr[:400] or "port" in occupied.stderr
        assert "Traceback" not in occupied.stderr
    finally:
        printed = service.stop()
    assert "Rapport :" in printed and service.process.returncode == 0
    assert "libre" in (tmp_path / "sortie" / "index.html").read_text("utf-8")
