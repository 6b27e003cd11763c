"""Steps: what the access log has no room for, of each exchange while the log level is debug.

    5f1c2a3e-1b GET example.com/users: tried 10.0.0.1:8000, connection_refused after 0.3 ms; new
    connection to 10.0.0.2:8000 after 1.3 ms; cache fwd=uri-miss; stored; 200

Of an exchange that went straight to its endpoint by a kept connection there is nothing to say.
"""

from collections.abc import Iterator

from porch.debug import debug
from porch.exchange import Exchange
from porch.observe.ended import Batch
from porch.observe.redact import redact_url
from porch.observe.took import took
from porch.observe.visible import visible

__all__ = ["Steps"]


class Steps:
    """An observer (ended.py)."""

    __slots__ = ()

    def take(self, batch: Batch) -> None:
        """Say a line of each of which there is something to say."""
        for exchange in batch.exchanges:
            steps = [*_steps(exchange)]
            if steps and debug.is_on:
                debug.say(_line(exchange, steps))

    def flush(self) -> None:
        """All is said already."""

    close = flush


def _line(exchange: Exchange, steps: list[str]) -> str:
    request = exchange.request
    url = visible(request.authority + redact_url(request.target))
    ended = str(exchange.status) if exchange.status else "no answer"
    name = visible(exchange.id) or "-"
    return f"{name} {visible(request.method)} {url}: {'; '.join((*steps, ended))}"


def _steps(exchange: Exchange) -> Iterator[str]:
    started = exchange.started
    for each in exchange.tried:
        detail = visible(redact_url(each.error.detail.encode("utf-8", "backslashreplace")))
        why = f"{each.error.word}{f' ({detail})' if detail else ''}"
        yield f"tried {each.endpoint}, {why} after {took(each.at - started)}"
    if exchange.endpoint is not None and exchange.connected and not exchange.reused:
        after = took(exchange.connected - started)
        yield f"new connection to {exchange.endpoint.name} after {after}"
    response = exchange.response
    told = response.get(b"cache-status") if response is not None else None
    if told is not None:
        yield f"cache {visible(told)}"
    if exchange.error is not None:
        yield exchange.error.word
