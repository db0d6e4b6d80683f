"""The bench's test PKI: a look-alike of IGC-Santé, made once and kept."""
