"""Why an answer is not kept: each reason once, with its word, its section and the way out."""

from typing import NamedTuple

__all__ = ["REFUSALS", "Refusal"]


class Refusal(NamedTuple):
    """word: a token, for `detail` of Cache-Status (RFC 9211 2.8) and the log. sentence: for
    people."""

    word: str
    sentence: str


METHOD = Refusal(
    "method",
    "Answers to this method are not kept, only those to GET and QUERY, and to a POST that says "
    "Content-Location and for how long (RFC 9111 3; RFC 9110 9.2.3); nothing needs to change.",
)
HEAD = Refusal(
    "head",
    "An answer to HEAD has no body to keep; ask with GET (RFC 9110 9.3.2).",
)
POST = Refusal(
    "post",
    "An answer to POST is kept only with status 200, a Content-Location that is its own URL, and "
    "max-age or Expires (RFC 9110 9.3.3); the origin has to say all three.",
)
BODY = Refusal(
    "request-body",
    "A GET with a body is not answered from the cache, since the body is not in its key "
    "(RFC 9110 9.3.1); ask with QUERY.",
)
STATUS = Refusal(
    "status",
    "An answer with this status belongs to its one request and is never kept (RFC 9110 15; "
    "RFC 6585); nothing needs to change.",
)
OWN_ERROR = Refusal(
    "own-error",
    "An error in answer to a request with Authorization, or with more than 4096 bytes of fields, "
    "may be about those, which others do not send (RFC 9110 15.5); nothing needs to change.",
)
CLIMBS = Refusal(
    "dot-segments",
    "The path has a `..`, perhaps escaped, so that an origin may have answered with what lies "
    "elsewhere, as where somebody was led to /static/..%2faccount (RFC 3986 6.2.2.3); ask for the "
    "path that is meant.",
)
PART = Refusal(
    "range",
    "A part is kept only in answer to Range, with one Content-Range that has the length of the "
    "whole and agrees with Content-Length (RFC 9111 3.3; RFC 9110 14.4); the origin has to send "
    "that.",
)
REQUEST_NO_STORE = Refusal(
    "request-no-store",
    "The request says no-store (RFC 9111 5.2.1.5); `respect_client = false` does not listen to it.",
)
NO_STORE = Refusal(
    "no-store",
    "The answer says no-store (RFC 9111 5.2.2.5); the origin has to say something else, to this "
    'door alone with Porch-Cache-Control, or `ignore = ["no-store"]`.',
)
MUST_UNDERSTAND = Refusal(
    "must-understand",
    "The answer says must-understand, and nothing here understands its status (RFC 9111 5.2.2.3); "
    "the origin has to leave it out.",
)
PRIVATE = Refusal(
    "private",
    "The answer says private, so it is for one user (RFC 9111 5.2.2.7); the origin has to say "
    'public, or private="field" for what is personal, or `ignore = ["private"]`.',
)
AUTHORIZATION = Refusal(
    "authorization",
    "The request has Authorization, and the answer has none of public, s-maxage and "
    "must-revalidate that lets others have it (RFC 9111 3.5); the origin has to say one of them, "
    'or `ignore = ["authorization"]`.',
)
IDENTITY = Refusal(
    "authorization",
    "The origin is told who asks (`auth`), or gets what the door knows it by, and the answer has "
    "neither public nor s-maxage, which say that others may have it; must-revalidate (RFC 9111 "
    "3.5) says so of Authorization alone. "
    'The origin has to say one of the two, or `ignore = ["authorization"]`.',
)
SET_COOKIE = Refusal(
    "set-cookie",
    "The answer sets a cookie, so it is taken to be for one user (RFC 9111 7.3); the origin has to "
    'leave it out or say private="set-cookie", or `ignore = ["set-cookie"]`: both keep the answer '
    "without the cookie.",
)
VARY = Refusal(
    "vary",
    "Vary has `*`, what is no field name, or more than 32 of them, so that no other request is "
    "known to match (RFC 9111 4.1); the origin has to name the fields it looks at, or "
    '`ignore = ["vary"]`.',
)
TOO_LARGE = Refusal(
    "too-large",
    "The body is larger than `max_object`; set that higher.",
)
UNSAID_STATUS = Refusal(
    "unsaid",
    "An answer with this status is kept only if it says for how long (RFC 9111 3; RFC 9110 15.1); "
    "the origin has to say max-age, or `status_ttl`.",
)
UNSAID = Refusal(
    "unsaid",
    "The answer says neither for how long it is fresh nor what to ask about it by (RFC 9111 4.2, "
    '4.3); the origin has to say max-age or ETag, or `cache = "1h"`.',
)
NO_CACHE = Refusal(
    "no-cache",
    "The answer is to be asked about each time and has nothing to ask by (RFC 9111 5.2.2.4); the "
    "origin has to send ETag or Last-Modified.",
)
STALE = Refusal(
    "stale",
    "The answer was too old when it came, and has nothing to ask about it by (RFC 9111 4.2, 4.3); "
    "the origin has to say a longer max-age, or ETag.",
)
DECEPTION = Refusal(
    "deception",
    "The type of the answer is not what the end of its path promises, as where somebody was led "
    "to /account/x.css; the origin has to say the type that it is; `deception = false` does not "
    "look at that.",
)
STANDS = Refusal(
    "stands",
    "The origin has failed, and an answer is kept that still stands in for it (RFC 5861 4), whose "
    "place this one would take; nothing needs to change.",
)
TAGS = Refusal(
    "tags",
    "The answer has more than 1000 tags or one longer than 1024 bytes, so that a purge could miss "
    "it; the origin has to send fewer.",
)

REFUSALS = tuple(value for value in list(globals().values()) if isinstance(value, Refusal))
"""All of them."""
