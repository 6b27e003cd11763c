"""Clients that stay with their endpoint, and what becomes of them when it goes."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch import clock
from porch.balance.endpoint import Endpoint, Kind
from porch.balance.first_available import FirstAvailable
from porch.balance.roster import Roster
from porch.balance.sticky import Cookie, Sticky
from porch.balance.upstream import Upstream
from porch.errors import ConnectFailed
from porch.exchange import Exchange
from porch.route.route import RUNNING
from tests.support.pools import exchange_of

SECRET = b"0" * 32


class Bench:
    """A pool of which the balancer always takes the first in rotation."""

    def __init__(self, names: str = "abc", **words: Any) -> None:
        self.roster = Roster("pool")
        nowhere: Any = SimpleNamespace(dial_ahead=lambda place: None)
        self.of = {each: Endpoint(each, nowhere, roster=self.roster) for each in names}
        self.upstream = Upstream(
            "pool", [*self.of.values()], FirstAvailable(), self.roster, "first"
        )
        cookie = Cookie(**{"name": "sid", "path": "/", "secret": SECRET, **words})
        self.sticky = Sticky(self.upstream, cookie)

    def value(self, name: str) -> bytes:
        """Of the cookie of an endpoint."""
        return self.set_cookie(name).partition(b"=")[2].partition(b";")[0]

    def set_cookie(self, name: str, exchange: Exchange | None = None) -> bytes:
        """What an answer of an endpoint sets; b"" for nothing."""
        exchange = exchange or exchange_of()
        exchange.endpoint = self.of[name]
        fields: list[tuple[bytes, bytes]] = []
        exchange.response = cast("Any", SimpleNamespace(fields=fields))
        self.sticky.on_response(exchange)
        assert all(field == b"set-cookie" for field, _ in fields)
        return b"".join(value for _, value in fields)

    def order(self, cookie: bytes = b"") -> str:
        found = self.sticky.candidates(self.exchange(cookie))
        return "".join(each.name for each in found)

    def exchange(self, cookie: bytes) -> Exchange:
        return exchange_of(fields=[(b"cookie", cookie)] if cookie else [])

    def of_client(self, name: str) -> str:
        """Whom a client of this endpoint is given, in order."""
        return self.order(b"a=b; sid=" + self.value(name) + b"; c=d")

    def out(self, name: str, kind: Kind) -> None:
        self.of[name].take_out(kind, "x")


def test_a_client_stays_with_the_endpoint_that_answered_first() -> None:
    bench = Bench()
    assert bench.order() == "abc"
    assert bench.of_client("b") == "bac"
    assert bench.of_client("c") == "cab"


def test_the_requests_of_clients_that_stay_count_in_the_budget_too() -> None:
    """Else a pool whose clients all are sticky could repeat no more than the floor."""
    bench = Bench()
    cookie = b"sid=" + bench.value("b")
    before = bench.sticky.budget.came
    for _ in range(5):
        next(bench.sticky.candidates(bench.exchange(cookie)))
    assert bench.sticky.budget.came == before + 5


def test_the_cookie_is_set_once_with_its_attributes() -> None:
    bench = Bench()
    value = bench.value("a")
    assert len(value) == 20
    said = b"sid=" + value + b"; Path=/; HttpOnly; SameSite=Lax"
    assert bench.set_cookie("a") == said
    assert bench.set_cookie("a", exchange_of(scheme=b"https")) == said + b"; Secure"
    told = exchange_of(fields=[(b"x-forwarded-proto", b"https")])
    assert bench.set_cookie("a", told) == said, "nobody is believed"
    for peer, added in ((b"192.0.2.1", b"; Secure"), (b"10.0.0.1", b"")):
        behind = Bench(trusts=peer.__eq__)
        assert behind.set_cookie("a", told) == said + added
    assert bench.set_cookie("a", bench.exchange(b"sid=" + value)) == b""
    aged = Bench(max_age=3600.0, path="/api", name="door")
    assert aged.set_cookie("a").endswith(b"; Path=/api; Max-Age=3600; HttpOnly; SameSite=Lax")
    assert aged.set_cookie("a").startswith(b"door=")


def test_another_endpoint_that_answers_takes_the_client_over() -> None:
    bench = Bench()
    cookie = b"sid=" + bench.value("a")
    assert bench.set_cookie("b", bench.exchange(cookie)).startswith(b"sid=" + bench.value("b"))


def test_an_answer_of_the_door_sets_nothing() -> None:
    bench = Bench()
    exchange = exchange_of()
    exchange.response = cast("Any", SimpleNamespace(fields=[]))
    bench.sticky.on_response(exchange)
    exchange.endpoint = bench.of["a"]
    exchange.error = ConnectFailed("no")
    bench.sticky.on_response(exchange)
    assert exchange.response is not None
    assert exchange.response.fields == []


def test_the_value_says_nothing_and_is_of_this_pool_endpoint_and_secret() -> None:
    values = {Bench().value(each) for each in "abc"}
    other = Bench(secret=b"1" * 32)
    values |= {other.value(each) for each in "abc"}
    elsewhere = Bench()
    elsewhere.sticky.name = elsewhere.roster.name = "another"
    values |= {elsewhere.value(each) for each in "abc"}
    assert len(values) == 9


def test_all_workers_and_a_door_that_starts_anew_know_it() -> None:
    bench, later = Bench(), Bench("cba")
    assert bench.value("b") == later.value("b")
    assert later.order(b"sid=" + bench.value("b")) == "bca"


# --- what is not ours ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forged", [b"sid=", b"sid=a", b"sid=" + b"A" * 20, b"sid", b"SID=x", b'sid="b"', b"; ;sid==;"]
)
def test_a_forged_cookie_is_like_none_and_is_replaced(forged: bytes) -> None:
    bench = Bench()
    assert bench.order(forged) == "abc"
    assert bench.set_cookie("a", bench.exchange(forged)) == bench.set_cookie("a")


@given(st.binary(max_size=60))
def test_whatever_a_client_sends_each_endpoint_comes_once(junk: bytes) -> None:
    bench = Bench()
    assert bench.order(b"sid=" + junk) == "abc"
    assert sorted(bench.order(junk + b"; sid=" + bench.value("b"))) == ["a", "b", "c"]


def test_a_cookie_of_an_endpoint_that_is_gone_is_like_none() -> None:
    before, after = Bench("abcd"), Bench("abc")
    cookie = b"sid=" + before.value("d")
    assert after.order(cookie) == "abc"
    assert after.set_cookie("a", after.exchange(cookie)) != b""


def test_of_two_cookies_of_the_name_the_one_that_is_ours_counts() -> None:
    bench = Bench()
    assert bench.order(b"sid=stale; sid=" + bench.value("c")) == "cab"


def test_endpoints_that_come_later_have_their_cookies() -> None:
    bench = Bench()
    bench.order(b"sid=" + bench.value("a"))
    nowhere: Any = None
    bench.of["d"] = Endpoint("d", nowhere, roster=bench.roster)
    bench.upstream.endpoints = (*bench.upstream.endpoints, bench.of["d"])
    bench.roster.version += 1
    assert bench.of_client("d") == "dabc"


# --- an endpoint that goes -----------------------------------------------------------------------


def test_a_drained_endpoint_keeps_its_clients_and_gets_no_new_ones() -> None:
    bench = Bench()
    bench.out("a", "drained")
    assert bench.order() == "bc"
    assert bench.of_client("a") == "abc"
    assert Bench("a").of_client("a") == "a"


def test_for_as_long_as_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: 1000.0)
    bench = Bench(drain=60.0)
    bench.out("a", "drained")
    assert bench.of_client("a") == "abc"
    monkeypatch.setattr(clock, "wall", lambda: 1059.0)
    assert bench.of_client("a") == "abc"
    monkeypatch.setattr(clock, "wall", lambda: 1060.0)
    assert bench.of_client("a") == "bc"


def test_one_of_weight_0_keeps_its_clients_too() -> None:
    bench = Bench()
    bench.of["a"].weight = 0
    bench.roster.version += 1
    assert bench.order() == "bc"
    assert bench.of_client("a") == "abc"


def test_a_drained_one_that_is_all_there_is_serves_those_who_know_it() -> None:
    bench = Bench("ab")
    for each in "ab":
        bench.out(each, "drained")
    assert bench.order() == ""
    assert bench.of_client("b") == "b"


@pytest.mark.parametrize("kind", ["unhealthy", "ejected", "silent", "refused"])
def test_one_that_is_out_for_another_reason_gives_its_clients_away(kind: Kind) -> None:
    bench = Bench()
    bench.order()
    bench.out("b", kind)
    assert bench.of_client("b").endswith("ac")
    bench.out("b", "drained")
    assert "b" not in bench.of_client("b")


def test_one_that_is_full_gives_its_clients_away() -> None:
    bench = Bench()
    bench.upstream.most = 2
    bench.of["b"].counts[RUNNING] = 1
    assert bench.of_client("b") == "bac"
    bench.of["b"].counts[RUNNING] = 2
    assert bench.of_client("b") == "ac"


def test_when_all_are_out_for_lesser_reasons_a_client_stays() -> None:
    bench = Bench()
    for each in "abc":
        bench.out(each, "unhealthy")
    assert bench.of_client("b") == "bac"


def test_a_sticky_client_is_not_sent_to_try_a_silent_endpoint() -> None:
    bench = Bench()
    bench.out("a", "silent")
    own = bench.exchange(b"sid=" + bench.value("c"))
    assert next(bench.sticky.candidates(own)).name == "c"
    assert bench.order()[0] == "a", "others are"


# --- the rest ------------------------------------------------------------------------------------


def test_it_is_a_pool_to_the_route() -> None:
    bench = Bench()
    assert bench.sticky.name == "pool"
    assert bench.sticky.filters == (bench.sticky,)
    assert bench.sticky.endpoints == bench.upstream.endpoints
    assert bench.sticky.manner == "first; sticky by the cookie sid"
    assert bench.sticky.nobody(None).detail == bench.upstream.nobody(None).detail
    assert repr(bench.sticky) == "<Sticky sid <Upstream pool 3 endpoints>>"


def test_the_table_is_made_in_steps() -> None:
    bench = Bench()
    assert sum(1 for _ in bench.sticky.knowing(bench.upstream.endpoints)) == 3
    assert bench.of_client("b") == "bac"


def test_what_another_pool_answers_sets_no_cookie_of_this_one() -> None:
    """The canary of a route answers some of its requests."""
    bench = Bench()
    nowhere: Any = SimpleNamespace()
    bench.of["x"] = Endpoint("x", nowhere, roster=Roster("pool canary"))
    assert bench.set_cookie("x") == b""


def test_whom_a_client_belongs_to_leads_while_it_serves_it() -> None:
    bench = Bench()
    cookie = b"sid=" + bench.value("b")
    leading = [*bench.sticky.leading(bench.exchange(cookie))]
    assert leading == [bench.sticky.kept_by(bench.exchange(cookie))] == [bench.of["b"]]
    assert [*bench.sticky.leading(bench.exchange(b""))] == [bench.of["a"]]
    before = bench.sticky.budget.came
    bench.out("b", "refused")
    assert bench.sticky.kept_by(bench.exchange(cookie)) is None
    assert [*bench.sticky.leading(bench.exchange(cookie))] == [bench.of["a"]]
    assert bench.sticky.budget.came == before
    assert bench.sticky.is_used(bench.of["a"])
    assert not bench.sticky.is_full(bench.of["a"])
