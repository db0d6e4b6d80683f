"""Wire formats, pure: bytes to objects to bytes. No I/O, no clock, no settings."""
