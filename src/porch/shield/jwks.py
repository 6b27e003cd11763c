"""A set of keys at a URL (RFC 7517 5), see fetched.py."""

from collections.abc import Callable

from porch.client import Client
from porch.shield.fetched import Fetched, Spawn
from porch.shield.jwt_keys import JwtKey, keys_of_set

__all__ = ["KeySet"]


class KeySet(Fetched):
    """keys: those of the last answer; empty while there is none, or none that still counts."""

    what = "keys"
    accept = b"application/jwk-set+json, application/json"

    __slots__ = ("keys",)

    def __init__(
        self,
        url: str,
        target: bytes,
        make_client: Callable[[], Client],
        spawn: Spawn,
        warn: Callable[[str], None],
    ) -> None:
        super().__init__(url, target, make_client, spawn, warn)
        self.keys: list[JwtKey] = []

    def __repr__(self) -> str:
        return f"<KeySet {self.url} {len(self.keys)} keys>"

    def take(self, body: bytes) -> None:
        """See Fetched."""
        keys = keys_of_set(body)
        if not keys:
            raise ValueError("there is no key in it that can be used")
        self.keys = keys

    def forget(self) -> None:
        """See Fetched."""
        self.keys = []

    def has(self, algorithm: str, key_id: str) -> bool:
        """Whether a token that names this could be verified by what is here."""
        return any(
            algorithm in each.algorithms and (not key_id or each.key_id in (key_id, ""))
            for each in self.keys
        )
