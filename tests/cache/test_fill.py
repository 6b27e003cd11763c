"""A request of the cache to the origin; what clients see of it is in tests/scenario."""

import gc
from collections.abc import Callable
from typing import Any

import pytest

from porch.cache.counts import FROM_ORIGIN, KEPT, NOT_KEPT, VALIDATED
from porch.cache.fill import SHOW, Fill
from porch.cache.policy import Policy
from porch.cache.saving import PATIENCE
from porch.exchange import Exchange
from tests.support.cached import Cached

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
FRESH = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n"
PRIVATE = b"HTTP/1.1 200 OK\r\ncache-control: private\r\n"
HI = b"content-length: 2\r\n\r\nhi"

Make = Callable[..., Cached]


def fill_of(story: Cached) -> Any:
    (found,) = story.shelf.asked.values()
    assert isinstance(found, Fill)
    return found


@pytest.mark.parametrize("kind", [FRESH, PRIVATE])
def test_nothing_of_it_is_left_behind_in_a_cycle(cached: Make, kind: bytes) -> None:
    story = cached()
    gc.collect()
    gc.disable()
    before = alive()
    try:
        for number in range(3):
            asked = GET.replace(b"/a", b"/%d" % number)
            story.client(asked).upstream_gets(b"GET /%d" % number).upstream(kind + HI)
            story.client_gets(200, b"hi")
        for recorder in (story.recorder, story.fills):
            recorder.began.clear()
            recorder.ended.clear()
        assert alive() == before
    finally:
        gc.enable()


def alive() -> int:
    """Fills, and exchanges that are theirs."""
    found = gc.get_objects()
    return sum(isinstance(each, Fill) for each in found) + sum(
        isinstance(each, Exchange) and isinstance(each.client, Fill) for each in found
    )


def test_what_was_kept_and_what_not_is_counted(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI).client_gets(200, b"hi")
    other = GET.replace(b"/a", b"/b")
    story.client(other).upstream_gets(b"GET /b").upstream(PRIVATE + HI).client_gets(200, b"hi")
    counts = story.shelf.counts
    assert (counts[KEPT], counts[NOT_KEPT["private"]], counts[VALIDATED]) == (1, 1, 0)
    assert counts[FROM_ORIGIN] == 4


def test_a_part_of_other_bytes_than_were_asked_for_is_said_to_be_that(cached: Make) -> None:
    story = cached()
    head = b'HTTP/1.1 206 Partial Content\r\ncache-control: max-age=60\r\netag: "1"\r\n'
    part = head + b"content-length: 1\r\ncontent-range: bytes %d-%d/9\r\n\r\n%d"
    asked = GET.replace(b"\r\n\r\n", b"\r\nrange: bytes=%d-%d\r\n\r\n")
    story.client(asked % (0, 0)).upstream_gets(b"GET /a").upstream(part % (0, 0, 0))
    story.client_gets(206, b"0").client(asked % (4, 4))
    for _ in range(2):  # for what is missing, and as it came
        story.upstream_gets(b"GET /a", field=(b"range", b"bytes=4-4")).upstream(part % (7, 7, 7))
    said = b'Porch; fwd=partial; detail="range"'
    story.client_gets(206, b"7", field=(b"cache-status", said))


def test_the_page_of_an_origin_that_fails_says_why_that_was_asked(cached: Make) -> None:
    story = cached(retries=1).endpoint("refuses")
    said = b'Porch; fwd=uri-miss; detail="connection_refused"'
    story.client(GET).client_gets(502, field=(b"cache-status", said))
    assert story.latest.error is not None


LARGE = b"content-length: 100000\r\n\r\n" + bytes(70_000)


def status(*, stored: bool) -> tuple[bytes, bytes]:
    return b"cache-status", b"Porch; fwd=uri-miss; ttl=60" + (b"; stored" if stored else b"")


def comes(story: Cached, target: bytes, head: bytes, rest: bytes, *, stored: bool) -> None:
    """An answer in two pieces, and whether the client is told that it is kept."""
    story.client(GET.replace(b"/a", target)).upstream_gets(b"GET " + target).upstream(FRESH + head)
    story.client_gets(200, end=False, field=status(stored=stored))
    story.upstream(rest).client_gets(end=True)


def test_a_full_disk_is_told_of_by_the_first_that_it_does_not_take(
    cached: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small ones have another place, which may have room yet, and hide nothing of it."""
    story = cached()
    counts, take_room = story.shelf.counts, story.store.take_room
    monkeypatch.setattr(story.store, "take_room", lambda have, more: not have)
    comes(story, b"/0", LARGE, bytes(30_000), stored=True)  # its head is gone by then
    for number in (1, 2):
        comes(story, b"/%d" % number, LARGE, bytes(30_000), stored=False)
        small = GET.replace(b"/a", b"/small%d" % number)
        story.client(small).upstream_gets(b"GET /small%d" % number)
        story.upstream(FRESH + HI).client_gets(200, b"hi", field=status(stored=True))
    assert (counts[KEPT], counts[NOT_KEPT["no-room"]]) == (2, 3)
    monkeypatch.setattr(story.store, "take_room", take_room)
    comes(story, b"/3", LARGE, bytes(30_000), stored=False)  # nobody knows of the room yet
    comes(story, b"/4", LARGE, bytes(30_000), stored=True)
    assert (counts[KEPT], counts[NOT_KEPT["no-room"]]) == (4, 3)


def test_a_full_database_is_told_of_too(cached: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    story = cached()
    monkeypatch.setattr(story.store, "save_all", lambda saves: [None] * len(saves))
    for number in range(3):
        story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI)
        story.client_gets(200, b"hi", field=status(stored=not number))
    assert story.shelf.counts[NOT_KEPT["no-room"]] == 3
    assert story.shelf.counts[KEPT] == 0


@pytest.mark.parametrize("size", [2, 100_000])
def test_what_is_lost_on_its_way_is_no_reason_to_think_the_disk_full(
    cached: Make, size: int
) -> None:
    story = cached(policy=Policy(max_object=200_000))
    counts, open_end = story.shelf.counts, b"transfer-encoding: chunked\r\n\r\n"
    piece = b"%x\r\n%b\r\n" % (size, bytes(size))
    comes(story, b"/0", open_end + piece, b"30d40\r\n%b\r\n0\r\n\r\n" % bytes(200_000), stored=True)
    assert counts[NOT_KEPT["too-large"]] == 1

    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + open_end + piece)
    story.client_gets(200, end=False, field=status(stored=True))
    story.store.purge("all")
    story.upstream(b"0\r\n\r\n").client_gets(end=True)
    assert counts[NOT_KEPT["purged"]] == 1

    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + open_end + piece)
    story.client_gets(200, end=False, field=status(stored=True))
    story.upstream_resets().client_sees("closed").connects()
    assert counts[NOT_KEPT["cut"]] == 1

    comes(story, b"/1", open_end + piece, b"0\r\n\r\n", stored=True)
    assert (counts[KEPT], counts[NOT_KEPT["no-room"]]) == (1, 0)


def test_the_log_learns_who_answered(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").advance(1.0).upstream(FRESH + HI)
    story.client_gets(200, b"hi")
    first = story.latest
    assert first.endpoint is story.endpoints[0]
    assert first.attempts == 1
    assert first.first_byte - first.connected == 1.0
    story.client(GET).client_gets(200, b"hi")
    hit = story.latest
    assert (hit.endpoint, hit.attempts, hit.connected) == (None, 0, 0.0)


def test_one_that_leaves_before_the_answer_is_told_whom_was_asked(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").client_leaves()
    assert story.latest.endpoint is story.endpoints[0]
    story.upstream(FRESH + HI)


def test_it_speaks_for_the_client_whose_request_it_is(cached: Make) -> None:
    story = cached()
    story.connects("192.0.2.9").client(GET)
    story.upstream_gets(b"GET /a", field=(b"x-forwarded-for", b"192.0.2.9")).upstream(FRESH + HI)
    story.client_gets(200, b"hi")


def test_a_small_body_that_takes_its_time_is_put_where_others_can_read_it(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + b"content-length: 4\r\n\r\nab")
    assert story.store.stat().growing == 0
    story.advance(2 * SHOW, SHOW)
    assert story.store.stat().growing == 1
    story.upstream(b"cd").client_gets(200, b"abcd")
    assert story.store.stat().growing == 0


def test_it_says_what_it_is_doing(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a")
    assert repr(fill_of(story)) == "<Fill None 1 wait 0 read>"
    story.upstream(FRESH + b"content-length: 4\r\n\r\nab").client_gets(200, b"ab", end=False)
    assert repr(fill_of(story)) == "<Fill <Arriving 2 bytes stored> 0 wait 1 read>"
    story.upstream(b"cd").client_gets(body=b"cd")


def test_nothing_of_a_request_is_asked_of_it(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a")
    fill = fill_of(story)
    fill.pause_reading()
    fill.resume_reading()
    fill.accept(None)
    assert fill.unsent() == 0
    story.upstream(FRESH + HI).client_gets(200, b"hi")


def test_its_key_stays_taken_until_what_came_is_written(
    cached: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else another worker, or another client, would ask for what is just being stored."""
    story = cached()
    save_all = story.store.save_all
    seen: list[tuple[bool, int]] = []

    def watched(saves: Any) -> Any:
        fill = fill_of(story)
        seen.append((story.locks.is_held(fill._key[0]), len(story.store.variants(fill._key[0]))))
        return save_all(saves)

    monkeypatch.setattr(story.store, "save_all", watched)
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI).client_gets(200, b"hi")
    assert seen == [(True, 0)]
    assert not story.locks.mine
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", b"Porch; hit; ttl=60"))


def test_its_key_stays_taken_while_other_workers_write(
    cached: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = cached()
    save_all = story.store.save_all
    monkeypatch.setattr(story.store, "save_all", lambda saves: None)
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI).client_gets(200, b"hi")
    story.advance(PATIENCE / 2, 0.01)
    assert story.locks.mine
    status = b"Porch; fwd=uri-miss; ttl=59; stored; collapsed"
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", status))
    monkeypatch.setattr(story.store, "save_all", save_all)
    story.advance(0.01, 0.01)
    assert not story.locks.mine
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", b"Porch; hit; ttl=58"))


def test_one_that_hangs_while_it_writes_keeps_no_key_taken(
    cached: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = cached()
    monkeypatch.setattr(story.store, "save_all", lambda saves: None)
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI).client_gets(200, b"hi")
    story.advance(PATIENCE + 0.1, 0.01)
    assert not story.locks.mine
    for number in range(3):
        asked = GET.replace(b"/a", b"/%d" % number)
        story.client(asked).upstream_gets(b"GET /%d" % number).upstream(FRESH + HI).client_gets(
            200, b"hi"
        )
        assert not story.locks.mine
        assert not story.shelf.asked


def test_a_store_that_keeps_nothing_of_it_leaves_the_key_to_the_next(
    cached: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = cached()
    monkeypatch.setattr(story.store, "save_all", lambda saves: [None] * len(saves))
    for _ in range(2):
        story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI).client_gets(200, b"hi")
        assert not story.locks.mine
        assert not story.shelf.asked


def validated(story: Cached) -> Cached:
    """What is stored is asked about."""
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + b'etag: "1"\r\n' + HI)
    return story.client_gets(200, b"hi").advance(61.0).client(GET).upstream_gets(b"GET /a")


VALID = b'HTTP/1.1 304 Not Modified\r\ncache-control: max-age=60\r\netag: "1"\r\n\r\n'


def test_a_304_waits_for_no_write_of_another_worker(
    cached: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have its answer, and the key stays taken until the store knows of it."""
    story = validated(cached())
    save_all = story.store.save_all
    monkeypatch.setattr(story.store, "save_all", lambda saves: None)
    status = b"Porch; fwd=stale; fwd-status=304; ttl=60; stored"
    story.upstream(VALID).client_gets(200, b"hi", field=(b"cache-status", status))
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", status + b"; collapsed"))
    assert story.locks.mine
    monkeypatch.setattr(story.store, "save_all", save_all)
    story.advance(0.02, 0.01).upstream_gets_nothing()
    assert not story.locks.mine
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", b"Porch; hit; ttl=59"))


def test_one_that_hangs_while_it_writes_has_a_304_forgotten(
    cached: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = validated(cached())
    monkeypatch.setattr(story.store, "save_all", lambda saves: None)
    story.upstream(VALID).client_gets(200, b"hi").advance(PATIENCE + 0.1, 0.01)
    assert not story.locks.mine
    story.client(GET).upstream_gets(b"GET /a", field=(b"if-none-match", b'"1"'))
    story.upstream(VALID).client_gets(200, b"hi")


def test_what_is_asked_about_each_time_leaves_its_key_at_once(
    cached: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = cached()
    start = b'HTTP/1.1 200 OK\r\ncache-control: no-cache\r\netag: "1"\r\n'
    story.client(GET).upstream_gets(b"GET /a").upstream(start + HI).client_gets(200, b"hi")
    monkeypatch.setattr(story.store, "save_all", lambda saves: None)
    for _ in range(2):
        story.client(GET).upstream_gets(b"GET /a", field=(b"if-none-match", b'"1"'))
        story.upstream(b'HTTP/1.1 304 Not Modified\r\netag: "1"\r\n\r\n').client_gets(200, b"hi")
        assert not story.locks.mine


def test_what_may_not_be_stored_is_not_read_on_for_a_client_that_takes_nothing(
    cached: Make,
) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a")
    (exchange,) = story.shelf.members
    exchange.on_client_full()
    story.upstream(PRIVATE + b"content-length: 100000\r\n\r\n" + bytes(100_000))
    assert story.upstreams[-1].transport.reads == 1, "in the very turn in which its head came"
    exchange.on_client_drained()
    story.client_drained()
    story.client_gets(200, bytes(100_000))


def test_who_is_full_takes_the_first_of_what_is_not_stored_from_nobody(cached: Make) -> None:
    story = cached(policy=Policy(max_object=1000))
    story.client(GET).upstream_gets(b"GET /a").client_full()
    story.connects().client(GET)
    first = bytes(100_000)
    chunks = b"%x\r\n%b\r\n" % (len(first), first)
    story.upstream(FRESH + b"transfer-encoding: chunked\r\n\r\n" + chunks)
    story.client_gets(200, first, end=False)
    story.client_drained(at=0).upstream(b"0\r\n\r\n")
    story.client_gets(200, first, at=0).client_gets(body=b"")
