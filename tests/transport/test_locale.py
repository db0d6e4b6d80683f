"""Which `Host` fields are a local caller's."""

from __future__ import annotations

import pytest

from banc_segur.transport.locale import appel_local


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8080", "localhost:1", "LOCALHOST", "[::1]:9", "[::1]"])
def test_loopback(host: str) -> None:
    assert appel_local(host)


@pytest.mark.parametrize(
    "host", ["", ":80", "pirate.example", "127.0.0.1.pirate.example:80", "localhost:80:80", "127.0.0.1:pirate", "::1"]
)
def test_anything_else(host: str) -> None:
    assert not appel_local(host)
