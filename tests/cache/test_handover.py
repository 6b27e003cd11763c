"""What is gone on with when the worker has died that asked for it."""

from collections.abc import Callable

import pytest

from porch.cache.entry import Entry
from porch.cache.handover import is_same
from porch.cache.lost import FillLost
from porch.http.message import Field
from tests.scenario.test_cache_elsewhere import GET, PRIMARY
from tests.support.cached import Cached

Make = Callable[..., Cached]

FRESH = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n"
STRONG, OTHER, WEAK = (b"etag", b'"1"'), (b"etag", b'"2"'), (b"etag", b'W/"1"')
TYPE, DATE, LATER = (b"content-type", b"a/b"), (b"date", b"now"), (b"date", b"then")


def entry(length: int, *fields: Field, status: int = 200) -> Entry:
    return Entry(status, list(fields), length, 0.0, 0.0, 60.0, "max-age")


@pytest.mark.parametrize(
    ("old", "new", "behind_head", "behind_body"),
    [
        (entry(4, STRONG), entry(4, STRONG), True, True),
        (entry(4, STRONG, DATE), entry(4, STRONG, LATER, TYPE), True, True),
        (entry(-1, STRONG), entry(4, STRONG), True, True),
        (entry(4, STRONG), entry(-1, STRONG), True, True),
        (entry(4, STRONG), entry(5, STRONG), False, False),
        (entry(4, STRONG), entry(4, OTHER), False, False),
        (entry(4, STRONG), entry(4, STRONG, status=404), False, False),
        (entry(4, WEAK, TYPE, DATE), entry(4, TYPE, LATER, WEAK), True, False),
        (entry(4, TYPE), entry(4, TYPE), True, False),
        (entry(-1, TYPE), entry(4, TYPE), True, False),
        (entry(4, TYPE), entry(-1, TYPE), False, False),
        (entry(4, TYPE), entry(4), False, False),
        (entry(4), entry(4, STRONG), False, False),
    ],
)
def test_a_body_goes_on_behind_what_is_of_the_same(
    old: Entry, new: Entry, behind_head: bool, behind_body: bool
) -> None:
    assert is_same(old, new, has_begun=False) is behind_head
    assert is_same(old, new, has_begun=True) is behind_body


def lost(story: Cached, data: bytes, *fields: Field, length: int = -1, count: int = 2) -> Cached:
    """Clients read what another worker asks for, which dies."""
    story.locks.others = {PRIMARY}
    for _ in range(count):
        story.connects().client(GET)
    entry = story.entry(b"", *fields)
    entry.length = length
    spool = story.store.spool(PRIMARY, entry, story.store.moment())
    assert spool is not None
    spool.write(data)
    story.advance(0.05, 0.005)
    for number in range(count):
        story.client_gets(200, data, end=False, at=number)
    spool.abandon()
    story.locks.others.clear()
    story.advance(0.05, 0.005)
    return story


def test_all_who_were_left_ask_once_and_go_on_where_they_were(cached: Make) -> None:
    story = lost(cached(), b"ab", STRONG).upstream_gets(b"GET /a").dialled(1)
    story.upstream(FRESH + b'etag: "1"\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n')
    story.advance(0.01).client_gets(body=b"c", end=False, at=0).client_gets(body=b"c", end=False)
    story.upstream(b"1\r\nd\r\n0\r\n\r\n")
    story.client_gets(body=b"d", at=0).client_gets(body=b"d")
    story.connects().client(GET).client_gets(200, b"abcd").ended(3)


def test_before_the_body_nobody_has_the_head_and_nothing_need_prove_it(cached: Make) -> None:
    story = cached()
    story.locks.others = {PRIMARY}
    story.connects().client(GET).connects().client(GET)
    entry = story.entry(b"", TYPE)
    entry.length = -1
    spool = story.store.spool(PRIMARY, entry, story.store.moment())
    assert spool is not None
    story.advance(0.05, 0.005).client_gets_nothing(at=0).client_gets_nothing()
    spool.abandon()
    story.locks.others.clear()
    story.advance(0.05, 0.005).upstream_gets(b"GET /a").dialled(1)
    story.upstream(FRESH + b"content-length: 2\r\n\r\nhi")
    story.advance(0.01).client_gets(200, b"hi", at=0).client_gets(200, b"hi")


def test_what_is_another_answer_by_now_is_kept_and_those_are_cut(cached: Make) -> None:
    story = lost(cached(), b"ab", STRONG).upstream_gets(b"GET /a")
    story.upstream(FRESH + b'etag: "2"\r\ncontent-length: 2\r\n\r\nhi')
    story.client_sees("closed", at=0).client_sees("closed")
    assert isinstance(story.latest.error, FillLost)
    story.connects().client(GET).client_gets(200, b"hi")


@pytest.mark.parametrize("answer", [b"cache-control: private", b"set-cookie: a"])
def test_what_is_not_for_others_any_more_goes_on_for_none(cached: Make, answer: bytes) -> None:
    story = lost(cached(), b"ab", STRONG).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\n" + answer + b"\r\ncontent-length: 2\r\n\r\nhi")
    story.client_sees("closed", at=0).client_sees("closed")


def test_what_nothing_proves_is_not_asked_for(cached: Make) -> None:
    story = lost(cached(), b"ab", WEAK).upstream_gets_nothing()
    story.client_sees("closed", at=0).client_sees("closed")
    assert isinstance(story.latest.error, FillLost)


def test_an_origin_that_fails_now_is_the_reason(cached: Make) -> None:
    story = lost(cached(retries=1), b"ab", STRONG).upstream_gets(b"GET /a")
    story.upstream(b"nonsense\r\n\r\n").client_sees("closed", at=0).client_sees("closed")
    assert story.latest.error is not None
    assert story.latest.error.word == "http_protocol_error"


def test_one_that_leaves_meanwhile_is_waited_for_by_nobody(cached: Make) -> None:
    story = lost(cached(), b"ab", STRONG).upstream_gets(b"GET /a").client_leaves(at=0)
    story.upstream(FRESH + b'etag: "1"\r\ncontent-length: 3\r\n\r\nabc')
    story.advance(0.01).client_gets(body=b"c")


def test_what_a_third_worker_has_stored_meanwhile_goes_on(cached: Make) -> None:
    story = cached()
    story.locks.others = {PRIMARY}
    story.connects().client(GET)
    entry = story.entry(b"", STRONG)
    entry.length = -1
    spool = story.store.spool(PRIMARY, entry, story.store.moment())
    assert spool is not None
    spool.write(b"ab")
    story.advance(0.05, 0.005).client_gets(200, b"ab", end=False)
    spool.abandon()
    story.advance(0.05, 0.005).upstream_gets_nothing()
    story.store.save(PRIMARY, story.entry(b"abcd", STRONG), b"abcd", story.store.moment())
    story.advance(0.05, 0.005).client_gets(body=b"cd").upstream_gets_nothing()


def test_what_is_stored_between_the_look_and_the_question_goes_on_too(cached: Make) -> None:
    story = cached()
    story.locks.others = {PRIMARY}
    story.connects().client(GET)
    entry, store = story.entry(b"", STRONG), story.store
    entry.length = 4
    spool = store.spool(PRIMARY, entry, store.moment())
    assert spool is not None
    spool.write(b"ab")
    story.advance(0.05, 0.005).client_gets(200, b"ab", end=False)
    whole = story.entry(b"abcd", STRONG)
    story.meanwhile(lambda: store.save(PRIMARY, whole, b"abcd", store.moment()))
    spool.abandon()
    story.locks.others.clear()
    story.advance(0.05, 0.005).client_gets(body=b"cd").upstream_gets_nothing()


def test_a_client_that_takes_nothing_is_sent_nothing_when_it_goes_on(cached: Make) -> None:
    story = lost(cached(), b"ab", STRONG, count=1).upstream_gets(b"GET /a").client_full()
    body = b"ab" + bytes(300_000)
    story.upstream(FRESH + b'etag: "1"\r\ncontent-length: 300002\r\n\r\n' + body)
    story.client_drained().advance(0.05, 0.01).client_gets(body=body[2:])
