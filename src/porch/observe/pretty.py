"""The access log for somebody who watches a terminal.

    12:11:12.345 200      1.8 ms GET example.com/users -> 10.0.0.11:8000  example.com  out 312 B …

An exchange that failed ends in the reason word, its sentence and its detail. What a client sends
cannot move the cursor or change colours: whatever is not printable is escaped.
"""

from collections.abc import Iterator, Sequence

from porch import clock
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.observe.choosing import phase
from porch.observe.redact import redact_url
from porch.observe.stamp import local
from porch.observe.took import took
from porch.observe.visible import visible

__all__ = ["Pretty"]

_DIM, _BOLD, _RED, _GREEN, _YELLOW, _CYAN = "2", "1", "31", "32", "33", "36"
_BY_CLASS = {1: _GREEN, 2: _GREEN, 3: _CYAN, 4: _YELLOW}
"""Colours by the first digit of a status; red for all others."""


class Pretty:
    """A format; with colours or without. phases: whether each line names what took longest."""

    __slots__ = ("_colours", "_phases")

    def __init__(self, *, colours: bool = True, phases: bool = False) -> None:
        self._colours = colours
        self._phases = phases

    def __call__(self, exchanges: Sequence[Exchange]) -> bytes:
        """A line for each; the time is the end of the exchange, in the zone of this machine."""
        offset = clock.wall() - clock.monotonic()
        lines = [self._line(exchange, exchange.ended + offset) for exchange in exchanges]
        return "".join(lines).encode()

    def _line(self, exchange: Exchange, at: float) -> str:
        request = exchange.request
        status = exchange.status
        stamp = f"{local(int(at)).decode()}.{int(at % 1 * 1000):03d}"
        shown = self._paint(str(status) if status else "---", _BY_CLASS.get(status // 100, _RED))
        method = self._paint(visible(request.method), _BOLD)
        url = visible(request.authority) + visible(redact_url(request.target))
        to = f" -> {exchange.endpoint.name}" if exchange.endpoint is not None else ""
        total = took(exchange.ended - exchange.started)
        slow = (f"slow: {phase(exchange).replace('_', ' ')}",) if self._phases else ()
        rest = self._paint("  ".join((*slow, *_rest(exchange))), _DIM)
        why = self._paint(_why(exchange.error), _RED) if exchange.error is not None else ""
        return f"{self._paint(stamp, _DIM)} {shown} {total:>10} {method} {url}{to}  {rest}{why}\n"

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def _rest(exchange: Exchange) -> Iterator[str]:
    """What one looks at second."""
    started = exchange.started
    yield exchange.route.key
    if exchange.identity is not None:
        yield f"user {visible(exchange.identity.name.encode('utf-8', 'backslashreplace'))}"
    if exchange.bytes_in:
        yield f"in {_size(exchange.bytes_in)}"
    yield f"out {_size(exchange.bytes_out)}"
    if exchange.connected:
        yield f"connect {took(exchange.connected - started)}"
    if exchange.first_byte:
        yield f"first byte {took(exchange.first_byte - started)}"
    yield visible(exchange.client_ip)


def _why(error: PorchError) -> str:
    detail = visible(redact_url(error.detail.encode("utf-8", "backslashreplace")))
    return f"  {error.word}: {error.sentence}" + (f" ({detail})" if detail else "")


def _size(count: int) -> str:
    size = float(count)
    for unit in ("kB", "MB", "GB"):
        if size < 1000:
            break
        size /= 1000
        name = unit
    return f"{count} B" if count < 1000 else f"{size:.1f} {name}"
