"""Their errors: bytes that a peer sent and that cannot be read as the format they claim to be."""


class FormatError(Exception):
    """Bytes are not a readable instance of a format.

    Attributes:
        ou: where in the message, in the standard's words (`MSH-9`, `Body/RECSANSVITALE/Sexe`).
        attendu: what the format demands, in French.
        observe: what was found, in French, at most 200 characters.
    """

    def __init__(self, ou: str, attendu: str, observe: str = "") -> None:
        self.ou = ou
        self.attendu = attendu
        self.observe = observe[:200]
        super().__init__(f"{ou} : attendu {attendu}" + (f", observé {self.observe}" if observe else ""))
