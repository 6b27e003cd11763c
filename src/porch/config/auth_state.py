"""What `auth` has of a worker, and keeps over reloads: passwords that have held, sets of keys, and
the means to ask somebody else."""

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, urlsplit

from porch.client import Client
from porch.forward.address import Address
from porch.shield.auth_ended import Ended
from porch.shield.auth_failures import MOST_FORGERIES, Failures
from porch.shield.auth_thread import SlowThread
from porch.shield.basic import Passwords
from porch.shield.fetched import Fetched, Spawn
from porch.shield.limit_table import LimitRow
from porch.tls.origin import Authorities, client_context

if TYPE_CHECKING:
    from porch.config.pools import MakeClient
    from porch.shield.auth_function import AuthFunction
    from porch.shield.jwks import KeySet
    from porch.shield.oidc_discovery import Discovery

__all__ = ["AuthState", "LoadAuth", "target_of"]

What = TypeVar("What", bound=Fetched)

LoadAuth = Callable[[str, Path], "AuthFunction | None"]
"""("py:module:function", where modules are found too) -> it, or None where it cannot be loaded,
which was told then."""


class AuthState:
    """Of one worker. make_client, spawn, load: of one that serves; without them nobody is asked.
    warn: tells the operator. serves: whether requests come, or are only rehearsed. forgeries: who
    shows tokens that nobody has signed. ended: logins that were."""

    def __init__(self, *, serves: bool) -> None:
        self.serves = serves
        self.passwords = Passwords(SlowThread() if serves else None)
        self.forgeries = Failures("forged tokens", MOST_FORGERIES)
        self.ended = Ended()
        self.make_client: MakeClient | None = None
        self.spawn: Spawn = _nobody
        self.load: LoadAuth = lambda word, base: None
        self.warn: Callable[[str], None] = lambda text: None
        self._fetched: dict[tuple[str, Authorities], Fetched] = {}
        self._asked: dict[tuple[str, Authorities], Fetched] = {}

    def serve(
        self, make_client: "MakeClient", spawn: Spawn, load: LoadAuth, warn: Callable[[str], None]
    ) -> None:
        """Requests come from now on, and others may be asked."""
        self.make_client, self.spawn, self.load, self.warn = make_client, spawn, load, warn

    def count_in(self, row: LimitRow | None) -> None:
        """Where all workers count wrong credentials, and know what has ended; None for here
        alone."""
        if row is not None:
            self.passwords.failures.count_in(row)
            self.forgeries.count_in(row)
            self.ended.count_in(row)

    def begin(self) -> None:
        """See State."""
        self._asked = {}

    def commit(self) -> None:
        """See State."""
        self._fetched = self._asked
        self._asked = {}

    def tick(self) -> None:
        """See State."""
        for each in self._fetched.values():
            each.tick()

    def key_set(self, url: str, authorities: Authorities) -> "KeySet":
        """The keys at a URL: those there are, or none yet. authorities: who vouches for it."""
        from porch.shield.jwks import KeySet  # late, as the next: most doors have neither

        client = partial(self.client, url, authorities)
        target = target_of(urlsplit(url))
        made = partial(KeySet, url, target, client, self.spawn, self._warn)
        return self._kept((url, authorities), KeySet, made)

    def discovery(self, issuer: str, authorities: Authorities) -> "Discovery":
        """An OpenID provider: what is known of it, or nothing yet."""
        from porch.shield.oidc_discovery import Discovery

        client = partial(self._client_of, authorities)
        made = partial(Discovery, issuer, client, self.spawn, self._warn)
        return self._kept((f"issuer {issuer}", authorities), Discovery, made)

    def _kept(
        self, key: tuple[str, Authorities], kind: type[What], make: Callable[[], What]
    ) -> What:
        found = self._asked.get(key) or self._fetched.get(key)
        if not isinstance(found, kind):
            found = make()
            if not self.serves:
                found.rest("nobody asks for them here")
        self._asked[key] = found
        return found

    def _client_of(self, authorities: Authorities, url: str) -> Client:
        return self.client(url, authorities)

    def _warn(self, text: str) -> None:
        self.warn(text)

    def client(self, url: str, authorities: Authorities, keeps: int = 0) -> Client:
        """Who asks at the host of a URL. keeps: connections for the next question. Raises OSError
        or ValueError if its authorities are of no use."""
        if self.make_client is None:
            raise ValueError("nobody is asked here")
        parts = urlsplit(url)
        is_secure = parts.scheme == "https"
        address = Address(
            host=parts.hostname or "",
            port=parts.port or (443 if is_secure else 80),
            tls=client_context(authorities=authorities) if is_secure else None,
        )
        return self.make_client(address, parts.netloc.encode(), keeps)


def target_of(url: SplitResult) -> bytes:
    """Path and query."""
    return f"{url.path or '/'}{'?' + url.query if url.query else ''}".encode()


def _nobody(work: Coroutine[Any, Any, None]) -> None:
    """Who only rehearses has no loop."""
    work.close()
