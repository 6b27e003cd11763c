"""Descriptors: how many a door may have open."""

import contextlib
import resource

__all__ = ["raise_limit"]


def raise_limit() -> int:
    """As many as the system allows: an exchange needs two, an idle client one.

    Returns the limit if it had to be raised, 0 if it is what it was.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard if hard != soft else 0
    return 0
