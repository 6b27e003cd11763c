"""Compress: the filter that has answers coded for the clients that take it."""

from secrets import randbelow

from porch.compress.coder import Coder
from porch.compress.coding import Coding
from porch.compress.fields import coded, conditions_back, drop_range, varied, weak_as_asked
from porch.compress.negotiate import asked, chosen
from porch.compress.restoring import Restoring, refuses, undoable
from porch.compress.rules import Rules
from porch.compress.types import why_not
from porch.compress.workshop import Workshop
from porch.errors import PartRefused
from porch.exchange import Exchange
from porch.filter import Filter, Kept, Response
from porch.http.message import ResponseHead
from porch.reader import InMemory, Reader
from porch.transform import SMALL, Transformed, transform

__all__ = ["Compress"]


class Compress(Filter):
    """See the module. workshop: of the worker."""

    __slots__ = ("_running", "_shop", "rules")

    def __init__(self, rules: Rules, workshop: Workshop) -> None:
        self.rules = rules
        self._shop = workshop
        self._running: dict[Exchange, Coding] = {}

    def __repr__(self) -> str:
        return f"<Compress {b' '.join(self.rules.codings).decode()} {self._shop!r}>"

    def on_request(self, exchange: Exchange) -> None:
        """See Filter. Before a cache: it is asked by the origin's tags too."""
        request = exchange.request
        condition = conditions_back(request)
        if (
            condition is not None
            and not condition.startswith(b'"')
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
        is_changed = isinstance(exchange.client, Transformed)  # by what stands before this
        accept = asked(request.fields)
        coded_as = undoable(response)
        unread = coded_as is not None and refuses(accept, coded_as)
        if response.status == 206:
            if unread:
                _refuse(exchange, coded_as)
            elif coded_as or not why_not(request, _whole(response), rules.types, rules.least):
                response.fields = varied(response.fields)  # the whole may be another for others
            return
        if coded_as is not None:
            if not unread:
                response.fields = varied(response.fields)  # others are given it as it was before
                return
            self._restore(exchange, response, coded_as)
            is_changed = True
        if why_not(request, response, rules.types, rules.least) is not None:
            return
        coding = chosen(accept, rules.codings)
        if coding is None:
            response.fields = varied(response.fields)
            return
        if rules.padding:
            pad = b"0" * (1 + randbelow(rules.padding))
            response.fields = [*response.fields, (b"x-padding", pad)]
        coder, made = self._shop.coders[coding], exchange.made
        form = None
        if made and made.name:
            form = self._shop.forms.get(made.name, coder, response.length or 0)
        effort = self._shop.brake.effort(rules.effort) if rules.brakes else rules.effort
        if form == b"" or (form is None and effort is None):
            response.fields = varied(response.fields)
        elif form is not None:
            _replace(exchange, response, coder, form)
        elif request.method == b"HEAD":
            _tell(response, coder)
        elif made and made.source is None and len(made.body) <= SMALL and not is_changed:
            self._code(exchange, made, response, coder, effort or 0)
        else:
            self._begin(exchange, made, response, coder, effort or 0)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        coding = self._running.pop(exchange, None)
        if coding is not None:
            coding.leave()

    def _restore(self, exchange: Exchange, response: ResponseHead, coding: bytes) -> None:
        """What its client cannot read goes out as it was before it was coded."""
        if exchange.request.method != b"HEAD":
            Restoring(exchange, coding)
            return
        response.fields = coded(response.fields, None)
        response.length = None

    def _code(
        self,
        exchange: Exchange,
        made: Response,
        response: ResponseHead,
        coder: Coder,
        effort: int,
    ) -> None:
        """An answer that is whole at the door, at once."""
        form = coder.whole(made.body, effort)
        if len(form) >= len(made.body):
            form = b""
        if made.name:
            self._shop.forms.keep(made.name, coder, form, len(made.body))
        if form:
            _replace(exchange, response, coder, form)
        else:
            response.fields = varied(response.fields)

    def _begin(
        self,
        exchange: Exchange,
        made: Response | None,
        response: ResponseHead,
        coder: Coder,
        effort: int,
    ) -> None:
        """An answer that comes in pieces, or is made to."""
        name = made.name if made is not None else b""
        if made is not None and made.source is None:  # others shall not wait for all of it
            source = Reader(InMemory(made.body), [(0, len(made.body))])
            exchange.made = Kept(response, b"", source)

        def begun(coding: Coding) -> None:
            client = exchange.client
            if isinstance(client, Restoring):  # may be at it when the exchange is over
                client.then(coding.leave)
            else:
                self._running[exchange] = coding

        coding = Coding(response, coder, effort, self.rules.least, self._shop, begun, name)
        transform(exchange, coding)
        response.fields = varied(response.fields)


def _whole(response: ResponseHead) -> ResponseHead:
    """The answer that a part is of, as far as it tells."""
    size = (response.get(b"content-range") or b"").rpartition(b"/")[2]
    fields = [each for each in response.fields if each[0] != b"content-range"]
    return ResponseHead(200, fields, int(size) if size.isdigit() and len(size) < 20 else None)


def _refuse(exchange: Exchange, coding: bytes | None) -> None:
    """A part of a coded answer, of which this client is given the decoded whole: put behind what it
    has, it would be rubbish, and it cannot be decoded."""
    error = PartRefused(f"it is in {(coding or b'').decode()}")
    made = exchange.made
    if made is None:
        raise error
    if made.source is not None:  # who makes it hears that nobody waits for it
        made.source.begin(exchange).abort(error)
    exchange.error = error
    exchange.made = page = exchange.keeper.error_page(exchange, error)
    exchange.response = page.head(exchange)
    exchange.status = page.status


def _tell(response: ResponseHead, coder: Coder) -> None:
    """Its fields as those of a coded one, of an unknown length."""
    response.fields = coded(response.fields, coder.name)
    response.length = None


def _replace(exchange: Exchange, response: ResponseHead, coder: Coder, form: bytes) -> None:
    """The answer is this form; a client that takes nothing now is not given all of it at once.

    Its head is another one: what was to be done with the body in whose place it comes is not done
    with it (see transform.Transformed)."""
    response = exchange.response = ResponseHead(
        response.status, response.fields, None, response.reason
    )
    _tell(response, coder)
    response.fields.append((b"content-length", b"%d" % len(form)))
    response.length = len(form)
    if exchange.request.method == b"HEAD":
        return
    if exchange.client_full:
        source = Reader(InMemory(form), [(0, len(form))])
        exchange.made = Kept(response, b"", source)
    else:
        exchange.made = Kept(response, form)
