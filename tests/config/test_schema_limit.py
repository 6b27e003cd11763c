"""The word `limit`: what may be written, and what is told of what may not."""

from typing import Any

import pytest
from pydantic import ValidationError

from porch.config.schema_limit import LimitWords, Rate, cost_of, parse_rate, parts_of


def read(value: Any) -> Any:
    return LimitWords.model_validate({"limit": value}).limit


def refused(value: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        read(value)
    return str(caught.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("100/min", Rate(100, 60.0, "")),
        ("1/s", Rate(1, 1.0, "")),
        ("5/10s", Rate(5, 10.0, "")),
        ("5 / 15 min", Rate(5, 900.0, "")),
        ("10/Hour", Rate(10, 3600.0, "")),
        ("3/d", Rate(3, 86400.0, "")),
        ("3/31d", Rate(3, 31 * 86400.0, "")),
        ("10MB/h", Rate(10 << 20, 3600.0, "bytes")),
        ("30s/min", Rate(30_000, 60.0, "time")),
    ],
)
def test_rates(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0/min", "0 lets nobody in; write 1/min or more, or close the route with"),
        ("0s/min", "0 lets nobody in"),
        ("100/fortnight", "'fortnight' is no time; write s, min, h or d"),
        ("100/mins", "did you mean 'min'"),
        ("many/min", "'many' is nothing that can be counted; write a whole number, a size"),
        ("-1/min", "'-1' is nothing that can be counted"),
        ("1.5/min", "'1.5' is nothing that can be counted"),
        ("100", "a limit is a number in a time, and of whom"),
        ("5/0s", "a limit is for a second at least and for 31 d at most"),
        ("5/32d", "a limit is for a second at least and for 31 d at most"),
        ("4194304/s", "4194303 are counted at most"),
        ("99999999999999999999/s", "4194303 are counted at most"),
        ("\u0661/min", "nothing that can be counted"),
    ],
)
def test_what_is_no_rate_is_told_with_the_way_out(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_rate(text)
    assert why in refused(f"{text} per client")
    assert why in refused({"rate": text, "per": "client"})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("client", [("client", "")]),
        ("header X-Api-Key", [("header", "X-Api-Key")]),
        ("client and route", [("client", ""), ("route", "")]),
        ("claim https://a.test/tenant", [("claim", "https://a.test/tenant")]),
        ("py:shop.keys:tenant", [("py", "shop.keys:tenant")]),
    ],
)
def test_keys(text: str, parts: list[tuple[str, str]]) -> None:
    assert parts_of(text) == parts


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ip", "a limit cannot count by 'ip'; write client, .*; did you mean 'client'"),
        ("user", "did you mean 'identity'"),
        ("cleint", "did you mean 'client'"),
        ("header", 'a header has a name, such as "header X-Api-Key"'),
        ("cookie a=b", "'a=b' is not the name of a cookie"),
        ("client 7", "a limit cannot count by 'client 7'"),
        ("py:module", 'a function is named "py:module:function"'),
        ("", "a limit cannot count by ''"),
    ],
)
def test_what_is_no_key_is_told_with_the_way_out(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parts_of(text)


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("requests", ("requests", "")),
        ("bytes", ("bytes", "")),
        ("time", ("time", "")),
        ("header:X-Cost", ("header", "x-cost")),
        ("json:total_tokens", ("json", "total_tokens")),
        ("py:shop.costs:credits", ("py", "shop.costs:credits")),
    ],
)
def test_costs(text: str, cost: tuple[str, str]) -> None:
    assert cost_of(text) == cost


@pytest.mark.parametrize("text", ["byte", "header:", "header: x y", "json:", "py:x", ""])
def test_what_is_no_cost_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="a cost is requests, bytes, time, header:name"):
        cost_of(text)


def test_a_text_a_table_and_a_list_are_a_list_of_tables() -> None:
    (one,) = read("100/min per client")
    assert (one.rate, one.per, one.costs, one.is_of_identity) == (
        *("100/min", "client", ("requests", "")),
        False,
    )
    first, second = read(["5/s per client", {"rate": "10MB/h per claim sub", "burst": 7}])
    assert (first.rate, second.per, second.burst) == ("5/s", "claim sub", 7)
    assert (second.costs, second.is_of_identity) == (("bytes", ""), True)
    assert read(False) is False
    assert read("5/s per identity and route")[0].is_of_identity


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("100/min", 'it needs whom it counts apart: "100/min per client"'),
        ({"rate": "100/min"}, "Field required"),
        (["5/s per client", "5/s"], '"5/s": it needs whom it counts apart: "5/s per client"'),
        ([], "the list is empty; write false where there is no limit"),
        ({"rate": "5/s per client", "cost": "bytes"}, 'cost = "bytes" wants a rate of it'),
        ({"rate": "5MB/s per client", "cost": "time"}, "5MB/s is a rate of bytes"),
        ({"rate": "5/s per client", "burst": 0}, "greater than or equal to 1"),
        ({"rate": "5/s per client", "name": "Käse"}, "should match pattern"),
    ],
)
def test_what_does_not_go_together_is_told(value: Any, why: str) -> None:
    assert why in refused(value)


@pytest.mark.parametrize("value", [True, 5, {"per": "client"}, [True]])
def test_what_is_no_limit_is_refused(value: Any) -> None:
    refused(value)
