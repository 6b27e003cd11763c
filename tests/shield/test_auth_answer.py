"""What a client is told with its answer by who has let it in."""

from typing import Any

from porch.identity import Identity
from porch.shield.auth_answer import TELL_CLIENT, Telling
from tests.support.hooks import FakeExchange, seen

ANN = Identity("ann", "forward", {"a": 1}, ((b"x-user", b"ann"),))
COOKIES = [(b"set-cookie", b"sid=2; Path=/"), (b"set-cookie", b"b=1")]


def answered(identity: Identity | None, *fields: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    exchange: Any = FakeExchange()
    exchange.identity = identity
    stored = exchange.response.fields = [*fields]
    TELL_CLIENT.on_response(seen(exchange))
    assert stored == [*fields], "what a store has is left as it is"
    found: list[tuple[bytes, bytes]] = exchange.response.fields
    return found


def test_it_is_the_one_who_was_let_in_with_something_to_say() -> None:
    found = Telling(ANN, COOKIES)
    assert (found.name, found.kind, found.claims, found.fields) == (
        *("ann", "forward", {"a": 1}, ((b"x-user", b"ann"),)),
    )
    assert found.lines == ANN.lines


def test_nothing_is_said_to_others() -> None:
    assert answered(ANN, (b"cache-control", b"max-age=60")) == [(b"cache-control", b"max-age=60")]
    assert answered(None) == []


def test_its_fields_are_in_place_of_those_of_the_same_name_and_no_store_gives_them_on() -> None:
    found = answered(
        Telling(ANN, [*COOKIES, (b"x-left", b"9")]),
        (b"cache-control", b"max-age=60"),
        (b"set-cookie", b"sid=1"),
        (b"x-left", b"7"),
        (b"set-cookie", b"theme=dark"),
    )
    assert found == [
        (b"set-cookie", b"theme=dark"),
        (b"cache-control", b"max-age=60, private"),
        *COOKIES,
        (b"x-left", b"9"),
    ]
    assert answered(Telling(ANN, COOKIES))[0] == (b"cache-control", b"private")
