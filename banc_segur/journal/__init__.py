"""Append-only evidence: connexions, échanges, constats; look-back waits."""
