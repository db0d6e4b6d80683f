"""The logs of our processes: plain lines on the error output; the standard output holds one line, for the launcher.

A traceback names files and lines only: the values of variables would be request bodies, tokens and certificates.
"""

from __future__ import annotations

import sys

import structlog


def journaliser_sur_stderr() -> None:
    """Send every log of this process to its error output, without colours and without the values of variables."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
