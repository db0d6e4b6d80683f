"""Profiles, scenario choice, runs, verdicts."""
