"""Bypass: a condition on a cookie or a parameter that no spelling of its name evades.

Who is logged in goes past the cache by a cookie of some name. What else an origin reads as that
name counts as it: else one could have his own page kept for all, or be led to do it, by sending
`wordpress.logged.in_x`, which PHP reads as `wordpress_logged_in_x`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from porch.cache.key import cookies
from porch.http.cookies import folded
from porch.http.message import RequestHead
from porch.keeper import Security
from porch.route.condition import ValueCondition

__all__ = ["Spelled"]

_PARTING = re.compile(rb"[&;]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelled(ValueCondition):
    """is_start: whether `name` is how names begin.

    It holds if any cookie or parameter of the name does, under any reading of it and of the value;
    `False` if there is none that is spelled as the name is.
    """

    is_start: bool = False

    def holds(self, request: RequestHead, security: Security | None = None) -> bool:
        """Whether the request fulfils it."""
        if self.wanted is False:
            return ValueCondition.holds(self, request, security)
        known = folded(self.name)
        return any(
            self._is_wanted(value)
            for name, value in _pairs(request, self.source == "cookie")
            if name == known or (self.is_start and name.startswith(known))
        )

    def _is_wanted(self, value: bytes) -> bool:
        wanted = self.wanted
        if isinstance(wanted, bool):
            return True
        plain = unquote_to_bytes(value)
        read = (value, value.strip(b'"'), plain, unquote_to_bytes(value.replace(b"+", b" ")))
        if isinstance(wanted, bytes):
            return wanted in read
        return any(wanted.match(each) is not None for each in read)


def _pairs(request: RequestHead, of_cookies: bool) -> Iterator[tuple[bytes, bytes]]:
    """What each name may be read as, and the value as it was sent."""
    if of_cookies:
        for name, pair in cookies(request):
            yield name, pair.partition(b"=")[2]
    else:
        for parameter in _PARTING.split(request.target.partition(b"?")[2]):
            name, _, value = parameter.partition(b"=")
            yield folded(name), value
