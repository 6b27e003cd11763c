"""Names and passwords."""

import asyncio
import base64
import threading
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch import clock
from porch.identity import Identity
from porch.shield import auth_thread, basic
from porch.shield.auth import Judge, Later
from porch.shield.auth_claims import Requirement
from porch.shield.auth_errors import CannotTell, NotAllowed, TooManyFailures, Unauthorized
from porch.shield.auth_thread import SlowThread
from porch.shield.basic import HOLDS, MOST_FAILURES, Basic, Passwords
from porch.shield.basic_hash import kind_of, make_hash
from tests.support.hooks import FakeExchange, seen


def hashed(password: bytes) -> str:
    return bcrypt.hashpw(password, bcrypt.gensalt(4)).decode()


USERS = {"ann": hashed(b"a:nn"), "bob": hashed(b"bob"), "M\u00fcller": hashed("\u00fc".encode())}
JUDGE = Judge([], {b"x-forwarded-user": "user"})


def basic_way(passwords: Passwords | None = None, judge: Judge = JUDGE) -> Basic:
    return Basic(USERS, judge, passwords or Passwords(None), "the shop")


def shown(name: str, password: str | bytes, client: bytes = b"192.0.2.7") -> FakeExchange:
    password = password.encode() if isinstance(password, str) else password
    return raw(b"Basic " + base64.b64encode(name.encode() + b":" + password), client=client)


def raw(*values: bytes, client: bytes = b"192.0.2.7") -> FakeExchange:
    exchange: Any = FakeExchange(fields=[(b"authorization", each) for each in values])
    exchange.client_ip = client
    return exchange  # type: ignore[no-any-return]


def identify(way: Basic, exchange: FakeExchange) -> Any:
    return way.identify(seen(exchange))


async def told(way: Basic, exchange: FakeExchange) -> Any:
    verdict = identify(way, exchange)
    if not isinstance(verdict, Later):
        return verdict
    future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    verdict.then(future.set_result)
    return await future


@pytest.mark.parametrize(
    ("name", "password"), [("ann", "a:nn"), ("bob", "bob"), ("M\u00fcller", "\u00fc")]
)
def test_who_shows_the_password_is_let_in(name: str, password: str) -> None:
    found = identify(basic_way(), shown(name, password))
    assert isinstance(found, Identity)
    assert (found.name, found.kind) == (name, "basic")


@pytest.mark.parametrize(
    "exchange",
    [
        shown("ann", "bob"),
        shown("ann", ""),
        shown("Ann", "a:nn"),
        shown("nobody", "a:nn"),
        shown("", "a:nn"),
        shown("ann", b"a:nn\0"),
        shown("ann", b"\xff\xfe"),
        shown("ann", "x" * 900),
        raw(b"Basic " + base64.b64encode(b"ann")),
        raw(b"Basic " + base64.b64encode(b"\xff:a")),
        raw(b"Basic %%%"),
        raw(b"Basic "),
        raw(b"Basic " + base64.b64encode(b"ann:a:nn") + b"!"),
        raw(b"Basic " + base64.b64encode(b"x" * 2000 + b":a")),
        raw(b"Basic YTpi", b"Basic YTpj"),
    ],
)
def test_anybody_else_is_not(exchange: FakeExchange) -> None:
    assert isinstance(identify(basic_way(), exchange), Unauthorized)


@pytest.mark.parametrize("value", [b"Bearer x", b"Basicx", b"", b"Digest username=ann"])
def test_another_scheme_is_nothing_shown(value: bytes) -> None:
    assert identify(basic_way(), raw(value)) is None
    assert identify(basic_way(), raw()) is None


def test_the_scheme_has_no_case() -> None:
    exchange = raw(b"bAsIc " + base64.b64encode(b"bob:bob"))
    assert isinstance(identify(basic_way(), exchange), Identity)


def test_what_a_client_is_asked_for() -> None:
    assert basic_way().challenge == b'Basic realm="the shop", charset="UTF-8"'


def test_who_lacks_what_is_required_is_told_so() -> None:
    way = basic_way(judge=Judge([Requirement("user", ["bob"])], {}))
    assert isinstance(identify(way, shown("ann", "a:nn")), NotAllowed)
    assert isinstance(identify(way, shown("ann", "wrong")), Unauthorized)


# --- with a thread ----------------------------------------------------------------------------


class Counted:
    """Stands for `verify`; `calls` are those it had."""

    def __init__(self, real: Callable[[str, bytes], bool]) -> None:
        self.calls: list[str] = []
        self._real = real

    def __call__(self, hashed: str, password: bytes) -> bool:
        self.calls.append(hashed)
        return self._real(hashed, password)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> Counted:
    monkeypatch.setattr(clock, "now", 1000.0)
    found = Counted(basic.verify)
    monkeypatch.setattr(basic, "verify", found)
    return found


def test_a_password_is_verified_once_a_minute(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        way = basic_way(Passwords(SlowThread()))
        assert isinstance(await told(way, shown("bob", "bob")), Identity)
        assert isinstance(identify(way, shown("bob", "bob")), Identity), "at once"
        assert len(counted.calls) == 1
        monkeypatch.setattr(clock, "now", 1000.0 + HOLDS)
        assert isinstance(await told(way, shown("bob", "bob")), Identity)
        assert len(counted.calls) == 2

    asyncio.run(story())


def test_a_reload_with_another_password_asks_anew(counted: Counted) -> None:
    async def story() -> None:
        passwords = Passwords(SlowThread())
        assert isinstance(await told(basic_way(passwords), shown("bob", "bob")), Identity)
        assert isinstance(identify(basic_way(passwords), shown("bob", "bob")), Identity)
        changed = Basic({"bob": hashed(b"other")}, JUDGE, passwords, "x")
        assert isinstance(await told(changed, shown("bob", "bob")), Unauthorized)

    asyncio.run(story())


def test_a_name_that_nobody_has_takes_as_long(counted: Counted) -> None:
    async def story() -> None:
        way = basic_way(Passwords(SlowThread()))
        for name, password in (("nobody", "x"), ("nobody", "a:nn"), ("ann", "a:nn")):
            found = await told(way, shown(name, password))
            assert isinstance(found, Identity if name == "ann" else Unauthorized)
        found = await told(way, shown("nobody", "a:nn"))
        assert isinstance(found, Unauthorized), "that of somebody, which has held, is of no use"
        assert len(counted.calls) == 3, "ann was let in by what the second had verified"

    asyncio.run(story())


def test_where_hashes_are_of_several_kinds_each_takes_as_long_as_all(counted: Counted) -> None:
    """Else the time tells which kind somebody's is, and that nobody has a name."""
    dear = bcrypt.hashpw(b"dear", bcrypt.gensalt(5)).decode()
    users = {**USERS, "dora": dear, "dan": make_hash(b"dan")}
    kinds = sorted(map(kind_of, (USERS["ann"], users["dora"], users["dan"])))

    async def story() -> None:
        way = Basic(users, JUDGE, Passwords(SlowThread()), "x")
        for name in ("nobody", "ann", "bob", "dora", "dan"):
            counted.calls.clear()
            assert isinstance(await told(way, shown(name, "wrong")), Unauthorized)
            assert sorted(map(kind_of, counted.calls)) == kinds
        assert isinstance(await told(way, shown("dora", "dear")), Identity)
        assert isinstance(await told(way, shown("dora", "dan")), Unauthorized)

    asyncio.run(story())


def test_those_who_show_the_same_wait_for_one_answer(
    counted: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = threading.Event()

    def slowly(hashed: str, password: bytes) -> bool:
        goes_on.wait(10)
        return counted(hashed, password)

    async def story() -> None:
        monkeypatch.setattr(basic, "verify", slowly)
        way = basic_way(Passwords(SlowThread()))
        tasks = [asyncio.create_task(told(way, shown("bob", "bob"))) for _ in range(20)]
        await asyncio.sleep(0)
        goes_on.set()
        assert all(isinstance(each, Identity) for each in await asyncio.gather(*tasks))
        assert len(counted.calls) == 1

    asyncio.run(story())


def test_what_is_over_the_bound_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(basic, "verify", lambda hashed, password: goes_on.wait(10))
    monkeypatch.setattr(auth_thread, "MOST", 3)

    async def story() -> None:
        way = basic_way(Passwords(SlowThread()))
        found = [
            identify(way, shown("bob", f"{number}", b"192.0.2.%d" % number)) for number in range(5)
        ]
        assert [type(each) for each in found] == [Later] * 3 + [CannotTell] * 2
        loop = asyncio.get_running_loop()
        ends = [loop.create_future() for _ in range(3)]
        for each, end in zip(found, ends, strict=False):
            each.then(end.set_result)
        goes_on.set()
        await asyncio.gather(*ends)

    asyncio.run(story())


def test_an_address_that_guesses_is_not_listened_to_for_a_while(counted: Counted) -> None:
    async def story() -> None:
        way = basic_way(Passwords(SlowThread()))
        assert isinstance(await told(way, shown("ann", "a:nn")), Identity)
        for number in range(MOST_FAILURES):
            assert isinstance(await told(way, shown("bob", f"guess{number}")), Unauthorized)
        assert isinstance(await told(way, shown("bob", "bob")), TooManyFailures)
        assert isinstance(await told(way, shown("ann", "a:nn")), Identity), "it has held"
        other = shown("bob", "bob", b"192.0.2.8")
        assert isinstance(await told(way, other), Identity)

    asyncio.run(story())


def test_a_hash_that_cannot_be_read_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(hashed: str, password: bytes) -> bool:
        raise MemoryError

    async def story() -> None:
        monkeypatch.setattr(basic, "verify", broken)
        way = basic_way(Passwords(SlowThread()))
        assert isinstance(await told(way, shown("bob", "bob")), CannotTell)

    asyncio.run(story())


@given(st.binary(max_size=60), st.booleans())
def test_any_bytes_are_a_verdict(text: bytes, encoded: bool) -> None:
    value = b"Basic " + (base64.b64encode(text) if encoded else text)
    found = identify(FAST, raw(value))
    assert isinstance(found, Unauthorized)


FAST = Basic({"ann": hashed(b"x" * 40)}, JUDGE, Passwords(None), "x")
