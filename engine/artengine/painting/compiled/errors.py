"""Why a network has no machine code: a module that needs no llvmlite, for those who have none."""


class NotCompilableError(Exception):
    """There is no machine code for a network, or none for this machine; the message is the reason."""
