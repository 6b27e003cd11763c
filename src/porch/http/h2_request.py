"""Requests as HTTP/2 clients send them (RFC 9113 8.3.1).

libnghttp2 has checked the grammar of names and values, the order and number of pseudo-fields, that
no field is about the connection, and that a body is as long as Content-Length says. What it lets
through and an HTTP/1.1 origin could read in another way is refused here, before anything is routed.
"""

import re
from collections.abc import Sequence

from porch.errors import BadRequest, FieldsTooLarge, MethodNotAllowed, PorchError, TargetTooLong
from porch.http.chunked import FRAMING, passes_behind
from porch.http.fields import HOP_BY_HOP, LONGEST
from porch.http.h1 import HeadLimits
from porch.http.message import Field, Repeats, RequestHead, Trailers
from porch.http.target import check_authority, known_authorities

__all__ = ["OVERHEAD", "Refused", "RequestReader", "read_trailers", "refused"]

OVERHEAD = 32
"""Bytes that each field counts on top of its own (RFC 9113 10.5.1)."""

_PATH = re.compile(rb"/[!-\"$-~]*\Z")
"""Visible ASCII without a fragment, as in HTTP/1.1's request line."""
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_LONGEST_LENGTH = 18
"""Digits of a Content-Length, as in HTTP/1.1."""
_SPECIAL = HOP_BY_HOP | {b"host", b"cookie", b"content-length", b"expect"}
_NEVER = frozenset((b"CONNECT", b"TRACE"))
_TOLD = frozenset((b"accept", b"content-type", b"referer", b"user-agent"))
"""Fields of a refused request that its answer and the access log make use of: a call of gRPC is
answered as one."""
_MOST_TOLD = 1024
"""Bytes of its path, and of its other words, that are kept for the log."""
_NOTHING: tuple[Field, ...] = ()


class Refused:
    """A request that is not served. request: what is known of it, for the answer and the log.
    error: why; its answer is for this stream alone."""

    __slots__ = ("error", "request")

    def __init__(self, request: RequestHead, error: PorchError) -> None:
        self.request = request
        self.error = error


class RequestReader:
    """Reads the heads of one connection."""

    __slots__ = (
        "_after",
        "_authority",
        "_before",
        "_count",
        "_end",
        "_expect",
        "_fields",
        "_length",
        "_limits",
        "_longest",
        "_method",
        "_path_at",
        "_repeats",
        "_scheme",
    )

    def __init__(self, scheme: bytes, limits: HeadLimits) -> None:
        """scheme: of the connection, which stands for the one that was sent: a proxy before us may
        have said its own."""
        self._scheme = scheme
        self._limits = limits
        # All but the path of the last head, which clients repeat: read once (-1 us).
        self._before = self._after = self._fields = _NOTHING
        self._count = self._path_at = self._longest = 0
        self._end = self._expect = False
        self._length: int | None = None
        self._method = self._authority = b""
        self._repeats: Repeats | None = None

    def read(self, fields: tuple[Field, ...], end: bool) -> RequestHead:
        """The head that decoded fields are. end: nothing follows. Raises PorchError, see
        `refused`."""
        if len(fields) == self._count and end is self._end:
            at = self._path_at
            name, target = fields[at]
            # _PATH, but for the control characters that libnghttp2 lets into none: -0.13 us.
            if (
                name == b":path"
                and fields[at + 1 :] == self._after
                and fields[:at] == self._before
                and len(target) <= self._longest
                and target[:1] == b"/"
                and target.isascii()
                and 0x23 not in target
            ):
                head = RequestHead(
                    self._method,
                    target,
                    self._authority,
                    self._scheme,
                    [*self._fields],
                    self._length,
                    None,
                    self._expect,
                    b"2",
                )
                head.repeats = self._repeats
                return head
        return self._read(fields, end)

    def _read(self, fields: tuple[Field, ...], end: bool) -> RequestHead:
        limits = self._limits
        method = target = authority = protocol = asked = b""
        size = crumbs = 0
        rest: list[Field] = []
        special: list[Field] = []
        for field in fields:
            name, value = field
            size += len(name) + len(value) + OVERHEAD
            if name in _SPECIAL:
                special.append(field)
                crumbs += name == b"cookie"
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
        # Browsers send each cookie as a field of its own (RFC 9113 8.2.3): all are one, as in
        # HTTP/1.1.
        count = len(rest) + len(special) - max(0, crumbs - 1)
        if size > limits.head or count > limits.fields:
            raise FieldsTooLarge(f"the head has {size} bytes in {count} fields")
        if method in _NEVER and not protocol:
            raise MethodNotAllowed(f"{method.decode()} is never forwarded")
        if authority and authority not in known_authorities:
            check_authority(authority)
        length = 0 if end else None
        request = RequestHead(method, target, authority, self._scheme, rest, length, version=b"2")
        if special:
            _read_special(request, special, end)
        if asked not in (b"https", b"http"):
            raise BadRequest("a :scheme other than http and https")
        if len(method) + len(target) > limits.request_line:
            raise TargetTooLong(f"method and path have over {limits.request_line} bytes")
        if _PATH.match(target) is None and not (target == b"*" and method == b"OPTIONS"):
            raise BadRequest(":path is no path of visible ASCII characters, or has a fragment")
        if protocol:
            _read_tunnel(request, protocol, end)
        elif size <= len(target) + LONGEST:
            self._remember(request, fields, size, end)
        return request

    def _remember(
        self, request: RequestHead, fields: tuple[Field, ...], size: int, end: bool
    ) -> None:
        """The next head may differ in its path alone, as far as that has room."""
        target, method = request.target, request.method
        at = self._path_at = fields.index((b":path", target))
        self._before, self._after = fields[:at], fields[at + 1 :]
        self._count, self._end = len(fields), end
        self._length, self._expect = request.length, request.expect
        self._method, self._authority = method, request.authority
        self._fields = tuple(request.fields)
        self._repeats = Repeats()
        limits = self._limits
        self._longest = min(limits.head - size + len(target), limits.request_line - len(method))


def _read_special(request: RequestHead, special: list[Field], end: bool) -> None:
    """Host, framing and what is joined."""
    cookies: list[bytes] = []
    for field in special:
        name, value = field
        if name == b"cookie":
            cookies.append(value)
        elif name == b"content-length":  # one, of digits, and 0 if nothing follows
            if len(value) > _LONGEST_LENGTH:
                raise BadRequest("a malformed Content-Length")
            request.length = int(value)
            request.fields.append(field)
        elif name == b"host":
            _read_host(request, value)
        elif name == b"expect":
            if value.lower() != b"100-continue":
                raise BadRequest("an expectation other than 100-continue", 417)
            request.expect = True
    if cookies:
        request.fields.append((b"cookie", b"; ".join(cookies)))
    request.expect = request.expect and not end and request.length != 0


def _read_host(request: RequestHead, host: bytes) -> None:
    """RFC 9113 8.3.1: `:authority` stands, and who says two things is refused."""
    if host not in known_authorities:
        check_authority(host)
    if not request.authority:
        request.authority = host
        return
    default = b":443" if request.scheme == b"https" else b":80"
    one, two = request.authority.lower(), host.lower()
    if one.removesuffix(default) != two.removesuffix(default):
        raise BadRequest(":authority and Host differ")


def _read_tunnel(request: RequestHead, protocol: bytes, end: bool) -> None:
    """RFC 8441 4: as the request that HTTP/1.1 makes of it. A body before the tunnel, or none of
    it at all, could be read in two ways."""
    if end or request.length is not None:
        raise BadRequest("a tunnel with Content-Length, or that has ended before it began")
    if _TOKEN.match(protocol) is None:
        raise BadRequest(":protocol is no token")
    request.method = b"GET"
    request.upgrade = protocol.lower()
    request.length = 0
    request.expect = False


def refused(fields: Sequence[Field], scheme: bytes, error: PorchError) -> Refused:
    """What is known of a head that was refused for an error, as far as it is of use."""
    error.__traceback__ = None  # which holds all fields for as long as the error is kept
    said = dict(fields)
    request = RequestHead(
        said.get(b":method", b"-")[:_MOST_TOLD],
        said.get(b":path", b"-")[:_MOST_TOLD],
        (said.get(b":authority") or said.get(b"host", b""))[:_MOST_TOLD],
        scheme,
        [field for field in fields if field[0] in _TOLD and len(field[1]) <= _MOST_TOLD],
        version=b"2",
    )
    return Refused(request, error)


def read_trailers(fields: Sequence[Field], limits: HeadLimits) -> Trailers | None:
    """The fields behind a body, as far as they may go on; None where none of them does, which is an
    end like any other. Raises BadRequest for what would frame the body, FieldsTooLarge for more
    than a head may have."""
    size = sum(len(name) + len(value) + OVERHEAD for name, value in fields)
    if size > limits.head or len(fields) > limits.fields:
        raise FieldsTooLarge(f"trailers of {size} bytes in {len(fields)} fields")
    for name, _ in fields:
        if name in FRAMING:
            raise BadRequest(f"{name.decode()} stands in the trailers")
    passing = [field for field in fields if passes_behind(field[0])]
    return Trailers(passing) if passing else None
