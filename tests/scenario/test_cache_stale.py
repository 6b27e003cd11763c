"""Stale answers: while the origin is asked again, and where it fails."""

from collections.abc import Callable, Iterator

import pytest

from porch.cache import fill
from porch.cache.key import KeyRules, digest, make
from porch.cache.policy import Policy
from porch.http.message import RequestHead
from porch.route.route import RUNNING, Timeouts
from tests.support.cached import Cached

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
HI = b'etag: "1"\r\ncontent-length: 2\r\n\r\nhi'
NEW = b'HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\netag: "2"\r\ncontent-length: 3\r\n\r\nnew'
BUSY = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
VALID = b'HTTP/1.1 304 Not Modified\r\ncache-control: max-age=60\r\netag: "1"\r\n\r\n'

Make = Callable[..., Cached]


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Cached] = []

    def make(**settings: object) -> Cached:
        made.append(Cached(monkeypatch, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.finish()


def stored(story: Cached, directives: bytes) -> Cached:
    """An answer is stored that was fresh for ten seconds, and is stale now."""
    head = b"HTTP/1.1 200 OK\r\ncache-control: max-age=10, %b\r\n" % directives
    story.client(GET).upstream_gets(b"GET /a").upstream(head + HI).client_gets(200, b"hi")
    story.upstream_eof()
    return story.advance(11.0)  # type: ignore[return-value]


def test_a_stale_answer_goes_out_while_one_asks_for_all(cached: Make) -> None:
    story = stored(cached(), b"stale-while-revalidate=60")
    for _ in range(3):
        story.connects().client(GET).client_gets(200, b"hi")
    story.upstream_gets(b"GET /a", field=(b"if-none-match", b'"1"')).dialled(2).upstream(NEW)
    story.client(GET).client_gets(200, b"new").upstream_gets_nothing()
    assert story.endpoints[0].counts[RUNNING] == 0


def test_a_stale_answer_that_still_holds_is_fresh_again(cached: Make) -> None:
    story = stored(cached(), b"stale-while-revalidate=60")
    story.client(GET).client_gets(200, b"hi").upstream_gets(b"GET /a").upstream(VALID)
    story.client(GET).client_gets(200, b"hi", field=(b"cache-status", b"Porch; hit; ttl=60"))
    story.upstream_gets_nothing()


def test_another_worker_that_asks_already_is_enough(cached: Make) -> None:
    story = stored(cached(), b"stale-while-revalidate=60")
    story.client(GET).client_gets(200, b"hi").upstream_gets(b"GET /a")
    (name,) = story.locks.mine
    story.upstream(BUSY).advance(2.0)
    story.locks.others = {name}
    story.client(GET).client_gets(200, b"hi").upstream_gets_nothing()


def test_a_refresh_that_fails_is_not_tried_by_every_hit(cached: Make) -> None:
    story = stored(cached(retries=1), b"stale-while-revalidate=60")
    story.endpoint("refuses")
    for _ in range(5):
        story.client(GET).client_gets(200, b"hi")
    story.dialled(2).advance(1.5).client(GET).client_gets(200, b"hi").dialled(3)


def test_a_dead_origin_has_the_stale_one_stand_in(cached: Make) -> None:
    story = stored(cached(retries=1), b"stale-if-error=60").endpoint("refuses")
    for _ in range(2):
        story.client(GET).client_gets(200, b"hi", end=True)
    assert story.latest.error is not None


ERROR = b"HTTP/1.1 500 No\r\ncache-control: max-age=5\r\ncontent-length: 5\r\n\r\nerror"
RELOAD = GET.replace(b"\r\n\r\n", b"\r\ncache-control: no-cache, stale-if-error=0\r\n\r\n")


@pytest.mark.parametrize("directives", [b"stale-if-error=60", b"stale-while-revalidate=60"])
@pytest.mark.parametrize("asked", [GET, RELOAD])
def test_an_error_that_may_be_kept_takes_the_place_of_none_that_stands_in(
    cached: Make, directives: bytes, asked: bytes
) -> None:
    """Neither an outage nor one client that makes the origin fail leaves the others an error."""
    story = stored(cached(), directives)
    for _ in range(3):
        story.client(asked).upstream_gets(b"GET /a").upstream(ERROR)
        story.client_gets(500 if asked is RELOAD else 200).advance(2.0)  # who wants nothing stale
    story.client(GET).upstream_gets(b"GET /a").upstream(NEW).client_gets(200)


def test_a_reload_that_makes_the_origin_fail_leaves_a_fresh_page_to_all(cached: Make) -> None:
    story = cached(policy=Policy(status_ttl={500: 5.0}))
    page = b"HTTP/1.1 200 OK\r\ncache-control: max-age=600\r\n" + HI
    story.client(GET).upstream_gets(b"GET /a").upstream(page).client_gets(200, b"hi")
    story.client(RELOAD).upstream_gets(b"GET /a").upstream(BUSY.replace(b"503", b"500"))
    story.client_gets(200, b"hi")
    story.client(GET).client_gets(200, b"hi").upstream_gets_nothing()


def test_an_error_takes_the_place_of_what_may_not_stand_in(cached: Make) -> None:
    story = stored(cached(), b"must-revalidate")
    story.client(GET).upstream_gets(b"GET /a").upstream(ERROR).client_gets(500, b"error")
    story.client(GET).client_gets(500, b"error").upstream_gets_nothing()


def test_a_503_has_the_stale_one_stand_in_each_time(cached: Make) -> None:
    story = stored(cached(), b"stale-if-error=60")
    for _ in range(3):
        story.client(GET).upstream_gets(b"GET /a").upstream(BUSY)
        status = b'Porch; fwd=stale; fwd-status=503; ttl=-1; detail="status-503"'
        story.client_gets(200, b"hi", field=(b"cache-status", status))
    assert story.endpoints[0].counts[RUNNING] == 0


HEAD = GET.replace(b"GET", b"HEAD")


def test_a_503_to_head_has_the_stale_head_stand_in_each_time(cached: Make) -> None:
    story = stored(cached(), b"stale-if-error=60")
    for _ in range(2):
        story.client(HEAD).upstream_gets(b"HEAD /a").upstream(BUSY)
        status = b'Porch; fwd=stale; fwd-status=503; ttl=-1; detail="status-503"'
        story.client_gets(200, bodiless=True, field=(b"cache-status", status))
    story.client(HEAD.replace(b"\r\n\r\n", b'\r\nif-none-match: "1"\r\n\r\n'))
    story.upstream_gets(b"HEAD /a").upstream(BUSY).client_gets(304, bodiless=True)
    assert story.endpoints[0].counts[RUNNING] == 0


def test_a_dead_origin_has_the_stale_head_stand_in_for_head(cached: Make) -> None:
    story = stored(cached(retries=1), b"stale-if-error=60").endpoint("refuses")
    status = b'Porch; fwd=stale; ttl=-1; detail="connection_refused"'
    story.client(HEAD).client_gets(200, bodiless=True, field=(b"cache-status", status))
    story.dialled(2)
    assert story.latest.error is not None
    assert story.latest.error.word == "connection_refused"


def test_a_head_has_the_error_where_nothing_may_stand_in(cached: Make) -> None:
    story = stored(cached(timeouts=Timeouts(response=5.0), retries=1), b"stale-if-error=5")
    wants = HEAD.replace(b"\r\n\r\n", b"\r\ncache-control: stale-if-error=0\r\n\r\n")
    story.client(wants).upstream_gets(b"HEAD /a").upstream(BUSY)
    story.client_gets(503, bodiless=True, field=(b"cache-status", b"Porch; fwd=stale"))
    story.client(HEAD).upstream_gets(b"HEAD /a").advance(7.0)
    story.client_gets(504, bodiless=True, field=(b"cache-status", b"Porch; fwd=stale"))
    story = stored(cached(), b"must-revalidate")
    story.client(HEAD).upstream_gets(b"HEAD /a").upstream(BUSY).client_gets(503, bodiless=True)


def test_what_the_origin_says_to_head_of_an_error_that_is_none_of_its_own_goes_on(
    cached: Make,
) -> None:
    story = stored(cached(), b"stale-if-error=60")
    gone = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
    story.client(HEAD).upstream_gets(b"HEAD /a").upstream(gone).client_gets(404, bodiless=True)


def test_an_origin_that_hangs_has_the_stale_one_stand_in(cached: Make) -> None:
    story = stored(cached(timeouts=Timeouts(response=5.0), retries=1), b"stale-if-error=60")
    story.client(GET).upstream_gets(b"GET /a").advance(6.0).client_gets(200, b"hi")


def test_one_that_was_too_old_when_the_origin_failed_does_not_stand_in(cached: Make) -> None:
    story = stored(cached(timeouts=Timeouts(response=5.0), retries=1), b"stale-if-error=4")
    story.client(GET).upstream_gets(b"GET /a").advance(6.0).client_gets(504)


def test_one_that_was_purged_meanwhile_does_not_stand_in(cached: Make) -> None:
    story = stored(cached(timeouts=Timeouts(response=5.0), retries=1), b"stale-if-error=60")
    story.client(GET).upstream_gets(b"GET /a")
    story.store.purge("all")
    story.advance(6.0).client_gets(504)


def test_what_must_be_validated_never_stands_in(cached: Make) -> None:
    story = stored(cached(), b"must-revalidate")
    story.client(GET).connects().client(GET).upstream_gets(b"GET /a").upstream(BUSY)
    story.client_gets(503, at=0).upstream_gets(b"GET /a").upstream(BUSY).client_gets(503)


def test_who_waits_for_a_validation_gets_what_it_brings(cached: Make) -> None:
    story = stored(cached(policy=Policy(stale=0.0)), b"")
    story.client(GET).connects().client(GET).upstream_gets(b"GET /a").upstream(VALID)
    story.client_gets(200, b"hi", at=0).client_gets(200, b"hi").upstream_gets_nothing()


def test_a_validation_that_makes_it_private_is_for_one(cached: Make) -> None:
    story = stored(cached(policy=Policy(stale=0.0)), b"")
    private = b'HTTP/1.1 304 Not Modified\r\ncache-control: private\r\netag: "1"\r\n\r\n'
    story.client(GET).connects().client(GET).upstream_gets(b"GET /a").upstream(private)
    story.client_gets(200, b"hi", at=0).upstream_gets(b"GET /a").upstream(NEW)
    story.client_gets(200, b"new")


@pytest.mark.parametrize("said", [b"max-age=60", b'max-age=60, private="set-cookie"'])
def test_the_cookie_of_a_validation_is_for_the_one_whose_request_it_was(
    cached: Make, said: bytes
) -> None:
    name = b"set-cookie"
    story = stored(cached(policy=Policy(stale=0.0)), b"")
    head = b'HTTP/1.1 304 Not Modified\r\ncache-control: %b\r\netag: "1"\r\n' % said
    story.client(GET).connects().client(GET).upstream_gets(b"GET /a")
    story.upstream(head + name + b": sid=one\r\n\r\n")
    story.client_gets(200, b"hi", field=(name, b"sid=one"), at=0)
    if b"private" not in said:  # the other asks for itself
        story.upstream_gets(b"GET /a").upstream(NEW).client_gets(200, b"new", without=name)
    else:
        story.client_gets(200, b"hi", without=name)
        story.client(GET).client_gets(200, b"hi", without=name)


def test_the_cookie_of_a_validation_is_for_nobody_where_that_one_has_left(cached: Make) -> None:
    story = stored(cached(policy=Policy(stale=0.0)), b"")
    story.client(GET).connects().client(GET).upstream_gets(b"GET /a").client_leaves(at=0)
    story.upstream(VALID[:-2] + b"set-cookie: sid=one\r\n\r\n")
    story.upstream_gets(b"GET /a").upstream(NEW).client_gets(200, without=b"set-cookie")


def test_a_stale_one_stands_in_where_answers_could_not_be_stored_lately(cached: Make) -> None:
    story = stored(cached(), b"stale-if-error=60")
    private = b"HTTP/1.1 200 OK\r\ncache-control: private\r\ncontent-length: 0\r\n\r\n"
    story.client(GET).upstream_gets(b"GET /a").upstream(private).client_gets(200, b"")
    story.client(GET).upstream_gets(b"GET /a").upstream(BUSY).client_gets(200, b"hi")


LARGE = bytes(60_000)


def test_a_client_that_takes_nothing_is_given_no_more_than_a_head_of_a_stale_one(
    cached: Make,
) -> None:
    story = cached(retries=1)
    head = b"HTTP/1.1 200 OK\r\ncache-control: max-age=10, stale-if-error=60\r\n"
    length = b"content-length: %d\r\n\r\n" % len(LARGE)
    story.client(GET).upstream_gets(b"GET /a").upstream(head + length + LARGE)
    story.client_gets(200, LARGE).upstream_eof().advance(11.0)
    story.client(GET).upstream_gets(b"GET /a")
    exchange = story.recorder.began[-1]
    exchange.on_client_full()  # as by other streams of its connection
    story.upstream(BUSY)
    assert exchange.status == 200
    assert exchange.bytes_out == 0
    exchange.on_client_drained()
    story.advance(0.01).client_gets(200, LARGE)


def test_the_same_of_one_that_another_worker_has_validated(cached: Make) -> None:
    story = cached()
    entry = story.entry(LARGE, (b"etag", b'"1"'), lifetime=1.0)
    primary = digest(make(RequestHead(b"GET", b"/a", b"x", b"http", []), KeyRules()))
    ident = story.store.save(primary, entry, LARGE, story.store.moment())
    assert ident is not None
    story.advance(2.0)
    story.locks.others = {primary}
    story.client(GET).advance(0.05, 0.01)
    exchange = story.recorder.began[-1]
    exchange.on_client_full()
    fresh = story.entry(LARGE, (b"etag", b'"1"'), lifetime=0.0)
    assert story.store.freshen(primary, ident, fresh, story.store.moment())
    story.advance(0.05, 0.01).upstream_gets_nothing()
    assert exchange.status == 200
    assert exchange.bytes_out == 0
    exchange.on_client_drained()
    story.advance(0.01).client_gets(200, LARGE)


SILENT = b'HTTP/1.1 200 OK\r\netag: "1"\r\ncontent-length: 1\r\n\r\n'


def of(name: bytes, *fields: bytes) -> bytes:
    more = b"".join(b"%b\r\n" % each for each in fields)
    return GET.replace(b"\r\n\r\n", b"\r\ncookie: user=%b\r\n%b\r\n" % (name, more))


def test_what_nobody_may_have_unasked_does_not_stand_in_for_another(cached: Make) -> None:
    story = cached().client(of(b"A")).upstream_gets(b"GET /a").upstream(SILENT + b"A")
    story.client_gets(200, b"A").connects().client(of(b"B")).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").client_gets(503)
    story.client(of(b"A"), at=0).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n").client_gets(200, b"A", at=0)


@pytest.mark.parametrize("policy", [None, Policy(stale=60.0)])
def test_nor_is_it_given_for_the_asking(cached: Make, policy: Policy | None) -> None:
    """max-stale is what anybody may say."""
    story = cached(policy=policy).client(of(b"A")).upstream_gets(b"GET /a")
    start = SILENT.replace(b"etag", b"cache-control: max-age=0\r\netag")
    story.upstream(start + b"A").client_gets(200, b"A").connects()
    story.client(of(b"B", b"cache-control: max-stale")).upstream_gets(b"GET /a")
    story.upstream(start.replace(b'"1"', b'"2"') + b"B").client_gets(200, b"B")
    story.client(of(b"A", b"cache-control: max-stale, only-if-cached")).client_gets(504)


def test_to_its_own_asker_it_is_given_stale(cached: Make) -> None:
    story = cached().client(of(b"A")).upstream_gets(b"GET /a").upstream(SILENT + b"A")
    story.client_gets(200, b"A").client(of(b"A", b"cache-control: max-stale"))
    story.client_gets(200, b"A").upstream_gets(b"GET /a").upstream(SILENT + b"A")


@pytest.mark.parametrize("busy", [b"content-length: 0\r\n\r\n", b"content-length: 9\r\n\r\nbu"])
def test_a_503_behind_which_nobody_waits_any_more_is_no_defect(
    cached: Make, monkeypatch: pytest.MonkeyPatch, busy: bytes
) -> None:
    monkeypatch.setattr(fill, "MOST_ALONE", 0)
    story = cached().client(of(b"A")).upstream_gets(b"GET /a").upstream(SILENT + b"A")
    story.client_gets(200, b"A").client(of(b"A")).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 503 Busy\r\n" + busy).client_gets(200, b"A")
