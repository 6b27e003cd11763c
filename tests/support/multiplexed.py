"""Multiplexed: scenarios whose client speaks HTTP/2, by another's implementation of it.

What the client has to say goes out by itself, and what it got of each stream is asked of `answer`.
Towards the origin it is an ordinary Scenario.
"""

from collections.abc import Callable
from typing import Any

import pytest
from h2.connection import H2Connection

from porch.listen.h2 import MultiplexedConnection
from tests.support.far import Far
from tests.support.network import FakeTransport
from tests.support.scenario import Scenario
from tests.support.speaker import Answer, Speaker

__all__ = ["Multiplexed"]


class Multiplexed(Speaker, Scenario):
    """See Speaker and Scenario. stream_window, window: what the client lets come at first."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        stream_window: int = 65535,
        window: int = 65535,
        **settings: Any,
    ) -> None:
        super().__init__(monkeypatch, **settings)
        self._windows = stream_window, window
        self.connection: MultiplexedConnection

    # --- what happens ------------------------------------------------------------------------

    def connects(self, peer: str = "192.0.2.7") -> "Multiplexed":
        """A new client connects and says its settings."""
        transport = self._transport(True, peername=(peer, 50000), sockname=("192.0.2.1", 443))
        self.clients.append(Far(f"client {len(self.clients)}", transport))
        self.connection = MultiplexedConnection(self.door, b"https", b"443")
        self.begin(*self._windows)
        self._do(lambda: transport.connect(self.connection))
        return self._exchange_words()

    def asks(self, *words: Any, **more: Any) -> int:
        """Begin a request, see Speaker.opens, and connect first if there is no client. Returns
        its stream."""
        number = self.opens(*words, **more)
        self._exchange_words()
        return number

    def opens(self, *words: Any, **more: Any) -> int:
        """The same, but what it says stays with the client until it says more."""
        if not self.clients:
            self.connects()
        return super().opens(*words, **more)

    def says(self, number: int, data: bytes, end: bool = False) -> "Multiplexed":
        """More of a request's body, as far as windows allow; it fails where they do not."""
        most = self.far.max_outbound_frame_size
        for place in range(0, len(data), most):
            self.far.send_data(number, data[place : place + most])
        if end:
            self.far.end_stream(number)
        return self._exchange_words()

    def gives_up(self, number: int, code: int = 8) -> "Multiplexed":
        """The client resets a stream."""
        self.far.reset_stream(number, code)
        return self._exchange_words()

    def sends(self, raw: bytes) -> "Multiplexed":
        """These bytes, whatever they are."""
        return self._do(lambda: self.clients[-1].transport.feed(raw))

    def does(self, act: Callable[[H2Connection], object]) -> "Multiplexed":
        """Something of the implementation's own, said at once."""
        act(self.far)
        return self._exchange_words()

    def takes_more(self, number: int, size: int) -> "Multiplexed":
        """The client's windows open: of a stream and of the connection."""
        self.far.increment_flow_control_window(size, number)
        self.far.increment_flow_control_window(size)
        return self._exchange_words()

    # --- what is seen --------------------------------------------------------------------------

    def answer(self, number: int, status: int, body: bytes | None = None) -> Answer:
        """What came on a stream, which must have this status and body, and be whole."""
        got = self.answers[number]
        self._check(got.status == status, f"stream {number}: {got.status}, not {status}")
        if body is not None:
            self._check(got.body == body, f"stream {number}: {got.body[:200]!r}, not {body!r}")
        self._check(got.ended, f"stream {number} has not ended")
        return got

    @property
    def transport(self) -> FakeTransport:
        return self.clients[-1].transport

    # --- inside ------------------------------------------------------------------------------

    def _do(self, call: Callable[[], object]) -> "Multiplexed":
        super()._do(call)
        if self.clients and hasattr(self, "far"):
            self._exchange_words()
        return self

    def _exchange_words(self) -> "Multiplexed":
        """Until neither side has anything to say."""
        transport = self.transport
        while True:
            arrived = bytes(transport.arrived)
            transport.arrived.clear()
            self.hear(arrived)
            out = self.far.data_to_send()
            if out and not transport.is_closing():
                super()._do(lambda out=out: transport.feed(out))  # type: ignore[misc]
            if not transport.arrived and not arrived:
                return self
