"""X-Request-ID: by which a request is found again, in the log, at the origin and by `porch trace`.

Nobody's standard, but what everybody reads. One that a trusted peer has sent is kept, so that a
chain of proxies has one; a client's own is replaced, for it could name another's.
"""

import os
import re
from collections.abc import Callable
from itertools import count
from operator import itemgetter

from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.fields import REQUEST_ID

__all__ = ["RequestId"]

_name = itemgetter(0)
_is_fit = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}").fullmatch
"""Nothing in one breaks a line of a log or a page; longer ones are nobody's."""


class RequestId(Filter):
    """Gives each exchange its id and tells it to the client; ForwardingHeaders tells it to the
    origin. The first filter: an error of the
    next ones shows it. trusts: whether a peer's own is kept, by its address; None for nobody's.

    Unique among all doors by 32 random bits of each worker and configuration, and a number: who is
    told one learns how many requests there were, so that they start anywhere.
    """

    __slots__ = ("_next", "_trusts")

    def __init__(self, trusts: Callable[[bytes], bool] | None = None) -> None:
        self._trusts = trusts
        made = (os.urandom(4).hex() + "-%x").encode().__mod__
        self._next = map(made, count(int.from_bytes(os.urandom(3)))).__next__

    def on_begin(self, exchange: Exchange) -> None:
        """See Filter."""
        if self._trusts is not None and self._trusts(exchange.client.peer):
            given = exchange.request.get(REQUEST_ID)
            if given is not None and _is_fit(given):
                exchange.id = given
                return
        exchange.id = self._next()

    def on_response(self, exchange: Exchange) -> None:
        """See Filter. An origin's own stands behind nothing of ours: it goes."""
        response = exchange.response
        assert response is not None
        fields, known = response.fields, response.known
        if known is not None and known.fields == fields:
            has_one = REQUEST_ID in known.names
        else:
            has_one = REQUEST_ID in map(_name, fields)
        if has_one:
            fields = [each for each in fields if each[0] != REQUEST_ID]
        if known is None and exchange.made is not None:  # its fields may be another answer's too
            fields = [*fields]
        fields.append((REQUEST_ID, exchange.id))
        response.fields = fields
