"""The bench's test PKI: a look-alike of IGC-Santé, made once and kept."""

from banc_segur.pki.pki import USAGES, Paire, Pki

__all__ = ["USAGES", "Paire", "Pki"]
