"""Tier-2 documents: sent to the worker process, one at a time, with a deadline; cached by content and rules."""

from __future__ import annotations

import hashlib
import json
import selectors
import subprocess
import sys
import threading
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, Any

from banc_segur.control.trames import contexte_json
from banc_segur.journal.journal import Journal
from banc_segur.rules import catalogue
from banc_segur.rules.model import Contexte, Document

DELAI = 30.0  # seconds for one document
MAX_REPONSE = 16 * 1024 * 1024


@cache
def version_regles() -> str:
    """SHA-256 of every source and table that a judgement depends on."""
    digest = hashlib.sha256()
    root = Path(str(resources.files("banc_segur")))
    for room in ("rules", "formats", "tables"):
        for path in sorted((root / room).rglob("*")):
            if path.suffix in (".py", ".csv"):
                digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


class OuvrierPerdu(Exception):
    """The worker died or passed its deadline on a document; the text says which, in French."""


class Ouvrier:
    """The worker process, started when first needed and again after each loss."""

    def __init__(self, delai: float = DELAI) -> None:
        self._delai = delai
        self._process: subprocess.Popen[bytes] | None = None
        self._verrou = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The worker's process number, None when there is none."""
        return self._process.pid if self._process else None

    def juger(self, genre: str, octets: bytes, contexte: Contexte) -> dict[str, Any]:
        """Return the worker's answer: `constats`, `evaluees`, `non_evaluees`, `faits`, `cles`.

        Raises:
            OuvrierPerdu: the worker died or was too long; the next call has a new one.
        """
        header = {"genre": genre, "taille": len(octets), "contexte": contexte_json(contexte)}
        data = json.dumps(header, ensure_ascii=False).encode()
        with self._verrou:
            process = self._vivant()
            try:
                return self._echanger(process, len(data).to_bytes(4, "big") + data + octets)
            except OSError as error:
                self._perdre()
                raise OuvrierPerdu("le processus d'analyse des documents s'est arrêté sur ce document") from error
            except OuvrierPerdu:
                self._perdre()
                raise

    def arreter(self) -> None:
        """Stop the worker."""
        self._perdre()

    def _vivant(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "banc_segur.control.ouvrier"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
        return self._process

    def _perdre(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def _echanger(self, process: subprocess.Popen[bytes], trame: bytes) -> dict[str, Any]:
        if process.stdin is None or process.stdout is None:
            raise OuvrierPerdu("le processus d'analyse des documents est injoignable")
        minuterie = threading.Timer(self._delai, process.kill)
        minuterie.start()
        try:
            _ecrire_tout(process.stdin, trame)
            taille = int.from_bytes(self._lire(process.stdout, 4), "big")
            if taille > MAX_REPONSE:
                raise OuvrierPerdu("le processus d'analyse des documents a rendu une réponse démesurée")
            found: dict[str, Any] = json.loads(self._lire(process.stdout, taille))
            return found
        finally:
            minuterie.cancel()

    def _lire(self, flux: IO[bytes], taille: int) -> bytes:
        data = b""
        with selectors.DefaultSelector() as selector:
            selector.register(flux, selectors.EVENT_READ)
            while len(data) < taille:
                part = flux.read(taille - len(data)) if selector.select(self._delai) else b""
                if not part:
                    raise OuvrierPerdu("le processus d'analyse des documents s'est arrêté sur ce document")
                data += part
        return data


def _ecrire_tout(flux: IO[bytes], data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[flux.write(view) :]


class Documents:
    """Judges documents through the worker and the journal's cache."""

    def __init__(self, journal: Journal, ouvrier: Ouvrier) -> None:
        self._journal = journal
        self._ouvrier = ouvrier

    def juger(self, document: Document, contexte: Contexte) -> dict[str, Any]:
        """Return the outcome of one document (shape: `Ouvrier.juger`); a lost worker gives rules « non évaluées »."""
        sha256 = hashlib.sha256(document.octets).hexdigest()
        version = _version(contexte)
        known = self._journal.document_juge(sha256, document.genre, version)
        if known is not None:
            return known
        try:
            found = self._ouvrier.juger(document.genre, document.octets, contexte)
        except OuvrierPerdu as error:
            raison = f"document non jugé ({document.ou}) : {error}"
            ids = [regle.id for regle in catalogue.toutes() if regle.genre == document.genre] or ["BANC-DOCUMENT"]
            return {
                "constats": [],
                "evaluees": [],
                "non_evaluees": [[id_, raison] for id_ in ids],
                "faits": [],
                "cles": [],
            }
        self._journal.garder_document(sha256, document.genre, version, found)
        return found


def _version(contexte: Contexte) -> str:
    """Rules, and what the context may change in their outcome (not the instant)."""
    contenu = contexte_json(contexte)
    del contenu["instant"], contenu["lien"]
    texte = json.dumps(contenu, sort_keys=True)
    return hashlib.sha256(f"{version_regles()}\n{texte}".encode()).hexdigest()
