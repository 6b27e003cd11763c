"""Requests as HTTP/2 has them, both ways (RFC 9113 8.3.1).

libnghttp2 has checked the grammar of names and values, the order and number of pseudo-fields, and
that no field is about the connection. What it lets through and an HTTP/1.1 origin could read in
another way is refused here, before anything is routed.
"""

import re
from collections.abc import Sequence

from porch.errors import BadRequest, FieldsTooLarge, MethodNotAllowed, TargetTooLong
from porch.http.chunked import FORBIDDEN_TRAILERS
from porch.http.fields import HOP_BY_HOP
from porch.http.h1 import HeadLimits
from porch.http.message import Field, RequestHead, Trailers
from porch.http.target import check_authority, known_authorities

__all__ = ["OVERHEAD", "read_request", "read_trailers", "request_fields"]

OVERHEAD = 32
"""Bytes that each field counts on top of its own (RFC 9113 10.5.1)."""

_METHOD = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_PATH = re.compile(rb"/[!-\"$-~]*\Z")
"""Visible ASCII without a fragment, as in HTTP/1.1's request line."""
_LENGTH = re.compile(rb"[0-9]{1,18}\Z")
_SPECIAL = HOP_BY_HOP | {b"host", b"cookie", b"content-length", b"expect"}
_NEVER = frozenset((b"CONNECT", b"TRACE"))


def read_request(
    fields: Sequence[Field], scheme: bytes, end: bool, limits: HeadLimits
) -> RequestHead:
    """The head that decoded fields are. scheme: of the connection, which stands for the one that
    was sent: a proxy before us may have said its own. end: nothing follows.

    Raises a PorchError whose answer is for this stream alone.
    """
    method = target = authority = protocol = asked = b""
    size = 0
    rest: list[Field] = []
    special: list[Field] = []
    for field in fields:
        name, value = field
        size += len(name) + len(value) + OVERHEAD
        if name in _SPECIAL:
            special.append(field)
        elif name[0] != 0x3A:
            rest.append(field)
        elif name == b":method":
            method = value
        elif name == b":path":
            target = value
        elif name == b":authority":
            authority = value
        elif name == b":scheme":
            asked = value
        else:  # the only other that libnghttp2 lets in
            protocol = value
    if size > limits.head or len(rest) + len(special) > limits.fields:
        raise FieldsTooLarge(f"the head has {size} bytes in {len(fields)} fields")
    if authority and authority not in known_authorities:
        check_authority(authority)
    request = RequestHead(method, target, authority, scheme, rest, 0 if end else None, version=b"2")
    if special:
        _read_special(request, special)
    if not request.authority:
        raise BadRequest("neither :authority nor Host is there")
    if asked not in (b"https", b"http"):
        raise BadRequest("a :scheme other than http and https")
    if protocol:
        _read_tunnel(request, protocol)
    _check_line(request, limits)
    return request


def _check_line(request: RequestHead, limits: HeadLimits) -> None:
    """What HTTP/1.1 says in its first line (RFC 9112 3)."""
    method, target = request.method, request.target
    if len(method) + len(target) > limits.request_line:
        raise TargetTooLong(f"method and path have over {limits.request_line} bytes")
    if _METHOD.match(method) is None:
        raise BadRequest("the method is no token")
    if method in _NEVER:
        raise MethodNotAllowed(f"{method.decode()} is never forwarded")
    if _PATH.match(target) is None and not (target == b"*" and method == b"OPTIONS"):
        raise BadRequest(":path is no path of visible ASCII characters, or has a fragment")


def _read_special(request: RequestHead, special: list[Field]) -> None:
    """Host, framing and what is joined."""
    cookies: list[bytes] = []
    for name, value in special:
        if name == b"cookie":
            cookies.append(value)
        elif name == b"content-length":
            if _LENGTH.match(value) is None:
                raise BadRequest("a malformed Content-Length")
            request.length = int(value)
            request.fields.append((name, value))
        elif name == b"host":
            if request.authority and value.lower() != request.authority.lower():
                raise BadRequest(":authority and Host differ")
            request.authority = value if value in known_authorities else check_authority(value)
        elif name == b"expect":
            if value.lower() != b"100-continue":
                raise BadRequest("an expectation other than 100-continue", 417)
            request.expect = request.length != 0
    if cookies:  # RFC 9113 8.2.3
        request.fields.append((b"cookie", b"; ".join(cookies)))
    request.expect = request.expect and request.length != 0


def _read_tunnel(request: RequestHead, protocol: bytes) -> None:
    """RFC 8441 4: as the request that HTTP/1.1 makes of it."""
    if request.method != b"CONNECT":
        raise BadRequest(":protocol without CONNECT")
    request.method = b"GET"
    request.upgrade = protocol.lower()
    request.length = 0


def read_trailers(fields: Sequence[Field]) -> Trailers:
    """The fields behind a body, as far as they may go on."""
    return Trailers(
        [
            field
            for field in fields
            if field[0] not in FORBIDDEN_TRAILERS and not field[0].startswith(b"x-forwarded")
        ]
    )


def request_fields(head: RequestHead) -> list[Field]:
    """The fields that a head is sent as."""
    fields = [
        (b":method", head.method),
        (b":scheme", head.scheme),
        (b":authority", head.authority),
        (b":path", head.target),
        *head.fields,
        (b"te", b"trailers"),
    ]
    if head.expect:
        fields.append((b"expect", b"100-continue"))
    return fields
