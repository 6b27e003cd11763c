"""Answers that are not taken while another endpoint can be asked: those of chosen statuses."""

from collections.abc import Callable, Container
from email.utils import parsedate_to_datetime
from functools import partial

from porch import clock
from porch.balance.endpoint import Endpoint, Out
from porch.errors import AnswerRefused, RetryBudgetSpent
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import ResponseHead
from porch.route.retry import SPENT, Retry

__all__ = ["LONGEST_PAUSE", "MOST_SPARED", "RefusedAnswers", "retry_after", "status_of"]

LONGEST_PAUSE = 10.0
"""Seconds that a Retry-After is waited for where `retry.total` sets no bound."""

MOST_SPARED = 60.0
"""Seconds that an endpoint is spared at a time, whatever it asks for."""


class RefusedAnswers(Filter):
    """on: the statuses. Only an answer that a further attempt really follows is refused; else it
    goes to the client as it came. of: the status of an answer, or that which it stands for.

    Retry-After (RFC 9110 10.2.3): of a 503 it is about the endpoint, which is spared for that
    time while another is asked at once. Of any other it is about the client, so that the next
    attempt waits for it; where `retry.total` does not allow that, the answer goes through.
    """

    __slots__ = ("_of", "_on", "_retry")

    def __init__(self, on: Container[int], retry: Retry, of: Callable[[ResponseHead], int]) -> None:
        self._on = on
        self._retry = retry
        self._of = of

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        if response is None or (status := self._of(response)) not in self._on:
            return
        pause = retry_after(response)
        if pause and status == 503:
            _spare(exchange, pause)
            pause = 0.0
            if _is_spared(exchange.other()):
                return
        if pause > LONGEST_PAUSE:
            return
        error = AnswerRefused(str(status), pause)
        if self._retry.can(exchange, error, pause):
            raise error
        if error.detail.endswith(SPENT):
            exchange.error = RetryBudgetSpent(str(status))


def status_of(response: ResponseHead) -> int:
    """What it says."""
    return response.status


def retry_after(response: ResponseHead) -> float:
    """Seconds from now, at least 0; 0.0 where nothing is said that means something."""
    value = response.get(b"retry-after") or b""
    if value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value.decode("latin-1")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return 0.0
    return max(0.0, at - clock.wall())


def _spare(exchange: Exchange, seconds: float) -> None:
    """In this worker alone, which also ends it: another that lives longer never has to."""
    place = exchange.endpoint
    if isinstance(place, Endpoint) and not _is_spared(place):
        seconds = min(seconds, MOST_SPARED)
        place.on_told("spared", Out(f"asked for {seconds:.0f} s by Retry-After", clock.wall()))
        exchange.keeper.later(seconds, partial(place.on_told, "spared", None))


def _is_spared(place: object) -> bool:
    return isinstance(place, Endpoint) and "spared" in place.out
