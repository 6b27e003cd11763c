"""Conditions: each kind holds when it should, and two are told apart only if they exclude."""

import ipaddress
import re
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.message import Field, RequestHead
from porch.route.condition import NONE, Conditions, Networks, ValueCondition
from porch.route.when import parse_when

CLIENT = b"10.1.2.3"


def get(
    target: bytes = b"/",
    fields: list[Field] | None = None,
    method: bytes = b"GET",
    upgrade: bytes | None = None,
) -> RequestHead:
    return RequestHead(method, target, b"a.test", b"http", fields or [], upgrade=upgrade)


def holds(when: dict[str, object], request: RequestHead, client_ip: bytes = CLIENT) -> bool:
    return parse_when(when).holds(request, client_ip)


def test_no_conditions_hold_for_everything() -> None:
    assert NONE.holds(get(), CLIENT)
    assert len(NONE) == 0
    assert str(NONE) == ""


def test_a_method_is_one_of_those_named() -> None:
    assert holds({"method": "POST"}, get(method=b"POST"))
    assert not holds({"method": "POST"}, get())
    assert holds({"method": ["GET", "POST"]}, get())
    assert not holds({"method": "GET"}, get(method=b"HEAD"))


@pytest.mark.parametrize(
    ("wanted", "values", "does"),
    [
        ("1", [b"1"], True),
        ("1", [b"2"], False),
        ("1", [], False),
        ("1", [b"1", b"2"], False),
        ("1, 2", [b"1", b"2"], True),
        ("", [b""], True),
        ("", [], False),
        (True, [b""], True),
        (True, [], False),
        (False, [], True),
        (False, [b"x"], False),
        ("~a+$", [b"aa"], True),
        ("~a+$", [b"aab"], False),
        ("~a+", [b"aab"], True),
        ("~a", [b"ba"], False),
        ("~a", [], False),
        ("grün", ["grün".encode()], True),
    ],
)
def test_a_header_equals_is_present_is_absent_or_matches(
    wanted: object, values: list[bytes], does: bool
) -> None:
    fields = [(b"accept", b"*/*"), *((b"x-beta", value) for value in values)]
    assert holds({"header": {"X-Beta": wanted}}, get(fields=fields)) is does


@pytest.mark.parametrize(
    ("wanted", "query", "does"),
    [
        ("1", b"?v=1", True),
        ("1", b"?a=2&v=1&b", True),
        ("1", b"?v=2&v=1", False),
        ("a b", b"?v=a+b", True),
        ("a b", b"?v=a%20b", True),
        ("1", b"?%76=%31", True),
        ("1", b"?V=1", False),
        (True, b"?v", True),
        (True, b"?v=", True),
        (True, b"?w", False),
        (True, b"", False),
        (False, b"", True),
        (False, b"?v", False),
        ("~[0-9]+$", b"?v=42", True),
        ("~[0-9]+$", b"?v=x", False),
    ],
)
def test_a_parameter_of_the_query_is_the_first_of_its_name_decoded(
    wanted: object, query: bytes, does: bool
) -> None:
    assert holds({"query": {"v": wanted}}, get(b"/v=1" + query)) is does


@pytest.mark.parametrize(
    ("wanted", "cookies", "does"),
    [
        ("1", [b"v=1"], True),
        ("1", [b"a=2; v=1; b=3"], True),
        ("1", [b"a=2", b"v=1"], True),
        ("1", [b"v=2; v=1"], False),
        ("1", [b"v=11"], False),
        ("a=b", [b"v=a=b"], True),
        (True, [b"v="], True),
        (True, [b"v"], False),
        (True, [b"wv=1"], False),
        (False, [], True),
        (False, [b"v=1"], False),
        ("~be", [b"v=beta"], True),
    ],
)
def test_a_cookie_is_the_first_of_its_name(
    wanted: object, cookies: list[bytes], does: bool
) -> None:
    assert holds({"cookie": {"v": wanted}}, get(fields=[(b"cookie", c) for c in cookies])) is does


def test_an_upgrade_is_seen_although_the_codec_consumed_it() -> None:
    when: dict[str, object] = {"header": {"Upgrade": "WebSocket"}}
    assert holds(when, get(upgrade=b"websocket"))
    assert not holds(when, get())
    assert not holds(when, get(fields=[(b"upgrade", b"websocket")]))


@pytest.mark.parametrize(
    ("client", "address", "does"),
    [
        ("10.0.0.0/8", b"10.1.2.3", True),
        ("10.0.0.0/8", b"11.1.2.3", False),
        ("10.1.2.3", b"10.1.2.3", True),
        (["192.168.0.0/16", "10.0.0.0/8"], b"10.1.2.3", True),
        ("2001:db8::/32", b"2001:db8::1", True),
        ("2001:db8::/32", b"10.1.2.3", False),
        ("0.0.0.0/0", b"unix", False),
    ],
)
def test_a_client_is_in_one_of_the_networks(client: object, address: bytes, does: bool) -> None:
    for _ in ("judged", "remembered"):
        assert holds({"client": client}, get(), address) is does


def test_what_networks_remember_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("porch.route.condition._REMEMBERED", 3)
    networks = Networks((ipaddress.ip_network("10.0.0.0/8"),))
    assert [networks[b"10.0.0.%d" % number] for number in range(10)] == [True] * 10
    assert len(networks) <= 3


BETA: dict[str, object] = {
    "method": ["POST", "GET"],
    "client": "10.0.0.0/8",
    "header": {"x-beta": "1", "x-old": False},
    "query": {"v": True},
    "cookie": {"team": "~a|b"},
}


def test_all_conditions_have_to_hold_and_their_number_is_told() -> None:
    conditions = parse_when(BETA)
    request = get(b"/?v", [(b"x-beta", b"1"), (b"cookie", b"team=a")])
    assert len(conditions) == 6
    assert conditions.holds(request, CLIENT)
    assert conditions.failing(request, CLIENT) == ""


def test_conditions_that_fail_are_told_in_words() -> None:
    conditions = parse_when(BETA)
    request = get(b"/", [(b"x-beta", b"2"), (b"x-old", b"")], b"PUT")
    assert not conditions.holds(request, b"11.0.0.1")
    assert conditions.failing(request, b"11.0.0.1") == (
        'method GET or POST, client in 10.0.0.0/8, header x-beta = "1", header x-old is absent, '
        'query v is present, cookie team = "~a|b"'
    )
    assert str(conditions) == conditions.failing(request, b"11.0.0.1")


@pytest.mark.parametrize(
    ("one", "other", "can"),
    [
        ({}, {"method": "GET"}, True),
        ({"method": "GET"}, {"method": "POST"}, False),
        ({"method": ["GET", "PUT"]}, {"method": ["POST", "PUT"]}, True),
        ({"client": "10.0.0.0/8"}, {"client": "10.1.0.0/16"}, True),
        ({"client": "10.0.0.0/8"}, {"client": "11.0.0.0/8"}, False),
        ({"client": "10.0.0.0/8"}, {"client": "2001:db8::/32"}, False),
        ({"header": {"x": "1"}}, {"header": {"x": "1"}}, True),
        ({"header": {"x": "1"}}, {"header": {"x": "2"}}, False),
        ({"header": {"x": "1"}}, {"header": {"y": "2"}}, True),
        ({"header": {"x": "1"}}, {"query": {"x": "2"}}, True),
        ({"header": {"x": "1"}}, {"header": {"x": True}}, True),
        ({"header": {"x": "1"}}, {"header": {"x": False}}, False),
        ({"header": {"x": "~1"}}, {"header": {"x": False}}, False),
        ({"header": {"x": True}}, {"header": {"x": False}}, False),
        ({"header": {"x": False}}, {"header": {"x": False}}, True),
        ({"header": {"x": "12"}}, {"header": {"x": "~1"}}, True),
        ({"header": {"x": "21"}}, {"header": {"x": "~1"}}, False),
        ({"header": {"x": "~1"}}, {"header": {"x": "~2"}}, False),
        ({"header": {"x": "~1"}}, {"header": {"x": "~[12]"}}, True),
        ({"header": {"x": "1", "y": "1"}}, {"header": {"z": True, "y": "2"}}, False),
    ],
)
def test_two_sets_exclude_each_other_only_if_no_request_fulfils_both(
    one: dict[str, object], other: dict[str, object], can: bool
) -> None:
    assert parse_when(one).can_hold_with(parse_when(other)) is can
    assert parse_when(other).can_hold_with(parse_when(one)) is can


WANTED: list[bytes | bool | re.Pattern[bytes]] = [
    b"", b"a", b"ab", b"b", True, False, re.compile(b"a"), re.compile(b"a$"), re.compile(b"b|a"),
]  # fmt: skip
conditions = st.lists(st.tuples(st.sampled_from([b"x", b"y"]), st.sampled_from(WANTED)), max_size=3)
fields = st.lists(
    st.tuples(st.sampled_from([b"x", b"y"]), st.sampled_from([b"", b"a", b"ab", b"b"]))
)


@given(conditions, conditions, fields)
def test_sets_that_both_hold_for_a_request_can_hold_together(
    one: list[tuple[bytes, bytes]], other: list[tuple[bytes, bytes]], came: list[Field]
) -> None:
    sets = [
        Conditions(values=tuple(ValueCondition(source="header", name=n, wanted=w) for n, w in each))
        for each in (one, other)
    ]
    if all(each.holds(get(fields=came), CLIENT) for each in sets):
        assert sets[0].can_hold_with(sets[1])


def test_one_condition_excludes_another_exactly_if_no_value_fulfils_both() -> None:
    values: list[list[Field]] = [[], *([(b"x", value)] for value in (b"", b"a", b"ab", b"b", b"c"))]
    each = [ValueCondition(source="header", name=b"x", wanted=wanted) for wanted in WANTED]
    for one, two in product(each, each):
        both = any(one.holds(get(fields=v)) and two.holds(get(fields=v)) for v in values)
        assert one.excludes(two) is not both, f"{one} and {two}"
