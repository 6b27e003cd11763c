"""Holding: who is about the certificate of a host now, in words."""

from porch.certs.identifiers import stored
from porch.certs.moments import at, text
from porch.certs.store import Store

__all__ = ["lock_name", "who_holds"]


def lock_name(host: str) -> str:
    """Of the lock that is held by who gets the one of `host`."""
    return f"issue/{stored(host)}"


def who_holds(store: Store, host: str) -> str:
    """Who gets the one of `host`, and until when nobody else does; "" for nobody.

    Raises StoreError.
    """
    found = store.holder(lock_name(host))
    if found is None:
        return ""
    who, until = f"process {found.pid} on {found.node}", text(at(found.until))
    if found.has_ended:
        return f"{who} was killed while it got one; the next begins at {until}, when its lock ends"
    return f"{who} gets one, and has its lock until {until} or longer"
