"""Answering: what the supervisor asks of a worker and waits for, and what the worker says."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from porch import clock
from porch.config.build import Built, DoorSettings
from porch.config.orders import Order
from porch.config.state import State
from porch.debug import debug
from porch.manage.at_store import at_store
from porch.manage.explained import Explained, explained
from porch.manage.orders.obeying import Obeying
from porch.observe.capture import Capture, Capturing, Wanted
from porch.observe.messages import Messages
from porch.observe.steps import Steps

__all__ = ["WORDS", "Answering"]

WORDS = frozenset(
    ("order", "explain", "log-level", "capture", "put-away", "purge", "cache", "kept")
)
"""That are answered: each comes with its number, which goes back with the answer."""


class Given(Protocol):
    """See Equipment and InForce."""

    debug_until: float
    capture: Wanted | None


class Answering:
    """state, messages, send: of the worker. given: what holds when it is forked."""

    def __init__(
        self,
        state: State,
        messages: Messages,
        send: Callable[[str, object], None],
        given: Given,
    ) -> None:
        self._state = state
        self._send = send
        self._capture: Capture | None = None
        self._steps = Steps()
        self._say: Callable[[str], None] = partial(messages.tell, level="debug")
        self._obeying = Obeying(state)
        self._built: Built | None = None
        self._work: Mapping[str, Callable[[Any], object]] = {
            "order": self._order,
            "explain": self._explain,
            "log-level": self._set_level,
            "capture": self._set_capture,
            "put-away": self._put_away,
        }
        self._set_level(given.debug_until)
        self._set_capture(given.capture)

    def take(self, built: Built) -> None:
        """This configuration is in force from now on."""
        self._built = built
        self._obeying.take(built)
        self._watch()
        if self._capture is not None:
            self._capture.forget_routes()
            _look_through(built.settings, self._capture)

    def tick(self) -> None:
        """Now and then: what was for some minutes may be over."""
        if debug.is_on:
            debug.look()
            self._watch()
        if self._capture is not None and self._capture.is_over:
            self._set_capture(None)

    def flush(self) -> None:
        """Tell the supervisor what was captured meanwhile."""
        heads = self._capture.take() if self._capture is not None else ()
        if heads:
            self._send("captured", heads)

    def answer(self, word: str, data: Any) -> object:
        """Do what one of WORDS says. Plain data, None where there is nothing to say."""
        work = self._work.get(word)
        return at_store(self._state.shelf, word, data) if work is None else work(data)

    def _order(self, orders: list[Order]) -> None:
        for order in orders:
            self._obeying.obey(order)

    def _set_level(self, until: float) -> None:
        """Debug until then, by the monotonic clock; 0.0 for no more."""
        if until > clock.monotonic():
            debug.begin(until, self._say)
        else:
            debug.end()
        self._watch()

    def _set_capture(self, wanted: Wanted | None) -> None:
        """Capture this from now on; None for nothing more."""
        self.flush()
        if self._capture is not None and self._built is not None:
            _look_no_more(self._built.settings)
        self._capture = None
        if wanted is not None:
            client, route, until = wanted
            self._capture = Capture(client.encode(), route, until)
            if self._built is not None:
                _look_through(self._built.settings, self._capture)

    def _put_away(self, _: None) -> None:
        """What has ended by now is to be seen in shared memory by whoever looks next."""
        if self._built is not None:
            self._built.logs.flush()

    def _watch(self) -> None:
        """Exchanges are looked at while there is something to say of them."""
        if self._built is not None:
            self._built.logs.watch(self._steps, wanted=debug.is_on)

    def _explain(self, words: Mapping[str, Any]) -> Explained:
        assert self._built is not None
        try:
            return explained(self._built, words)
        except ValueError as error:
            return {"error": str(error)}
        except Exception as error:  # the operator's own key of a hash may raise anything
            return {"error": f"{type(error).__name__}: {error}"}


def _look_through(settings: DoorSettings, capture: Capture) -> None:
    """Have routes found for who is captured by it."""
    settings.router = Capturing(settings.router, capture, settings.malformed)
    settings.malformed = capture.refused_of(settings.malformed)


def _look_no_more(settings: DoorSettings) -> None:
    router = settings.router
    if isinstance(router, Capturing):
        settings.router, settings.malformed = router.router, router.malformed
