"""Unkeyed: what of a request is in no key, and what becomes of it where the answer is to be stored.

An origin may look at any field and say nothing of it in Vary. Where that is known of a field that
no browser sends, or none with a page, a request that is to be stored goes without it, or its answer
is kept for those alone that say the same. Else one client chooses what all others get.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from operator import itemgetter

from porch.cache.key import KeyRules
from porch.http.message import Field, RequestHead

__all__ = ["IMPLIED", "TOLD", "UNKEYED", "believing", "implied", "is_plain", "sendable"]

TOLD = (b"x-forwarded-host", b"x-forwarded-port", b"x-forwarded-prefix", b"x-forwarded-proto")
"""What a trusted proxy tells that the origin makes links of: in the key of what it asks for."""

UNKEYED = frozenset(
    (
        *TOLD,
        # who the client is, or says that it is
        *(b"forwarded", b"forwarded-for", b"x-forwarded", b"x-real-ip", b"true-client-ip"),
        *(b"client-ip", b"x-remote-ip", b"x-originating-ip", b"x-original-forwarded-for"),
        *(b"cf-connecting-ip", b"fastly-client-ip", b"x-client-ip", b"x-cluster-client-ip"),
        # another host
        *(b"x-host", b"x-original-host", b"x-forwarded-server", b"x-http-host-override"),
        *(b"x-forwarded-hostname", b"x-host-name"),
        *(b"x-host-override", b"x-backend-host", b"base-url", b"proxy"),
        # another scheme
        *(b"x-forwarded-scheme", b"x-forwarded-ssl", b"x-forwarded-protocol", b"x-url-scheme"),
        *(b"front-end-https", b"x-scheme", b"cf-visitor", b"cloudfront-forwarded-proto"),
        # another path
        *(b"x-original-url", b"x-original-uri", b"x-rewrite-url", b"x-forwarded-path"),
        *(b"x-forwarded-url", b"x-script-name"),
        *(b"x-forwarded-uri", b"x-forwarded-context", b"x-envoy-original-path"),
        *(b"x-invoke-path", b"x-invoke-query", b"x-matched-path", b"x-now-route-matches"),
        b"x-amz-website-redirect-location",
        # another method
        *(b"x-http-method", b"x-http-method-override", b"x-method-override"),
        *(b"x-original-method", b"x-forwarded-method"),
        # what parts of a framework tell each other
        *(b"x-invoke-status", b"x-invoke-error", b"x-invoke-output", b"x-middleware-prefetch"),
        *(b"x-middleware-subrequest", b"x-middleware-rewrite", b"x-react-router-spa-mode"),
        b"x-react-router-prerender-data",
    )
)
"""Fields by which an origin may make another answer for the same key, and that browsers do not
send. A request that is to be stored goes without them, in each spelling that a WSGI or CGI origin
would read as the same name; but for those that are in its key."""

IMPLIED = frozenset(
    (
        *(b"rsc", b"next-router-prefetch", b"next-router-segment-prefetch", b"next-url"),
        *(b"next-router-state-tree", b"x-nextjs-data", b"x-requested-with", b"x-inertia"),
        *(b"x-inertia-partial-data", b"x-inertia-partial-component", b"x-pjax", b"turbo-frame"),
        *(b"hx-request", b"hx-target", b"hx-boosted", b"x-up-target"),
        *(b"content-type", b"content-encoding", b"content-language"),
    )
)
"""Fields by which scripts of a page ask for data or a fragment of it under the URL of the whole;
and what says something of a body, which a GET has not. An answer to a request with them is kept as
if Vary had named them."""

_ADDRESSES = b"x-forwarded-for"
_TELLING = frozenset((b"content-encoding", b"access-control-allow-origin"))
_NAME = itemgetter(0)


def sendable(request: RequestHead, keyed: Collection[bytes]) -> list[Field]:
    """The fields that go out with a request that is to be stored. keyed: names that are in its
    key.

    The chain of addresses is made anew: its beginning is what anybody has written.
    """
    return [
        field
        for field in request.fields
        if (field[0] in keyed or not _is_unkeyed(field[0])) and field[0] != _ADDRESSES
    ]


def is_plain(request: RequestHead, keyed: Collection[bytes]) -> bool:
    """Whether the origin is told nothing of `UNKEYED` or `IMPLIED` that is not in its key, so that
    what it answers holds for all."""
    return not any(
        (_is_unkeyed(name) or name in IMPLIED) and name not in keyed for name, _ in request.fields
    )


def believing(rules: KeyRules) -> KeyRules:
    """What counts of the requests of a trusted proxy: what it tells too."""
    return replace(rules, fields=(*rules.fields, *TOLD))


def implied(request: RequestHead, fields: Sequence[Field]) -> set[bytes]:
    """The names of request fields that an answer with these fields has looked at, whether Vary has
    them or not: a coding is there because somebody took it, and a site may read it because it said
    who it is."""
    names = {*map(_NAME, request.fields)} & IMPLIED
    if _TELLING.isdisjoint(map(_NAME, fields)):
        return names
    for name, value in fields:
        if name == b"content-encoding":
            names.add(b"accept-encoding")
        elif name == b"access-control-allow-origin" and value == request.get(b"origin"):
            names.add(b"origin")
    return names


def _is_unkeyed(name: bytes) -> bool:
    return name in UNKEYED or (b"_" in name and name.replace(b"_", b"-") in UNKEYED)
