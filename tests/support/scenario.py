"""Scenario: whole exchanges as a transcript, over an in-memory network and a clock turned by hand.

Everything between the two transports is real: ServerConnection, Door, Exchange, filters, Upstream,
Pool, ClientConnection. Only dialling is faked. A call that says what happens (`client`,
`upstream`, `advance`) lets all that follows happen before it returns; a call that says what is
seen (`client_gets`, `upstream_gets`, `client_closed`) takes it. `finish` fails for bytes that
nobody took, and for anything that is left behind.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import pytest

from porch import clock
from porch.balance.endpoint import Endpoint
from porch.balance.least_requests import LeastRequests
from porch.balance.roster import Roster
from porch.balance.upstream import Upstream
from porch.clock import TICK, Deadlines
from porch.config.retries import retrying
from porch.config.schema_retry import RetryModel
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.forward.headers import Forwarding, ForwardingHeaders
from porch.forward.pool import Pool
from porch.http.h1 import HeadLimits
from porch.http.message import Field, RequestHead
from porch.listen.crowd_gate import UNBOUNDED
from porch.listen.door import Door, Router
from porch.listen.h1 import ServerConnection
from porch.route.plan import Plan
from porch.route.route import Route, Timeouts
from tests.support.dialer import FakeDialer
from tests.support.far import Far, Message
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport

__all__ = ["Recorder", "Scenario", "Setup"]


class Recorder(Filter):
    """The first filter of each plan: which exchanges began and which ended."""

    def __init__(self) -> None:
        self.began: list[Exchange] = []
        self.ended: list[Exchange] = []

    def on_request(self, exchange: Exchange) -> None:
        self.began.append(exchange)

    def on_end(self, exchange: Exchange) -> None:
        self.ended.append(exchange)


class Setup:
    """The settings of a scenario: see door.Settings. Every route is the one route."""

    def __init__(self, recorder: Recorder, route: Route, limits: HeadLimits) -> None:
        self.route = route
        self.router: Router = self
        self.limits = limits
        self.timeouts = route.timeouts
        self.malformed = Route(key="malformed", plan=Plan([recorder]))
        self.own_fields: tuple[Field, ...] = ((b"server", b"porch"),)
        self.h2c = False
        self.bounds = UNBOUNDED
        self.min_rate = 240
        self.streams = 128
        self.client_ip: Callable[[bytes, RequestHead], bytes] | None = None
        self.reports: list[Exception] = []
        self.error_page: Callable[[Exchange, PorchError], Response] = error_page
        self.report: Callable[[Exchange, Exception], None] = lambda _, error: self.reports.append(
            error
        )

    def find(self, request: RequestHead, client_ip: bytes, security: object = None) -> Route:
        return self.route


def error_page(exchange: Exchange, error: PorchError) -> Response:
    """A page that says the reason word and nothing else."""
    return Response(error.status, (), error.word.encode())


class Scenario:
    """See the module.

    filters: of the route, behind the recorder and before the forwarding headers. retry: as the
    configuration has it; `retries` alone is its number of attempts. endpoints: how many. tls:
    whether the client's side is TLS, upstream_tls: the origin's.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        filters: Sequence[Filter] = (),
        endpoints: int = 1,
        tls: bool = False,
        upstream_tls: bool = False,
        timeouts: Timeouts | None = None,
        limits: HeadLimits | None = None,
        forwarding: Forwarding | None = None,
        trust: Callable[[bytes, RequestHead], bytes] | None = None,
        upgrades: Iterable[bytes] = (b"websocket",),
        retries: int = 2,
        retry: RetryModel | None = None,
        no_upstream: bool = False,
    ) -> None:
        self._clock = FakeClock(monkeypatch)
        self._loop = FakeLoop(self._clock)
        self._sockets = socket.socketpair()
        self._tls = tls
        self._checked = True
        self._over = False
        self.clients: list[Far] = []
        self.upstreams: list[Far] = []
        self.recorder = Recorder()
        self.deadlines = Deadlines()
        limits = limits or HeadLimits()
        self.dialers = [FakeDialer(partial(self._dialled, upstream_tls)) for _ in range(endpoints)]
        self.roster = roster = Roster("pool")
        self.endpoints = [
            Endpoint(
                f"e{number}",
                Pool(f"e{number}", dialer, self.deadlines, limits, 16),  # type: ignore[arg-type]
                roster=roster,
            )
            for number, dialer in enumerate(self.dialers)
        ]
        headers = ForwardingHeaders(forwarding or Forwarding(via=b""))
        decides, before = retrying(retry or RetryModel(attempts=retries), roster)
        route = Route(
            key="*",
            plan=Plan([self.recorder, *before, *filters, headers]),
            destination=None
            if no_upstream
            else Upstream("pool", self.endpoints, LeastRequests(lambda: 0.0), roster),
            timeouts=timeouts or Timeouts(),
            upgrades=frozenset(upgrades),
            retry=decides,
        )
        self.setup = Setup(self.recorder, route, limits)
        self.setup.client_ip = trust
        self.door = Door(self.setup, self.deadlines)

    # --- what happens ------------------------------------------------------------------------

    def connects(self, peer: str = "192.0.2.7") -> "Scenario":
        """A new client connects; from now on it is the client."""
        transport = self._transport(self._tls, peername=(peer, 50000), sockname=("192.0.2.1", 80))
        self.clients.append(Far(f"client {len(self.clients)}", transport))
        connection = ServerConnection(self.door, b"https" if self._tls else b"http", b"80")
        return self._do(lambda: transport.connect(connection))

    def client(self, data: bytes, at: int = -1) -> "Scenario":
        """The client sends, and connects first if there is none."""
        if not self.clients:
            self.connects()
        far = self.clients[at]
        return self._do(lambda: far.transport.feed(data))

    def client_eof(self, at: int = -1) -> "Scenario":
        """The client closes its sending side."""
        return self._do(self.clients[at].transport.feed_eof)

    def client_leaves(self, at: int = -1) -> "Scenario":
        """The client is gone with a reset."""
        return self._do(self.clients[at].transport.reset)

    def client_full(self, at: int = -1) -> "Scenario":
        """The client reads no more: what is sent waits, and writing is paused above 64 KiB."""
        self.clients[at].transport.stalled = True
        return self

    def client_drained(self, most: int | None = None, at: int = -1) -> "Scenario":
        """The client reads `most` bytes of what waits, or all and on from here."""
        far = self.clients[at]
        return self._do(lambda: far.transport.drain(most))

    def upstream(self, data: bytes, at: int = -1) -> "Scenario":
        """The origin sends on the connection dialled last, or on number `at`."""
        far = self._upstream(at)
        return self._do(lambda: far.transport.feed(data))

    def upstream_eof(self, at: int = -1) -> "Scenario":
        """The origin closes its sending side."""
        return self._do(self._upstream(at).transport.feed_eof)

    def upstream_resets(self, at: int = -1) -> "Scenario":
        """The origin is gone with a reset."""
        return self._do(self._upstream(at).transport.reset)

    def upstream_full(self, at: int = -1) -> "Scenario":
        """The origin reads no more."""
        self._upstream(at).transport.stalled = True
        return self

    def upstream_drained(self, most: int | None = None, at: int = -1) -> "Scenario":
        """The origin reads `most` bytes of what waits, or all and on from here."""
        far = self._upstream(at)
        return self._do(lambda: far.transport.drain(most))

    def endpoint(self, does: str, at: int = 0) -> "Scenario":
        """From now on endpoint number `at` "accepts", "refuses" or "hangs"; what hung goes on."""
        return self._do(lambda: self.dialers[at].set(does))

    def advance(self, seconds: float, tick: float = TICK) -> "Scenario":
        """Time goes by, a tick at a time, as in a worker."""
        until = self._clock.time + seconds
        while self._clock.time < until:
            self._clock.time = min(until, self._clock.time + tick)
            self._do(self._tick)
        return self

    def finishes(self) -> "Scenario":
        """The door lets its connections end by themselves."""
        return self._do(self.door.finish)

    def drains(self) -> "Scenario":
        """The door closes."""
        return self._do(self.door.drain)

    def closes_now(self) -> "Scenario":
        """The grace period is over."""
        return self._do(self.door.close_now)

    def resumes(self, result: Response | None = None) -> "Scenario":
        """Whoever suspended the latest exchange decides."""
        return self._do(lambda: self.recorder.began[-1].resume(result))

    # --- what is seen ------------------------------------------------------------------------

    def client_gets(
        self,
        status: int | None = None,
        body: bytes | None = None,
        *,
        field: Field | None = None,
        without: bytes | None = None,
        trailers: list[Field] | None = None,
        raw: bytes | None = None,
        end: bool | None = True,
        bodiless: bool = False,
        at: int = -1,
    ) -> "Scenario":
        """An answer, or with `body` alone more of the one under way.

        field: which it must have; without: a name which it must not have. end: whether it must be
        whole by now, or must not be yet; None for either. bodiless: it answers HEAD. raw: exactly
        these bytes come next, instead of all the others.
        """
        far = self.clients[at]
        if raw is not None:
            return self._take(far, raw)
        message = self._read(far, status is not None, bodiless)
        if status is not None:
            got = int(message.line.split(b" ")[1])
            self._check(got == status, f"the client got {got}, not {status}: {message.body!r}")
            self._check(message.line.startswith(b"HTTP/1.1 "), repr(message.line))
        return self._compare(message, body, field, without, trailers, end)

    def upstream_gets(
        self,
        line: bytes | None = None,
        body: bytes | None = None,
        *,
        field: Field | None = None,
        without: bytes | None = None,
        trailers: list[Field] | None = None,
        raw: bytes | None = None,
        end: bool | None = True,
        at: int = -1,
    ) -> "Scenario":
        """A request, on the connection dialled last or on number `at`; see client_gets."""
        far = self._upstream(at)
        if raw is not None:
            return self._take(far, raw)
        message = self._read(far, line is not None, False)
        if line is not None:
            wanted = line if line.endswith(b"HTTP/1.1") else line + b" HTTP/1.1"
            self._check(message.line == wanted, f"the origin got {message.line!r}, not {wanted!r}")
        return self._compare(message, body, field, without, trailers, end)

    def client_gets_nothing(self, at: int = -1) -> "Scenario":
        arrived = self.clients[at].transport.arrived
        return self._check(not arrived, f"the client got {bytes(arrived)!r}")

    def upstream_gets_nothing(self, at: int = -1) -> "Scenario":
        arrived = self.upstreams[at].transport.arrived if self.upstreams else b""
        return self._check(not arrived, f"the origin got {bytes(arrived)!r}")

    def client_sees(self, what: str, at: int = -1) -> "Scenario":
        """What became of the connection: "open", "half-closed", "closed", "reset"."""
        seen = self.clients[at].transport.seen or "open"
        return self._check(seen == what, f"the client's connection is {seen}, not {what}")

    def upstream_sees(self, what: str, at: int = -1) -> "Scenario":
        """See client_sees."""
        seen = self._upstream(at).transport.seen or "open"
        return self._check(seen == what, f"the origin's connection is {seen}, not {what}")

    def client_is_read(self, yes: bool = True, at: int = -1) -> "Scenario":
        """Whether Porch reads from the client."""
        paused = self.clients[at].transport.paused
        return self._check(paused != yes, f"reading from the client: {not paused}")

    def upstream_is_read(self, yes: bool = True, at: int = -1) -> "Scenario":
        """Whether Porch reads from the origin."""
        paused = self._upstream(at).transport.paused
        return self._check(paused != yes, f"reading from the origin: {not paused}")

    def dialled(self, times: int, at: int = 0) -> "Scenario":
        """How often endpoint number `at` was dialled, from the start."""
        got = self.dialers[at].dials
        return self._check(got == times, f"endpoint {at} was dialled {got} times, not {times}")

    def ended(self, count: int, word: str | None = None) -> "Scenario":
        """How many exchanges are over, and why the latest failed; "" for not at all."""
        got = self.recorder.ended
        self._check(len(got) == count, f"{len(got)} exchanges are over, not {count}: {got}")
        if word is not None:
            error = got[-1].error
            why = error.word if error is not None else ""
            self._check(why == word, f"the exchange ended with {error}, not {word!r}")
        return self

    def reported(self, kind: type[Exception]) -> "Scenario":
        """The operator was told of one defect."""
        reports, self.setup.reports = self.setup.reports, []
        return self._check([type(each) for each in reports] == [kind], f"reported: {reports}")

    @property
    def latest(self) -> Exchange:
        """The exchange that ended last."""
        return self.recorder.ended[-1]

    # --- the end -----------------------------------------------------------------------------

    def finish(self) -> None:
        """Fail for what nobody took, then end all connections and look for what is left."""
        if self._over:
            return
        self._over = True
        try:
            if self._checked:
                for far in (*self.clients, *self.upstreams):
                    left = bytes(far.transport.arrived)
                    assert not left, f"nobody took what {far.name} got: {left!r}"
                for far in (*self.clients, *self.upstreams):
                    self._loop.run(far.transport.reset)
                self.check_nothing_left()
                assert not self.setup.reports, f"not asserted: {self.setup.reports}"
        finally:
            self._loop.close()
            for each in self._sockets:
                each.close()

    def give_up(self) -> None:
        """The test has failed: `finish` has nothing to say any more."""
        self._checked = False

    def check_nothing_left(self) -> None:
        """What must hold when all connections are gone."""
        recorder = self.recorder
        ended = set(map(id, recorder.ended))
        assert len(ended) == len(recorder.ended), "an exchange ended twice"
        assert set(map(id, recorder.began)) <= ended, "an exchange never ended"
        assert len(self.deadlines) == 0, f"left in Deadlines: {self.deadlines._waiting}"
        assert not self.door.sessions, f"left in the door: {self.door.sessions}"
        for endpoint in self.endpoints:
            assert endpoint.running == 0, f"still running: {endpoint}"
            pool = endpoint.connections
            assert repr(pool) == f"<Pool {endpoint.name} 0 idle, 0 dialling>", repr(pool)
        assert not self._loop.problems, self._loop.problems

    # --- inside ------------------------------------------------------------------------------

    def _transport(self, tls: bool, **extra: object) -> FakeTransport:
        sock = FakeSocket(self._sockets[0].fileno())
        return FakeTransport(self._loop, {**extra, "socket": sock}, tls)

    def _dialled(self, tls: bool) -> FakeTransport:
        transport = self._transport(tls)
        self.upstreams.append(Far(f"origin {len(self.upstreams)}", transport))
        return transport

    def _upstream(self, at: int) -> Far:
        self._check(bool(self.upstreams), "no connection to an origin was made")
        return self.upstreams[at]

    def _tick(self) -> None:
        clock.tick()
        self.deadlines.check()

    def _do(self, call: Callable[[], object]) -> "Scenario":
        try:
            self._loop.run(call)
        except BaseException:
            self._checked = False
            raise
        return self._check(not self._loop.problems, str(self._loop.problems))

    def _read(self, far: Far, head: bool, bodiless: bool) -> Message:
        try:
            return far.read_head(bodiless=bodiless) if head else far.read_body()
        except BaseException:
            self._checked = False
            raise

    def _take(self, far: Far, raw: bytes) -> "Scenario":
        arrived = far.transport.arrived
        self._check(arrived.startswith(raw), f"{far.name} got {bytes(arrived)!r}, not {raw!r}")
        del arrived[: len(raw)]
        return self

    def _compare(
        self,
        message: Message,
        body: bytes | None,
        field: Field | None,
        without: bytes | None,
        trailers: list[Field] | None,
        end: bool | None,
    ) -> "Scenario":
        got, message.body = message.body, b""
        self._check(body is None or got == body, f"the body was {got[:200]!r}, not {body!r}")
        self._check(field is None or field in message.fields, f"no {field} in {message.fields}")
        self._check(without is None or not message.values(without), f"{message.fields}")
        self._check(trailers is None or message.trailers == trailers, f"{message.trailers}")
        return self._check(end is None or message.ended == end, f"ended: {message.ended}")

    def _check(self, holds: bool, otherwise: str) -> "Scenario":
        if not holds:
            self._checked = False
            raise AssertionError(otherwise)
        return self
