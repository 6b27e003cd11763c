"""The filter of the cache: what is answered, what waits and what goes past."""

from collections.abc import Callable
from typing import Any

import pytest

from porch.cache import update
from porch.cache.counts import FORWARDED, HIT, NOT_KEPT
from porch.cache.key import KeyRules, NoKey
from porch.cache.policy import Policy
from porch.cache.queries import LONGEST
from porch.route.condition import Conditions
from porch.route.pattern import parse_key
from porch.route.route import Timeouts
from porch.route.when import parse_when
from tests.support.cached import Cached

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
FRESH = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n"
HI = b"content-length: 2\r\n\r\nhi"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"

Make = Callable[..., Cached]


def stored(story: Cached, target: bytes = b"/a", head: bytes = FRESH) -> Cached:
    asked = GET.replace(b"/a", target)
    story.client(asked).upstream_gets(b"GET " + target).upstream(head + HI).client_gets(200, b"hi")
    return story


def with_fields(*lines: bytes) -> bytes:
    return GET[:-2] + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


@pytest.mark.parametrize(
    ("request_", "fwd"),
    [
        (b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n", b"method"),
        (b"OPTIONS /a HTTP/1.1\r\nhost: x\r\n\r\n", b"method"),
        (b"GET /a HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nab", b"bypass"),
        (b"GET /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", b"bypass"),
        (with_fields(b'if-match: "1"'), b"bypass"),
    ],
    ids=["post", "options", "body", "chunked", "if-match"],
)
def test_what_is_not_looked_up_goes_to_the_origin_and_says_so(
    cached: Make, request_: bytes, fwd: bytes
) -> None:
    story = cached()
    story.client(request_).upstream_gets(request_.partition(b" HTTP")[0], None)
    story.upstream(FRESH + HI)
    story.client_gets(200, b"hi", field=(b"cache-status", b"Porch; fwd=" + fwd))
    assert story.shelf.counts[FORWARDED[fwd.decode()]] == 1
    assert story.store.stat().objects == 0


def test_a_websocket_goes_past(cached: Make) -> None:
    story = cached()
    asked = with_fields(
        b"connection: upgrade",
        b"upgrade: websocket",
        b"sec-websocket-version: 13",
        b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==",
    )
    story.client(asked).upstream_gets(b"GET /a", field=(b"upgrade", b"websocket")).upstream(OK)
    story.client_gets(200, b"ok")
    assert not story.fills.began


def test_expect_on_a_request_without_a_body_is_no_reason_to_wait(cached: Make) -> None:
    story = stored(cached())
    story.client(with_fields(b"expect: 100-continue")).client_gets(200, b"hi")


def test_http_1_0_is_answered_from_the_store(cached: Make) -> None:
    story = stored(cached())
    story.client(b"GET /a HTTP/1.0\r\nhost: x\r\nconnection: keep-alive\r\n\r\n")
    story.client_gets(200, b"hi")


@pytest.mark.parametrize("tag", [b"", b'etag: W/"1"\r\n', b'etag: "1"\r\n'])
def test_another_part_is_one_request_whether_they_can_be_joined_or_not(
    cached: Make, tag: bytes
) -> None:
    """What nothing can be joined to is replaced by the part of which it was asked last."""
    story = cached()
    for number, fwd in enumerate((b"uri-miss", b"partial", b"partial")):
        asked = b"bytes=%d-%d" % (number, number)
        story.client(with_fields(b"range: " + asked))
        story.upstream_gets(b"GET /a", field=(b"range", asked)).upstream(
            b"HTTP/1.1 206 Partial Content\r\ncache-control: max-age=60\r\ncontent-length: 1\r\n"
            b"content-range: bytes %d-%d/6\r\n%b\r\n%d" % (number, number, tag, number)
        )
        said = b"Porch; fwd=%b; ttl=60; stored" % fwd
        story.client_gets(206, b"%d" % number, field=(b"cache-status", said))
    story.client(with_fields(b"range: bytes=2-2")).client_gets(206, b"2")


@pytest.mark.parametrize("count", [2, 50, 5000])
def test_a_long_list_of_ranges_costs_no_more_than_the_whole(cached: Make, count: int) -> None:
    story = stored(cached())
    story.client(with_fields(b"range: bytes=" + b",".join([b"0-0"] * count)))
    message = story._read(story.clients[-1], True, False)
    assert len(message.body) < 500
    message.body = b""


def test_head_is_answered_by_what_is_stored_of_get(cached: Make) -> None:
    story = stored(cached())
    story.client(GET.replace(b"GET", b"HEAD"))
    story.client_gets(200, b"", bodiless=True, field=(b"content-length", b"2"))


def test_head_of_what_is_not_stored_is_asked_as_head(cached: Make) -> None:
    story = cached()
    story.client(GET.replace(b"GET", b"HEAD")).upstream_gets(b"HEAD /a")
    story.upstream(FRESH + b"content-length: 2\r\n\r\n").client_gets(200, bodiless=True)
    assert story.store.stat().objects == 0


@pytest.mark.parametrize(
    ("fields", "is_kept"),
    [(b'etag: "1"\r\ncontent-length: 2', True), (b'etag: "2"\r\ncontent-length: 3', False)],
)
def test_what_head_says_holds_of_what_is_stored(cached: Make, fields: bytes, is_kept: bool) -> None:
    story = stored(cached(), head=FRESH + b'etag: "1"\r\n').advance(70.0)
    story.client(GET.replace(b"GET", b"HEAD")).upstream_gets(b"HEAD /a")
    story.upstream(FRESH + fields + b"\r\n\r\n").client_gets(200, bodiless=True)
    story.client(GET)
    if is_kept:
        story.client_gets(200, b"hi").upstream_gets_nothing()
    else:
        story.upstream_gets(b"GET /a").upstream(FRESH + HI).client_gets(200, b"hi")


@pytest.mark.parametrize(
    ("target", "fields"),
    [
        (b"/a?page=1&x=1", (b"cache-control: no-cache",)),
        (b"/a?page=1", (b"cache-control: no-store",)),
        (b"/a?page=1", (b"authorization: x", b"cache-control: no-cache")),
        (b"/a?page=1", (b"cookie: a=1", b"cache-control: no-cache")),
        (b"/a?page=1", (b"x-evil: 1", b"cache-control: no-cache")),
        (b"/a?page=1", (b"x-pass: 1",)),
        (b"/a?page=1", (b"x-forwarded-for: 6.6.6.6", b"cache-control: no-cache")),
    ],
    ids=["parameter", "no-store", "authorization", "cookie", "field", "bypass", "addresses"],
)
@pytest.mark.parametrize("says", [b"", b"cache-control: private\r\n"], ids=["poison", "evict"])
def test_head_with_what_is_in_no_key_changes_nothing_for_others(
    cached: Make, target: bytes, fields: tuple[bytes, ...], says: bytes
) -> None:
    passes: tuple[Conditions, ...] = (parse_when({"header": {"x-pass": "1"}}),)
    story = cached(rules=KeyRules(keep=(b"page",)), policy=Policy(bypass=passes))
    stored(story, b"/a?page=1")
    story.client(with_fields(*fields).replace(b"GET /a", b"HEAD " + target))
    story.upstream_gets(b"HEAD " + target)
    start = b"HTTP/1.1 200 OK\r\n" + says if says else FRESH
    story.upstream(start + b"x-of: them\r\n" + HI[:-2])
    story.client_gets(200, bodiless=True)
    story.client(GET.replace(b"/a", b"/a?page=1"))
    story.client_gets(200, b"hi", without=b"x-of").upstream_gets_nothing()


def test_only_if_cached_is_never_asked(cached: Make) -> None:
    story = cached()
    story.client(with_fields(b"cache-control: only-if-cached")).client_gets(504)
    assert not story.dialers[0].dials
    stored(story).client(with_fields(b"cache-control: only-if-cached")).client_gets(200, b"hi")


def test_no_store_of_a_request_goes_past(cached: Make) -> None:
    story = stored(cached())
    story.client(with_fields(b"cache-control: no-store")).upstream_gets(b"GET /a").upstream(OK)
    story.client_gets(200, b"ok", field=(b"cache-status", b"Porch; fwd=request"))


@pytest.mark.parametrize("status", [b"200 OK", b"500 Oh"])
def test_what_is_changed_is_not_served_any_more(cached: Make, status: bytes) -> None:
    story = stored(stored(cached()), b"/b")
    story.client(b"PUT /a HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nlocation: x\r\n\r\n")
    story.upstream_gets(b"PUT /a")
    story.upstream(b"HTTP/1.1 %b\r\nlocation: /b\r\ncontent-length: 0\r\n\r\n" % status)
    story.client_gets(int(status[:3]))
    for target in (b"/a", b"/b"):
        story.client(GET.replace(b"/a", target))
        if status[:1] == b"2":
            story.upstream_gets(b"GET " + target).upstream(FRESH + HI)
        story.client_gets(200, b"hi")


def test_who_bypasses_neither_asks_nor_fills(cached: Make) -> None:
    bypass: tuple[Conditions, ...] = (parse_when({"cookie": {"session": True}}),)
    story = stored(cached(policy=Policy(bypass=bypass)))
    story.client(with_fields(b"cookie: session=1")).upstream_gets(b"GET /a").upstream(FRESH + HI)
    story.client_gets(200, b"hi", field=(b"cache-status", b"Porch; fwd=bypass"))
    story.client(GET).client_gets(200, b"hi").upstream_gets_nothing()


def test_what_the_key_ignores_makes_no_difference(cached: Make) -> None:
    story = stored(cached(rules=KeyRules(ignore=(b"utm_*",))))
    story.client(GET.replace(b"/a", b"/a?utm_source=x")).client_gets(200, b"hi")
    assert story.shelf.counts[HIT] == 1


def test_the_operators_part_of_the_key_counts(cached: Make) -> None:
    story = cached()
    by_ip: Any = lambda exchange: exchange.client_ip  # noqa: E731
    story.cache._function = by_ip
    story.cache._may_be_ready = False
    story.siblings.add(parse_key("*"), KeyRules(), None)
    stored(story).connects("192.0.2.8").client(GET)
    story.upstream_gets(b"GET /a").upstream(FRESH + b"content-length: 2\r\n\r\nme")
    story.client_gets(200, b"me").client(GET, at=0).client_gets(200, b"hi", at=0)
    story.connects("192.0.2.8").client(b"DELETE /a HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(
        b"DELETE /a"
    ).upstream(OK).client_gets(200, b"ok")
    story.client(GET, at=0).upstream_gets(b"GET /a").upstream(FRESH + HI).client_gets(
        200, b"hi", at=0
    )


def test_the_operators_part_of_the_key_is_no_other_part_whatever_a_client_says(
    cached: Make,
) -> None:
    story = cached()
    said: Any = lambda exchange: exchange.request.get(b"x-part")  # noqa: E731
    story.cache._function = said
    story.cache._may_be_ready = False
    story.client(with_fields(b"x-part: a body:b")).upstream_gets(b"GET /a").upstream(FRESH + HI)
    story.client_gets(200, b"hi")
    exchange = story.recorder.began[-1]
    key = story.cache._key(exchange.request, KeyRules(), exchange)
    assert key == rb"http://x/a py:a\sbody:b"


class Part:
    """The operator's part of the key, which can be had so many times."""

    def __init__(self, story: Cached, times: int = 0) -> None:
        self.left = times
        story.cache._function = self
        story.cache._may_be_ready = False

    def __call__(self, exchange: Any) -> bytes:
        if not self.left:
            raise NoKey
        self.left -= 1
        return b"part"


PAST = (b"cache-status", b'Porch; fwd=bypass; detail="key"')


def test_where_the_operators_part_of_the_key_is_not_to_be_had_the_cache_is_neither_asked_nor_filled(
    cached: Make,
) -> None:
    story = cached()
    part = Part(story, 1)
    stored(story)
    for body in (b"me", b"he"):
        story.client(GET).upstream_gets(b"GET /a")
        story.upstream(FRESH + b"content-length: 2\r\n\r\n" + body)
        story.client_gets(200, body, field=PAST)
    story.client(ASKS).client(b"one").advance(0.1).upstream_gets(b"QUERY /a", b"one").upstream(OK)
    story.client_gets(200, b"ok", field=PAST)
    assert story.shelf.counts[FORWARDED["bypass"]] == 3
    assert story.store.stat().objects == 1
    part.left = 1
    story.client(GET).client_gets(200, b"hi")


def test_who_has_waited_and_whose_part_of_the_key_is_gone_asks_for_himself(cached: Make) -> None:
    story = cached()
    Part(story, 2)
    story.client(GET).upstream_gets(b"GET /a").connects().client(GET)
    story.upstream(b"HTTP/1.1 200 OK\r\nvary: *\r\n" + HI).client_gets(200, b"hi", at=0)
    story.upstream_gets(b"GET /a").upstream(OK).client_gets(200, b"ok")


def test_where_nobody_knows_the_key_any_more_neither_a_head_nor_damage_says_anything_of_it(
    cached: Make,
) -> None:
    story = cached()
    part = Part(story, 1)
    stored(story, head=FRESH + b'etag: "1"\r\n').advance(70.0)
    part.left = 1
    story.client(GET.replace(b"GET", b"HEAD")).upstream_gets(b"HEAD /a")
    story.upstream(FRESH + b'etag: "2"\r\ncontent-length: 3\r\n\r\n')
    story.client_gets(200, bodiless=True)
    story.cache.on_damaged(story.recorder.began[-1])
    assert story.store.stat().objects == 1


def test_a_request_that_has_waited_in_vain_often_asks_for_itself(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a")
    exchange = story.recorder.began[-1]
    assert story.cache.look(exchange, 4) is None
    story.cache._notes.clear()
    story.upstream(FRESH + HI).client_gets(200, b"hi")


def test_whether_a_peer_is_trusted_is_asked_once_for_a_look(cached: Make) -> None:
    story = cached()
    asked: list[bytes] = []

    def trusts(peer: bytes) -> bool:
        asked.append(peer)
        return False

    story.cache._trusts = trusts
    stored(story)
    asked.clear()
    story.client(GET).client_gets(200, b"hi")
    assert len(asked) == 2, "for what is ready, and by the look"
    story.client(GET).client_gets(200, b"hi")
    assert len(asked) == 3, "what is ready needs no look"


ASKS = b"QUERY /a HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\n"


def test_the_body_of_a_query_is_waited_for_and_then_looked_up(cached: Make) -> None:
    story = cached()
    story.client(ASKS).upstream_gets_nothing().client(b"on").upstream_gets_nothing()
    story.client(b"e").advance(0.1)
    story.upstream_gets(b"QUERY /a", b"one").upstream(FRESH + HI).client_gets(200, b"hi")
    story.client(ASKS).client(b"o").client(b"ne").advance(0.1).client_gets(200, b"hi")
    assert story.shelf.counts[HIT] == 1


def test_a_query_whose_body_does_not_come_ends_as_any_other_does(cached: Make) -> None:
    story = cached()
    story.client(ASKS + b"o").advance(59.0).client(b"n").advance(59.0).client_gets_nothing()
    story.advance(3.0).client_gets(408, b"http_request_timeout")
    story.connects().client(ASKS + b"o").client_leaves()


def test_a_query_that_has_come_may_be_answered_as_late_as_any_other(cached: Make) -> None:
    story = cached(timeouts=Timeouts(response=600.0))
    story.client(ASKS).client(b"one").advance(0.1).upstream_gets(b"QUERY /a", b"one")
    story.advance(500.0).upstream(FRESH + HI).client_gets(200, b"hi")


def test_a_query_with_too_much_of_a_body_goes_past_with_all_of_it(cached: Make) -> None:
    story = cached()
    half = b"x" * (LONGEST // 2 + 1)
    head = b"QUERY /a HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%b\r\n" % (len(half), half)
    story.client(head + chunk).upstream_gets_nothing().client(chunk).advance(0.1)
    story.client(b"0\r\n\r\n").upstream_gets(b"QUERY /a", half + half).upstream(FRESH + HI)
    story.client_gets(200, b"hi")
    assert story.shelf.counts[FORWARDED["method"]] == 1


@pytest.mark.parametrize("path", [b"/../a", b"/b/%2E%2e/a", b"/..%2fa"])
def test_of_a_path_that_climbs_nothing_is_asked_together_or_judged(
    cached: Make, monkeypatch: pytest.MonkeyPatch, path: bytes
) -> None:
    story = cached()
    field = (b"cache-status", b'Porch; fwd=uri-miss; detail="dot-segments"')
    monkeypatch.setattr(update, "appraise", never)
    for _ in range(2):
        story.client(GET.replace(b"/a", path)).upstream_gets(b"GET " + path)
        story.upstream(FRESH + HI).client_gets(200, b"hi", field=field)
    assert not story.fills.began
    assert story.shelf.counts[NOT_KEPT["dot-segments"]] == 2


@pytest.mark.parametrize(
    "line", [b"x-b: 1", b"content-length: 2", b"if-match: *", b"cache-control: no-store"]
)
def test_where_the_request_alone_decides_no_answer_is_judged(
    cached: Make, monkeypatch: pytest.MonkeyPatch, line: bytes
) -> None:
    story = cached(policy=Policy(bypass=(parse_when({"header": {"x-b": True}}),)))
    monkeypatch.setattr(update, "appraise", never)
    body = b"hi" if b"length" in line else b""
    for method in (b"GET", b"POST"):
        sent = method + b" /a HTTP/1.1\r\nhost: x\r\n" + line + b"\r\n\r\n" + body
        story.client(sent).upstream_gets(method + b" /a", body or None)
        story.upstream(FRESH + HI).client_gets(200, b"hi")


def never(*words: Any, **more: Any) -> Any:
    raise AssertionError("the request has decided")
