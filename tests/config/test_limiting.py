"""From the word `limit` to filters."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.config.build import Built, build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.exchange import Exchange
from porch.shield.limit import ClientLimiting, LateLimiting, Limiting
from porch.shield.limit_bucket import Bucket
from porch.shield.limit_keys import by_client
from porch.shield.limit_table import LimitTable
from porch.shield.limit_usage import UsageLimiting
from porch.shield.limit_window import Window
from tests.shield.test_limit_keys import exchange_of
from tests.support.mmdb import country, mmdb


def built(state: State | None = None, **words: Any) -> Built:
    loaded = load_mapping({"listen": ":80", **words})
    found = build(loaded, state or State())
    assert found is not None, loaded.report()
    return found


def limitings(of: Built) -> dict[str, Limiting]:
    return {
        entry.route.key: hook.__self__  # type: ignore[attr-defined]
        for entry in of.entries
        for hook in entry.route.plan.on_request
        if isinstance(getattr(hook, "__self__", None), Limiting)
    }


def one(limit: Any, state: State | None = None) -> Limiting:
    (found,) = limitings(built(state, routes={"a.test": {"to": "b:1", "limit": limit}})).values()
    return found


def counts(limiting: Limiting) -> Sequence[object]:
    return [each.take.__self__ for each in limiting.limits]  # type: ignore[attr-defined]


def test_a_route_without_limits_has_no_filter() -> None:
    assert limitings(built(routes={"a.test": "b:1"})) == {}


def test_a_rate_is_a_window_and_with_a_burst_a_bucket() -> None:
    found = one(["100/min per client", {"rate": "5/s per client", "burst": 10}])
    window, bucket = counts(found)
    assert isinstance(window, Window)
    assert (window.most, window.seconds) == (100, 60.0)
    assert isinstance(bucket, Bucket)
    assert (bucket.most, bucket.seconds, bucket.burst) == (5, 1.0, 10)
    (smooth,) = counts(one({"rate": "5/s per client", "smooth": True}))
    assert isinstance(smooth, Bucket)
    assert smooth.burst == 1


def test_what_is_charged_at_the_end_has_its_filter_and_its_units() -> None:
    found = one("10GB/d per client")
    assert isinstance(found, LateLimiting)
    (limit,) = found.limits
    window = counts(found)[0]
    assert limit.units_of(10 << 30) == pytest.approx(window.most, abs=1)  # type: ignore[attr-defined]
    assert limit.policy.startswith(b'"client";q=107')
    assert limit.policy.endswith(b';w=86400;qu="content-bytes"')


def test_one_limit_by_address_alone_has_the_filter_with_fewer_steps() -> None:
    assert type(one("100/min per client")) is ClientLimiting
    assert type(one({"rate": "5/s per client", "smooth": True})) is ClientLimiting
    assert type(one({"rate": "100/min per client", "dry_run": True})) is Limiting
    assert type(one("100/min per host")) is Limiting
    assert type(one(["100/min per client", "5/s per client"])) is Limiting


def test_a_limit_counts_for_what_it_was_said_for() -> None:
    found = limitings(
        built(
            limit="100/s per client",
            site={"b.test": {"limit": "50/s per client"}},
            routes={
                "a.test": "x:1",
                "a.test/own": {"to": "x:1", "limit": "5/s per client"},
                "a.test/free": {"to": "x:1", "limit": False},
                "b.test": "x:1",
                "b.test/x": "x:1",
            },
        )
    )
    assert {key: each.limits[0].where for key, each in found.items()} == {
        "a.test": "all routes",
        "a.test/own": "a.test/own",
        "b.test": "site b.test",
        "b.test/x": "site b.test",
    }
    shared, again = (found[key].limits[0] for key in ("b.test", "b.test/x"))
    now = clock.monotonic()
    assert shared.take(b"k", now) == 49
    assert again.take(b"k", now) == 48
    assert found["a.test"].limits[0].take(b"k", now) == 99


def test_a_reload_goes_on_with_what_was_counted() -> None:
    state = State()
    state.begin()
    first = one("100/min per client", state)
    state.commit()
    now = first.limits[0].take.__self__._began  # type: ignore[attr-defined]
    first.limits[0].take(b"k", now)
    first.limits[0].cells.own[1] = 7
    state.begin()
    second = one("200/min per client", state)
    state.commit()
    assert second.limits[0].take(b"k", now) == 198
    assert second.limits[0].cells.own[1] == 7


def test_workers_meet_in_the_table_of_their_door() -> None:
    table = LimitTable(3, 1024)
    states = [State(), State()]
    for number, state in enumerate(states, 1):
        state.limit_row = table.row(number)
    limits = [one("2/min per client", state).limits[0] for state in states]
    assert [each.take(b"k", table.began) for each in (*limits, *limits)] == [1, 0, -1, -1]


def test_limits_by_identity_stand_behind_the_others() -> None:
    limits = ["9/s per identity", "5/s per client"]
    of = built(routes={"a.test": {"to": "b:1", "limit": limits}})
    hooks = [getattr(each, "__self__", None) for each in of.entries[0].route.plan.on_request]
    found = [each for each in hooks if isinstance(each, Limiting)]
    assert [each.limits[0].text for each in found] == ["5/s per client", "9/s per identity"]


@pytest.mark.parametrize(
    ("limits", "names"),
    [
        (["5/s per client"], ["client"]),
        (["5/s per client", "9/min per client"], ["client", "client-60s"]),
        (
            ["5/s per client", "9/min per client", "8/min per client"],
            ["client", "client-60s", "client-60s+"],
        ),
        (["5/s per header X-Key and route"], ["header-X-Key-route"]),
        ([{"rate": "5/s per client", "name": "calls"}], ["calls"]),
    ],
)
def test_no_two_limits_have_one_name(limits: list[Any], names: list[str]) -> None:
    assert [each.name for each in one(limits).limits] == names


@pytest.mark.parametrize(
    ("per", "key"),
    [
        ("client", b"192.0.2.1"),
        ("host", b"a.test"),
        ("route", b"a.test"),
        ("all", b"*"),
        ("header X-Key", b"=v"),
        ("cookie sid", b"=s"),
        ("query u", b"=1"),
        ("claim sub", b"192.0.2.1"),
        ("identity", b"192.0.2.1"),
        ("client and all", b"9:192.0.2.11:*"),
        ("py:shop:key", b"mine"),
    ],
)
def test_each_key_is_read(per: str, key: bytes) -> None:
    state = State()
    state.load_limit_key = lambda word, base: lambda exchange: b"mine"
    exchange = exchange_of(fields=[(b"x-key", b"v"), (b"cookie", b"sid=s")], target=b"/?u=1")
    (limit,) = one(f"5/s per {per}", state).limits
    assert limit.key(exchange) == key


def test_a_key_that_cannot_be_loaded_is_the_address() -> None:
    assert one("5/s per py:no:such").limits[0].key is by_client


def test_a_cost_that_stands_in_bodies_has_its_filter() -> None:
    assert isinstance(one({"rate": "9/s per client", "cost": "json:tokens"}), UsageLimiting)


def test_a_cost_is_the_functions_or_one() -> None:
    def cost(exchange: Exchange) -> object:
        return 7

    state = State()
    words = {"rate": "5/s per client", "cost": "py:shop:cost"}
    (without,) = one(words, state).limits
    state.load_cost = lambda word, base: cost
    (limit,) = one(words, state).limits
    assert limit.cost is not None
    assert without.cost is not None
    assert (limit.cost(exchange_of()), without.cost(exchange_of())) == (7, 1)


def test_countries_are_those_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "c.mmdb").write_bytes(mmdb({"192.0.2.0/24": country("DE")}))
    routes = {"a.test": {"to": "b:1", "limit": "5/s per country"}}
    (found,) = limitings(built(geo=str(tmp_path / "c.mmdb"), routes=routes)).values()
    key = found.limits[0].key
    assert (key(exchange_of(b"192.0.2.1")), key(exchange_of(b"198.51.100.1"))) == (b"DE", b"??")
