"""TLS contexts, servers and clients for HTTP, MLLP, SMTP, IMAP; the relay; faults."""
