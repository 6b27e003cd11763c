"""Fields that a route sets, adds, removes, or gives where there is none."""

import pytest

from porch.http.message import Field
from porch.shield.headers import SECURE, Changes, RequestHeaders, ResponseHeaders
from tests.support.hooks import FakeExchange, seen

CAME = [(b"a", b"1"), (b"b", b"2"), (b"a", b"3")]


@pytest.mark.parametrize(
    ("changes", "made"),
    [
        (Changes(), CAME),
        (Changes(set=[(b"a", b"x")]), [(b"b", b"2"), (b"a", b"x")]),
        (Changes(set=[(b"c", b"x")]), [*CAME, (b"c", b"x")]),
        (Changes(add=[(b"a", b"x"), (b"a", b"y")]), [*CAME, (b"a", b"x"), (b"a", b"y")]),
        (Changes(remove=frozenset([b"a"])), [(b"b", b"2")]),
        (Changes(remove=frozenset([b"c"])), CAME),
        (Changes(default=[(b"a", b"x"), (b"c", b"y")]), [*CAME, (b"c", b"y")]),
        (Changes(remove=frozenset([b"a"]), default=[(b"a", b"x")]), [(b"b", b"2")]),
        (
            Changes(set=[(b"a", b"x")], default=[(b"a", b"y")]),
            [(b"b", b"2"), (b"a", b"x")],
        ),
        (Changes(add=[(b"c", b"x")], default=[(b"c", b"y")]), [*CAME, (b"c", b"x")]),
        (
            Changes(remove=frozenset([b"a"]), add=[(b"a", b"x")]),
            [(b"b", b"2"), (b"a", b"x")],
        ),
    ],
)
def test_changes_are_made_to_a_copy(changes: Changes, made: list[Field]) -> None:
    came = list(CAME)
    assert changes.apply(came) == made
    assert came == CAME


def test_an_attempt_gets_its_own_fields_and_the_request_keeps_those_it_came_with() -> None:
    fake = FakeExchange(fields=list(CAME))
    RequestHeaders(Changes(set=[(b"a", b"x")])).on_upstream_request(seen(fake))
    assert fake.outgoing.fields == [(b"b", b"2"), (b"a", b"x")]
    assert fake.request.fields == CAME


def test_setting_host_sets_the_authority_and_no_second_host() -> None:
    fake = FakeExchange(authority=b"a.test")
    RequestHeaders(Changes(set=[(b"host", b"b.test")])).on_upstream_request(seen(fake))
    assert fake.outgoing.authority == b"b.test"
    assert fake.outgoing.fields == []
    assert fake.request.authority == b"a.test"


def test_an_answer_is_changed_whoever_made_it() -> None:
    fake = FakeExchange(fields=list(CAME))
    ResponseHeaders(Changes(remove=frozenset([b"a"]))).on_response(seen(fake))
    assert fake.response.fields == [(b"b", b"2")]


def test_an_origins_own_security_fields_stand() -> None:
    fake = FakeExchange(fields=[(b"x-frame-options", b"DENY")])
    ResponseHeaders(Changes(default=tuple(SECURE.items()))).on_response(seen(fake))
    fields = dict(fake.response.fields)
    assert len(fake.response.fields) == len(fields) == len(SECURE)
    assert fields[b"x-frame-options"] == b"DENY"
    assert fields[b"x-content-type-options"] == b"nosniff"


@pytest.mark.parametrize("name", SECURE)
def test_the_names_of_secure_fields_are_lower_case(name: bytes) -> None:
    assert name == name.lower()
    assert SECURE[name]
