"""Answers as HTTP/2 has them, both ways (RFC 9113 8.3.2)."""

from collections.abc import Sequence

from porch.errors import BadGateway
from porch.http.fields import HOP_BY_HOP
from porch.http.h1 import HeadLimits
from porch.http.h2_request import OVERHEAD
from porch.http.message import Field, ResponseHead

__all__ = ["read_response", "response_fields"]

_statuses = {status: (b":status", b"%d" % status) for status in range(100, 600)}


def read_response(fields: Sequence[Field], end: bool, limits: HeadLimits) -> ResponseHead:
    """The head that decoded fields are. end: nothing follows. Raises BadGateway."""
    status = 0
    size = 0
    length: int | None = 0 if end else None
    rest: list[Field] = []
    for field in fields:
        name, value = field
        size += len(name) + len(value) + OVERHEAD
        if name == b":status":
            status = int(value)  # three digits, as libnghttp2 has seen
        elif name not in HOP_BY_HOP:
            rest.append(field)
            if name == b"content-length" and not end:
                length = int(value)
    if not 100 <= status <= 599 or status == 101:
        raise BadGateway(f"the origin answered with status {status}")
    if size > limits.head or len(rest) > limits.fields:
        raise BadGateway(f"the head of the answer has {size} bytes in {len(rest)} fields")
    return ResponseHead(status, rest, length)


def response_fields(head: ResponseHead) -> list[Field]:
    """The fields that a head is sent as."""
    return [_statuses[head.status], *head.fields]
