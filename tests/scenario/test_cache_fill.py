"""What the cache asks origins for, and who gets what of it."""

from collections.abc import Callable, Iterator

import pytest

from porch.cache import fill
from porch.cache.policy import Policy
from porch.route.route import RUNNING, Timeouts
from tests.support.cached import Cached

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
FRESH = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n"
PRIVATE = b"HTTP/1.1 200 OK\r\ncache-control: private\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
HI = b"content-length: 2\r\n\r\nhi"


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Cached]]:
    made: list[Cached] = []

    def make(**settings: object) -> Cached:
        made.append(Cached(monkeypatch, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.finish()


Make = Callable[..., Cached]


def two(story: Cached) -> Cached:
    """Two clients ask for the same, the origin hears of one."""
    story.client(GET).connects().client(GET)
    return story.upstream_gets(b"GET /a").dialled(1)  # type: ignore[return-value]


def running(story: Cached) -> list[int]:
    return [each.counts[RUNNING] for each in story.endpoints]


def test_a_miss_is_stored_and_the_next_is_a_hit(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI)
    story.client_gets(200, b"hi", field=(b"cache-status", b"Porch; fwd=uri-miss; ttl=60; stored"))
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", b"Porch; hit; ttl=60"))
    story.upstream_gets_nothing().ended(2, "")
    assert len(story.fills.ended) == 1


def test_all_who_want_the_same_are_answered_by_one_request(cached: Make) -> None:
    story = two(cached()).upstream(FRESH + HI)
    story.client_gets(200, b"hi", at=0)
    story.client_gets(
        200, b"hi", field=(b"cache-status", b"Porch; fwd=uri-miss; ttl=60; stored; collapsed")
    )


def test_they_read_while_it_comes(cached: Make) -> None:
    story = two(cached())
    story.upstream(FRESH + CHUNKED)
    story.client_gets(200, b"", end=False, at=0).client_gets(200, b"", end=False)
    story.upstream(b"2\r\nab\r\n")
    story.client_gets(body=b"ab", end=False, at=0).client_gets(body=b"ab", end=False)
    story.connects().client(GET).client_gets(200, b"ab", end=False)
    story.upstream(b"1\r\nc\r\n0\r\n\r\n")
    for number in range(3):
        story.client_gets(body=b"c", at=number)
    story.client(GET).client_gets(200, b"abc")


def test_a_client_that_leaves_takes_nobody_with_it(cached: Make) -> None:
    story = two(cached()).client_leaves(at=0)
    story.upstream_sees("open").upstream(FRESH + HI).client_gets(200, b"hi")


def test_what_nobody_waits_for_any_more_is_stored_all_the_same(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").client_leaves().upstream(FRESH + HI)
    story.connects().client(GET).client_gets(200, b"hi").dialled(1)


def test_one_that_leaves_in_the_middle_leaves_it_to_the_store(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + b"content-length: 4\r\n\r\nab")
    story.client_gets(200, b"ab", end=False).client_leaves().upstream(b"cd")
    story.connects().client(GET).client_gets(200, b"abcd").dialled(1)


# --- what cannot be stored ------------------------------------------------------------------------


def test_an_answer_for_one_goes_to_one_and_lets_the_others_go(cached: Make) -> None:
    story = two(cached()).upstream(PRIVATE + HI)
    story.client_gets(200, b"hi", at=0)
    story.upstream_gets(b"GET /a").upstream(PRIVATE + HI).client_gets(200, b"hi")
    assert running(story) == [0]


A_S = b"content-length: 1\r\n\r\nA"
B_S = b"content-length: 1\r\n\r\nB"
NO_STORE = b"HTTP/1.1 200 OK\r\ncache-control: no-store\r\n"
COOKIE = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\nset-cookie: sess=1\r\n"
SAYS_NOTHING = b"HTTP/1.1 200 OK\r\n"
CHOSEN = b"HTTP/1.1 200 OK\r\ncache-control: private\r\nvary: cookie\r\n"


def of(name: bytes) -> bytes:
    return GET.replace(b"\r\n\r\n", b"\r\ncookie: user=%b\r\n\r\n" % name)


@pytest.mark.parametrize("start", [PRIVATE, NO_STORE, COOKIE, SAYS_NOTHING, CHOSEN])
@pytest.mark.parametrize("joins", ["before", "behind"])
def test_what_was_asked_with_one_clients_cookies_is_never_given_to_another(
    cached: Make, start: bytes, joins: str
) -> None:
    story = cached().client(of(b"A"))
    story.upstream_gets(b"GET /a", field=(b"cookie", b"user=A"), at=0)
    if joins == "behind":
        story.client_leaves().connects().client(of(b"B"))
    else:
        story.connects().client(of(b"B")).client_leaves(at=0)
    story.upstream_gets_nothing(at=0).upstream(start + A_S, at=0)
    story.upstream_gets(b"GET /a", field=(b"cookie", b"user=B")).upstream(start + B_S)
    story.client_gets(200, b"B")
    assert running(story) == [0]


@pytest.mark.parametrize("start", [PRIVATE, NO_STORE, COOKIE])
def test_nor_what_was_asked_in_the_background_with_them(cached: Make, start: bytes) -> None:
    story = cached().client(of(b"A")).upstream_gets(b"GET /a")
    stale = b"HTTP/1.1 200 OK\r\ncache-control: max-age=1, stale-while-revalidate=60\r\n"
    story.upstream(stale + HI).client_gets(200, b"hi").advance(3.0).client(of(b"A"))
    story.client_gets(200, b"hi").upstream_gets(b"GET /a", field=(b"cookie", b"user=A"))
    reload = of(b"B").replace(b"\r\n\r\n", b"\r\ncache-control: no-cache\r\n\r\n")
    story.connects().client(reload).upstream_gets_nothing().upstream(start + A_S)
    story.upstream_gets(b"GET /a", field=(b"cookie", b"user=B")).upstream(start + B_S)
    story.client_gets(200, b"B")


def test_it_is_remembered_that_waiting_is_of_no_use(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(PRIVATE + HI).client_gets(200, b"hi")
    story.client(GET).connects().client(GET)
    story.upstream_gets(b"GET /a", at=0).upstream_gets(b"GET /a", at=1)
    story.upstream(PRIVATE + HI, at=0).upstream(PRIVATE + HI, at=1)
    story.client_gets(200, b"hi", at=0).client_gets(200, b"hi")
    assert len(story.fills.ended) == 1


def test_what_can_be_stored_after_all_is_stored_from_the_second_on(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(PRIVATE + HI).client_gets(200, b"hi")
    for _ in range(2):
        story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI).client_gets(200, b"hi")
    story.client(GET).client_gets(200, b"hi").upstream_gets_nothing()


def test_an_origin_that_fails_is_not_asked_by_all_at_once(cached: Make) -> None:
    story = cached()
    failed = b"HTTP/1.1 500 Oh\r\ncache-control: no-store\r\ncontent-length: 0\r\n\r\n"
    story.client(GET).upstream_gets(b"GET /a").upstream(failed).client_gets(500)
    two_now = story.client(GET).connects().client(GET)
    two_now.upstream_gets(b"GET /a").upstream_gets_nothing().upstream(FRESH + HI)
    two_now.client_gets(200, b"hi", at=0).client_gets(200, b"hi")


def test_requests_with_authorization_and_those_without_wait_apart(cached: Make) -> None:
    story = cached()
    personal = GET.replace(b"\r\n\r\n", b"\r\nauthorization: basic eA==\r\n\r\n")
    story.client(personal).upstream_gets(b"GET /a").connects().client(GET)
    story.upstream_gets(b"GET /a", without=b"authorization").upstream(FRESH + HI)
    story.client_gets(200, b"hi")
    story.upstream(FRESH + HI, at=0).client_gets(200, b"hi", at=0)
    story.client(GET).client_gets(200, b"hi").upstream_gets_nothing()


def test_an_answer_that_is_not_stored_is_read_as_fast_as_its_client_reads(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(PRIVATE + b"content-length: 4000000\r\n\r\n")
    sent = 0
    while sent < 4000000 and not story.upstreams[-1].transport.paused:
        story.upstream(bytes(50000))
        sent += 50000
    assert 0 < sent < 500000, "what comes at once, and what the transport takes"
    story.client_drained()
    story.upstream_is_read()
    for _ in range(sent, 4000000, 50000):
        story.upstream(bytes(50000))
    story.client_gets(200, bytes(4000000)).ended(1, "")
    assert running(story) == [0]


@pytest.mark.parametrize("kind", [FRESH, PRIVATE])
def test_each_end_is_counted_once(cached: Make, kind: bytes) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(kind + CHUNKED)
    story.client_gets(200, b"", end=False).upstream(b"2\r\nab\r\n0\r\n\r\n").client_gets(body=b"ab")
    assert running(story) == [0]
    keeper = story.shelf._keeper
    assert keeper is not None
    assert keeper.running == 0
    assert len(story.fills.ended) == 1
    story.upstream_sees("open")


def test_who_leaves_an_answer_that_is_not_stored_ends_it(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a").upstream(PRIVATE + b"content-length: 4\r\n\r\nab")
    story.client_gets(200, b"ab", end=False).client_leaves().upstream_sees("closed")
    assert running(story) == [0]


def test_an_answer_that_is_stored_has_no_trailers_and_announces_none(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a")
    story.upstream(FRESH + b"trailer: x-sum\r\n" + CHUNKED + b"2\r\nab\r\n0\r\nx-sum: 1\r\n\r\n")
    story.client_gets(200, b"ab", without=b"trailer", trailers=[])
    story.client(GET).client_gets(200, b"ab", without=b"trailer", trailers=[])


def test_trailers_reach_the_client_of_an_answer_that_is_not_stored(cached: Make) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a")
    story.upstream(PRIVATE + b"transfer-encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nx-sum: 1\r\n\r\n")
    story.client_gets(200, b"ab", trailers=[(b"x-sum", b"1")])


def test_a_body_that_grows_too_long_goes_to_those_who_read_it_and_no_further(cached: Make) -> None:
    story = two(cached(policy=Policy(max_object=50000)))
    story.upstream(FRESH + CHUNKED)
    story.client_gets(200, b"", end=False, at=0).client_gets(200, b"", end=False)
    piece = b"%x\r\n%b\r\n" % (40000, bytes(40000))
    story.upstream(piece)
    story.connects().client(GET).client_gets(200, bytes(40000), end=False)
    story.upstream(piece)
    story.connects().client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI)
    story.client_gets(200, b"hi")
    story.upstream(b"0\r\n\r\n", at=0)
    for number in range(2):
        story.client_gets(body=bytes(80000), at=number)
    story.client_gets(body=bytes(40000), at=2)
    assert story.store.stat().objects == 0


def test_a_body_that_grows_too_long_is_not_read_for_nobody(cached: Make) -> None:
    story = cached(policy=Policy(max_object=50000))
    story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + CHUNKED)
    story.client_gets(200, b"", end=False).client_leaves().upstream_sees("open")
    piece = b"%x\r\n%b\r\n" % (40000, bytes(40000))
    story.upstream(piece).upstream_sees("open").upstream(piece).upstream_sees("closed")
    assert running(story) == [0]


def test_a_client_that_reads_slowly_is_no_silence(cached: Make) -> None:
    story = cached(timeouts=Timeouts(idle=10.0))
    story.client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(PRIVATE + b"content-length: 3000000\r\n\r\n")
    while not story.upstreams[-1].transport.paused:
        story.upstream(bytes(50000))
    for _ in range(10):
        story.client_drained(1000).advance(5.0)
    assert not story.recorder.ended
    story.client_leaves()
    story.clients[-1].transport.arrived.clear()


# --- failures -------------------------------------------------------------------------------------


def test_all_who_wait_get_an_error_page_of_their_own(cached: Make) -> None:
    story = two(cached(retries=1))
    story.upstream(b"nonsense\r\n\r\n")
    story.client_gets(502, at=0).client_gets(502)
    assert running(story) == [0]


def test_an_answer_that_breaks_off_is_cut_for_all_and_not_stored(cached: Make) -> None:
    story = two(cached()).upstream(FRESH + b"content-length: 4\r\n\r\nab")
    story.client_gets(200, b"ab", end=False, at=0).client_gets(200, b"ab", end=False)
    story.upstream_resets()
    story.client_sees("closed", at=0).client_sees("closed")
    story.connects().client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI)
    story.client_gets(200, b"hi")
    assert running(story) == [0]


def test_an_endpoint_that_refuses_is_an_error_for_all(cached: Make) -> None:
    story = cached(retries=1).endpoint("hangs").client(GET).connects().client(GET)
    story.endpoint("refuses").client_gets(502, at=0).client_gets(502)


def test_a_failed_attempt_is_repeated_for_all(cached: Make) -> None:
    story = cached(endpoints=2)
    story.client(GET).connects().client(GET).upstream_gets(b"GET /a").upstream_resets()
    story.upstream_gets(b"GET /a", at=1).upstream(FRESH + HI, at=1)
    story.client_gets(200, b"hi", at=0).client_gets(200, b"hi")


def test_an_origin_that_says_nothing_is_waited_for_once(cached: Make) -> None:
    story = two(cached(timeouts=Timeouts(response=10.0), retries=1)).advance(11.0)
    story.client_gets(504, at=0).client_gets(504)
    assert running(story) == [0]


@pytest.mark.parametrize("where", ["appraised", "Arriving"])
@pytest.mark.parametrize("rest", [b"hi", b"h"])
def test_a_defect_of_the_cache_leaves_nobody_waiting(
    cached: Make, monkeypatch: pytest.MonkeyPatch, where: str, rest: bytes
) -> None:
    def raises(*_: object) -> None:
        raise ValueError("a defect")

    monkeypatch.setattr(fill, where, raises)
    story = two(cached()).upstream(FRESH + b"content-length: 2\r\n\r\n" + rest)
    story.client_gets(500, at=0).client_gets(500).reported(ValueError)
    story.upstream_sees("open" if rest == b"hi" else "closed")
    assert running(story) == [0]
    assert len(story.fills.ended) == 1


def test_an_old_client_reads_to_the_close_while_it_comes(cached: Make) -> None:
    story = cached()
    story.client(GET).connects().client(b"GET /a HTTP/1.0\r\nhost: x\r\n\r\n")
    story.upstream_gets(b"GET /a").upstream(FRESH + CHUNKED + b"2\r\nab\r\n")
    story.client_gets(200, b"ab", end=False, at=0)
    story.upstream(b"0\r\n\r\n").client_gets(body=b"", at=0)
    message = story._read(story.clients[-1], True, False)
    assert (message.body, message.ended) == (b"ab", True)
    message.body = b""
    story.client_sees("closed")


# --- interim answers, Vary, ranges ----------------------------------------------------------------


def test_interim_answers_are_for_whose_request_was_sent(cached: Make) -> None:
    hint = b"HTTP/1.1 103 Early Hints\r\nlink: </A.css>\r\n\r\n"
    story = two(cached()).upstream(hint).client_gets(103, at=0).client_gets_nothing()
    story.upstream(FRESH + HI).client_gets(200, b"hi", at=0).client_gets(200, b"hi")
    story = two(cached()).client_leaves(at=0).upstream(hint).client_gets_nothing()
    story.upstream(FRESH + HI).client_gets(200, b"hi")


def asks(language: bytes) -> bytes:
    return GET.replace(b"\r\n\r\n", b"\r\naccept-language: %b\r\n\r\n" % language)


def test_those_who_differ_in_what_chose_it_ask_together_for_theirs(cached: Make) -> None:
    story = cached()
    for language in (b"en", b"de", b"de", b"en"):
        story.connects().client(asks(language))
    story.upstream_gets(b"GET /a").upstream(FRESH + b"vary: accept-language\r\n" + HI)
    story.client_gets(200, b"hi", at=0).client_gets(200, b"hi", at=3)
    story.upstream_gets(b"GET /a").upstream_gets_nothing()
    story.upstream(FRESH + b"vary: accept-language\r\ncontent-length: 2\r\n\r\nde")
    story.client_gets(200, b"de", at=1).client_gets(200, b"de", at=2)
    story.connects().client(asks(b"fr")).connects().client(asks(b"it"))
    for number in range(2):
        story.upstream_gets(b"GET /a", at=number).upstream(FRESH + HI, at=number)
        story.client_gets(200, b"hi", at=4 + number)


def test_vary_on_everything_lets_all_go(cached: Make) -> None:
    story = two(cached()).upstream(FRESH + b"vary: *\r\n" + HI).client_gets(200, b"hi", at=0)
    story.upstream_gets(b"GET /a").upstream(FRESH + b"vary: *\r\n" + HI).client_gets(200, b"hi")


def test_ranges_of_one_that_is_being_stored_are_asked_for_apart(cached: Make) -> None:
    story = cached()
    part = GET.replace(b"\r\n\r\n", b"\r\nrange: bytes=0-0\r\n\r\n")
    story.client(GET).upstream_gets(b"GET /a").connects().client(part)
    story.upstream_gets(b"GET /a", field=(b"range", b"bytes=0-0"))
    story.upstream(FRESH + b'etag: "1"\r\n' + HI, at=0).client_gets(200, b"hi", at=0)
    story.upstream(
        b'HTTP/1.1 206 Partial Content\r\ncache-control: max-age=60\r\netag: "1"\r\n'
        b"content-range: bytes 0-0/2\r\ncontent-length: 1\r\n\r\nh"
    )
    story.client_gets(206, b"h")
    story.client(part).client_gets(206, b"h").client(GET).client_gets(200, b"hi")


def test_a_conditional_request_that_waited_is_answered_as_one(cached: Make) -> None:
    story = cached()
    asked = GET.replace(b"\r\n\r\n", b'\r\nif-none-match: "1"\r\n\r\n')
    story.client(GET).upstream_gets(b"GET /a").connects().client(asked).upstream_gets_nothing()
    story.upstream(FRESH + b'etag: "1"\r\n' + HI).client_gets(200, b"hi", at=0)
    story.client_gets(304)


def test_of_what_may_not_be_stored_little_is_read_for_a_client_that_has_much_to_take(
    cached: Make,
) -> None:
    story = cached()
    story.client(GET).upstream_gets(b"GET /a")
    (fill,) = story.shelf.asked.values()
    (asked,) = story.fills.began
    exchange = story.recorder.began[-1]
    exchange.sips = True
    assert exchange.upstream is not None
    exchange.upstream.sip(True)
    assert asked.sips
    story.connects().client(GET)
    assert not asked.sips, "another has room"
    story.client_leaves()
    assert asked.sips
    story.upstream(FRESH + b"content-length: 4\r\n\r\nab")
    assert not asked.sips, "it goes to the store"
    story.upstream(b"cd").client_gets(200, b"abcd", at=0)
    assert fill not in story.shelf.asked.values()


def test_where_nothing_can_be_stored_no_answer_says_that_it_was(cached: Make) -> None:
    story = cached(size=1)
    told = [b"Porch; fwd=uri-miss; ttl=60; stored", *[b"Porch; fwd=uri-miss; ttl=60"] * 2]
    for each in told:  # of the first it is not known yet
        story.client(GET).upstream_gets(b"GET /a").upstream(FRESH + HI)
        story.client_gets(200, b"hi", field=(b"cache-status", each)).advance(0.1, 0.01)
    assert story.store.stat().objects == 0
