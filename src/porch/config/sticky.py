"""The word `sticky` as a pool with a cookie."""

import secrets
from hashlib import blake2b

from porch.balance.sticky import Cookie, Sticky
from porch.balance.upstream import Upstream
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema_balance import StickyModel
from porch.config.steps import Steps
from porch.route.pattern import Kind, Pattern
from porch.route.scheme import Trusts

__all__ = ["StickyPools", "cookie_path"]


class StickyPools:
    """Makes them. needs_key: whether one is signed with the door's own key. trusts: see
    client_scheme."""

    def __init__(self, loaded: Loaded, trusts: Trusts = None) -> None:
        self.needs_key = False
        self._trusts = trusts
        self._loaded = loaded
        # Who only checks signs nothing.
        self._key = loaded.signing_key or secrets.token_bytes(32)
        self._taken: dict[tuple[str, str, str], Sticky] = {}

    def of(self, upstream: Upstream, words: StickyModel, path: str) -> Steps[Sticky]:
        """A pool with sticky clients. path: of the cookie."""
        if words.secret is None:
            self.needs_key = True
        cookie = Cookie(
            name=words.cookie
            or f"porch-{blake2b(upstream.name.encode(), digest_size=3).hexdigest()}",
            path=path,
            secret=words.secret.encode() if words.secret is not None else self._key,
            max_age=words.max_age,
            drain=words.drain,
            trusts=self._trusts,
        )
        made = Sticky(upstream, cookie)
        yield from made.knowing(upstream.endpoints)
        return made

    def take(self, host: str, pool: Sticky, where: KeyPath) -> None:
        """A route of a host leads to it. Two pools with one cookie would take their clients from
        one another with every answer."""
        name, path = pool.cookie.name, pool.cookie.path
        other = self._taken.setdefault((host, name, path), pool)
        if other is not pool:
            text = (
                f"another pool of this host has the sticky cookie '{name}' already; give each its "
                "own, or write sticky = true"
            )
            self._loaded.add(where, text)


def cookie_path(pattern: Pattern) -> str:
    """The path of a cookie for the requests of one route, "/" where it is not one path."""
    path = pattern.path.decode("latin-1")
    is_plain = pattern.kind in (Kind.EXACT, Kind.PREFIX) and path.startswith("/")
    return path if is_plain and path.isascii() and path.isprintable() and ";" not in path else "/"
