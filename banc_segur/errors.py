"""What stops us: errors whose text is one French sentence for the user.

Never used for what a product under test did wrong (that is a constat, see `banc_segur.rules.model`),
nor for bytes that cannot be read (`banc_segur.formats.errors.FormatError`).
"""


class BancError(Exception):
    """The bench cannot go on. The message names the file or field, what was expected, what to do."""

    exit_code = 3


class UsageError(BancError):
    """The user's own input stops the bench: option, profile, port, path."""

    exit_code = 2
