"""Answers as HTTP/2 has them, both ways (RFC 9113 8.3.2). An origin is distrusted as a client is.

libnghttp2 has checked the grammar, that there is one status, no field about the connection, at most
one Content-Length and no more or less data than it says.
"""

from collections.abc import Sequence

from porch import clock
from porch.errors import BadGateway
from porch.http.fields import HOP_BY_HOP
from porch.http.h1 import HeadLimits
from porch.http.h1_response import TooLargeAnswer
from porch.http.h2_request import OVERHEAD
from porch.http.message import Field, ResponseHead

__all__ = ["STATUSES", "read_response"]

STATUSES: dict[int, Field] = {status: (b":status", b"%d" % status) for status in range(100, 600)}
"""The field that an answer begins with, by its status."""
_LONGEST = 16
"""Digits of a length, as in HTTP/1.1."""


def read_response(fields: Sequence[Field], limits: HeadLimits) -> ResponseHead:
    """The head that decoded fields are, of an answer or an interim one. Raises BadGateway."""
    status = size = 0
    length: int | None = None
    dated = False
    rest: list[Field] = []
    for field in fields:
        name, value = field
        size += len(name) + len(value) + OVERHEAD
        if name == b":status":
            status = int(value)
        elif name == b"content-length":
            if not value.isdigit() or len(value) > _LONGEST:
                raise BadGateway("a malformed Content-Length in the answer")
            length = int(value)
            rest.append(field)
        elif name not in HOP_BY_HOP:
            rest.append(field)
            if name == b"date":
                dated = True
    if not 100 <= status <= 599 or status == 101:  # RFC 9113 8.6
        raise BadGateway(f"the origin answered with status {status}")
    if size > limits.head or len(rest) > limits.fields:
        raise TooLargeAnswer(f"the head of the answer has {size} bytes in {len(rest)} fields")
    if status == 204:  # RFC 9110 8.6: no length with it
        rest = [field for field in rest if field[0] != b"content-length"]
        length = 0
    if not dated and status >= 200:  # RFC 9110 6.6.1: the recipient adds it
        rest.append((b"date", clock.date))
    return ResponseHead(status, rest, length)
