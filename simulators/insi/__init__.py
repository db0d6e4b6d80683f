"""The INSi téléservice (card insi.md)."""
