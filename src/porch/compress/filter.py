"""Compress: the filter that has answers coded for the clients that take it."""

from secrets import randbelow

from porch.compress.coder import Coder, Stream
from porch.compress.fields import (
    coded,
    conditions_back,
    drop_range,
    varied,
    weak_as_asked,
    without_sums,
)
from porch.compress.negotiate import asked, chosen
from porch.compress.rules import Rules
from porch.compress.types import why_not
from porch.compress.workshop import Workshop
from porch.exchange import Exchange
from porch.filter import Filter, Kept, Response
from porch.http.message import ResponseHead, Trailers
from porch.transform import SMALL, transform

__all__ = ["Compress"]


class Compress(Filter):
    """See the module. workshop: of the worker."""

    __slots__ = ("_running", "_workshop", "rules")

    def __init__(self, rules: Rules, workshop: Workshop) -> None:
        self.rules = rules
        self._workshop = workshop
        self._running: dict[Exchange, _Coding] = {}

    def __repr__(self) -> str:
        return f"<Compress {b' '.join(self.rules.codings).decode()} {self._workshop!r}>"

    def on_request(self, exchange: Exchange) -> None:
        """See Filter. Before a cache: it is asked by the origin's tags too."""
        request = exchange.request
        conditions_back(request)
        if (
            request.get(b"if-range") is not None
            and not (request.get(b"if-range") or b"").startswith(b'"')
            and chosen(asked(request.fields), self.rules.codings) is not None
        ):
            drop_range(request)  # a date may be that of a coded answer, of which it has a part

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        request, response, rules = exchange.request, exchange.response, self.rules
        assert response is not None
        if response.status == 304:
            kind = response.get(b"content-type")
            if kind is None or rules.types.has(kind):
                response.fields = varied(weak_as_asked(response.fields, request))
            return
        if why_not(request, response, rules.types, rules.least) is not None:
            return
        coding = chosen(asked(request.fields), rules.codings)
        if coding is None:
            response.fields = varied(response.fields)
            return
        if rules.padding:
            response.fields = [
                *response.fields,
                (b"x-padding", b"0" * (1 + randbelow(rules.padding))),
            ]
        coder = self._workshop.coders[coding]
        made = exchange.made
        if request.method == b"HEAD":
            response.fields = [
                each for each in coded(response.fields, coding) if each[0] != b"content-length"
            ]
            response.length = None
        elif made is not None and made.source is None and len(made.body) <= SMALL:
            self._replace(exchange, made, response, coder)
        else:
            transform(exchange, _Coding(exchange, response, coder, self))
            response.fields = varied(response.fields)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        coding = self._running.pop(exchange, None)
        if coding is not None:
            coding.leave()

    def begin(self, exchange: Exchange, coding: "_Coding") -> "Stream | None":
        """A stream for it, if there is room."""
        effort = self._workshop.take(coding.coder, self.rules.effort)
        if effort is None:
            return None
        coding.effort = effort
        self._running[exchange] = coding
        return coding.coder.stream(effort)

    def ended(self, coding: "_Coding") -> None:
        """Its room is free."""
        self._workshop.give(coding.coder, coding.effort)

    def _replace(
        self, exchange: Exchange, made: Response, response: ResponseHead, coder: Coder
    ) -> None:
        """An answer that is whole at the door is coded at once."""
        form = coder.whole(made.body, self.rules.effort)
        if len(form) >= len(made.body):
            response.fields = varied(response.fields)
            return
        response.fields = [
            each for each in coded(response.fields, coder.name) if each[0] != b"content-length"
        ]
        response.fields.append((b"content-length", b"%d" % len(form)))
        response.length = len(form)
        exchange.made = Kept(response, form)


class _Coding:
    """See transform.Transform: one answer, which is coded at once where all of it is there when its
    head leaves, and left as it is where that is shorter, or where there is no room for a stream."""

    __slots__ = ("_exchange", "_filter", "_head", "_is_begun", "_stream", "coder", "effort")

    def __init__(
        self, exchange: Exchange, head: ResponseHead, coder: Coder, filter_: Compress
    ) -> None:
        self._exchange = exchange
        self._head = head
        self._filter = filter_
        self._stream: Stream | None = None
        self._is_begun = False
        self.coder = coder
        self.effort = filter_.rules.effort

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        """See Transform."""
        if not self._is_begun:
            self._is_begun = True
            form = self._begin(data, end)
            if form is None:
                return trailers, data
            self._head.fields = coded(self._head.fields, self.coder.name)
        elif self._stream is not None:
            form = self._stream.change(data, end)
        else:
            return trailers, data
        return trailers and Trailers(without_sums(trailers.fields)), form

    def _begin(self, data: bytes, end: bool) -> bytes | None:
        """The form of the first piece; None where the answer stays as it is."""
        rules = self._filter.rules
        if not end:
            self._stream = self._filter.begin(self._exchange, self)
            return None if self._stream is None else self._stream.change(data, False)
        if len(data) < rules.least:
            return None
        form = self.coder.whole(data, rules.effort)
        return form if len(form) < len(data) else None

    def leave(self) -> None:
        """The exchange is over."""
        self._stream = None
        self._filter.ended(self)
