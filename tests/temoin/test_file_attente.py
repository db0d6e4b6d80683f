"""The persistent queue: order, retries, survival of kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from banc_segur.temoin.file_attente import Abandonner, FileAttente, Reessayer, Tache

DELAI = 5.0


def test_tasks_of_one_key_run_in_order(tmp_path: Path) -> None:
    done: list[bytes] = []
    queue = FileAttente(tmp_path / "f.sqlite", lambda tache: done.append(tache.contenu))
    for i in range(20):
        queue.ajouter("a", b"%d" % i)
    queue.start()
    assert queue.attendre_vide(DELAI)
    queue.stop()
    assert done == [b"%d" % i for i in range(20)]


@pytest.mark.parametrize("error", [Reessayer("AR"), ConnectionRefusedError("silence")])
def test_a_failed_task_is_tried_again_before_its_followers(tmp_path: Path, error: Exception) -> None:
    seen: list[tuple[bytes, int]] = []

    def traiter(tache: Tache) -> None:
        seen.append((tache.contenu, tache.essais))
        if tache.essais < 2 and tache.contenu == b"1":
            raise error

    queue = FileAttente(tmp_path / "f.sqlite", traiter, delais=(0.01,))
    queue.ajouter("a", b"1")
    queue.ajouter("a", b"2")
    queue.start()
    assert queue.attendre_vide(DELAI)
    queue.stop()
    assert seen == [(b"1", 0), (b"1", 1), (b"1", 2), (b"2", 0)]


def test_a_waiting_key_does_not_hold_another(tmp_path: Path) -> None:
    passed = threading.Event()

    def traiter(tache: Tache) -> None:
        if tache.cle == "dpi":
            raise Reessayer("DPI arrêté")
        passed.set()

    queue = FileAttente(tmp_path / "f.sqlite", traiter, delais=(60.0,), ouvriers=1)
    queue.ajouter("dpi", b"x")
    queue.start()
    queue.ajouter("pfi", b"x")
    assert passed.wait(DELAI)
    assert not queue.vide()
    queue.stop()


def test_an_abandoned_task_is_kept_aside_with_its_cause(tmp_path: Path) -> None:
    def traiter(tache: Tache) -> None:
        if tache.contenu == b"refuse":
            raise Abandonner("AE 101")
        raise KeyError("fault of ours")

    queue = FileAttente(tmp_path / "f.sqlite", traiter)
    queue.ajouter("a", b"refuse")
    queue.ajouter("a", b"fault")
    queue.start()
    assert queue.attendre_vide(DELAI)
    causes = [cause for _tache, cause in queue.abandons()]
    queue.stop()
    assert causes[0] == "AE 101"
    assert causes[1].startswith("faute interne : KeyError")


CHILD = """
import signal, sys
from banc_segur.temoin.file_attente import FileAttente
def hang(tache):
    print("running", flush=True)
    signal.pause()
queue = FileAttente(sys.argv[1], hang)
queue.ajouter("a", b"one")
queue.ajouter("a", b"two")
queue.start()
signal.pause()
"""


def test_tasks_survive_kill_9_even_while_running(tmp_path: Path) -> None:
    path = tmp_path / "f.sqlite"
    with subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"running\n"
        os.kill(child.pid, signal.SIGKILL)
    done: list[bytes] = []
    queue = FileAttente(path, lambda tache: done.append(tache.contenu))
    assert not queue.vide()
    queue.start()
    assert queue.attendre_vide(DELAI)
    queue.stop()
    assert done == [b"one", b"two"]
