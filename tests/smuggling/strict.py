"""A strict reader of HTTP/1.1 (RFC 9112): the judge of what went over a wire.

It shares nothing with Porch, so that the two cannot be wrong together, and it forgives nothing:
what it reads without complaint, no other reader can read as something else.
"""

import string
from dataclasses import dataclass

__all__ = ["Fields", "Malformed", "Request", "Response", "read_request", "read_response"]

Fields = tuple[tuple[bytes, bytes], ...]

TOKEN = frozenset(string.ascii_letters.encode() + string.digits.encode() + b"!#$%&'*+-.^_`|~")
DIGITS = frozenset(string.digits.encode())
HEX = frozenset(string.hexdigits.encode())
VALUE = frozenset([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
TARGET = frozenset(range(0x21, 0x7F)) - {0x23}  # no fragment: "#"
REG_NAME = frozenset(string.ascii_letters.encode() + string.digits.encode() + b"-._~!$&'()*+,;=%")
LITERAL = frozenset(string.ascii_letters.encode() + string.digits.encode() + b":.-_~!$&'()*+,;=")

NEVER_TRAILERS = frozenset((b"transfer-encoding", b"content-length", b"host", b"connection"))
"""Behind the body these would frame or route the message anew (RFC 9110 6.5.1)."""


class Malformed(Exception):
    """What was read is not HTTP/1.1, or could be read in two ways. The text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What both directions share. Field names are lower-case; size: bytes on the wire."""

    fields: Fields
    body: bytes = b""
    trailers: Fields = ()
    size: int = 0

    def values(self, name: bytes) -> list[bytes]:
        """All values of field `name`, in order."""
        return [value for each, value in self.fields if each == name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Message):
    """A whole request."""

    method: bytes
    target: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(Message):
    """A whole answer. last: whether the connection ends behind it."""

    status: int
    last: bool = False


def read_request(data: bytes) -> Request | None:
    """The request that `data` begins with, or None while it is not whole. Raises Malformed."""
    head = _head(data)
    if head is None:
        return None
    parts = head[0].split(b" ")
    if len(parts) != 3:
        raise Malformed(f"the request line has {len(parts)} parts")
    method, target, version = parts
    if not method or not TOKEN.issuperset(method):
        raise Malformed("the method is no token")
    if not target or not TARGET.issuperset(target):
        raise Malformed("the target holds what no target may")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Malformed("the version is not HTTP/1.x")
    fields = _fields(head[1:])
    hosts = [value for name, value in fields if name == b"host"]
    if len(hosts) != 1 and not (version == b"HTTP/1.0" and not hosts):
        raise Malformed(f"{len(hosts)} Host fields")
    if hosts and hosts[0] and not _is_authority(hosts[0]):
        raise Malformed("Host is no authority")
    length, chunked = _framing(fields, version)
    if chunked and version == b"HTTP/1.0":
        raise Malformed("Transfer-Encoding in HTTP/1.0")
    at = sum(len(line) + 2 for line in head) + 2
    body = _chunks(data, at) if chunked else _counted(data, at, length or 0)
    if body is None:
        return None
    return Request(
        method=method, target=target, fields=fields, body=body[0], trailers=body[1], size=body[2]
    )


def read_response(data: bytes, method: bytes, ended: bool) -> Response | None:
    """The answer to a request of `method` that `data` begins with, None while it is not whole.

    ended: whether the connection was closed cleanly behind `data`. Raises Malformed.
    """
    head = _head(data)
    if head is None:
        return None
    version, _, rest = head[0].partition(b" ")
    code, _, reason = rest.partition(b" ")
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise Malformed("the status line has no version")
    if len(code) != 3 or not DIGITS.issuperset(code) or not 100 <= int(code) <= 599:
        raise Malformed("the status is none")
    if not VALUE.issuperset(reason):
        raise Malformed("the reason holds a control character")
    status = int(code)
    fields = _fields(head[1:])
    length, chunked = _framing(fields, version)
    at = sum(len(line) + 2 for line in head) + 2
    last = any(value.lower() == b"close" for name, value in fields if name == b"connection")
    body: tuple[bytes, Fields, int] | None = (b"", (), at)
    if status < 200 or status == 204:
        if length is not None or chunked:
            raise Malformed(f"{status} with framing")
    elif method == b"HEAD" or status == 304:
        pass
    elif chunked:
        body = _chunks(data, at)
    elif length is not None:
        body = _counted(data, at, length)
    else:
        body = (data[at:], (), len(data)) if ended else None
    if body is None:
        return None
    return Response(
        status=status, last=last, fields=fields, body=body[0], trailers=body[1], size=body[2]
    )


def _head(data: bytes) -> list[bytes] | None:
    end = data.find(b"\r\n\r\n")
    part = data if end < 0 else data[:end]
    whole = part.removesuffix(b"\r") if end < 0 else part
    if b"\0" in part or any(b"\n" in line or b"\r" in line for line in whole.split(b"\r\n")):
        raise Malformed("a bare CR, LF or NUL in a head")
    return None if end < 0 else part.split(b"\r\n")


def _fields(lines: list[bytes]) -> Fields:
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or not TOKEN.issuperset(name):
            raise Malformed(f"a field line without a name: {line[:40]!r}")
        if not VALUE.issuperset(value):
            raise Malformed(f"a control character in a field value: {line[:40]!r}")
        fields.append((name.lower(), value.strip(b" \t")))
    return tuple(fields)


def _framing(fields: Fields, version: bytes) -> tuple[int | None, bool]:
    lengths = [value for name, value in fields if name == b"content-length"]
    codings = [value for name, value in fields if name == b"transfer-encoding"]
    if lengths and codings:
        raise Malformed("both Content-Length and Transfer-Encoding")
    if len(lengths) > 1 or len(codings) > 1:
        raise Malformed("framing said twice")
    if lengths and not (lengths[0] and DIGITS.issuperset(lengths[0])):
        raise Malformed(f"Content-Length is no number: {lengths[0][:40]!r}")
    if codings and codings[0].lower() != b"chunked":
        raise Malformed(f"Transfer-Encoding is not chunked: {codings[0][:40]!r}")
    return int(lengths[0]) if lengths else None, bool(codings)


def _is_authority(host: bytes) -> bool:
    if host.startswith(b"["):
        address, bracket, port = host[1:].partition(b"]")
        good = bool(bracket) and bool(address) and LITERAL.issuperset(address)
        return good and (not port or (port[:1] == b":" and DIGITS.issuperset(port[1:])))
    name, _, port = host.partition(b":")
    return bool(name) and REG_NAME.issuperset(name) and DIGITS.issuperset(port)


def _counted(data: bytes, at: int, length: int) -> tuple[bytes, Fields, int] | None:
    end = at + length
    return (data[at:end], (), end) if len(data) >= end else None


def _chunks(data: bytes, at: int) -> tuple[bytes, Fields, int] | None:
    pieces = []
    while True:
        end = data.find(b"\r\n", at)
        line = data[at:] if end < 0 else data[at:end]
        digits, _, extension = line.partition(b";")
        digits = digits.removesuffix(b"\r") if end < 0 else digits
        if not HEX.issuperset(digits) or len(digits) > 16 or (end >= 0 and not digits):
            raise Malformed(f"a chunk size is no number: {line[:40]!r}")
        if not VALUE.issuperset(extension.removesuffix(b"\r") if end < 0 else extension):
            raise Malformed("a control character in a chunk extension")
        if end < 0:
            return None
        size = int(digits, 16)
        at = end + 2
        if size == 0:
            break
        behind = data[at + size : at + size + 2]
        if not b"\r\n".startswith(behind):
            raise Malformed("chunk data is not followed by CRLF")
        if len(behind) < 2:
            return None
        pieces.append(data[at : at + size])
        at += size + 2
    if data.startswith(b"\r\n", at):
        return b"".join(pieces), (), at + 2
    lines = _head(data[at:])
    if lines is None:
        return None
    trailers = _fields(lines)
    if any(name in NEVER_TRAILERS for name, _ in trailers):
        raise Malformed("a trailer that frames or routes the message")
    return b"".join(pieces), trailers, at + sum(len(line) + 2 for line in lines) + 2
