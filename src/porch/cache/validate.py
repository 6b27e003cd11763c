"""Validation: asking the origin whether what is stored holds still (RFC 9111 4.3).

    asked = conditional(request, chosen, others)           # goes out in place of the request
    if response.status == 304:
        found = selected([chosen, *others], response)      # none: ask again, unconditionally
        head = updated(chosen, response, date)             # to be appraised as if it came anew
        entry = freshened(chosen, appraised)

A request by HEAD validates as one by GET does, and its 200 says something too: see `agrees`.
"""

from collections.abc import Sequence

import msgspec

from porch.cache.entry import Entry
from porch.cache.targeted import in_force
from porch.http.conditional import CONDITIONS
from porch.http.message import Field, RequestHead, ResponseHead
from porch.http.validators import is_strong, same, strong_date, strong_tag

__all__ = [
    "COOKIES",
    "MOST_TAGS",
    "agrees",
    "conditional",
    "freshened",
    "outdated",
    "personal",
    "selected",
    "updated",
    "with_fields",
]

MOST_TAGS = 16
"""Tags in one If-None-Match: whoever has more variants asks for one of the newest."""

COOKIES = frozenset((b"set-cookie",))
"""What is for one client alone. Set-Cookie2 (RFC 2965, historic) no browser hears: it is a field as
any other, which the public suite wants kept."""

_REPLACED = CONDITIONS | {b"range"}

_VALIDATORS = (b"etag", b"last-modified")

_OF_BODY = frozenset((b"content-encoding", b"content-length", b"content-range"))
"""What a 304 or the answer to HEAD does not change. Content-Length must not be (RFC 9111 3.2),
Content-Range may stay, and Content-Encoding says how the bytes that are stored are to be read: one
that is not theirs, as servers send that compress by the way, would make them unreadable."""
_MADE = frozenset((b"age", b"content-length", b"content-range"))
"""What each answer has of its own."""


def with_fields(request: RequestHead, fields: list[Field]) -> RequestHead:
    """The same request with other fields."""
    return RequestHead(
        request.method,
        request.target,
        request.authority,
        request.scheme,
        fields,
        request.length,
        request.upgrade,
        request.expect,
        request.version,
    )


def conditional(
    request: RequestHead,
    chosen: Entry | None,
    others: Sequence[Entry] = (),
    *,
    has_date: bool = True,
) -> RequestHead:
    """`request` with the conditions that ask whether a stored answer holds (RFC 9111 4.3.1).

    chosen: what answers this request, or None. others: variants that answer requests with other
    fields; the origin may say that one of them is the answer to this one too. Conditions and Range
    of the client are left out: what comes back is for the store, and what the client gets of it is
    found afterwards. has_date: False where Last-Modified is not to be asked by: of another's
    answer it tells nothing. Without validators it is a request for the whole, and so it is for
    what is no 200: a 304 says that there would have been one (RFC 9110 15.4.5), not that it is
    missing still.
    """
    fields = [field for field in request.fields if field[0] not in _REPLACED]
    if chosen is not None and chosen.status != 200:
        chosen = None
    mine = None if chosen is None else chosen.get(b"etag")
    offered = _offered(others)
    if mine is not None and (not offered or is_strong(mine.removeprefix(b"W/"))):
        offered.insert(0, mine)
    listed = list(dict.fromkeys(offered))[:MOST_TAGS]
    if listed:
        fields.append((b"if-none-match", b", ".join(listed)))
    if has_date and chosen is not None and (not listed or listed == [mine]):
        date = chosen.get(b"last-modified")
        if date is not None:
            # Beside a tag too: "in most cases, both validators are generated in cache validation
            # requests, even when entity tags are clearly superior" (RFC 9111 4.3.1).
            fields.append((b"if-modified-since", date))
    return with_fields(request, fields)


def _offered(others: Sequence[Entry]) -> list[bytes]:
    """The tags of variants that were made for requests with other fields.

    Strong ones, and of bytes that every client can read, alone: servers give one tag to the plain
    and to the compressed bytes, and then a 304 would bring a client what it did not ask for. Parts
    are not offered: they would not do (RFC 9111 4.3.2).
    """
    return [
        tag
        for entry in others
        if entry.status == 200 and not entry.held and entry.get(b"content-encoding") is None
        if (tag := strong_tag(entry)) is not None
    ]


def selected(entries: Sequence[Entry], response: ResponseHead, wall: float) -> list[int]:
    """Which of `entries` a 304 says hold still, by their places (RFC 9111 4.3.4).

    entries: all that were asked for, the chosen one first. wall: seconds since 1970.
    None: it speaks of something that is not stored here; the request is to be sent again without
    conditions. More than one: they are all updated, and the first of them is the answer; those are
    left out that other request fields would choose from now on, which nobody knows.
    """
    tag = response.get(b"etag")
    date = response.get(b"last-modified")
    if tag is not None and is_strong(tag):
        # "If the new response contains one or more strong validators, then each of those strong
        # validators identifies a selected representation for update."
        found = [place for place, entry in enumerate(entries) if _is(entry, response, tag, wall)]
        return [
            place
            for place in found
            if place == found[0] or _vary(entries[place]) == _vary(response) or not _vary(response)
        ]
    if tag is not None:
        found = [
            place
            for place, entry in enumerate(entries)
            if (mine := entry.get(b"etag")) is not None and same(mine, tag)
        ]
    elif date is not None:
        found = [
            place for place, entry in enumerate(entries) if entry.get(b"last-modified") == date
        ]
    else:
        # A 304 must name its ETag (RFC 9110 15.4.5) and often does not. Where one answer alone was
        # asked for, it can mean no other.
        return [0] if len(entries) == 1 else []
    # By weak ones "the most recent of those matching stored responses is identified for update".
    return [max(found, key=lambda place: entries[place].received)] if found else []


def _is(entry: Entry, response: ResponseHead, tag: bytes, wall: float) -> bool:
    """Whether strong validators of a 304 say that it speaks of this entry."""
    mine = entry.get(b"etag")
    if mine is not None:
        return mine == tag
    date = strong_date(response, wall)
    return date is not None and date == entry.get(b"last-modified")


def updated(entry: Entry, response: ResponseHead, date: bytes) -> ResponseHead:
    """The stored head as a 304, or an answer to HEAD that `agrees`, changes it (RFC 9111 3.2): each
    of its fields takes the place of all stored ones of that name, but those of the body. It is to
    be appraised like an answer that has just come; whether it may be kept is found there.

    date: of now, as an HTTP date: it counts where the response has no Date (RFC 9110 6.6.1).
    """
    new = [field for field in response.fields if field[0] not in _OF_BODY]
    if response.get(b"date") is None:
        new.append((b"date", date))
    names = {field[0] for field in new}
    fields = [field for field in entry.fields if field[0] not in names]
    return ResponseHead(entry.status, fields + new, entry.length)


def freshened(entry: Entry, appraised: Entry) -> Entry:
    """What is stored from now on: `appraised`, which was made of `updated`, with the body of
    `entry`, and chosen by the same request fields unless Vary names others now; what keeps it apart
    besides, as a site that Access-Control-Allow-Origin names now, does from now on."""
    has_same_vary = _vary(entry) == _vary(appraised)
    return msgspec.structs.replace(
        appraised,
        length=entry.length,
        held=entry.held,
        url=entry.url,
        vary=_both(entry.vary, appraised.vary) if has_same_vary else appraised.vary,
    )


def _both(stored: list[Field], found: list[Field]) -> list[Field]:
    """All that one of the two is chosen by: as it was stored, else as it was found now. In the
    order of each: by name, and what is no field (vary.described) behind those."""
    if not found or found == stored:
        return stored
    both = {**dict(found), **dict(stored)}
    return sorted(both.items(), key=lambda each: (each[0][:1] == b":", each[0]))


def personal(entry: Entry, response: ResponseHead, *, says_cookies: bool) -> Entry:
    """What the client gets whose request was answered so: with its cookies and what else `private`
    and `no-cache` are limited to, which is not stored (RFC 9111 5.2.2.4, 5.2.2.7). says_cookies:
    False where the site has said that they are to be left out."""
    names = COOKIES | in_force(response.fields)[0].limited
    names -= _MADE if says_cookies else _MADE | COOKIES
    own = [field for field in response.fields if field[0] in names]
    if not own:
        return entry
    fields = [field for field in entry.fields if field[0] not in names]
    return msgspec.structs.replace(entry, fields=fields + own)


def _vary(answer: Entry | ResponseHead) -> list[bytes]:
    return [value for name, value in answer.fields if name == b"vary"]


def agrees(entry: Entry, response: ResponseHead) -> bool:
    """Whether a 200 to HEAD is of what is stored of GET (RFC 9111 4.3.5): each validator that it
    has is the stored one, and so is its Content-Length. If it is, it updates the entry as a 304
    does; if not, the entry is `outdated`."""
    if entry.status != response.status:
        return False
    if response.get(b"content-length") not in (None, b"%d" % entry.length):
        return False
    return all(response.get(name) in (None, entry.get(name)) for name in _VALIDATORS)


def outdated(entry: Entry) -> Entry:
    """The same answer, known not to be that of now: stale, and no more served while it is asked
    for. Where the origin fails it may stand in still."""
    return msgspec.structs.replace(entry, lifetime=0.0, stale_while=0.0)
