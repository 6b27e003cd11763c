"""The answer that a file gives, by the conditions and ranges of the request (RFC 9110 13, 14)."""

import functools
import os
from collections.abc import Sequence

from porch import clock
from porch.exchange import Exchange
from porch.filter import Kept, Response
from porch.http.conditional import CONDITIONS, OF_CONTENT, is_failed, is_not_modified
from porch.http.message import Field, ResponseHead
from porch.http.ranges import partial, ranges
from porch.reader import LITTLE, InMemory, Part, Reader, begun
from porch.serve.file_body import FileBody

__all__ = ["SPECIAL", "given"]

SPECIAL = CONDITIONS | {b"range"}
"""Fields of a request that may ask for something else than the whole."""


def given(
    exchange: Exchange, fields: Sequence[Field], size: int, body: bytes | FileBody, *, plain: bool
) -> Response:
    """What the request is answered with. fields: of the 200, without length and date. size: of the
    whole, in bytes. plain: whether it has none of SPECIAL."""
    request = exchange.request
    own = (*exchange.keeper.own_fields, (b"date", clock.date))
    head = ResponseHead(200, [*fields, *own, (b"content-length", b"%d" % size)], size)
    parts: Sequence[Part] = ((0, size),)
    if not plain:
        wall = clock.wall()
        if is_failed(head, request, wall):
            return Response(412)
        if is_not_modified(head, request, wall):
            kept = [each for each in head.fields if each[0] not in OF_CONTENT]
            return Kept(ResponseHead(304, kept, 0), b"")
        asked = ranges(head, size, request, wall)
        if asked == []:
            return Response(416, ((b"content-range", b"bytes */%d" % size),))
        if asked:
            plan = partial(head.fields, size, asked, os.urandom(12).hex().encode())
            head, parts = plan.head, plan.pieces
    if request.method == b"HEAD" or size == 0:
        return Kept(head, b"")
    if isinstance(body, bytes):
        if not exchange.client_full or len(body) <= LITTLE:
            return Kept(head, _joined(body, parts))
        return begun(head, InMemory(body), parts, Reader, full=True)
    makes = functools.partial(Reader, on_moved=body.on_moved)
    return begun(head, body, parts, makes, full=exchange.client_full)


def _joined(body: bytes, parts: Sequence[Part]) -> bytes:
    return b"".join(
        [each if isinstance(each, bytes) else body[each[0] : each[1]] for each in parts]
    )
