"""The door alone: settings to exchanges, and the end of all sessions."""

import asyncio
import socket
from typing import Any

import pytest

from porch.clock import Deadlines
from porch.errors import BadRequest, InternalError, MethodNotAllowed, PorchError
from porch.exchange import Exchange
from porch.filter import Filter, Response
from porch.http.h1 import HeadLimits
from porch.http.message import Field, RequestHead
from porch.keeper import Security
from porch.listen.crowd_gate import UNBOUNDED
from porch.listen.door import SOME, Door
from porch.route.plan import Plan
from porch.route.route import Route, Timeouts
from tests.support.scenario import Recorder


class Settings:
    """The settings of a door whose every route is `route`."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.route = Route(key="route")
        self.asked: list[bytes] = []
        self.router: Any = self
        self.limits = HeadLimits()
        self.timeouts = Timeouts()
        self.malformed = Route(key="malformed", plan=Plan([self.recorder]))
        self.error_page = lambda _, error: Response(error.status, (), error.word.encode())
        self.reports: list[Exception] = []
        self.report: Any = lambda _, error: self.reports.append(error)
        self.own_fields: tuple[Field, ...] = ((b"server", b"porch"),)
        self.client_ip: Any = None
        self.announces: Any = None
        self.bounds = UNBOUNDED
        self.min_rate = 240
        self.h2c = False
        self.streams = 128

    def find(self, request: RequestHead, client_ip: bytes, security: object = None) -> Route:
        self.asked.append(client_ip)
        if request.target == b"/odd":
            raise BadRequest("an ambiguous path")
        return self.route


class Client:
    """The client's stream: notes what it is told."""

    def __init__(self) -> None:
        self.peer = b"192.0.2.7"
        self.security: Security | None = None
        self.port = b"80"
        self.interim = self.trailers = True
        self.sent: list[tuple[Any, bytes, bool]] = []
        self.finished: list[bool] = []

    def send(self, head: Any, data: bytes, end: bool) -> None:
        self.sent.append((head, data, end))

    def finish(self, request_done: bool) -> None:
        self.finished.append(request_done)


class Session:
    """Notes what it is told, and leaves the door when it has drained."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.told: list[str] = []
        door.sessions.add(self)

    def announce(self) -> None:
        self.told.append("announce")

    def drain(self) -> None:
        self.told.append("drain")
        self._door.sessions.discard(self)

    def close_now(self) -> None:
        self.told.append("close_now")
        self._door.sessions.discard(self)


def request(target: bytes = b"/") -> RequestHead:
    return RequestHead(b"GET", target, b"x", b"http", [])


def made() -> tuple[Door, Settings, Any]:
    settings = Settings()
    client: Any = Client()
    return Door(settings, Deadlines()), settings, client


def test_an_exchange_is_opened_on_its_route() -> None:
    door, settings, client = made()
    head = request()
    exchange = door.open(client, head)
    assert (exchange.route, exchange.request, exchange.client) == (settings.route, head, client)
    assert exchange.client_ip == b"192.0.2.7"
    assert len(door.deadlines) == 0, "it begins to wait with its request"


def test_what_is_over_is_put_away_every_few_requests() -> None:
    door, _, client = made()
    calls: list[int] = []
    door.put_away = lambda: calls.append(door.requests)
    for _ in range(2 * SOME + 1):
        door.open(client, request())
    assert calls == [SOME, 2 * SOME]


def test_the_clients_address_is_what_trust_says_and_the_router_hears_it() -> None:
    door, settings, client = made()
    settings.client_ip = lambda peer, request: b"for " + peer
    exchange = door.open(client, request())
    assert exchange.client_ip == b"for 192.0.2.7"
    assert settings.asked == [b"for 192.0.2.7"]


def test_new_settings_are_for_new_exchanges() -> None:
    door, settings, client = made()
    before = door.open(client, request())
    again = Settings()
    door.settings = again
    assert door.open(client, request()).route is again.route
    assert before.route is settings.route
    again.own_fields = ()
    assert door.own_fields == ()


def test_an_ambiguous_path_is_the_callers_to_refuse() -> None:
    door, _, client = made()
    with pytest.raises(BadRequest):
        door.open(client, request(b"/odd"))


@pytest.mark.parametrize("head", [None, request()])
@pytest.mark.parametrize("error", [BadRequest("x"), MethodNotAllowed("y")])
def test_a_refused_request_is_answered_and_logged_as_any_other(
    head: RequestHead | None, error: PorchError
) -> None:
    door, settings, client = made()
    exchange = door.refuse(client, head, error)
    ((answer, body, end),) = client.sent
    assert (answer.status, body, end) == (error.status, error.word.encode(), True)
    assert (b"server", b"porch") in answer.fields
    assert client.finished == [True]
    assert settings.recorder.ended == [exchange]
    assert exchange.error is error
    assert exchange.request.method == (b"-" if head is None else b"GET")
    assert len(door.deadlines) == 0


def test_errors_are_answered_and_reported_as_the_settings_say() -> None:
    door, settings, client = made()
    exchange: Exchange = door.open(client, request())
    assert door.error_page(exchange, BadRequest("x")).body == b"http_request_error"
    error = KeyError("a")
    door.report(exchange, error)
    assert settings.reports == [error]


@pytest.mark.parametrize("what", ["drain", "close_now"])
def test_all_sessions_are_told_even_if_they_leave_at_once(what: str) -> None:
    door, _, _ = made()
    sessions = [Session(door) for _ in range(3)]
    getattr(door, what)()
    assert [each.told for each in sessions] == [[what]] * 3
    assert door.closing is (what == "drain")


def test_a_door_that_finishes_has_it_announced_and_marks_its_answers() -> None:
    door, _, _ = made()
    session = Session(door)
    door.finish()
    assert (door.closing, door.draining, session.told) == (True, False, ["announce"])
    door.drain()
    assert (door.closing, door.draining, session.told) == (True, True, ["announce", "drain"])


def test_a_defect_of_the_router_is_reported_and_answered_as_one() -> None:
    settings = Settings()

    def broken(request: RequestHead, client_ip: bytes, security: object) -> Route:
        raise ZeroDivisionError("no route adds up")

    settings.find = broken  # type: ignore[method-assign]
    door = Door(settings, Deadlines())
    with pytest.raises(InternalError, match="no route adds up"):
        door.open(Client(), RequestHead(b"GET", b"/", b"a.test", b"http", []))  # type: ignore[arg-type]
    assert [type(each) for each in settings.reports] == [ZeroDivisionError]


def test_something_is_called_later_unless_it_was_cancelled() -> None:
    door, _, _ = made()
    called: list[str] = []

    async def main() -> None:
        door.later(0.0, lambda: called.append("one"))
        door.later(0.0, lambda: called.append("two")).cancel()
        await asyncio.sleep(0.01)

    asyncio.run(main())
    assert called == ["one"]


def test_what_is_to_be_called_at_once_is_so_before_anybody_else_is_heard() -> None:
    door, _, _ = made()
    called: list[str] = []

    async def main() -> None:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, lambda: called.append("heard"))
        door.later(0.0, lambda: called.append("at once"))
        theirs.send(b"x")
        await asyncio.sleep(0.01)
        loop.remove_reader(ours)
        ours.close()
        theirs.close()

    asyncio.run(main())
    assert called[:2] == ["at once", "heard"]


class Named(Filter):
    def on_begin(self, exchange: Exchange) -> None:
        exchange.id = b"a-name"


def test_the_page_of_a_refused_request_has_what_all_exchanges_have() -> None:
    door, settings, client = made()
    settings.malformed = Route(key="malformed", plan=Plan([Named()]))
    settings.error_page = lambda exchange, error: Response(error.status, (), exchange.id)
    door.refuse(client, None, BadRequest("x"))
    ((_, body, _),) = client.sent
    assert body == b"a-name"
