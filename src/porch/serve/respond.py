"""Answers that a route gives by itself: `respond:503`, OPTIONS *, Max-Forwards (RFC 9110 7.6.2)."""

from collections.abc import Sequence

from porch.errors import METHODS, PorchError
from porch.exchange import Exchange
from porch.filter import Filter, Repeated, Response
from porch.http.message import Field

__all__ = ["FailWith", "Options", "Respond", "options"]


class Respond(Filter):
    """Answers every request the same way."""

    __slots__ = ("_response",)

    def __init__(self, status: int, body: bytes = b"", fields: Sequence[Field] = ()) -> None:
        if body and not any(field[0] == b"content-type" for field in fields):
            fields = (*fields, (b"content-type", b"text/plain; charset=utf-8"))
        self._response = Repeated(status, tuple(fields), body)

    def on_request(self, exchange: Exchange) -> Response:
        """See Filter."""
        return self._response


class FailWith(Filter):
    """Fails every request with one kind of error: the routes of what no route takes."""

    __slots__ = ("_kind",)

    def __init__(self, kind: type[PorchError]) -> None:
        self._kind = kind

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        raise self._kind(exchange.request.authority.decode("latin-1") or "a request without Host")


class Options(Filter):
    """OPTIONS for the door itself: `*`, or Max-Forwards: 0; a larger number goes on one smaller."""

    __slots__ = ()

    def on_request(self, exchange: Exchange) -> Response | None:
        """See Filter."""
        request = exchange.request
        if request.method != b"OPTIONS":
            return None
        if request.target == b"*":
            return options()
        value = request.get(b"max-forwards")
        if value is None or not value.isdigit() or len(value) > 9:
            return None
        if int(value) == 0:
            return options()
        smaller = (b"max-forwards", b"%d" % (int(value) - 1))
        request.fields = [
            smaller if field[0] == b"max-forwards" else field for field in request.fields
        ]
        return None


def options() -> Response:
    """What this door can do (RFC 9110 9.3.7)."""
    return Response(204, ((b"allow", METHODS),))
