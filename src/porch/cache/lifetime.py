"""For how long an answer is fresh, what says so, and how long it may stand in when it no longer
is (RFC 9111 4.2.1, 4.2.2, 4.2.4; RFC 5861)."""

from typing import NamedTuple

from porch.cache.directives import FOREVER, VALIDATED, Directives
from porch.cache.entry import NO_CACHE, Entry
from porch.cache.policy import HEURISTIC_CAP, STALE_ERROR, Policy
from porch.http.dates import date_of
from porch.http.message import Field

__all__ = [
    "EXPLICIT",
    "HEURISTIC_STATUSES",
    "Lifetime",
    "because",
    "lifetime",
    "stale_windows",
]

HEURISTIC_STATUSES = frozenset(
    (200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501),
)
"""Those that may be kept though nothing says for how long (RFC 9110 15.1)."""
HEURISTIC_SHARE = 0.1
"""Of the time since Last-Modified (RFC 9111 4.2.2: "A typical setting of this fraction might be
10%.")."""

_TTL_STATUSES = frozenset(status for status in HEURISTIC_STATUSES if status < 400)
"""What `ttl` is for. Errors that say nothing need `status_ttl`: an hour is long for a 404."""

_SENTENCES = {
    "status_ttl": "status_ttl of the configuration says so, before the answer itself",
    "porch-cache-control": "Porch-Cache-Control says so, before Cache-Control (RFC 9213 2.2)",
    "cdn-cache-control": "CDN-Cache-Control says so, before Cache-Control (RFC 9213 2.2)",
    "s-maxage": "s-maxage in Cache-Control says so (RFC 9111 5.2.2.10)",
    "max-age": "max-age in Cache-Control says so (RFC 9111 5.2.2.1)",
    "expires": "Expires less Date says so (RFC 9111 5.3)",
    "ttl": "the answer says nothing, and the configuration has this for those that say nothing",
    "heuristic": "the answer says nothing, so this is a tenth of the time since its Last-Modified "
    "(RFC 9111 4.2.2)",
    "none": "nothing says for how long, so it is asked about each time (RFC 9111 4.2.1)",
}

EXPLICIT = frozenset(
    ("porch-cache-control", "cdn-cache-control", "s-maxage", "max-age", "expires"),
)
"""The sources that are in the answer itself."""


class Lifetime(NamedTuple):
    """seconds: 0 to FOREVER, from an age of 0. source: what says so, as Entry.source."""

    seconds: float
    source: str


def because(entry: Entry) -> str:
    """One sentence on the lifetime of a stored answer: how long, and what decided."""
    start = f"It is fresh for {entry.lifetime:.0f} s: {_SENTENCES[entry.source]}."
    if entry.must & NO_CACHE:
        return f"{start} no-cache has it validated each time all the same (RFC 9111 5.2.2.4)."
    return start


def lifetime(
    status: int,
    fields: list[Field],
    said: tuple[Directives, str],
    policy: Policy,
    *,
    date: float,
    received: float,
) -> Lifetime:
    """For how long an answer is fresh.

    said: the directives that count and the field that says them (`targeted.in_force`). date: the
    moment of Date, or that of receiving where there is none (RFC 9110 6.6.1). received: seconds
    since 1970.
    """
    if (fixed := policy.status_ttl.get(status)) is not None:
        return Lifetime(fixed, "status_ttl")
    directives, source = said
    of_field = source == "cache-control"
    if directives.lasts is not None:
        name, seconds = directives.lasts
        return Lifetime(seconds, name.decode() if of_field else source)
    if of_field and any(field[0] == b"expires" for field in fields):
        # RFC 9111 5.3: what is no date, "0" above all, means that it has expired.
        expires = date_of(b"expires", fields, received)
        seconds = 0.0 if expires is None else min(max(0.0, expires - date), FOREVER)
        return Lifetime(seconds, "expires")
    return _unsaid(status, fields, directives, policy, date, received)


def _unsaid(
    status: int,
    fields: list[Field],
    directives: Directives,
    policy: Policy,
    date: float,
    received: float,
) -> Lifetime:
    """For an answer that does not say for how long."""
    public = b"public" in directives
    if not directives and (b"pragma", b"no-cache") in fields:
        # It is no directive of answers (RFC 9111 5.4), but who writes it wants no guesses.
        return Lifetime(0.0, "none")
    if policy.ttl is not None and (public or status in _TTL_STATUSES):
        return Lifetime(policy.ttl, "ttl")
    if public or status in HEURISTIC_STATUSES:
        modified = date_of(b"last-modified", fields, received)
        if modified is not None and modified < date:
            return Lifetime(min((date - modified) * HEURISTIC_SHARE, HEURISTIC_CAP), "heuristic")
    return Lifetime(0.0, "none")


def stale_windows(directives: Directives, policy: Policy, source: str) -> tuple[float, float]:
    """For how long behind its lifetime an answer may be given while it is asked for again, and
    where the origin fails: Entry.stale_while and Entry.stale_error.

    0 with no-cache, must-revalidate and proxy-revalidate (RFC 9111 4.2.4). s-maxage implies
    proxy-revalidate; an origin that says stale-while-revalidate or stale-if-error beside it means
    just the caches that s-maxage is for, so that what it says counts, and no default does. What
    was never fresh (source "none") is given while it is asked for only if the answer says so.
    """
    if directives.must & NO_CACHE or not VALIDATED.isdisjoint(directives):
        return 0.0, 0.0
    while_asked, on_error = 0.0, STALE_ERROR
    if b"s-maxage" in directives:
        on_error = 0.0
    elif policy.stale is not None:
        while_asked, on_error = (0.0 if source == "none" else policy.stale), policy.stale
    if b"stale-while-revalidate" in directives:
        while_asked = directives.seconds(b"stale-while-revalidate") or 0.0
    if b"stale-if-error" in directives:
        on_error = directives.seconds(b"stale-if-error") or 0.0
    return while_asked, on_error
