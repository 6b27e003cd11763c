"""DecodeRequests: bodies of requests that clients have coded, for origins that read none."""

from porch.compress.decoder import CODINGS, Decoder
from porch.compress.decoding import Decoding
from porch.compress.fields import codings, without_sums
from porch.exchange import Exchange
from porch.filter import Filter, Response

__all__ = ["DecodeRequests"]

_OURS = b"gzip, br, zstd, deflate"
_OF_CODED = frozenset((b"content-encoding", b"content-length"))


class DecodeRequests(Filter):
    """A bomb, or more than `most` bytes, is 413; what is damaged 400; another coding 415."""

    __slots__ = ("_most", "_running")

    def __init__(self, most: int) -> None:
        self._most = most
        self._running: dict[Exchange, Decoding] = {}

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter. Who sends a coding that nobody reads is told which are (RFC 9110 15.5.16)."""
        request = exchange.request
        if self._of(exchange) is not None or request.length == 0 or not codings(request.fields):
            return None
        text = b"a coding that is not read here; take gzip, br, zstd or deflate, or none\n"
        kind = (b"content-type", b"text/plain; charset=utf-8")
        return Response(415, ((b"accept-encoding", _OURS), kind), text)

    def on_request_data(self, exchange: Exchange, data: bytes) -> bytes:
        """See Filter. The first piece comes before any other hook, the others decoded already."""
        decoding = self._of(exchange)
        return data if decoding is None or decoding.feeds else decoding.begin(data)

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter. What is whole has a length."""
        outgoing, held = exchange.outgoing, exchange.held
        if exchange not in self._running or outgoing is None:
            return
        if exchange.request_done and held is not None:
            outgoing.length = len(held)
            outgoing.fields = [*outgoing.fields, (b"content-length", b"%d" % len(held))]

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._running.pop(exchange, None)

    def _of(self, exchange: Exchange) -> Decoding | None:
        """What decodes it. From then on nobody sees that the request was coded: not the origin, nor
        a cache or a shadow that is sent the body too."""
        found = self._running.get(exchange)
        request = exchange.request
        if found is None and request.length != 0:
            named = codings(request.fields)
            if len(named) == 1 and named[0] in CODINGS:
                found = self._running[exchange] = Decoding(exchange, Decoder(named[0], self._most))
                request.length = None
                request.fields = [
                    each for each in without_sums(request.fields) if each[0] not in _OF_CODED
                ]
        return found
