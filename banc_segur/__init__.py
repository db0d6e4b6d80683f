"""Banc Ségur: a conformance bench for INSi, DMP and MSSanté in French hospitals."""

__version__ = "0.1.0"
