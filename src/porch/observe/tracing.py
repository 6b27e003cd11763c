"""Tracing: each exchange gets its place in a trace, and the origin is told of it (W3C Trace
Context).

Whether a trace is recorded is decided here, at the start, for whoever comes behind has to know.
What went wrong or was slow is told to the collector all the same: that is seen at the end, and by
traces.py.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter

from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field
from porch.trace import Parent, Trace, new_trace, parse_parent

__all__ = ["NAMES", "TELL_TRACE", "BeginTrace", "TellTrace"]

_PARENT, _STATE = b"traceparent", b"tracestate"
NAMES = frozenset((_PARENT, _STATE))
"""Fields that are ours to say where traces are made."""

LONGEST_STATE = 512
"""Bytes of a `tracestate` that goes on (3.3.1.5)."""

_LOW = (1 << 64) - 1
_name = itemgetter(0)


class BeginTrace(Filter):
    """Gives each exchange its trace: that of who asked, where he is believed; else one of its own
    with a link to his, so that no stranger chooses what is recorded, or under which id.

    trusts: whether a peer's trace is continued, by its address; None for nobody's. ratio: how many
    of the traces that begin here are recorded, from 0 to 1.
    """

    __slots__ = ("_bound", "_trusts")

    def __init__(self, ratio: float, trusts: Callable[[bytes], bool] | None = None) -> None:
        self._bound = round(ratio * (_LOW + 1))
        self._trusts = trusts

    def on_begin(self, exchange: Exchange) -> None:
        """See Filter. One that is made for another has the trace of that."""
        if exchange.trace is not None:
            return
        fields = exchange.request.fields
        parent = _parent(fields) if _PARENT in map(_name, fields) else None
        trusts = self._trusts
        if parent is not None and trusts is not None and trusts(exchange.client.peer):
            state = _state(fields)
            exchange.trace = Trace(parent.trace, parent.span, sampled=parent.sampled, state=state)
            return
        trace = new_trace()
        # The last 64 bits, as the SDKs do: where all have one ratio, all record the same traces.
        exchange.trace = Trace(trace, sampled=trace & _LOW < self._bound, link=parent)


class TellTrace(Filter):
    """Tells the origin. Behind ForwardingHeaders, which keeps the client's own away."""

    __slots__ = ()

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter."""
        outgoing, trace, endpoint = exchange.outgoing, exchange.trace, exchange.endpoint
        assert outgoing is not None
        if trace is None:
            return
        name = "" if endpoint is None else endpoint.name  # none is chosen for `porch explain`
        told = trace.tell(name, exchange.connected)
        added: list[Field] = [(_PARENT, told)]
        text = b"traceparent: %b\r\n" % told
        if trace.state:
            added.append((_STATE, trace.state))
            text += b"tracestate: %b\r\n" % trace.state
        fields, lines = [*outgoing.fields, *added], outgoing.lines
        if lines is not None:
            outgoing.lines = ([*fields], *lines[1:], text)
        outgoing.fields = fields


TELL_TRACE = TellTrace()
"""It keeps nothing of its route."""


def _parent(fields: Sequence[Field]) -> Parent | None:
    """Of more than one nobody knows which is meant (3.2)."""
    found = [value for name, value in fields if name == _PARENT]
    return parse_parent(found[0]) if len(found) == 1 else None


def _state(fields: Sequence[Field]) -> bytes:
    """All lines as one (3.3.1). One that is too long is dropped whole, as is allowed."""
    whole = b",".join(value for name, value in fields if name == _STATE)
    return whole if len(whole) <= LONGEST_STATE else b""
