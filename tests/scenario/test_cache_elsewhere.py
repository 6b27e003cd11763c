"""Clients of one worker wait for what another asks for."""

from collections.abc import Callable, Iterator

import pytest

from porch.cache.asker import asker
from porch.cache.counts import COLLAPSED
from porch.cache.filter import digest
from porch.cache.handover import Resumed
from porch.cache.key import KeyRules, make
from porch.cache.shelf import name_of
from porch.cache.store import Spool
from porch.cache.waiting import Waiting
from porch.http.message import RequestHead
from porch.route.route import Timeouts
from tests.support.cached import Cached

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 2\r\n\r\nhi"
PRIMARY = digest(make(RequestHead(b"GET", b"/a", b"x", b"http", []), KeyRules()))

Make = Callable[..., Cached]


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Cached] = []

    def make(**settings: object) -> Cached:
        made.append(Cached(monkeypatch, **settings))  # type: ignore[arg-type]
        made[-1].locks.others = {PRIMARY}
        return made[-1]

    yield make
    for each in made:
        each.finish()


def waits(story: Cached, count: int = 1) -> Cached:
    for _ in range(count):
        story.connects().client(GET)
    story.advance(0.1, 0.01).upstream_gets_nothing().client_gets_nothing()
    return story


def spooled(story: Cached, *vary: tuple[bytes, bytes]) -> Spool:
    entry = story.entry(b"")
    entry.length, entry.vary = -1, list(vary)
    spool = story.store.spool(PRIMARY, entry, story.store.moment())
    assert spool is not None
    return spool


def test_what_the_other_stores_is_given_to_all(cached: Make) -> None:
    story = waits(cached(), 2)
    story.store.save(PRIMARY, story.entry(b"hi"), b"hi", story.store.moment())
    said = b"cache-status", b"Porch; fwd=uri-miss; ttl=59; collapsed"
    story.advance(0.05, 0.01)
    for at in range(2):
        story.client_gets(200, b"hi", field=said, at=at)
    story.upstream_gets_nothing()
    assert story.shelf.counts[COLLAPSED] == 2
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", b"Porch; hit; ttl=59"))


def test_what_the_other_validates_is_given_too(cached: Make) -> None:
    story = cached()
    entry = story.entry(b"hi", lifetime=1.0)
    ident = story.store.save(PRIMARY, entry, b"hi", story.store.moment())
    assert ident is not None
    waits(story.advance(2.0))  # type: ignore[arg-type]
    story.store.freshen(PRIMARY, ident, story.entry(b"hi"), story.store.moment())
    story.advance(0.05, 0.01).client_gets(200, b"hi").upstream_gets_nothing()


def test_changes_of_other_keys_wake_nobody(cached: Make) -> None:
    story = waits(cached())
    for _ in range(10):
        story.store.purge("host", b"other.test")
        story.advance(0.1, 0.01)
    story.upstream_gets_nothing().client_gets_nothing()
    story.client_leaves().advance(0.1, 0.01)


def test_a_body_is_read_while_the_other_writes_it(cached: Make) -> None:
    story = waits(cached(), 2)
    spool = spooled(story)
    spool.write(b"ab")
    story.advance(0.05, 0.005)
    story.client_gets(200, b"ab", end=False, at=0).client_gets(200, b"ab", end=False)
    spool.write(b"cd")
    story.advance(0.005, 0.001).client_gets(body=b"cd", end=False, at=0)
    story.client_gets(body=b"cd", end=False)
    entry = story.entry(b"abcd")
    spool.finish(entry)
    story.advance(0.005, 0.001).client_gets(body=b"", at=0).client_gets(body=b"")


def test_a_body_whose_writer_dies_is_cut(cached: Make) -> None:
    story = waits(cached())
    spool = spooled(story)
    spool.write(b"ab")
    story.advance(0.05, 0.005).client_gets(200, b"ab", end=False)
    spool.abandon()
    story.locks.others.clear()
    story.advance(0.1, 0.01).client_sees("closed")


def test_who_waits_when_the_other_dies_asks_once_for_all(cached: Make) -> None:
    story = waits(cached(), 3)
    story.locks.others.clear()
    story.advance(0.05, 0.01).upstream_gets(b"GET /a").dialled(1).upstream(OK)
    for number in range(3):
        story.client_gets(200, b"hi", at=number)


def test_who_waits_for_what_is_for_one_alone_asks_for_himself(cached: Make) -> None:
    story = waits(cached(), 2)
    story.shelf.passes.add(PRIMARY, 60.0)
    story.locks.others.clear()
    story.advance(0.05, 0.01).dialled(2)
    for number in range(2):
        story.upstream_gets(b"GET /a", at=number).upstream(OK, at=number)
        story.client_gets(200, b"hi", at=number)


def test_who_differs_in_what_chose_it_asks_with_others_like_him(cached: Make) -> None:
    story = cached()
    german = GET.replace(b"\r\n\r\n", b"\r\naccept-language: de\r\n\r\n")
    english = GET.replace(b"\r\n\r\n", b"\r\naccept-language: en\r\n\r\n")
    for asked in (german, english, german):
        story.connects().client(asked)
    spool = spooled(story, (b"accept-language", b"en"))
    spool.write(b"ab")
    story.advance(0.05, 0.01).client_gets(200, b"ab", end=False, at=1)
    story.upstream_gets(b"GET /a", field=(b"accept-language", b"de")).dialled(1).upstream(OK)
    story.client_gets(200, b"hi", at=0).client_gets(200, b"hi", at=2)
    spool.finish(story.entry(b"ab"))
    story.advance(0.05, 0.01).client_gets(body=b"", at=1)


def test_a_worker_that_hangs_is_waited_for_as_long_as_an_origin(cached: Make) -> None:
    story = waits(cached(timeouts=Timeouts(connect=1.0, response=4.0)))
    story.advance(4.5).upstream_gets_nothing().advance(1.0)
    status = b'Porch; fwd=uri-miss; collapsed; detail="collapse-timeout"'
    story.upstream_gets(b"GET /a").upstream(OK).client_gets(200, field=(b"cache-status", status))


def test_a_client_that_leaves_is_waited_for_by_nobody(cached: Make) -> None:
    story = waits(cached()).client_leaves().advance(0.1, 0.01)
    story.ended(1)


def test_what_was_fresh_when_they_came_is_for_those_who_wait_for_another_worker(
    cached: Make,
) -> None:
    """It was made for less than it took; who comes behind it asks."""
    story = waits(cached(), 2)
    entry = story.entry(b"hi", lifetime=1.0)
    entry.age = 2.0
    story.store.save(PRIMARY, entry, b"hi", story.store.moment())
    story.locks.others.clear()
    story.advance(0.05, 0.01).client_gets(200, b"hi", at=0)
    status = b"Porch; fwd=uri-miss; ttl=-2; collapsed"
    story.client_gets(200, b"hi", field=(b"cache-status", status)).upstream_gets_nothing()
    story.client(GET).upstream_gets(b"GET /a").upstream(OK).client_gets(200, b"hi")


def of(name: bytes) -> bytes:
    return GET.replace(b"\r\n\r\n", b"\r\ncookie: user=%b\r\n\r\n" % name)


def asked_by(name: bytes, address: bytes) -> bytes:
    head = RequestHead(b"GET", b"/a", b"x", b"http", [(b"cookie", b"user=" + name)])
    return asker(head, address)


@pytest.mark.parametrize("is_begun", [False, True])
def test_what_another_workers_client_alone_may_have_unasked_is_for_no_other(
    cached: Make, is_begun: bool
) -> None:
    story = cached()
    for name in (b"A", b"B"):
        story.connects().client(of(name))
    story.advance(0.1, 0.01).upstream_gets_nothing()
    entry = story.entry(b"A", (b"etag", b'"1"'), lifetime=0.0)
    entry.asker = asked_by(b"A", story.recorder.began[-1].client_ip)
    if is_begun:
        spool = story.store.spool(PRIMARY, entry, story.store.moment())
        assert spool is not None
        spool.write(b"A")
        story.advance(0.05, 0.01)
        spool.finish(entry)
    else:
        story.store.save(PRIMARY, entry, b"A", story.store.moment())
    story.locks.others.clear()
    story.advance(0.05, 0.01).client_gets(200, b"A", at=0).client_gets_nothing(at=1)
    story.upstream_gets(b"GET /a", field=(b"cookie", b"user=B"))
    story.upstream(OK.replace(b"hi", b"ho")).client_gets(200, b"ho", at=1)


def test_what_others_alone_may_have_wakes_nobody_who_waits_for_his_own(cached: Make) -> None:
    """Four more have theirs before he has his: as often nobody looks in vain (filter.look)."""
    story = cached()
    story.shelf.hint(PRIMARY, [], b"A")  # it is known that users are told apart
    his, address = RequestHead(b"GET", b"/a", b"x", b"http", []), b"192.0.2.7"
    story.locks.others = {name_of(story.shelf.key(PRIMARY, his, address))}
    story.connects().client(GET)
    assert story.recorder.began[-1].client_ip == address
    entry = story.entry(b"A", (b"etag", b'"1"'), lifetime=0.0)
    for name in (b"B", b"C", b"D", b"E", b"F"):
        entry.asker = asked_by(name, address)
        story.store.save(PRIMARY, entry, name, story.store.moment())
        story.advance(0.05, 0.01)
    story.upstream_gets_nothing().client_gets_nothing()
    entry.asker = asker(his, address)
    story.store.save(PRIMARY, entry, b"x", story.store.moment())
    story.advance(0.05, 0.01).client_gets(200, b"x").upstream_gets_nothing()


def test_the_rest_of_it_is_for_no_other_either(cached: Make) -> None:
    """A worker dies before there is a byte of the body, and another's client has asked since."""
    story = cached()
    story.locks.others.clear()
    story.client(of(b"B")).upstream_gets(b"GET /a", field=(b"cookie", b"user=B"))
    first = Waiting(story.cache, story.recorder.began[-1], "uri-miss")
    old = story.entry(b"", lifetime=0.0)
    old.asker = asked_by(b"B", first.exchange.client_ip)
    resumed = Resumed(first, old, [], PRIMARY, lambda *_: None)
    new = story.entry(b"", lifetime=0.0)
    assert resumed.fits(new)
    new.asker = asked_by(b"A", first.exchange.client_ip)
    assert not resumed.fits(new)
    story.upstream(OK).client_gets(200, b"hi")
