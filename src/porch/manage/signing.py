"""The key that the door signs its own cookies with: made once and kept in the store, so that
clients stay known over restarts."""

import secrets
from functools import cache
from pathlib import Path

from porch.certs.store import DamagedError, FileStore, StoreError

__all__ = ["signing_key"]

NAME = "signing-key"
SIZE = 32
"""Bytes (RFC 2104 3: as many as the hash has)."""


def signing_key(folder: Path) -> tuple[bytes, str]:
    """The key in this store, made if there is none; and what is wrong, "" if nothing is.

    Where the store is of no use there is one all the same, as long as this process runs. Only the
    supervisor may call this: workers are given what it returns.
    """
    try:
        store = FileStore(folder)
        try:
            found = store.read(NAME)
        except DamagedError:
            found = None
        if found is None or len(found) != SIZE:
            store.write(NAME, _made(folder))
            found = store.read(NAME)  # another door with this store may have been faster
        return found or _made(folder), ""
    except StoreError as error:
        return _made(
            folder
        ), f"sticky clients and passes of challenge are not known after a restart: {error}"


@cache
def _made(folder: Path) -> bytes:
    return secrets.token_bytes(SIZE)
