"""gRPC-Web at the edge: calls of browsers, made into calls of gRPC (PROTOCOL-WEB of grpc/grpc).

A browser can read no trailers, so that here they are a last frame of the body, and a body may be
text in base64. Messages pass as they are. What other origins than the page's own may call is not
decided here (CORS).
"""

import re
from base64 import b64encode
from binascii import a2b_base64

from porch.errors import BadRequest, PorchError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.grpc import GRPC, UNKNOWN, WEB, WEB_TEXT, call_kind, error_fields
from porch.http.message import Field, Trailers
from porch.transform import transform

__all__ = ["GrpcWeb"]

_TRAILERS = 0x80
"""Flag of the frame that has the trailers."""
_QUADS = re.compile(rb"(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)*\Z")
_RUN = re.compile(rb"[^=]+=*")
"""Each message may be encoded by itself, with padding in the middle of the body."""
_NO_STATUS = [
    (b"grpc-status", b"%d" % UNKNOWN),
    (b"grpc-message", b"the origin ended its answer without a status"),
]


class _Call:
    """kind: WEB or WEB_TEXT. rest: of a body in base64, fewer than four characters. is_begun:
    whether an answer with a body is under way."""

    __slots__ = ("is_begun", "kind", "rest")

    def __init__(self, kind: bytes) -> None:
        self.kind = kind
        self.rest = b""
        self.is_begun = False


class _Answer:
    """See transform.Transform."""

    __slots__ = ("_is_text",)

    def __init__(self, is_text: bool) -> None:
        self._is_text = is_text

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        """See Transform."""
        if end:
            data += _frame(_NO_STATUS if trailers is None else trailers.fields)
        return None, b64encode(data) if self._is_text else data


class GrpcWeb(Filter):
    """Calls of gRPC-Web go on as gRPC; all others as they came."""

    __slots__ = ("_calls",)

    def __init__(self) -> None:
        self._calls: dict[Exchange, _Call] = {}

    def on_request_data(self, exchange: Exchange, data: bytes) -> bytes:
        """See Filter. The first piece comes before any other hook."""
        call = self._call(exchange)
        if call is None or call.kind != WEB_TEXT:
            return data
        text = call.rest + data
        whole = len(text) & ~3
        call.rest = text[whole:]
        quads = text[:whole]
        if _QUADS.match(quads) is None:
            raise BadRequest("a body of application/grpc-web-text that is not base64")
        if call.rest and exchange.request_done:
            raise BadRequest("a body of application/grpc-web-text that is cut off")
        return b"".join(map(a2b_base64, _RUN.findall(quads)))

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter."""
        call, outgoing = self._call(exchange), exchange.outgoing
        if call is None or outgoing is None:
            return
        outgoing.fields = _as_kind(outgoing.fields, call.kind, GRPC)
        if call.kind == WEB_TEXT:
            outgoing.length = None
            outgoing.fields = [each for each in outgoing.fields if each[0] != b"content-length"]

    def on_response(self, exchange: Exchange) -> None:
        """See Filter. An answer of fields alone has its status where browsers look first."""
        call, response = self._calls.get(exchange), exchange.response
        if call is None or response is None:
            return
        if call_kind(response.get(b"content-type")) != GRPC:
            return
        response.fields = _as_kind(response.fields, GRPC, call.kind)
        if response.get(b"grpc-status") is None:
            transform(exchange, _Answer(call.kind == WEB_TEXT))
            call.is_begun = True

    def on_cut(self, exchange: Exchange, error: PorchError) -> Trailers | None:
        """See Filter."""
        call = self._calls.get(exchange)
        return Trailers(error_fields(error)) if call is not None and call.is_begun else None

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._calls.pop(exchange, None)

    def _call(self, exchange: Exchange) -> _Call | None:
        found = self._calls.get(exchange)
        request = exchange.request
        if found is None and request.method == b"POST":
            kind = call_kind(request.get(b"content-type"))
            if kind in (WEB, WEB_TEXT):
                found = self._calls[exchange] = _Call(kind)
        return found


def _as_kind(fields: list[Field], old: bytes, new: bytes) -> list[Field]:
    """The same encoding of messages (+proto), of another kind of call."""
    return [
        (name, new + value[len(old) :]) if name == b"content-type" else (name, value)
        for name, value in fields
    ]


def _frame(fields: list[Field]) -> bytes:
    """Trailers as a frame of the body: lines as in HTTP/1."""
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return bytes((_TRAILERS,)) + len(lines).to_bytes(4, "big") + lines
