"""Whether a stored answer is used for a request (RFC 9111 4 and 5.2.1, RFC 5861).

Here is decided by age and by what the client asks of caches. Which stored answer it is (key and
Vary), whether it has the bytes that are asked for, and what the client's own conditions make of it
are decided elsewhere, and none of them matters here.

What a client may say. With `respect_client` a request's Cache-Control is honoured, because reload
buttons speak so: an ordinary reload sends `max-age=0`, one with Shift `no-cache` (and Pragma for
the caches of 1996). It is not free: whoever sends it makes the origin work. So

- such a request is a validation, one of conditions where the answer has a validator, never a plain
  miss: its result is everybody's, and validations of one answer are collapsed like misses;
- where the origin fails it, the stored answer stands in if it is fresh, or stale within what
  stands: nobody gets error pages out of a cached page by reloading it;
- ages are compared in whole seconds, as Age says them, so that reloads by `max-age=0` ask at most
  once a second;
- nothing that a client says makes an answer fresh, and `max-stale` stale only where the origin
  does not forbid that: one client's words give no other client anything old.

A site that is flooded with reloads says `respect_client = false`, and they are hits.
"""

from enum import Enum
from operator import itemgetter

from porch.cache.asker import is_for
from porch.cache.directives import FOREVER, NONE, Directives, cache_control
from porch.cache.entry import (
    IMMUTABLE,
    LET_IN,
    MUST_REVALIDATE,
    NO_CACHE,
    ONLY_AUTHORIZED,
    Entry,
)
from porch.cache.policy import Policy
from porch.http.fields import tokens
from porch.http.message import RequestHead

__all__ = ["FAILED", "How", "Use", "absent", "stands", "use"]

FAILED = frozenset((500, 502, 503, 504))
"""Statuses with which an origin has failed, so that a stale answer may stand in (RFC 5861 4)."""


class How(Enum):
    """What is done: serve (FRESH); serve now, and validate in the background (STALE); ask the
    origin first (VALIDATE); ask it as if nothing were stored (MISS); answer 504 (REFUSE)."""

    FRESH = "fresh"
    STALE = "stale"
    VALIDATE = "validate"
    MISS = "miss"
    REFUSE = "refuse"


class Use:
    """What is done with a request, and why.

    fwd: why the origin is asked, by the words of RFC 9211 2.2; "" where it is not. Of STALE, why it
    is asked in the background.
    why: a sentence for people, with the field and the section that decided.
    or_stale: of VALIDATE: whether the stored answer stands in if the origin fails, or answers one
    of FAILED, now. Who has waited long for that asks `use` once more, by the time of then.
    store: whether the origin's answer may be stored, as far as the request decides.
    """

    __slots__ = ("fwd", "how", "or_stale", "store", "why")

    def __init__(
        self, how: How, fwd: str, why: str, *, or_stale: bool = False, store: bool = True
    ) -> None:
        self.how = how
        self.fwd = fwd
        self.why = why
        self.or_stale = or_stale
        self.store = store

    def __repr__(self) -> str:
        return f"<{self.how.value} {self.fwd or '-'}: {self.why}>"


_NAME = itemgetter(0)
_ASKING = frozenset((b"cache-control", b"pragma"))

_FRESH = Use(How.FRESH, "", "it is younger than its lifetime (RFC 9111 4.2)")
_WHILE = Use(
    How.STALE,
    "stale",
    "it is stale, and stale-while-revalidate lets it be served while it is validated (RFC 5861 3)",
)
_MAX_STALE = Use(
    How.STALE, "stale", "it is stale, and max-stale of the request takes it (RFC 9111 5.2.1.2)"
)
_NOT_STORED = Use(
    How.MISS,
    "request",
    "no-store of the request: neither looked up nor stored (RFC 9111 5.2.1.5)",
    store=False,
)
_NOT_HIS = Use(
    How.MISS,
    "miss",
    "it answered a request with Authorization and is for that alone (RFC 9111 3.5)",
)
_NOT_LET_IN = Use(
    How.MISS,
    "miss",
    "it says that it is not to be kept, and the word of `ignore` that had it kept is there no more",
)
_ASKED = Use(
    How.VALIDATE,
    "stale",
    "the origin has let nobody have it unasked, and it was given to a client that says another "
    "thing of itself",
)
_REFUSE = Use(
    How.REFUSE,
    "",
    "only-if-cached of the request, and nothing is stored that could be served: 504 "
    "(RFC 9111 5.2.1.7)",
    store=False,
)
_LET_IN = sum(LET_IN)
_LOOKED_AT = NO_CACHE | _LET_IN
_RELOAD = Directives({b"no-cache": [None]})
_ABSENT = {
    fwd: Use(How.MISS, fwd, why)
    for fwd, why in (
        ("uri-miss", "nothing is stored under this key (RFC 9111 4)"),
        ("vary-miss", "what is stored answers requests with other fields: Vary (RFC 9111 4.1)"),
        ("miss", "nothing is stored that could answer this request (RFC 9111 4)"),
        ("partial", "only other parts of it are stored than Range asks for (RFC 9111 3.3)"),
        ("method", "its method is one that is always written through (RFC 9111 4)"),
        ("bypass", "the configuration has this request bypass the cache"),
    )
}


def use(
    entry: Entry,
    request: RequestHead,
    now: float,
    policy: Policy,
    *,
    is_purged: bool = False,
    address: bytes = b"",
) -> Use:
    """What is done with a request for which `entry` was chosen.

    now: by the clock of the store. is_purged: softly, which makes it stale whatever its lifetime
    says. request, address: see asker.asker.
    """
    age = entry.age_at(now)
    if policy.respect_client and not _ASKING.isdisjoint(map(_NAME, request.fields)):
        return _asked(entry, request, address, age, is_purged, policy, _directives(request))
    if age < entry.lifetime and not is_purged and not entry.must & _LOOKED_AT:
        return _FRESH
    return _asked(entry, request, address, age, is_purged, policy, NONE)


def absent(request: RequestHead, policy: Policy, fwd: str) -> Use:
    """What is done where no stored answer was chosen.

    fwd: "uri-miss", "vary-miss", "miss", "partial" (an answer was chosen that lacks bytes),
    "method", "bypass".
    """
    if not policy.respect_client or _ASKING.isdisjoint(map(_NAME, request.fields)):
        return _ABSENT[fwd]
    asked = _directives(request)
    if asked and b"only-if-cached" in asked:
        return _REFUSE
    if asked and b"no-store" in asked:
        return _NOT_STORED
    return _ABSENT[fwd]


def stands(entry: Entry, now: float, policy: Policy, *, is_purged: bool) -> bool:
    """Whether it still stands in where the origin fails, so that what the origin has failed with
    must not take its place: whatever the one says who has asked. See `use`."""
    if entry.must & NO_CACHE or (entry.must & _LET_IN and not _lets_in(entry, policy)):
        return False
    age = entry.age_at(now)
    late = max(0.0, age - entry.lifetime)
    is_fresh = age < entry.lifetime and not is_purged
    return is_fresh or late < entry.stale_while or _stands_in(entry, late, NONE)


def _directives(request: RequestHead) -> Directives:
    """What the client asks of caches. Pragma: no-cache counts where there is no Cache-Control: it
    is what a client of HTTP/1.0 sends, and no reload of today comes without the other
    (RFC 9111 5.4)."""
    asked = cache_control(request.fields)
    if asked or request.get(b"cache-control") is not None:
        return asked
    said = tokens(request.get(b"pragma") or b"")
    return _RELOAD if b"no-cache" in said else NONE


def _asked(
    entry: Entry,
    request: RequestHead,
    address: bytes,
    age: float,
    is_purged: bool,
    policy: Policy,
    asked: Directives,
) -> Use:
    """What is done, after all that the client asks."""
    if b"no-store" in asked:
        found = _NOT_STORED
    elif entry.must & _LET_IN and not _lets_in(entry, policy):
        found = _NOT_HIS if entry.must & ONLY_AUTHORIZED else _NOT_LET_IN
    elif entry.asker and not is_for(entry, request, address):
        found = _ASKED
    else:
        found = _chosen(entry, age, is_purged, asked)
    if b"only-if-cached" in asked and found.how not in (How.FRESH, How.STALE):
        return _REFUSE
    return found


def _lets_in(entry: Entry, policy: Policy) -> bool:
    """Whether the configuration of now keeps it too."""
    return all(word in policy.ignore for bit, word in LET_IN.items() if entry.must & bit)


def _chosen(entry: Entry, age: float, is_purged: bool, asked: Directives) -> Use:
    late = max(0.0, age - entry.lifetime)
    is_fresh = age < entry.lifetime and not is_purged
    if entry.must & NO_CACHE:
        return _validate("stale", "no-cache: each use is validated (RFC 9111 5.2.2.4)", False)
    stands = is_fresh or _stands_in(entry, late, asked)
    if b"no-cache" in asked:
        why = "no-cache of the request (a reload): it is validated first (RFC 9111 5.2.1.4)"
        return _validate("request" if is_fresh else "stale", why, stands)
    oldest = asked.seconds(b"max-age")
    # An immutable one is not asked about by an ordinary reload (RFC 8246 2).
    is_meant = not (is_fresh and entry.must & IMMUTABLE)
    if oldest is not None and int(age) > oldest and is_meant:
        why = "it is older than max-age of the request (a reload) wants (RFC 9111 5.2.1.1)"
        return _validate("request" if is_fresh else "stale", why, stands)
    least = asked.seconds(b"min-fresh")
    if least and (not is_fresh or entry.lifetime - age < least):
        why = "it is not fresh for as long as min-fresh of the request wants (RFC 9111 5.2.1.3)"
        return _validate("request" if is_fresh else "stale", why, stands)
    if is_fresh:
        return _FRESH
    return _stale(entry, late, is_purged, oldest is not None, asked)


def _stale(entry: Entry, late: float, is_purged: bool, is_limited: bool, asked: Directives) -> Use:
    """late: seconds behind its lifetime. is_limited: whether the client said a max-age, with which
    it takes nothing stale that it does not take by max-stale (RFC 9111 5.2.1.1)."""
    if late < entry.stale_while and not is_limited:
        return _WHILE
    stands = _stands_in(entry, late, asked)
    if entry.must & MUST_REVALIDATE:
        why = (
            "it is stale, and must-revalidate, proxy-revalidate or s-maxage has it validated first"
        )
        return _validate("stale", why + " (RFC 9111 4.2.4)", stands)
    taken = asked.seconds(b"max-stale", bare=FOREVER)
    # What the origin, or the site, never has given stale at an error is not for the asking either.
    if taken is not None and entry.stale_error > 0 and (late <= taken or taken == FOREVER):
        return _MAX_STALE
    why = "it was purged softly" if is_purged else "it has outlived its lifetime"
    return _validate("stale", why + ": stale (RFC 9111 4.2)", stands)


def _stands_in(entry: Entry, late: float, asked: Directives) -> bool:
    """Whether it may be served stale where the origin fails: what the origin forbids (RFC 9111
    4.2.4) has no window. stale-if-error of a request says how stale for that request (RFC 5861 4),
    up to what the origin and the site allow."""
    taken = asked.seconds(b"stale-if-error")
    return late < entry.stale_error and (taken is None or late <= taken)


def _validate(fwd: str, why: str, or_stale: bool) -> Use:
    return Use(How.VALIDATE, fwd, why, or_stale=or_stale)
