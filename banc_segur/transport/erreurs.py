"""What a client of the transport room raises when the other end cannot be reached or does not answer."""


class Injoignable(Exception):
    """The peer cannot be reached, refused TLS, cut the connection or did not answer in time. French text."""
