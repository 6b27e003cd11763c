"""Queries: what answers to QUERY are kept by (RFC 10008).

The body is a part of the question, so each has a key of its own, and nobody can list those of one
URL. So that all of them are gone when the URL was changed (RFC 9111 4.4), each key has the name of
a mark in it that is stored for the URL: without the mark none of them can be found any more.
"""

import os

from porch.cache.directives import FOREVER
from porch.cache.entry import Entry
from porch.cache.key import url
from porch.cache.store import Store
from porch.exchange import Exchange
from porch.http.message import RequestHead

__all__ = ["QUERY", "body_of_query", "forget_queries", "mark"]

QUERY = b"QUERY"


def body_of_query(exchange: Exchange) -> bytes | None:
    """What a QUERY asks; None where not all of it is here, or it is no QUERY."""
    if exchange.request.method != QUERY or not exchange.request_done:
        return None
    return exchange.held


def mark(store: Store, primary: bytes, request: RequestHead) -> bytes:
    """What is in the keys of all queries of a URL until that is forgotten or purged; what nobody
    else gets where nothing can be stored. primary: of the URL, by which no answer is stored."""
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


def forget_queries(store: Store, primary: bytes) -> None:
    """No answer to a QUERY of this URL is found any more. primary: as for `mark`."""
    if store.variants(primary):
        store.forget(primary)
