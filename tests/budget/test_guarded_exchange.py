"""What rules of addresses and credentials cost an exchange, exactly: Python calls, and how many
entries of a list are looked at."""

import random
from collections.abc import Iterator
from hashlib import sha256
from typing import Any, cast

import pytest
from joserfc.jwk import OctKey
from joserfc.jwt import encode

from porch.exchange import Exchange
from porch.ip import packed
from porch.shield.access import Access, Lists
from porch.shield.network import DENIED, Gathering, Table, parse_network
from tests.budget.test_plain_exchange import GET, Plain, calls_of
from tests.support.network import FakeClock, FakeLoop

SIZES = (10, 100_000)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


class Sending(Plain):
    """One whose client sends a field more."""

    def __init__(self, loop: FakeLoop, field: bytes, words: dict[str, Any]) -> None:
        self._head = GET[:-2] + field + b"\r\n\r\n"
        super().__init__(loop, {"example.com": {"to": "127.0.0.1:9", **words}})

    def ask(self) -> None:
        for each in self.origins:
            each.arrived.clear()
        self.client.feed(self._head)


def more(loop: FakeLoop, field: bytes, **words: Any) -> list[str]:
    """Calls that some words add, of a client that has come before."""
    found: list[list[str]] = []
    for each in ({}, words):
        sending = Sending(loop, field, each)
        found.append(calls_of(sending.exchange))
        sending.log.close()
    for name in found[0]:
        found[1].remove(name)
    return found[1]


def test_a_list_takes_a_call_and_none_where_there_is_none(loop: FakeLoop) -> None:
    assert more(loop, b"X-A: b", deny=["203.0.113.0/24", "10.0.0.0/8"]) == ["Access.on_request"]
    assert more(loop, b"X-A: b") == []


AUTH = ["Authenticate.on_request", "TellIdentity.on_upstream_request"]


def test_a_key_takes_four_calls(loop: FakeLoop) -> None:
    keys = {"partner": f"sha256:{sha256(b'pk_a-key').hexdigest()}"}
    found = more(loop, b"X-Api-Key: pk_a-key", auth={"keys": keys})
    assert sorted(found) == sorted([*AUTH, "ApiKeys.identify", "ApiKeys._whose"])


def test_a_token_that_has_held_takes_four_calls(loop: FakeLoop) -> None:
    secret = "for this test alone, and long enough for it"
    claims = {"sub": "ann", "aud": "shop", "exp": 9999999999}
    token = encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
    field = b"Authorization: Bearer " + token.encode()
    found = more(loop, field, auth={"jwt": {"secret": secret, "audience": "shop"}})
    assert sorted(found) == sorted([*AUTH, "Jwt.identify", "Remembered.find"])


class Watched:
    """Where ranges begin; each look is counted."""

    def __init__(self, starts: Any) -> None:
        self._starts = starts
        self.looks = 0

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, at: int) -> int:
        self.looks += 1
        return cast("int", self._starts[at])


class Asked:
    """As much of an exchange as is looked at."""

    def __init__(self, client_ip: bytes) -> None:
        self.client_ip = client_ip


def address(chance: random.Random) -> str:
    return ".".join(str(chance.getrandbits(8)) for _ in range(4))


def table(count: int) -> Table:
    chance = random.Random(1)
    gathering = Gathering()
    for _ in range(count):
        gathering.add(parse_network(address(chance)), DENIED)
    compiling = gathering.compiling()
    while True:
        try:
            next(compiling)
        except StopIteration as done:
            return cast("Table", done.value)


def looks(made: Table) -> int:
    """The most of 2,000 addresses that nobody has seen."""
    made._four = watched = Watched(made._four)
    chance = random.Random(2)
    most = 0
    for _ in range(2000):
        watched.looks = 0
        made.of(cast("bytes", packed(address(chance))))
        most = max(most, watched.looks)
    return most


def test_of_100000_entries_no_more_are_looked_at_than_of_ten() -> None:
    few, many = (looks(table(size)) for size in SIZES)
    assert 0 < many <= few <= 5


@pytest.mark.parametrize("size", SIZES)
def test_a_new_address_takes_five_calls_and_a_known_one_takes_one(size: int) -> None:
    access = Access(Lists(table=table(size), default=True))
    asked = cast("Exchange", Asked(b"192.0.2.1"))
    new = ["Access.on_request", "Verdicts.__missing__", "Lists.lets_in", "packed", "Table.of"]
    assert calls_of(lambda: access.on_request(asked)) == new
    assert calls_of(lambda: access.on_request(asked)) == ["Access.on_request"]
