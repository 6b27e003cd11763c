"""One client that waits."""

from typing import Any

import pytest

from porch.cache.entry import Entry
from porch.cache.refusal import PRIVATE
from porch.cache.waiting import Waiting
from porch.errors import GatewayTimeout
from porch.filter import SUSPEND, Response
from porch.http.message import RequestHead, ResponseHead
from porch.reader import Reader
from tests.cache.test_giving import FakeBody


class FakeExchange:
    """Notes what becomes of it."""

    def __init__(self, *fields: tuple[bytes, bytes]) -> None:
        self.request = RequestHead(b"GET", b"/", b"x", b"http", list(fields))
        self.identity = None
        self.client_ip = b"192.0.2.1"
        self.ended = 0.0
        self.client_full = False
        self.error: object = None
        self.upstream: object = None
        self.answers: list[Any] = []
        self.raised: list[Exception] = []

    def resume(self, response: Response | None = None) -> None:
        self.answers.append(response)

    def give_up(self, error: object) -> None:
        self.answers.append(error)

    def on_raised(self, error: Exception) -> None:
        self.raised.append(error)


class FakeCache:
    """A cache, its shelf, its store and its counts in one. looks: what `look` returns."""

    def __init__(self, looks: Any = None) -> None:
        self.shelf = self.store = self
        self.counts = [0] * 64
        self.members: dict[object, object] = {}
        self.notes: list[bytes] = []
        self.looks = looks
        self.tries: list[int] = []

    def now(self) -> float:
        return 0.0

    def note(self, exchange: object, told: Any) -> None:
        self.notes.append(bytes(told))

    def look(self, exchange: object, tries: int, since: float, fwd: str) -> Any:
        self.tries.append(tries)
        if isinstance(self.looks, Exception):
            raise self.looks
        return self.looks


def waiting(cache: Any = None, exchange: Any = None, fwd: str = "uri-miss") -> Any:
    return Waiting(cache or FakeCache(), exchange or FakeExchange(), fwd)


def entry(**more: Any) -> Entry:
    return Entry(200, [], 2, 0.0, 0.0, 60.0, "max-age", **more)


def status(answer: Response) -> bytes:
    return dict(answer.fields)[b"cache-status"]


def test_an_answer_says_how_it_was_come_by() -> None:
    one, other = waiting(), waiting()
    other.collapsed = True
    for each in (one, other):
        each.give(entry(), b"hi", Reader, stored=True, status=304)
    assert status(one.exchange.answers[0]) == b"Porch; fwd=uri-miss; fwd-status=304; ttl=60; stored"
    assert status(other.exchange.answers[0]).endswith(b"; collapsed")


def test_it_fits_who_said_what_chose_it_and_wants_no_more_than_there_is() -> None:
    german = waiting(exchange=FakeExchange((b"a", b"de"), (b"range", b"bytes=0-0")))
    assert german.fits(entry())
    assert not german.fits(entry(vary=[(b"a", b"en")]))
    assert german.fits(entry(held=[(0, 1)]))
    assert not german.fits(entry(held=[(1, 2)]))
    assert german.misfit(entry(held=[(1, 2)])) == "range"
    assert german.misfit(entry(vary=[(b"a", b"en")])) == "vary"


def test_what_is_for_one_alone_is_passed_on_as_it_is() -> None:
    one = waiting()
    head = ResponseHead(200, [(b"set-cookie", b"a")], 2, b"Fine")
    one.pass_on(head, FakeBody(b"hi"), Reader, PRIVATE)
    (answer,) = one.exchange.answers
    assert answer.body == b"hi"
    assert status(answer) == b'Porch; fwd=uri-miss; detail="private"'
    assert head.fields == [(b"set-cookie", b"a")], "and what came stays what it was"


def test_who_is_let_go_asks_for_himself_and_says_why() -> None:
    cache = FakeCache()
    one = waiting(cache)
    cache.members[one.exchange] = one
    one.let_go("vary")
    assert one.exchange.answers == [None]
    assert cache.notes == [b'Porch; fwd=uri-miss; detail="vary"']
    assert not cache.members


@pytest.mark.parametrize(
    ("looks", "answers"), [(None, [None]), (SUSPEND, []), (Response(204), ["it"])]
)
def test_who_looks_again_does_as_it_is_told(looks: Any, answers: list[Any]) -> None:
    cache = FakeCache(looks)
    one = waiting(cache)
    one.tries = 1
    one.again()
    assert cache.tries == [2]
    assert len(one.exchange.answers) == len(answers)


def test_a_defect_ends_its_own_exchange_alone() -> None:
    one = waiting(FakeCache(ValueError("no")))
    one.again()
    assert [str(error) for error in one.exchange.raised] == ["no"]


def test_nothing_is_done_for_who_has_left() -> None:
    one = waiting()
    one.exchange.ended = 1.0
    one.again()
    one.fail(GatewayTimeout())
    assert one.exchange.answers == one.cache.tries == []


def test_nothing_stands_in_where_nothing_is_stored() -> None:
    one = waiting()
    assert not one.give_stale(GatewayTimeout(), 0)
    assert one.exchange.answers == []
