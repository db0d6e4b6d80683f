"""What goes wrong between the witness and a service; the sentences are French, for the product's journal."""


class ServiceInjoignable(Exception):
    """No usable answer: refused, cut, timed out, unreadable. Nothing is known of the effect; try again later."""
