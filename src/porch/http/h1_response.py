"""Answers out of bytes. An origin is distrusted as a client is (RFC 9112 4, 6)."""

import re
from typing import NoReturn

from porch import clock
from porch.errors import BadGateway, ConnectionLost, IncompleteResponse, UpgradeFailed
from porch.http.chunked import ChunkedBody
from porch.http.fields import HOP_BY_HOP, decoded, tokens
from porch.http.h1 import (
    CHUNKED,
    HEAD,
    INTERIM,
    LENGTH,
    MEANT_ANYWAY,
    RAW,
    UNTIL_CLOSE,
    Decoder,
    HeadLimits,
    Piece,
    content_length,
)
from porch.http.known import Known
from porch.http.message import Field, ResponseHead

__all__ = ["ResponseDecoder", "TooLargeAnswer"]

_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*))?\Z")
_SPECIAL = HOP_BY_HOP | {b"content-length"}
_KEPT = _SPECIAL | {b"close", b"date"}
"""Naming these in Connection takes nothing away: the message would become another."""
_REMEMBERED, _LONGEST = 512, 64
LONGEST = 1024
"""Bytes of a head that is remembered of a connection."""
_status_lines: dict[bytes, tuple[int, bool, bytes]] = {}
"""Status lines read lately: line -> (status, whether it is of HTTP/1.0, reason)."""
_decode = decoded.__getitem__
_SETTINGS = b"\4\0\0\0\0\0"
"""Behind its length, the first frame of an HTTP/2 server (RFC 9113 6.5)."""


class TooLargeAnswer(BadGateway):
    """The origin's head, or its trailers, are over `limits.head` or `limits.fields`."""

    word = "http_response_header_section_size"
    sentence = (
        "The origin's head or trailers are over limits.head, or have more than limits.fields."
    )


class ResponseDecoder(Decoder):
    """Decodes the answers of one origin connection.

    method, upgrade: of the request that the next answer belongs to. started: whether a byte of
    that answer came. reusable: whether the connection may serve again after the answer that has
    ended. usual: the last usual head, with the empty line behind it, which an origin may repeat as
    it is, many times in a second: what begins with it is had `again` (-1.8 us, and what is made of
    its fields).
    """

    __slots__ = (
        "_interim",
        "_known",
        "_most_interim",
        "_usual_made",
        "method",
        "reusable",
        "started",
        "upgrade",
        "usual",
    )

    def __init__(self, limits: HeadLimits, most_interim: int) -> None:
        """most_interim: interim answers that may stand before a final one."""
        super().__init__(limits)
        self.method = b""
        self.upgrade: bytes | None = None
        self.started = False
        self._interim = 0
        self._most_interim = most_interim
        self.reusable = False
        self.usual: bytes | tuple[()] = ()  # nothing begins with one of none
        self._usual_made: tuple[list[Field], int, bytes] = [], 0, b""
        self._known: Known | None = None

    def again(self, data: bytes) -> Piece | None:
        """`decode` of what begins with `usual`."""
        if self._state != HEAD or self.rest or self.method == b"HEAD":
            return self.decode(data)
        fields, size, reason = self._usual_made
        if (known := self._known) is None:
            known = self._known = Known(fields)
        self.started = self.reusable = True
        self._interim = 0
        head = ResponseHead(200, [*fields], size, reason, None, known)
        body = data[len(self.usual) :]
        if len(body) == size:
            return head, body, True
        self._state, self._left = LENGTH, size
        return self._first_of_body(head, body) if body else (head, b"", False)

    def decode_end(self) -> Piece:
        """The origin closed its side: the last piece of an answer that its end delimits.

        Raises ConnectionLost where no byte of an answer came, else IncompleteResponse.
        """
        if self._state == UNTIL_CLOSE or self._state == RAW:
            return None, b"", True
        if self._state == HEAD and not self.rest and not self.started:
            raise ConnectionLost("the origin closed the connection before it answered")
        raise IncompleteResponse("the origin closed the connection inside its answer")

    def _read_head(self, block: bytes) -> ResponseHead:
        lines = block.split(b"\r\n")
        if len(lines) > self._limits.fields + 1:
            self._too_many(lines)
        self.started = True
        line = lines.pop(0)
        status, one_zero, reason = _status_lines.get(line) or self._read_status_line(line)
        try:
            fields = [*map(_decode, lines)]
        except ValueError:
            raise BadGateway("a field line of the answer is malformed") from None
        said = dict(fields)
        is_usual = HOP_BY_HOP.isdisjoint(said)
        if not is_usual and not one_zero and said.get(b"connection") in MEANT_ANYWAY:
            is_usual = self._let_go(fields, said)
        is_dated = b"date" in said
        if not is_dated and status >= 200:  # RFC 9110 6.6.1: the recipient adds it
            fields.append((b"date", clock.date))
            said[b"date"] = clock.date
        length = said.get(b"content-length")
        if (
            length is not None
            and status == 200
            and not one_zero
            and is_usual
            and len(said) == len(fields)
            and self.method != b"HEAD"
            and length.isdigit()
            and len(length) < 16
        ):
            # The usual answer without the calls, and the look at each field, that others need.
            self.reusable = True
            self._interim = 0
            self._left = size = int(length)
            if size:
                self._state = LENGTH
            if is_dated and len(block) <= LONGEST:
                self.usual = block + b"\r\n\r\n"
                self._usual_made = [*fields], size, reason
                self._known = None
            return ResponseHead(200, fields, size, reason)
        special = [field for field in fields if field[0] in _SPECIAL]
        if special:
            fields = [field for field in fields if field[0] not in _SPECIAL]
        head = ResponseHead(status, fields, 0, reason)
        self._read_special(head, special, one_zero)
        return head

    def _let_go(self, fields: list[Field], said: dict[bytes, bytes]) -> bool:
        """Take out what is said of a connection that stays. Whether nothing else is said of it."""
        for name in (b"connection", b"keep-alive"):
            if name in said:
                fields.remove((name, said.pop(name)))
        return HOP_BY_HOP.isdisjoint(said)

    def _read_status_line(self, line: bytes) -> tuple[int, bool, bytes]:
        match = _LINE.match(line)
        if match is None:
            self._malformed("the status line is malformed")
        minor, code, reason = match.groups()
        read = int(code), minor == b"0", reason or b""
        if len(line) <= _LONGEST:
            if len(_status_lines) >= _REMEMBERED:
                _status_lines.clear()
            _status_lines[line] = read
        return read

    def _read_special(self, head: ResponseHead, special: list[Field], one_zero: bool) -> None:
        values: dict[bytes, list[bytes]] = {}
        for name, value in special:
            values.setdefault(name, []).append(value)
        options = {option for each in values.get(b"connection", ()) for option in tokens(each)}
        self.reusable = b"close" not in options and (not one_zero or b"keep-alive" in options)
        codings = values.get(b"transfer-encoding", [])
        if codings and one_zero:
            raise BadGateway("Transfer-Encoding in an HTTP/1.0 answer")
        if head.status >= 200:
            self._interim = 0
            self._read_framing(head, values.get(b"content-length", []), codings)
        else:
            self._read_interim(head, values, options)
        named = options - _KEPT
        if named:
            head.fields[:] = [field for field in head.fields if field[0] not in named]
            if self._chunks is not None:
                self._chunks.dropped = named

    def _read_interim(
        self, head: ResponseHead, values: dict[bytes, list[bytes]], options: set[bytes]
    ) -> None:
        """RFC 9110 15.2: read until a final one; 101 only as the answer to our Upgrade."""
        if b"content-length" in values or b"transfer-encoding" in values:
            raise BadGateway("an interim answer with content")  # RFC 9110 8.6, RFC 9112 6.1
        if head.status == 101:
            protocols = [p for each in values.get(b"upgrade", ()) for p in tokens(each)]
            if self.upgrade is None or protocols != [self.upgrade] or b"upgrade" not in options:
                raise UpgradeFailed("the origin switched to a protocol it was not asked for")
            head.upgrade = self.upgrade
            self._state = RAW
            return
        self._interim += 1
        if self._interim > self._most_interim:
            raise BadGateway("too many interim answers before a final one")
        self._state = INTERIM

    def _read_framing(self, head: ResponseHead, lengths: list[bytes], codings: list[bytes]) -> None:
        """RFC 9112 6.3."""
        status = head.status
        if codings and (lengths or len(codings) != 1 or codings[0].lower() != b"chunked"):
            raise BadGateway("an answer whose framing can be read in two ways")
        if lengths:
            length = content_length(lengths)
            if length is None:
                raise BadGateway("a malformed or repeated Content-Length in the answer")
            if status != 204:  # RFC 9110 8.6: none with 204
                head.fields.append((b"content-length", lengths[0]))
                head.length = length
        if self.method == b"HEAD" or status == 304 or status == 204:
            if not lengths:
                head.length = 0 if status == 204 else None
            return
        if codings:
            head.length = None
            self._state = CHUNKED
            self._chunks = ChunkedBody(self._limits.head, self._limits.fields)
        elif lengths:
            if head.length:
                self._state = LENGTH
                self._left = head.length
        else:
            head.length = None
            self.reusable = False
            self._state = UNTIL_CLOSE

    def _check_first_line(self, data: bytes) -> None:
        """Name a server of HTTP/2 alone, such as one of gRPC: it says its settings to anybody."""
        if data[3:9] == _SETTINGS:
            raise BadGateway("the origin speaks HTTP/2 alone; write h2c:// in `to`")

    def _malformed(self, detail: str) -> NoReturn:
        raise BadGateway(f"{detail}, in the answer")

    def _too_large(self, detail: str) -> NoReturn:
        raise TooLargeAnswer(detail)
