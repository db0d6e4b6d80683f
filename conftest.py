"""What every test shares: one PKI for the session, and logs put back as they were. Campaigns do not read this file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog

from banc_segur.pki import Pki
from tests.certificats import pki_partagee


@pytest.fixture(scope="session")
def pki() -> Pki:
    """The certificates of the tests: made once (a dozen RSA keys take seconds), never changed."""
    return pki_partagee()


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """A test that starts one of our processes in its own sends every later log to a stream that is closed."""
    yield
    structlog.reset_defaults()
