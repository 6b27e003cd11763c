"""Whether an answer is kept, and as what (RFC 9111 3).

Stricter than it has to be in one thing: an answer with Set-Cookie is never kept with its cookie,
whatever it says of being public. Frameworks set a session's cookie on pages that say `public`,
and the first visitor's session must not become everybody's. `private="set-cookie"` in the answer
(RFC 9111 5.2.2.7) or `ignore` in the configuration keep the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import itemgetter

from porch.cache import refusal
from porch.cache.age import initial_age
from porch.cache.asker import asker, is_for_all
from porch.cache.deception import agrees
from porch.cache.directives import FOREVER, Directives, cache_control
from porch.cache.entry import LET_IN, NO_CACHE, Entry
from porch.cache.invalidation import resolved
from porch.cache.key import url
from porch.cache.lifetime import (
    EXPLICIT,
    HEURISTIC_STATUSES,
    Lifetime,
    lifetime,
    stale_windows,
)
from porch.cache.parts import Part, arrived, as_whole
from porch.cache.policy import Policy
from porch.cache.refusal import Refusal
from porch.cache.tags import TAGS, tags_of
from porch.cache.targeted import TARGETS, in_force
from porch.cache.unkeyed import implied
from porch.cache.validate import COOKIES
from porch.cache.vary import MOST_NAMES, TOLD_BY, chosen, described, matches, nominated
from porch.http.dates import date_of
from porch.http.fields import alike
from porch.http.message import Field, RequestHead, ResponseHead
from porch.route.paths import climbs

__all__ = ["NEVER", "UNDERSTOOD", "appraise", "by_request"]

UNDERSTOOD = frozenset(
    (
        *(200, 201, 202, 203, 204, 205, 206, 300, 301, 302, 303, 305, 307, 308),
        *(400, 401, 402, 403, 404, 405, 406, 408, 409, 410, 411, 413, 414, 415, 422, 426),
        *(500, 501, 502, 503, 504, 505),
    )
)
"""Statuses whose meaning for a cache is known and kept to: those of RFC 9110 15."""
NEVER = frozenset(
    (226, 304, 401, 406, 407, 408, 411, 412, 413, 415, 416, 417, 421, 425, 426, 428, 429, 431, 511)
)
"""Statuses that answer one request's condition, range, expectation, pace, size, password, wishes or
connection, of which the key knows nothing: to keep one would let a client break a URL for others.
RFC 6585 forbids it for 428, 429, 431 and 511; 226 is what has changed since one client's copy (RFC
3229 10.4.1)."""

_CONFIGURED = ("ttl", "status_ttl")
_SHARED = frozenset((b"public", b"s-maxage", b"must-revalidate"))
"""What lets others have an answer to a request with Authorization (RFC 9111 3.5)."""
_SHARED_IF_TOLD = frozenset((b"public", b"s-maxage"))
"""The same where the door has told who asks: an origin that has no Authorization before it means
only by must-revalidate that nothing stale is to be given."""
_NOT_KEPT = frozenset(
    (
        *(b"age", b"trailer", *COOKIES),
        *(b"proxy-authenticate", b"proxy-authentication-info", b"proxy-authorization"),
    )
)
"""Age is counted on instead; what is between proxies ends here (RFC 9111 3.1). Trailers are not
stored, so that nothing is to announce them (RFC 9110 6.6.2)."""
_LARGE = 4096
"""Bytes of fields from which on an error may be about them: the least that servers take is 8 KiB
(nginx, Apache httpd), and what is in front of this door adds to them."""
_OF_CLIENT = frozenset((b"forwarded", b"x-forwarded-for", b"client-cert", b"client-cert-chain"))
"""What this door says of each client by itself, so that no other request is known to match."""
_PARTS = b"multipart/byteranges"
_VALIDATORS = frozenset((b"etag", b"last-modified"))
_SAYING = _VALIDATORS | TAGS | {*TARGETS, b"cache-control", b"expires", b"pragma", b"vary"}
_NAME = itemgetter(0)

Names = Mapping[bytes, bytes]
"""Which fields a head has, by name."""


def appraise(
    request: RequestHead,
    response: ResponseHead,
    policy: Policy,
    *,
    requested: float,
    received: float,
    stored: float,
    today: bytes = b"",
    address: bytes = b"",
) -> Entry | Refusal:
    """What to keep an answer as, or why it is not kept.

    request: as keyed, and as the origin was told it (asker.told). requested, received: when it went
    out and the answer's head came, seconds since 1970 on the wall; stored: the latter by the clock
    of the store. today: what was put in as Date where there was none. address: of the client.

    For an answer that was validated: give the stored head with the fields of the 304, and 200 for
    one of which parts are held, Entry.held to be taken over. Entry.length is -1 until its body has
    ended. One that is refused leaves what is stored as it is.
    """
    asks, says = dict(request.fields), dict(response.fields)
    said = in_force(response.fields)
    if refused := (
        by_request(request, asks, policy)
        or _by_status(request, response, policy)
        or _by_word(asks, response, says, said[0], policy)
        or (_by_type(request, response, policy) if policy.guard else None)
        or (_by_silence(request, response, policy) if _SAYING.isdisjoint(says) else None)
    ):
        return refused
    names, also = _names(response, says, policy), implied(request, response.fields)
    if names is None or len(also) > MOST_NAMES:
        return refusal.VARY
    if (tags := tags_of(response.fields)) is None:
        return refusal.TAGS
    part = _part(request, response) if response.status == 206 else None
    response = response if part is None else as_whole(response, part)
    found = _freshness(request, response, said, policy, requested, received, today)
    if isinstance(found, Refusal):
        return found
    (lasts, age), stale = found, stale_windows(said[0], policy, found[0].source)
    return Entry(
        status=response.status,
        fields=_kept(response.fields, said[0]),
        length=-1 if response.length is None else response.length,
        received=stored,
        age=age,
        lifetime=lasts.seconds,
        source=lasts.source,
        stale_while=stale[0],
        stale_error=stale[1],
        must=said[0].must
        | (_let_in(asks, said[0], response, says, policy) if policy.ignore else 0),
        vary=_vary(names, also, request, response.fields, policy),
        tags=tags,
        url=url(request),
        held=[] if part is None else part.held,
        asker=b"" if is_for_all(said[0], lasts.seconds) else asker(request, address),
    )


def by_request(request: RequestHead, asks: Names, policy: Policy) -> Refusal | None:
    """Why no answer to this request is kept, whatever it says. asks: the request's fields."""
    match request.method:
        case b"GET":
            if request.length != 0:
                return refusal.BODY
        case b"HEAD":
            return refusal.HEAD
        case b"POST" | b"QUERY":
            pass
        case _:
            return refusal.METHOD
    if (
        b"cache-control" in asks
        and policy.respect_client
        and b"no-store" in cache_control(request.fields)
    ):
        return refusal.REQUEST_NO_STORE
    if climbs(request.target.partition(b"?")[0]):
        return refusal.CLIMBS
    return None


def _by_status(request: RequestHead, response: ResponseHead, policy: Policy) -> Refusal | None:
    if response.status < 200 or response.status in NEVER:
        return refusal.STATUS
    if response.status == 206 and _part(request, response) is None:
        return refusal.PART
    if response.status >= 400 and _is_its_own(request, policy):
        return refusal.OWN_ERROR
    return None


def _is_its_own(request: RequestHead, policy: Policy) -> bool:
    """Whether an error may be about this one request: its size, or whose it is."""
    size = sum(len(name) + len(value) for name, value in request.fields)
    return size > _LARGE or policy.tells_who or request.get(b"authorization") is not None


def _by_word(
    asks: Names, response: ResponseHead, says: Names, directives: Directives, policy: Policy
) -> Refusal | None:
    """By what the answer says of who may have it, and by its size."""
    ignored = policy.ignore
    if b"must-understand" in directives:
        # With no-store beside it for the caches that do not know it (RFC 9111 5.2.2.3).
        if response.status not in UNDERSTOOD:
            return refusal.MUST_UNDERSTAND
    elif b"no-store" in directives and b"no-store" not in ignored:
        return refusal.NO_STORE
    if b"private" in directives and not directives.fields(b"private") and b"private" not in ignored:
        return refusal.PRIVATE
    is_known = policy.tells_who or b"authorization" in asks
    if is_known and b"authorization" not in ignored and _is_his(directives, policy):
        return refusal.IDENTITY if policy.tells_who else refusal.AUTHORIZATION
    if b"set-cookie" not in ignored and not COOKIES.isdisjoint(says.keys() - directives.limited):
        return refusal.SET_COOKIE
    if response.length is not None and response.length > policy.max_object:
        return refusal.TOO_LARGE
    return None


def _let_in(
    asks: Names, directives: Directives, response: ResponseHead, says: Names, policy: Policy
) -> int:
    """What would have kept it out without the words of `ignore`: of Entry.must."""
    is_known = policy.tells_who or b"authorization" in asks
    strict = replace(policy, ignore=frozenset())
    found = {
        b"authorization": is_known and _is_his(directives, policy),
        b"private": b"private" in directives and not directives.fields(b"private"),
        b"no-store": b"no-store" in directives and b"must-understand" not in directives,
        b"set-cookie": not COOKIES.isdisjoint(says.keys() - directives.limited),
        b"vary": _names(response, says, strict) is None,
    }
    return sum(bit for bit, word in LET_IN.items() if found[word])


def _by_type(request: RequestHead, response: ResponseHead, policy: Policy) -> Refusal | None:
    """By what the end of the path promises."""
    if response.length == 0:
        return None
    is_as_promised = agrees(request.target, response.get(b"content-type"))
    return None if is_as_promised else refusal.DECEPTION


def _freshness(
    request: RequestHead,
    response: ResponseHead,
    said: tuple[Directives, str],
    policy: Policy,
    requested: float,
    received: float,
    today: bytes,
) -> tuple[Lifetime, float] | Refusal:
    """Its lifetime and age, if there is a use for it."""
    status, fields = response.status, response.fields
    date = date_of(b"date", fields, received)
    told = None if (b"date", today) in fields else date
    age = initial_age(fields, told, requested=requested, received=received)
    lasts = lifetime(
        *(status, fields, said, policy),
        date=received if date is None else date,
        received=received,
    )
    was_fresh = age - max(0.0, received - requested) < lasts.seconds
    if lasts.source in _CONFIGURED and lasts.seconds:
        # Who writes `cache = "1h"` means an hour from now, however old it is by then.
        lasts = Lifetime(min(lasts.seconds + age, FOREVER), lasts.source)
    if request.method == b"POST" and not _is_of_get(request, response, lasts):
        return refusal.POST
    if lasts.source == "none" and not (status in HEURISTIC_STATUSES or b"public" in said[0]):
        return refusal.UNSAID_STATUS
    if not _VALIDATORS.isdisjoint(map(_NAME, fields)):
        return lasts, age
    if said[0].must & NO_CACHE:
        return refusal.NO_CACHE
    if lasts.source == "none":
        return refusal.UNSAID
    # What has become stale on its way alone is for all who have asked meanwhile.
    if was_fresh or _stands_in(said[0], policy, lasts, age):
        return lasts, age
    return refusal.STALE


def _is_of_get(request: RequestHead, response: ResponseHead, lasts: Lifetime) -> bool:
    """Whether the answer to a POST is one to GET too (RFC 9110 9.3.3)."""
    location = response.get(b"content-location")
    return (
        response.status == 200
        and lasts.source in EXPLICIT
        and location is not None
        and resolved(location, request) == url(request)
    )


def _stands_in(directives: Directives, policy: Policy, lasts: Lifetime, age: float) -> bool:
    """Whether it was said that it may be given though it is stale by now: what stands in by
    default alone is not worth keeping for that."""
    while_asked, on_error = stale_windows(directives, policy, lasts.source)
    if policy.stale is None and b"stale-if-error" not in directives:
        on_error = 0.0
    return age < lasts.seconds + max(while_asked, on_error)


def _is_his(directives: Directives, policy: Policy) -> bool:
    """Whether an answer to a request with Authorization, or of somebody whom the origin was told
    of, is for him alone."""
    return (_SHARED_IF_TOLD if policy.tells_who else _SHARED).isdisjoint(directives)


def _by_silence(request: RequestHead, response: ResponseHead, policy: Policy) -> Refusal | None:
    """An answer that has no field of `_SAYING`: what all that follows would find, at once, since
    most that nobody has thought about are so."""
    if request.method != b"GET" or policy.ttl is not None or policy.status_ttl:
        return None
    return refusal.UNSAID if response.status in HEURISTIC_STATUSES else refusal.UNSAID_STATUS


def _names(response: ResponseHead, says: Names, policy: Policy) -> tuple[bytes, ...] | None:
    """What Vary names; None where no other request is known to match."""
    names = nominated(response.fields) if b"vary" in says else ()
    if names == () or (names and not any(_is_hidden(name, policy) for name in names)):
        return names
    return () if b"vary" in policy.ignore else None


def _is_hidden(name: bytes, policy: Policy) -> bool:
    """Whether the door sets a field with this name by itself that is not compared: it says who a
    client is, or is another spelling of one that does, which some origins read as the same."""
    read = alike(name)
    return read in _OF_CLIENT or (
        name not in policy.told and any(alike(each) == read for each in policy.told)
    )


def _vary(
    names: Sequence[bytes],
    also: set[bytes],
    request: RequestHead,
    fields: list[Field],
    policy: Policy,
) -> list[Field]:
    """Entry.vary, where Vary has these names, and should have had those of `also`. What the door
    told is compared as long as it tells by the same fields: one that it tells by no more is what
    any client writes. A coding that nobody asked for is not for those that ask for it alone."""
    if not (names or also):
        return []
    every = sorted({*names, *also})
    by = () if policy.told.isdisjoint(every) else (TOLD_BY,)
    about = described(every, fields)
    if b"accept-encoding" not in names:
        about = [each for each in about if matches((each,), request)]
    return [*chosen(every, request), *about, *chosen(by, request)]


def _kept(fields: list[Field], directives: Directives) -> list[Field]:
    """Without what `private` and `no-cache` are limited to (RFC 9111 3.1)."""
    without = _NOT_KEPT | directives.limited if directives.limited else _NOT_KEPT
    return [field for field in fields if field[0] not in without]


def _part(request: RequestHead, response: ResponseHead) -> Part | None:
    """The part that a 206 brings, if it was asked for and has one that agrees with its length."""
    if request.get(b"range") is None or response.length is None:
        return None
    if [name for name, _ in response.fields].count(b"content-range") != 1:
        return None
    if (response.get(b"content-type") or b"").lower().startswith(_PARTS):
        return None
    return arrived(response)
