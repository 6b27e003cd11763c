"""What is known of somebody, as conditions and as fields."""

from typing import Any
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.shield.auth_claims import (
    Requirement,
    claim,
    field_value,
    is_plain_name,
    lacking,
    told,
)

CLAIMS: dict[str, Any] = {
    "sub": "u-1",
    "scope": "read write",
    "groups": ["staff", "ops"],
    "email_verified": True,
    "level": 3,
    "realm_access": {"roles": ["admin"]},
    "https://a.test/plan": "gold",
    "nothing": None,
}


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("user", "ann"),
        ("user", ["bob", "ann"]),
        ("sub", "u-1"),
        ("groups", "ops"),
        ("groups", ["admin", "staff"]),
        ("scope", "read"),
        ("scope", "read write"),
        ("scope", ["delete", "write"]),
        ("scopes", "write"),
        ("email_verified", True),
        ("email_verified", "true"),
        ("level", 3),
        ("realm_access.roles", "admin"),
        ("https://a.test/plan", "gold"),
    ],
)
def test_what_is_there_holds(name: str, wanted: Any) -> None:
    assert Requirement(name, wanted).holds("ann", CLAIMS)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("user", "bob"),
        ("user", "u-1"),
        ("sub", "ann"),
        ("groups", "sta"),
        ("groups", "staff ops"),
        ("groups", []),
        ("scope", "read delete"),
        ("scope", ["read write"]),
        ("scope", "READ"),
        ("email_verified", False),
        ("email_verified", 1),
        ("level", "33"),
        ("nothing", "None"),
        ("realm_access", "roles"),
        ("realm_access.groups", "admin"),
        ("sub.x", "u-1"),
        ("missing", "x"),
    ],
)
def test_what_is_not_there_does_not(name: str, wanted: Any) -> None:
    assert not Requirement(name, wanted).holds("ann", CLAIMS)


def test_all_of_them_have_to_hold_and_the_first_that_does_not_is_named() -> None:
    required = [Requirement("groups", ["ops"]), Requirement("scope", "read delete")]
    assert lacking(required, "ann", CLAIMS) == "scope delete and read"
    assert lacking(required[:1], "ann", CLAIMS) == ""
    assert lacking([Requirement("groups", ["b", "a"])], "ann", {}) == "groups a or b"


def test_the_names_that_providers_have_for_a_scope_are_one() -> None:
    assert claim({"scp": ["a"]}, "scope") == ["a"]
    assert Requirement("scope", "a").holds("x", {"scp": ["a"]})


def test_a_path_that_leads_into_no_table_finds_nothing() -> None:
    assert claim({"a": ["b"]}, "a.b") is None
    assert claim({"a.b": 1, "a": {"b": 2}}, "a.b") == 1


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("ann@a.test", b"ann@a.test"),
        ("M\u00fcller", "M\u00fcller".encode()),
        ("a\r\nx-admin: 1", b"a%0D%0Ax-admin: 1"),
        ("\x00\x7f", b"%00%7F"),
        (["a", "b,c", "d\n"], b"a, b%2Cc, d%0A"),
        ("a, admin", b"a%2C admin"),
        ("a%2Cb", b"a%252Cb"),
        (["a%2Cb", "a,b", "100%"], b"a%252Cb, a%2Cb, 100%25"),
        (" admin", b"%20admin"),
        ("admin \u00a0", b"admin%20%C2%A0"),
        (["\u3000ops", "a b", " "], b"%E3%80%80ops, a b, %20"),
        (True, b"true"),
        (7, b"7"),
        ({"a": 1}, b'{"a": 1}'),
        (None, None),
        ("\ud800", b"?"),
    ],
)
def test_a_claim_as_a_field(value: Any, field: bytes | None) -> None:
    assert field_value(value) == field


@given(st.lists(st.text(min_size=1), min_size=1))
def test_no_claim_ends_its_line_or_passes_for_two(items: list[str]) -> None:
    value = field_value(items)
    assert value is not None
    assert not any(each < 0x20 or each == 0x7F for each in value)
    assert value.count(b",") == len(items) - 1


@given(st.text(st.characters(codec="utf-8")))
def test_what_was_escaped_can_be_read_back(text: str) -> None:
    for value in (field_value(text), field_value([text])):
        assert value is not None
        assert b"," not in value
        assert unquote_to_bytes(value) == text.encode()


@pytest.mark.parametrize(
    "name", ["", " ann", "ann ", "a\nb", "a\x00", "x" * 257, "\ud800", 7, None]
)
def test_what_no_log_can_take_is_no_name(name: Any) -> None:
    assert not is_plain_name(name)


def test_what_the_origin_is_told() -> None:
    fields = {b"x-user": "user", b"x-groups": "groups", b"x-none": "missing"}
    assert told("ann", CLAIMS, fields) == ((b"x-user", b"ann"), (b"x-groups", b"staff, ops"))
