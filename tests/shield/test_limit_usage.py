"""Costs that stand in the body of an answer."""

from typing import Any

import pytest

from porch import clock
from porch.balance.endpoint import WIDTH
from porch.shared import Cells
from porch.shield.limit import Limit
from porch.shield.limit_keys import by_client
from porch.shield.limit_table import LimitTable
from porch.shield.limit_usage import ByUsage, UsageLimiting
from porch.shield.limit_window import Window
from tests.support.scenario import Scenario

GET = b"GET / HTTP/1.1\r\nhost: a.test\r\naccept-encoding: gzip\r\n\r\n"


@pytest.fixture
def scenario(monkeypatch: pytest.MonkeyPatch) -> Scenario:
    window = Window(LimitTable(2, 1024).row(1), "a limit", 100, 60.0, late=True)
    limit = Limit("c", "", "", by_client, window, Cells(WIDTH), cost=ByUsage("total_tokens"))
    made = Scenario(monkeypatch, filters=[UsageLimiting([limit])])
    window._began = clock.monotonic()
    return made


def answered(scenario: Scenario, *pieces: bytes, kind: bytes = b"application/json") -> None:
    scenario.client(GET).upstream_gets(b"GET /", without=b"accept-encoding")
    length = sum(map(len, pieces))
    head = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (kind, length)
    scenario.upstream(head)
    for piece in pieces:
        scenario.upstream(piece)
    scenario.client_gets(200, b"".join(pieces))


def left(scenario: Scenario) -> int:
    """Before the next answer."""
    (limit,) = scenario.setup.route.plan.on_request[1].__self__.limits  # type: ignore[attr-defined]
    found: int = limit.take(b"192.0.2.7", clock.monotonic(), 0)
    return found


def test_tokens_of_a_json_answer_are_charged(scenario: Scenario) -> None:
    answered(scenario, b'{"choices": [], "usage": {"total_tokens": 60}}')
    assert left(scenario) == 40
    answered(scenario, b'{"usage": {"total_tokens" : 60}}')
    scenario.client(GET).client_gets(429)
    scenario.finish()


def test_a_number_that_is_cut_in_two_is_read_whole(scenario: Scenario) -> None:
    answered(scenario, b'{"usage": {"total_to', b'kens": 4', b"2}}")
    assert left(scenario) == 58
    scenario.finish()


@pytest.mark.parametrize(
    ("member", "cost"),
    [
        (b'"total_tokens": 1e1', 10),
        (b'"total_tokens": 1.25E+1', 13),
        (b'"total_tokens": 400e-1', 40),
        (b'"total_tokens": 0.5', 1),
        (rb'"total\u005ftokens": 60', 60),
        (rb'"\u0074otal\u005Ftoken\u0073": 60', 60),
        (rb'"total\u005gtokens": 60', 1),
    ],
)
def test_names_and_numbers_are_read_as_json_has_them(
    scenario: Scenario, member: bytes, cost: int
) -> None:
    answered(scenario, b'{"usage": {' + member[:9], member[9:18], member[18:] + b"}}")
    assert left(scenario) == 100 - cost
    scenario.finish()


def test_a_number_beyond_all_is_the_largest(scenario: Scenario) -> None:
    answered(scenario, b'{"total_tokens": 9e99999}')
    scenario.client(GET).client_gets(429)
    scenario.finish()


def test_of_events_the_last_one_counts(scenario: Scenario) -> None:
    events = b'data: {"usage":{"total_tokens":3}}\n\n', b'data: {"usage":{"total_tokens":9}}\n\n'
    answered(scenario, *events, kind=b"text/event-stream; charset=utf-8")
    assert left(scenario) == 91
    scenario.finish()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (rb'{"text": "\"total_tokens\": 90"}', b"application/json"),
        (b'{"total_tokens": "90"}', b"application/json"),
        (b'"total_tokens": 90', b"text/plain"),
    ],
)
def test_what_says_no_number_is_one(scenario: Scenario, body: bytes, kind: bytes) -> None:
    answered(scenario, body, kind=kind)
    assert left(scenario) == 99
    scenario.finish()


def test_an_answer_without_a_body_is_left_as_it_is(scenario: Scenario) -> None:
    scenario.client(GET.replace(b"GET", b"HEAD")).upstream_gets(b"HEAD /")
    scenario.upstream(
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n"
    )
    scenario.client_gets(200, field=(b"content-length", b"9"), bodiless=True)
    assert left(scenario) == 99
    scenario.finish()


def test_an_answer_of_the_door_costs_nothing() -> None:
    exchange: Any = type("Seen", (), {"made": object(), "endpoint": None})()
    assert ByUsage("a")(exchange) == 0
