"""The witness products (RI, EAI, DPI, PFI, LGC) and their injected defects."""
