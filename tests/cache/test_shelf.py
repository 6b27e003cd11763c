"""What the caching routes of a worker share."""

from typing import Any

import pytest

from porch.cache.passes import Passes
from porch.cache.shelf import HINTS, REST, Shelf, fill_key, hinted, name_of
from porch.errors import GatewayTimeout
from porch.http.message import Field, RequestHead
from tests.support.network import FakeClock

P = bytes(16)
HOST = b"192.0.2.1"


def shelf() -> Shelf:
    unused: Any = None
    return Shelf(unused, unused, Passes(-1))


def request(*fields: Field) -> RequestHead:
    return RequestHead(b"GET", b"/", b"x", b"http", list(fields))


def test_what_is_asked_alike_has_one_key() -> None:
    made = shelf()
    language = (b"accept-language", b"de")
    assert made.key(P, request(), HOST) == made.key(P, request(language), HOST) == (P, b"", b"")
    made.hint(P, [language, (b":language", b"de")])
    assert made.key(P, request(language), HOST) != made.key(P, request(), HOST)
    assert made.key(P, request(language), HOST) == made.key(
        P, request(language, (b"x", b"y")), HOST
    )


def test_by_what_an_answer_was_chosen_is_known_from_itself() -> None:
    made = shelf()
    chosen_by = [(b"a", b"1"), (b":a", b"x")]
    made.hint(P, chosen_by, b"somebody")
    assert hinted(chosen_by) == [b"a"]
    assert fill_key(P, hinted(chosen_by), request(), HOST) != made.key(P, request(), HOST)
    assert fill_key(P, hinted(chosen_by, b"him"), request(), HOST) == made.key(P, request(), HOST)


def test_ranges_and_authorization_are_asked_apart() -> None:
    made = shelf()
    keys = {
        made.key(P, request(), HOST),
        made.key(P, request((b"range", b"bytes=0-1")), HOST),
        made.key(P, request((b"range", b"bytes=0-2")), HOST),
        made.key(P, request((b"authorization", b"basic eA==")), HOST),
    }
    assert len(keys) == 4
    assert len({name_of(key) for key in keys}) == 4


def test_the_name_of_what_has_no_variants_is_its_primary_key() -> None:
    assert name_of((P, b"", b"")) == P
    assert name_of((P, b"ab", b"c")) != name_of((P, b"a", b"bc"))
    assert len(name_of((P, b"a", b""))) == 16


def test_an_answer_without_vary_forgets_the_names() -> None:
    made = shelf()
    made.hint(P, [(b"a", b"")])
    assert made.hints == {P: [b"a"]}
    made.hint(P, [])
    assert not made.hints


def test_only_so_many_hints_are_kept() -> None:
    made = shelf()
    for number in range(HINTS + 1):
        made.hint(b"%d" % number, [(b"a", b"")])
        made.rest(b"%d" % number)
    assert len(made.hints) == 1
    assert not made.rests(b"0")
    assert made.rests(b"%d" % HINTS)


def test_a_refresh_that_failed_rests_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeClock(monkeypatch)
    made = shelf()
    assert not made.rests(P)
    made.rest(P)
    assert made.rests(P)
    fake.advance(REST + 0.1)
    assert not made.rests(P)


class FakeDoor:
    def __init__(self) -> None:
        self.deadlines = object()
        self.told: list[object] = []

    def report(self, exchange: object, error: Exception) -> None:
        self.told.append(error)

    def later(self, seconds: float, call: object) -> float:
        return seconds


def test_exchanges_for_the_store_are_kept_apart_from_those_of_clients() -> None:
    made = shelf()
    door: Any = FakeDoor()
    keeper = made.keeper(door)
    assert made.keeper(door) is keeper
    assert made.keeper(FakeDoor()) is not keeper  # type: ignore[arg-type]
    assert keeper.deadlines is door.deadlines
    assert keeper.later(3.0, print) == 3.0
    error = ValueError()
    exchange: Any = None
    keeper.report(exchange, error)
    assert door.told == [error]


def test_what_failed_is_told_to_the_fill_which_has_the_pages_made() -> None:
    class FakeFill:
        error: object = None

        def fail(self, error: object) -> None:
            self.error = error

    class FakeExchange:
        client = FakeFill()

    exchange: Any = FakeExchange()
    error = GatewayTimeout()
    door: Any = FakeDoor()
    page = shelf().keeper(door).error_page(exchange, error)
    assert (page.status, page.body) == (504, b"")
    assert exchange.client.error is error


def test_what_is_for_one_asker_is_asked_apart_by_who_asks() -> None:
    made = shelf()
    anna, bert = (request((b"cookie", name), (b"x", b"1")) for name in (b"anna", b"bert"))
    assert made.key(P, anna, HOST) == made.key(P, bert, HOST)
    made.hint(P, [], b"somebody")
    assert made.key(P, anna, HOST) != made.key(P, bert, HOST)
    assert made.key(P, anna, HOST) == made.key(P, request((b"x", b"1"), (b"cookie", b"anna")), HOST)
    made.hint(P, [])
    assert made.key(P, anna, HOST) == made.key(P, bert, HOST)
