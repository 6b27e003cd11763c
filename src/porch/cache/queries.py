"""Queries: what answers to QUERY are kept by (RFC 10008).

The body is a part of the question, so each has a key of its own, and nobody can list those of one
URL. So that all of them are gone when the URL was changed (RFC 9111 4.4), each key has the name of
a mark in it that is stored for the URL: without the mark none of them can be found any more.

In HTTP/2 a body always comes behind its head, and in HTTP/1.1 it may: a short one is waited for.
"""

import os

from porch.cache.directives import FOREVER
from porch.cache.entry import Entry
from porch.cache.key import digest, url
from porch.cache.store import Store
from porch.clock import INFINITY
from porch.exchange import Exchange
from porch.http.message import RequestHead
from porch.silence import wait

__all__ = ["LONGEST", "QUERY", "Coming", "body_of_query", "mark", "marked", "may_be_short"]

QUERY = b"QUERY"
LONGEST = 8192
"""Bytes of a body that is waited for. Those of all streams of a connection fit into its window."""


_MARK = b" queries"
"""Behind a key: what is stored by it is no answer, but the mark of all queries of it."""


class Coming(set[Exchange]):
    """The QUERYs whose bodies are waited for."""

    def begin(self, exchange: Exchange) -> bool:
        """Whether a QUERY whose body is not all here is to be waited for: not if that is known to
        be long, and not if who asks wants to hear first whether he may go on."""
        request = exchange.request
        if not may_be_short(request) or len(exchange.held or b"") > LONGEST:
            return False
        self.add(exchange)
        wait(exchange)
        return True

    def is_over(self, exchange: Exchange, data: bytes) -> bool:
        """A further piece of such a body: whether there is nothing more to wait for."""
        wait(exchange)
        is_long = len(exchange.held or b"") + len(data) > LONGEST
        if not (exchange.request_done or is_long):
            return False
        self.discard(exchange)
        if not exchange.half_closed:
            exchange.deadline = INFINITY
        return True


def may_be_short(request: RequestHead) -> bool:
    """Whether a QUERY is to be waited for, as far as its head says."""
    return not request.expect and (request.length or 0) <= LONGEST


def body_of_query(exchange: Exchange) -> bytes | None:
    """What a QUERY asks; None where not all of it is here, or it is no QUERY."""
    if exchange.request.method != QUERY or not exchange.request_done:
        return None
    return exchange.held


def mark(store: Store, key: bytes, request: RequestHead) -> bytes:
    """What is in the keys of all queries of a URL until that is forgotten or purged; what nobody
    else gets where nothing can be stored. key: of a GET of it."""
    primary = marked(key)
    for each in store.variants(primary):
        stored = store.load(each.ident)
        if stored is not None and not stored.is_purged:
            store.seen(each.ident)
            return each.ident
    entry = Entry(
        status=204,
        fields=[],
        length=0,
        received=store.now(),
        age=0.0,
        lifetime=FOREVER,
        source="none",
        url=url(request),
    )
    return store.save(primary, entry, b"", store.moment()) or os.urandom(16)


def marked(key: bytes) -> bytes:
    """What the mark is kept by: without it no answer to a QUERY of this URL is found any more. key:
    of a GET of it."""
    return digest(key + _MARK)
