"""The DMP (card dmp.md)."""
