"""Siblings: what was changed through one route of a host is let go of by all that keep it."""

import os
from typing import Any

import pytest

from porch.cache.key import KeyRules, digest, make, url
from porch.cache.memory_store import MemoryStore
from porch.cache.notices import Notices
from porch.cache.siblings import (
    LONGEST,
    REMEMBERED,
    Invalidate,
    InvalidateAlone,
    InvalidateAtDoor,
    Siblings,
)
from porch.errors import ConnectionLost
from porch.failing import Tried
from porch.http.message import RequestHead, ResponseHead
from porch.route.pattern import parse_key
from tests.support.storing import answer

NORMAL = KeyRules(ignore=(b"utm_*",), sort=True)


def asked(target: bytes = b"/a", host: bytes = b"a.test") -> RequestHead:
    return RequestHead(b"GET", target, host, b"http", [])


def kept(store: MemoryStore, request: RequestHead, rules: KeyRules, suffix: bytes = b"") -> bytes:
    """Where its answer is by now."""
    primary = digest(make(request, rules) + suffix)
    entry = answer("x", 1, url=url(request, rules))
    assert store.save(primary, entry, b"x", store.moment())
    return primary


def is_there(store: MemoryStore, primary: bytes) -> bool:
    return any(store.load(each.ident) for each in store.variants(primary))


@pytest.mark.parametrize("suffix", [b"", None], ids=["listed", "by more than the URL"])
@pytest.mark.parametrize(
    ("got", "changed"),
    [(b"/a", b"/a?utm_source=1"), (b"/a?utm_source=1", b"/a?utm_x=2"), (b"/a?c&b", b"/a?b&c")],
)
def test_what_the_key_leaves_out_makes_no_difference(
    suffix: bytes | None, got: bytes, changed: bytes
) -> None:
    store, siblings = MemoryStore(1 << 20), Siblings()
    siblings.add(parse_key("a.test"), NORMAL, suffix)
    primary, other = kept(store, asked(got), NORMAL), kept(store, asked(b"/b"), NORMAL)
    siblings.forget(store, url(asked(changed)))
    assert not is_there(store, primary)
    assert is_there(store, other)


@pytest.mark.parametrize("host", ["a.test", "*.test", "*"])
def test_routes_with_other_keys_and_conditions_let_go_too(host: str) -> None:
    store, siblings = MemoryStore(1 << 20), Siblings()
    siblings.add(parse_key(host), NORMAL, b"")
    siblings.add(parse_key("a.test"), KeyRules(), b"")
    siblings.add(parse_key("a.test"), KeyRules(), b" route:a.test header")
    request = asked(b"/a?c&b")
    primaries = [
        kept(store, request, NORMAL),
        kept(store, request, KeyRules()),
        kept(store, request, KeyRules(), b" route:a.test header"),
    ]
    siblings.forget(store, url(request))
    assert [is_there(store, each) for each in primaries] == [False, False, False]


def test_what_no_cache_has_is_worked_out_once_until_there_is_another_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, siblings, looks = MemoryStore(1 << 20), Siblings(), []
    siblings.add(parse_key("a.test/static/*"), KeyRules(), b"")
    monkeypatch.setattr("porch.cache.siblings.readings", lambda path: looks.append(path) or [path])
    for _ in range(3):
        siblings.forget(store, url(asked(b"/a.Calls/One")))
    assert looks == [b"/a.Calls/One"]
    siblings.add(parse_key("a.test"), NORMAL, b"")
    primary = kept(store, asked(b"/a.Calls/One"), NORMAL)
    siblings.forget(store, url(asked(b"/a.Calls/One")))
    assert not is_there(store, primary)
    again = kept(store, asked(b"/a.Calls/One"), NORMAL)
    siblings.forget(store, url(asked(b"/a.Calls/One")))
    assert not is_there(store, again)


def test_few_urls_are_known_to_be_in_no_cache_and_no_long_ones() -> None:
    store, siblings = MemoryStore(1 << 20), Siblings()
    siblings.add(parse_key("a.test/static/*"), KeyRules(), b"")
    for number in range(2 * REMEMBERED):
        siblings.forget(store, url(asked(b"/%d" % number)))
    siblings.forget(store, url(asked(b"/" + b"a" * LONGEST)))
    assert len(siblings._apart) <= REMEMBERED
    assert max(map(len, siblings._apart)) <= LONGEST


@pytest.mark.parametrize("key", ["b.test", "a.test/static/*", "a.test/b"])
def test_what_no_route_may_have_been_asked_for_costs_nothing(key: str) -> None:
    store, siblings = MemoryStore(1 << 20), Siblings()
    siblings.add(parse_key(key), KeyRules(), b"")
    before = store.moment()
    siblings.forget(store, url(asked()))
    assert store.moment() == before


@pytest.mark.parametrize("key", ["a.test/a", "a.test/a/*", "a.test/~/[a-c]"])
def test_routes_of_a_path_are_asked_for_it(key: str) -> None:
    store, siblings = MemoryStore(1 << 20), Siblings()
    siblings.add(parse_key(key), KeyRules(), b"")
    primary = kept(store, asked(), KeyRules())
    siblings.forget(store, url(asked()))
    assert not is_there(store, primary)


@pytest.mark.parametrize("path", [b"/a", b"/a?utm_x=1&b"])
def test_workers_of_an_upgrade_with_another_key_let_go_of_each_others_answers(path: bytes) -> None:
    descriptor = Notices.make(3)
    old, new = (MemoryStore(1 << 20, Notices.of(descriptor, row)) for row in (1, 2))
    os.close(descriptor)
    before, after = Siblings(), Siblings()
    before.add(parse_key("a.test"), KeyRules(), b"")
    after.add(parse_key("a.test"), NORMAL, b" route:a.test header")
    old.attend(before.ways)
    new.attend(after.ways)
    suffix = b" route:a.test header"
    for siblings, store in ((before, old), (after, new)):
        theirs = kept(new, asked(b"/a?utm_source=2&b"), NORMAL, suffix)
        mine = kept(old, asked(path), KeyRules())
        other = kept(new, asked(b"/b"), NORMAL, suffix)
        siblings.forget(store, url(asked(path)))
        assert not is_there(new, theirs)
        assert not is_there(old, mine)
        assert is_there(new, other)


class FakeExchange:
    """One that was answered. was_sent: whether an origin has been sent anything."""

    def __init__(self, method: bytes, status: int = 502, *, was_sent: bool = True) -> None:
        self.request = RequestHead(method, b"/a", b"a.test", b"http", [])
        self.response = ResponseHead(status, [])
        self.outgoing = self.request if was_sent else None
        self.tried: tuple[Tried, ...] = ()


@pytest.mark.parametrize("kind", [Invalidate, InvalidateAtDoor])
@pytest.mark.parametrize(
    ("method", "status", "is_kept"),
    [(b"POST", 204, False), (b"PUT", 303, False), (b"POST", 403, True), (b"GET", 200, True)],
)
def test_an_answer_lets_go_of_what_its_request_has_changed(
    kind: type[Invalidate | InvalidateAtDoor], method: bytes, status: int, is_kept: bool
) -> None:
    store, siblings = MemoryStore(1 << 20), Siblings()
    siblings.add(parse_key("a.test"), NORMAL, b"")
    primary = kept(store, asked(), NORMAL)
    exchange: Any = FakeExchange(method, status)
    made = kind(siblings, store)
    made.on_upstream_response(exchange)
    assert is_there(store, primary) is (is_kept or kind is InvalidateAtDoor)
    made.on_response(exchange)
    assert is_there(store, primary) is is_kept


@pytest.mark.parametrize(
    ("method", "was_sent", "is_kept"),
    [(b"POST", True, False), (b"POST", False, True), (b"GET", True, True)],
)
def test_what_was_sent_and_not_answered_may_have_changed_it(
    method: bytes, was_sent: bool, is_kept: bool
) -> None:
    store, siblings = MemoryStore(1 << 20), Siblings()
    siblings.add(parse_key("a.test"), NORMAL, b"")
    primary = kept(store, asked(), NORMAL)
    exchange: Any = FakeExchange(method, was_sent=was_sent)
    InvalidateAlone(siblings, store).on_end(exchange)
    assert is_there(store, primary) is is_kept


@pytest.mark.parametrize(("connected", "is_kept"), [(0.0, True), (1.0, False)])
def test_an_attempt_before_the_one_that_was_refused_may_have_changed_it(
    connected: float, is_kept: bool
) -> None:
    store, siblings = MemoryStore(1 << 20), Siblings()
    siblings.add(parse_key("a.test"), NORMAL, b"")
    primary = kept(store, asked(), NORMAL)
    exchange: Any = FakeExchange(b"DELETE", 404)
    exchange.tried = (Tried("b", connected, 2.0, ConnectionLost("gone")),)
    made = InvalidateAlone(siblings, store)
    made.on_upstream_response(exchange)
    assert is_there(store, primary)
    made.on_end(exchange)
    assert is_there(store, primary) is is_kept
    assert not made._heard
