"""API keys, in a field and in a parameter."""

import re
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.identity import Identity
from porch.shield.api_key import LONGEST, ApiKeys, Known, new_key
from porch.shield.auth import Judge
from porch.shield.auth_claims import Requirement
from porch.shield.auth_errors import NotAllowed, Unauthorized
from tests.support.hooks import FakeExchange, seen

KEY = new_key()
OTHER = new_key()
KNOWN = [
    Known("partner", sha256(KEY.encode()).digest(), ("read",)),
    Known("other", sha256(OTHER.encode()).digest()),
]
JUDGE = Judge([], {b"x-forwarded-user": "user", b"x-scopes": "scope"})


def identify(way: ApiKeys, target: bytes = b"/", **fields: str) -> Any:
    return way.identify(seen(asking(target, **fields)))


def asking(target: bytes = b"/", **fields: str) -> FakeExchange:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in fields.items()]
    return FakeExchange(target=target, fields=named)


def test_who_shows_a_key_is_whose_it_is() -> None:
    found = identify(ApiKeys(KNOWN, JUDGE), x_api_key=KEY)
    assert isinstance(found, Identity)
    assert (found.name, found.kind) == ("partner", "key")
    assert found.fields == ((b"x-forwarded-user", b"partner"), (b"x-scopes", b"read"))


@pytest.mark.parametrize("key", ["", "x", KEY[:-1], KEY + "a", KEY.upper(), "x" * (LONGEST + 1)])
def test_any_other_key_is_nobodys(key: str) -> None:
    assert isinstance(identify(ApiKeys(KNOWN, JUDGE), x_api_key=key), Unauthorized)


def test_the_hash_itself_is_no_key() -> None:
    way = ApiKeys(KNOWN, JUDGE)
    for shown in (KNOWN[0].digest.hex(), f"sha256:{KNOWN[0].digest.hex()}"):
        assert isinstance(identify(way, x_api_key=shown), Unauthorized)


def test_no_key_is_nothing_shown() -> None:
    assert identify(ApiKeys(KNOWN, JUDGE)) is None
    assert identify(ApiKeys(KNOWN, JUDGE), authorization=f"Bearer {KEY}") is None


def test_a_scope_that_it_lacks_keeps_it_out() -> None:
    way = ApiKeys(KNOWN, Judge([Requirement("scope", "read")], {}))
    assert isinstance(identify(way, x_api_key=KEY), Identity)
    assert isinstance(identify(way, x_api_key=OTHER), NotAllowed)


def test_two_that_differ_are_refused() -> None:
    exchange = FakeExchange(fields=[(b"x-api-key", b"x"), (b"x-api-key", KEY.encode())])
    assert isinstance(ApiKeys(KNOWN, JUDGE).identify(seen(exchange)), Unauthorized)


def test_in_authorization_it_stands_behind_bearer() -> None:
    way = ApiKeys(KNOWN, JUDGE, field=b"authorization", realm="api")
    assert way.challenge == b'Bearer realm="api"'
    assert isinstance(identify(way, authorization=f"bearer  {KEY}"), Identity)
    assert identify(way, authorization=KEY) is None
    assert identify(way, authorization=f"Basic {KEY}") is None


@pytest.mark.parametrize(
    ("target", "goes_on_as"),
    [
        ("/a?api_key=%s", b"/a"),
        ("/a?x=1&api_key=%s", b"/a?x=1"),
        ("/a?api_key=%s&x=1", b"/a?x=1"),
        ("/a?x=1&api_key=%s&y=2", b"/a?x=1&y=2"),
        ("/a?api_key=%s&api_key=%s", b"/a"),
        ("/a?my_api_key=1&api_key=%s", b"/a?my_api_key=1"),
    ],
)
def test_in_the_query_it_is_taken_out(target: str, goes_on_as: bytes) -> None:
    way = ApiKeys(KNOWN, JUDGE, query=b"api_key")
    exchange = asking(target.replace("%s", KEY).encode())
    assert isinstance(way.identify(seen(exchange)), Identity)
    assert exchange.request.target == goes_on_as


def test_one_that_holds_for_nobody_is_taken_out_too() -> None:
    way = ApiKeys(KNOWN, JUDGE, query=b"api_key")
    exchange = asking(b"/a?api_key=guess")
    assert isinstance(way.identify(seen(exchange)), Unauthorized)
    assert exchange.request.target == b"/a"


def test_a_parameter_of_another_name_is_left() -> None:
    way = ApiKeys(KNOWN, JUDGE, query=b"api_key")
    exchange = asking(b"/a?xapi_key=1;api_key=2#api_key=3")
    assert way.identify(seen(exchange)) is None
    assert exchange.request.target == b"/a?xapi_key=1;api_key=2#api_key=3"


def test_a_parameter_is_read_as_an_origin_would() -> None:
    way = ApiKeys(KNOWN, JUDGE, query=b"api_key")
    encoded = "".join(f"%{each:02x}" for each in KEY.encode())
    assert isinstance(identify(way, f"/a?api_key={encoded}".encode()), Identity)


def test_no_two_keys_are_the_same_and_all_can_stand_anywhere() -> None:
    made = {new_key() for _ in range(100)}
    assert len(made) == 100
    assert all(
        len(each) == 46 and each.replace("_", "").replace("-", "").isalnum() for each in made
    )


@given(st.binary(max_size=80), st.binary(max_size=40))
def test_any_bytes_are_a_verdict_and_a_target_stays_one(query: bytes, key: bytes) -> None:
    way = ApiKeys(KNOWN, JUDGE, query=b"api_key")
    exchange = FakeExchange(target=b"/a?" + query + b"&api_key=" + key)
    found = way.identify(seen(exchange))
    assert isinstance(found, Unauthorized)
    assert exchange.request.target.startswith(b"/a")
    assert not re.search(rb"[?&]api_key=", exchange.request.target)
