"""The test module that binds every feature file; pytest collects this, never the .feature files."""

from pathlib import Path

from pytest_bdd import scenarios

scenarios(str(Path(__file__).resolve().parent.parent / "features"))
