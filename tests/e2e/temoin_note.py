"""The real witness process, which writes down every answer it got: the client's own evidence.

`python -m tests.e2e.temoin_note CONFIG.json`; one JSON line per answer in the file `recus.jsonl` of its folder, on disk
before the witness goes on: `canal` (mllp, http, smtp), SHA-256 of what it sent and of what it got. When the file `tuer`
of that folder names one of `POINTS`, it kills itself by SIGKILL there: the answer is known, nothing is noted yet.
"""

from __future__ import annotations

import hashlib
import imaplib
import json
import os
import signal
import smtplib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from banc_segur.temoin.processus import main
from banc_segur.transport.http_client import ClientHttps, ReponseHttp
from banc_segur.transport.mllp import MllpClient

FICHIER = "recus.jsonl"
POINTS = ("MDM", "patients", "repository", "smtp", "ZAM", "FETCH", "STORE")  # last one: noted, not yet marked as read


def empreinte(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def noter(dossier: Path, canal: str, envoye: bytes, recu: bytes, point: str) -> None:
    """Write one line, then die if it is asked."""
    with (dossier / FICHIER).open("a", encoding="utf-8") as file:
        file.write(json.dumps({"canal": canal, "envoye": empreinte(envoye), "recu": empreinte(recu)}) + "\n")
    tuer(dossier, point)


def tuer(dossier: Path, point: str) -> None:
    """Die here and now when the file names this point."""
    ordre = dossier / "tuer"
    if ordre.exists() and ordre.read_text("utf-8") == point:
        ordre.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def ecouter(dossier: Path) -> None:
    """Put the notes in place."""
    envoyer, post, data, uid = MllpClient.envoyer, ClientHttps.post, smtplib.SMTP.data, imaplib.IMAP4.uid

    def par_mllp(self: MllpClient, message: bytes, delai: float) -> bytes:
        answer = envoyer(self, message, delai)
        noter(dossier, "mllp", message, answer, message.split(b"|")[8][:3].decode("ascii"))
        return answer

    def par_http(self: ClientHttps, url: str, body: bytes, headers: Mapping[str, str]) -> ReponseHttp:
        answer = post(self, url, body, headers)
        noter(dossier, "http", body, answer.body, url.rpartition("/")[2])
        return answer

    def par_smtp(self: smtplib.SMTP, message: Any) -> Any:
        code, text = data(self, message)
        noter(dossier, "smtp", message.rstrip(b"\r\n"), b"%d %s" % (code, text), "smtp")
        return code, text

    def par_imap(self: imaplib.IMAP4, command: str, *arguments: Any) -> Any:
        if command == "STORE":
            tuer(dossier, command)
        found = uid(self, command, *arguments)
        if command == "FETCH":
            tuer(dossier, command)
        return found

    imaplib.IMAP4.uid = par_imap  # type: ignore[method-assign]
    MllpClient.envoyer, ClientHttps.post, smtplib.SMTP.data = par_mllp, par_http, par_smtp  # type: ignore[method-assign]


if __name__ == "__main__":
    ecouter(Path(json.loads(Path(sys.argv[1]).read_text("utf-8"))["dossier"]))
    sys.exit(main(sys.argv[1:]))
