"""Unkeyed: what of a request is in no key, and what becomes of it where the answer is to be stored.

An origin may look at any field and say nothing of it in Vary. Where that is known of a field that
no browser sends, or none with a page, a request that is to be stored goes without it, or its answer
is kept for those alone that say the same. Else one client chooses what all others get.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from itertools import compress
from operator import itemgetter

from porch.cache.key import KeyRules
from porch.cache.steering import speaks_of, steers
from porch.http.fields import alike
from porch.http.message import Field, RequestHead

__all__ = [
    "FAMILIES",
    "IMPLIED",
    "TOLD",
    "UNKEYED",
    "believing",
    "implied",
    "is_plain",
    "is_unkeyed",
    "sendable",
]

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
        *(b"x-host-override", b"x-backend-host", b"base-url", b"proxy", b"host-name"),
        *(b"server-name", b"x-server-name", b"x-backend", b"x-backend-server"),
        # another scheme
        *(b"x-forwarded-scheme", b"x-forwarded-ssl", b"x-forwarded-protocol", b"x-url-scheme"),
        *(b"front-end-https", b"x-scheme", b"cf-visitor", b"cloudfront-forwarded-proto"),
        *(b"https", b"ssl", b"https-from-lb", b"x-nfsn-https"),
        # another path
        *(b"x-original-url", b"x-original-uri", b"x-rewrite-url", b"x-forwarded-path"),
        *(b"x-forwarded-url", b"x-script-name", b"x-original-path", b"x-override-url"),
        *(b"x-http-path-override", b"x-rewrite-path", b"x-rewrite-uri", b"x-real-url"),
        *(b"x-request-uri", b"x-request-url", b"request-uri", b"x-proxy-url", b"x-wap-profile"),
        *(b"x-forwarded-uri", b"x-forwarded-context", b"x-envoy-original-path"),
        *(b"x-invoke-path", b"x-invoke-query", b"x-matched-path", b"x-now-route-matches"),
        *(b"x-amz-website-redirect-location", b"destination", b"x-rewrite", b"x-override"),
        *(b"script-name", b"path-info", b"x-path-info", b"path-translated", b"query-string"),
        *(b"x-cf-url", b"x-sub-path"),
        # another method
        *(b"x-http-method", b"x-http-method-override", b"x-method-override"),
        *(b"x-method", b"x-rest-method", b"x-original-method", b"x-forwarded-method"),
        # what parts of a framework tell each other
        *(b"x-invoke-status", b"x-invoke-error", b"x-invoke-output", b"x-middleware-prefetch"),
        *(b"x-middleware-subrequest", b"x-middleware-rewrite", b"x-react-router-spa-mode"),
        *(b"x-react-router-prerender-data", b"x-astro-path", b"x-astro-locals"),
        *(b"x-sveltekit-pathname", b"x-sveltekit-search", b"x-vercel-sc-host"),
        *(b"x-vercel-sc-headers", b"x-nitro-prerender", b"x-gatsby-wait-for-dev-ssr"),
    )
)
"""Fields by which an origin may make another answer for the same key, and that browsers do not
send. A request that is to be stored goes without them, without those of which `steers` says the
same by their words, and without all that are `alike`; but for those that are in its key."""

IMPLIED = frozenset(
    (
        *(b"rsc", b"x-nextjs-data", b"x-requested-with", b"x-up-target", b"x-fetch"),
        *(b"x-fragment", b"x-barba", b"x-xhr-referer", b"x-prerender-revalidate"),
        *(b"x-purpose", b"x-moz", b"x-esi", b"x-forwarded-client-cert", b"uri", b"url"),
        *(b"x-forwarded-by", b"x-forwarded-proto-version"),
        *(b"prefer", b"a-im"),  # RFC 7240, RFC 3229
        b"translate",  # by which WebDAV asks for the source of a page
        *(b"content-type", b"content-encoding", b"content-language"),
    )
)
"""Fields by which scripts of a page ask for data or a fragment of it under the URL of the whole;
by which others in front ask for another form of it; and what says something of a body, which a GET
has not. An answer to a request with them, or with what `speaks_of` finds, is kept as if Vary had
named them."""

FAMILIES = (
    *(b"hx-", b"x-up-", b"x-inertia", b"x-pjax", b"x-livewire", b"x-alpine-", b"datastar-"),
    *(b"next-", b"x-next-", b"turbo-", b"x-sveltekit-", b"surrogate-"),
)
"""How the names of more such fields begin: those of a framework that get more with its versions."""

_REMEMBERED = 4096
_ADDRESSES = b"x-forwarded-for"
_FOR_SITES = (b"access-control-allow-origin", b"timing-allow-origin")
_TELLING = frozenset((b"content-encoding", *_FOR_SITES))
_NAME = itemgetter(0)


class _Judged(dict[bytes, bool]):
    """name -> whether the field is of a kind. Bounded; a name is judged once."""

    __slots__ = ("_judge",)

    def __init__(self, judge: Callable[[bytes], bool]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, name: bytes) -> bool:
        found = self._judge(name)
        if len(self) >= _REMEMBERED:
            self.clear()
        self[name] = found
        return found


def is_unkeyed(name: bytes) -> bool:
    """Whether a request that is to be stored goes without a field of this name. name:
    lower-case."""
    read = alike(name)
    return read in UNKEYED or (read not in IMPLIED and steers(read))


def _is_implied(name: bytes) -> bool:
    """A name that is not spelled as fields are (of letters, digits and `-`) may be read as that of
    any other field, of one that Vary has or the key: what answers it is not for all."""
    if name.startswith(b":"):  # the door's own (asker.told), which no client can send
        return False
    read = alike(name)
    return not is_unkeyed(name) and (
        read != name or read in IMPLIED or read.startswith(FAMILIES) or speaks_of(read)
    )


_is_left_out = _Judged(is_unkeyed).__getitem__
_is_looked_at = _Judged(_is_implied).__getitem__


def sendable(request: RequestHead, keyed: Collection[bytes]) -> list[Field]:
    """The fields that go out with a request that is to be stored. keyed: names that are in its
    key.

    The chain of addresses is made anew: its beginning is what anybody has written.
    """
    return [
        field
        for field in request.fields
        if (field[0] in keyed or not _is_left_out(field[0])) and field[0] != _ADDRESSES
    ]


def is_plain(request: RequestHead, keyed: Collection[bytes]) -> bool:
    """Whether the origin is told nothing of `UNKEYED` or `IMPLIED` that is not in its key, so that
    what it answers holds for all."""
    return not any(
        (_is_left_out(name) or _is_looked_at(name)) and name not in keyed
        for name, _ in request.fields
    )


def believing(rules: KeyRules) -> KeyRules:
    """What counts of the requests of a trusted proxy: what it tells too."""
    return replace(rules, fields=(*rules.fields, *TOLD))


def implied(request: RequestHead, fields: Sequence[Field]) -> set[bytes]:
    """The names of request fields that an answer with these fields has looked at, whether Vary has
    them or not: a coding is there because somebody took it, and a site may read it because it said
    who it is, in Origin or elsewhere, or because it is the one that always may. Which of these, the
    answer does not say, nor how the site was spelled."""
    asks = [*map(_NAME, request.fields)]
    names = {*compress(asks, map(_is_looked_at, asks))}
    if _TELLING.isdisjoint(map(_NAME, fields)):
        return names
    for name, value in fields:
        if name == b"content-encoding":
            names.add(b"accept-encoding")
        elif name in _FOR_SITES and value != b"*":
            names.add(b"origin")
    return names
