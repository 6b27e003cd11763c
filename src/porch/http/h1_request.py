"""Requests out of bytes, as strictly as a front door must (RFC 9112 3, 6)."""

import re
from operator import itemgetter
from typing import NoReturn

from porch.errors import (
    BadRequest,
    FieldsTooLarge,
    MethodNotAllowed,
    TargetTooLong,
    VersionNotSupported,
)
from porch.http.chunked import ChunkedBody
from porch.http.fields import HOP_BY_HOP, VALUE, decoded, tokens
from porch.http.h1 import (
    CHUNKED,
    LENGTH,
    MEANT_ANYWAY,
    Decoder,
    HeadLimits,
    content_length,
)
from porch.http.message import Field, Repeats, RequestHead
from porch.http.target import check_authority, known_authorities, split_absolute

__all__ = ["RequestDecoder"]

_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-\"$-~]+) HTTP/1\.([01])\Z")
"""One space between the parts, visible ASCII and no fragment in the target (RFC 9112 3)."""
_USUAL_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) (/[!-\"$-~]*) HTTP/1\.1\Z")
"""Such a line that asks for a path."""
_OTHER_VERSION = re.compile(rb"[!-~]+ [!-~]+ HTTP/[0-9](?:\.[0-9])?\Z")

_SPECIAL = HOP_BY_HOP | {b"host", b"content-length", b"expect"}
_RARE = _SPECIAL - {b"host", b"connection"}
_decode = decoded.__getitem__
_ODD = b"referer"
_name = itemgetter(0)
_NEVER = frozenset((b"CONNECT", b"TRACE"))
_DECIDING = re.compile(
    rb"(?:access-control-request-.+|forwarded|origin|sec-fetch-.+|x-forwarded-.+|x-real-ip)\Z"
)
"""Fields whose absence lets in: who sends no Origin is no browser, and whom no proxy has forwarded
is that proxy. Who names one in Connection has it taken away between who added it and who looks at
it, so that no request may (RFC 9110 7.6.1: it MUST NOT be named)."""


LONGEST = 1024
"""Bytes of the fields that are remembered of a connection, and of the line. A browser's fields are
500 to 900."""
REMEMBERED = 256
"""Heads that connections began with, and are remembered for those that come: 1 MB at the very
worst. Secrets are too, as in lines (fields.py): a look-up compares all behind the first line."""

_Usual = tuple[HeadLimits, bytes, tuple[Field, ...], Repeats, bool, tuple[bytes, bytes], int, int]
"""By which limits it was read, and so by which configuration; the rest as the decoder has it."""
_begun_with: dict[bytes, _Usual] = {}
"""All but the first line of a head -> what it means. Who makes a connection for each request says
the same on all of them."""


class RequestDecoder(Decoder):
    """Decodes the requests of one connection, one after the other.

    keep_alive: whether the client keeps the connection after the last head read.
    one_zero: whether that head was HTTP/1.0: no chunks and no interim answers for it.
    last: the bytes of a request that was read, has no body and may be had `again`.
    """

    __slots__ = (
        "_around",
        "_keeps",
        "_last_line",
        "_odd",
        "_place",
        "_repeats",
        "_scheme",
        "_usual",
        "_usual_fields",
        "_usual_host",
        "keep_alive",
        "last",
        "one_zero",
    )

    def __init__(self, limits: HeadLimits, scheme: bytes) -> None:
        """scheme: b"http" or b"https", of the connection."""
        super().__init__(limits)
        self._scheme = scheme
        self.keep_alive = True
        self.one_zero = False
        # All but the first line of the last head, which clients repeat: read once (-0.9 us).
        self._usual: bytes | None = None
        self._usual_host = b""
        self._usual_fields: tuple[Field, ...] = ()
        self._keeps = True
        self._repeats: Repeats | None = None
        # What of it stands around the value of Referer, where that begins (0: there is none), and
        # its place among the fields.
        self._around = b"", b""
        self._odd = self._place = 0
        self.last: bytes | None = None
        self._last_line = b"", b""

    def again(self) -> RequestHead:
        """The head of `last`, which has come once more and nothing before it that is left: who
        watches something asks the same all the time (-0.9 us)."""
        method, target = self._last_line
        self.one_zero = False
        self.keep_alive = self._keeps
        request = RequestHead(method, target, self._usual_host, self._scheme, [*self._usual_fields])
        request.repeats = self._repeats
        return request

    def _read_head(self, block: bytes) -> RequestHead:
        cut, usual = 0, self._usual
        if usual is not None:
            if block.endswith(usual):
                cut = len(block) - len(usual)
            elif self._odd and self._turns(block, first := block.find(b"\r\n")):
                cut = first
        else:  # the first one, with which another connection may have begun too (-0.9 us)
            first = block.find(b"\r\n")
            found = _begun_with.get(block[first:])
            if found is not None and found[0] is self._limits:
                cut, self._usual = first, block[first:]
                _, self._usual_host, self._usual_fields, self._repeats = found[:4]
                self._keeps, self._around, self._odd, self._place = found[4:]
        if cut:
            match = _USUAL_LINE.match(block, 0, cut)
            if match is not None and cut <= self._limits.request_line and match[1] not in _NEVER:
                self.one_zero = False
                self.keep_alive = self._keeps
                method, target = match.groups()
                request = RequestHead(
                    method, target, self._usual_host, self._scheme, [*self._usual_fields]
                )
                request.repeats = self._repeats
                if cut <= LONGEST:
                    self.last, self._last_line = block + b"\r\n\r\n", (method, target)
                return request
        return self._read_anew(block)

    def _turns(self, block: bytes, cut: int) -> bool:
        """Whether it is the usual head but for the value of Referer, as where a browser goes on to
        the next page (-2.4 us); it is the usual one then."""
        before, after = self._around
        if cut <= 0 or not block.startswith(before, cut) or len(block) > cut + LONGEST:
            return False
        first = cut + self._odd
        end = block.find(b"\r\n", first)
        if block[end:] != after if end >= 0 else after:
            return False
        match = VALUE.match(block, first, end if end >= 0 else len(block))
        if match is None:
            return False
        fields = [*self._usual_fields]
        fields[self._place] = (_ODD, match[0].strip(b" \t"))
        self.last = None
        self._usual = block[cut:]
        self._usual_fields = tuple(fields)
        return True

    def _find_odd(self, usual: bytes, fields: list[Field]) -> None:
        """Where Referer stands in the usual head, spelled as clients of HTTP/1.1 do."""
        for name in (b"\r\nReferer: ", b"\r\nreferer: "):
            if (start := usual.find(name)) >= 0:
                self._odd = start + len(name)
                end = usual.find(b"\r\n", self._odd)
                self._around = usual[: self._odd], usual[end:] if end >= 0 else b""
                self._place = [*map(_name, fields)].index(_ODD)

    def _read_anew(self, block: bytes) -> RequestHead:
        """A head of which nothing is known."""
        lines = block.split(b"\r\n")
        if len(lines) > self._limits.fields + 1:
            self._too_many(lines)
        if not lines[0] and len(lines) > 1:  # RFC 9112 2.2: one empty line before is ignored
            del lines[0]
        line = lines.pop(0)
        if len(line) > self._limits.request_line:
            self._line_too_long()
        match = _LINE.match(line)
        if match is None:
            self._bad_line(line)
        method, target, minor = match.groups()
        try:
            fields = [*map(_decode, lines)]
        except ValueError:
            raise BadRequest("a field line is malformed") from None
        one_zero = self.one_zero = minor == b"0"
        self.keep_alive = not one_zero
        said = dict(fields)
        host = said.get(b"host")
        connection = said.get(b"connection")
        if (
            host is not None
            and host in known_authorities
            and not one_zero
            and (connection is None or connection in MEANT_ANYWAY or connection == b"close")
            and len(said) == len(fields)
            and _RARE.isdisjoint(said)
        ):
            # The usual head, which a browser's is, without a look at each field (-1.3 us).
            fields.remove((b"host", host))
            if connection is not None:
                fields.remove((b"connection", connection))
            self.keep_alive = connection != b"close"
            request = RequestHead(method, target, host, self._scheme, fields)
            cut = block.find(b"\r\n")
            if 0 < cut < len(block) <= cut + LONGEST:
                is_first = self._usual is None
                self.last = None
                self._usual = usual = block[cut:]
                self._usual_fields, self._usual_host = tuple(fields), host
                self._keeps = self.keep_alive
                self._repeats, self._odd = Repeats(), 0
                if _ODD in said:
                    self._find_odd(usual, fields)
                if is_first:
                    if len(_begun_with) >= REMEMBERED:
                        _begun_with.clear()
                    _begun_with[usual] = (
                        *(self._limits, self._usual_host, self._usual_fields, self._repeats),
                        *(self._keeps, self._around, self._odd, self._place),
                    )
        else:
            request = RequestHead(method, target, b"", self._scheme, fields)
            self._read_special(request)
        if not target.startswith(b"/") or method in _NEVER:
            self._read_target(request)
        return request

    def _read_special(self, request: RequestHead) -> None:
        """Host, framing and what concerns this connection alone. One pass, without a table of
        names: all with a body come by here (-1.2 us)."""
        host: bytes | None = None
        lengths: list[bytes] = []
        codings: list[bytes] = []
        connection = upgrade = expect = b""
        plain: list[Field] = []
        for field in request.fields:
            name, value = field
            if name not in _SPECIAL:
                plain.append(field)
            elif name == b"host":
                if host is not None:
                    raise BadRequest("Host is repeated")
                host = value
            elif name == b"connection":
                connection = connection + b"," + value if connection else value
            elif name == b"content-length":
                lengths.append(value)
            elif name == b"transfer-encoding":
                codings.append(value)
            elif name == b"upgrade":
                upgrade += b"," + value
            elif name == b"expect":
                expect += b"," + value
        request.fields = plain
        if self.one_zero:
            request.version = b"1.0"
        if host is not None:
            request.authority = host if host in known_authorities else check_authority(host)
        elif not self.one_zero:
            raise BadRequest("Host is missing")
        if lengths or codings:
            self._read_framing(request, lengths, codings)
        if connection and not (connection in MEANT_ANYWAY and not self.one_zero):
            self._read_connection(request, connection, upgrade)
        if expect and not self.one_zero:  # RFC 9110 10.1.1: ignored in HTTP/1.0
            if tokens(expect) != [b"100-continue"]:
                raise BadRequest("an expectation other than 100-continue", 417)
            request.expect = request.length != 0

    def _read_framing(
        self, request: RequestHead, lengths: list[bytes], codings: list[bytes]
    ) -> None:
        """RFC 9112 6.1 to 6.3."""
        if codings:
            if lengths:
                raise BadRequest("both Content-Length and Transfer-Encoding")
            if self.one_zero:
                raise BadRequest("Transfer-Encoding in HTTP/1.0")
            if len(codings) != 1 or codings[0].lower() != b"chunked":
                raise BadRequest("a Transfer-Encoding other than chunked")
            request.length = None
            self._state = CHUNKED
            self._chunks = ChunkedBody(self._limits.head, self._limits.fields)
        else:
            length = content_length(lengths)
            if length is None:
                raise BadRequest("a malformed or repeated Content-Length")
            request.length = length
            request.fields.append((b"content-length", lengths[0]))
            if length:
                self._state = LENGTH
                self._left = length

    def _read_connection(self, request: RequestHead, connection: bytes, upgrade: bytes) -> None:
        """RFC 9110 7.6.1: what Connection names ends here."""
        if connection == b"close":
            self.keep_alive = False
            return
        options = set(tokens(connection))
        if b"close" in options:
            self.keep_alive = False
        elif self.one_zero:
            self.keep_alive = b"keep-alive" in options
        elif b"upgrade" in options and upgrade and request.length == 0:
            # Half a body and then a tunnel could be read in two ways.
            protocols = tokens(upgrade)
            if len(protocols) == 1:
                request.upgrade = protocols[0]
        # Naming Content-Length takes nothing away: the message would become another.
        named = options - _SPECIAL - {b"close"}
        if named:
            if any(map(_DECIDING.match, named)):
                raise BadRequest("Connection names a field that is not about the connection alone")
            request.fields[:] = [field for field in request.fields if field[0] not in named]
            if self._chunks is not None:
                self._chunks.dropped = named

    def _read_target(self, request: RequestHead) -> None:
        """Targets that are no path, and methods that are not forwarded."""
        if request.method in _NEVER:
            raise MethodNotAllowed(f"{request.method.decode()} is never forwarded")
        if request.target == b"*" and request.method == b"OPTIONS":
            return
        if request.target.startswith(b"/"):
            return
        scheme, authority, request.target = split_absolute(request.target, request.method)
        if scheme != self._scheme:
            raise BadRequest("the target's scheme is not the connection's")
        # RFC 9112 3.2.2 lets the target win over Host; a client that says two things is refused.
        if not request.authority and self.one_zero:
            request.authority = authority
        default = b":443" if scheme == b"https" else b":80"
        one, two = authority.lower(), request.authority.lower()
        if one.removesuffix(default) != two.removesuffix(default):
            raise BadRequest("the target's authority and Host differ")

    def _check_first_line(self, data: bytes) -> None:
        start = 2 if data.startswith(b"\r\n") else 0
        most = start + self._limits.request_line
        # Its CR may be here without the LF.
        if len(data) > most + 1 and data.find(b"\r\n", start, most + 2) < 0:
            self._line_too_long()

    def _bad_line(self, line: bytes) -> NoReturn:
        if _OTHER_VERSION.match(line) and not line.endswith((b"HTTP/1.0", b"HTTP/1.1")):
            raise VersionNotSupported("the request line asks for another version")
        raise BadRequest("the request line is malformed")

    def _malformed(self, detail: str) -> NoReturn:
        raise BadRequest(detail)

    def _too_large(self, detail: str) -> NoReturn:
        raise FieldsTooLarge(detail)

    def _line_too_long(self) -> NoReturn:
        raise TargetTooLong(f"the request line has over {self._limits.request_line} bytes")
