"""Who of many that ask at once is given what one of them has brought: nobody gets another's."""

from collections.abc import Callable, Iterator

import pytest

from porch.cache.policy import Policy
from tests.support.cached import Cached

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
HI = b"content-length: 2\r\n\r\nhi"
A_S = b"content-length: 1\r\n\r\nA"
B_S = b"content-length: 1\r\n\r\nB"

Make = Callable[..., Cached]


@pytest.fixture
def cached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Cached]]:
    made: list[Cached] = []

    def make(**settings: object) -> Cached:
        made.append(Cached(monkeypatch, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.finish()


def of(name: bytes) -> bytes:
    return GET.replace(b"\r\n\r\n", b"\r\ncookie: user=%b\r\n\r\n" % name)


BRIEF = b"HTTP/1.1 200 OK\r\ncache-control: max-age=1\r\n"


def test_an_answer_for_less_than_it_took_is_for_all_who_waited(cached: Make) -> None:
    story = cached()
    for _ in range(3):
        story.connects().client(GET)
    story.advance(2.0).upstream_gets(b"GET /a").dialled(1).upstream(BRIEF + HI)
    for number in range(3):
        story.client_gets(200, b"hi", at=number)
    story.client(GET).upstream_gets(b"GET /a", field=None).upstream(BRIEF + HI)
    story.client_gets(200, b"hi", field=(b"cache-status", b"Porch; fwd=stale; ttl=1; stored"))
    story.client(GET).client_gets(200, b"hi").upstream_gets_nothing()


@pytest.mark.parametrize("more", [b"no-cache", b"no-store", b"private"])
def test_nor_is_it_where_it_says_that_it_is_not(cached: Make, more: bytes) -> None:
    story = cached()
    for _ in range(2):
        story.connects().client(GET)
    start = BRIEF.replace(b"max-age=1", b"max-age=1, " + more)
    story.advance(2.0).upstream_gets(b"GET /a", at=0).upstream(start + HI, at=0)
    story.client_gets(200, b"hi", at=0)
    story.upstream_gets(b"GET /a").upstream(start + HI).client_gets(200, b"hi", at=1)


ASKED_EACH_TIME = [
    b'HTTP/1.1 200 OK\r\netag: "1"\r\n',
    b'HTTP/1.1 200 OK\r\netag: "1"\r\ncache-control: no-cache\r\n',
    b'HTTP/1.1 200 OK\r\netag: "1"\r\ncache-control: max-age=0, must-revalidate\r\n',
    b'HTTP/1.1 200 OK\r\netag: "1"\r\nexpires: 0\r\n',
]


@pytest.mark.parametrize("start", ASKED_EACH_TIME)
def test_whom_an_origin_may_know_by_the_address_alone_is_told_apart_by_that(
    cached: Make, start: bytes
) -> None:
    story = cached()
    for last in (1, 2, 1):
        story.connects(f"192.0.2.{last}").client(GET)
    story.upstream_gets(b"GET /a", field=(b"x-forwarded-for", b"192.0.2.1"), at=0)
    story.upstream(start + A_S, at=0)
    story.client_gets(200, b"A", at=0).client_gets(200, b"A", at=2).client_gets_nothing(at=1)
    story.upstream_gets(b"GET /a", field=(b"x-forwarded-for", b"192.0.2.2"))
    story.upstream(start + B_S).client_gets(200, b"B", at=1)


def test_what_is_stale_for_no_time_is_for_no_other(cached: Make) -> None:
    start = b'HTTP/1.1 200 OK\r\netag: "1"\r\ncache-control: max-age=0, stale-if-error=0\r\n'
    story = cached()
    for name in (b"A", b"B"):
        story.connects().client(of(name))
    story.upstream_gets(b"GET /a", at=0).upstream(start + A_S, at=0).client_gets(200, b"A", at=0)
    story.client_gets_nothing(at=1)
    story.upstream_gets(b"GET /a").upstream(start + B_S).client_gets(200, b"B", at=1)


@pytest.mark.parametrize("start", ASKED_EACH_TIME)
@pytest.mark.parametrize("field", [b"cookie", b"x-api-key"])
def test_what_nobody_may_have_unasked_is_for_those_who_say_the_same_of_themselves(
    cached: Make, start: bytes, field: bytes
) -> None:
    """Such a page may be one user's: as long as all come to it, the origin tells them apart."""

    def of(name: bytes) -> bytes:
        return GET.replace(b"\r\n\r\n", b"\r\n%b: user=%b\r\n\r\n" % (field, name))

    story = cached()
    for name in (b"A", b"B", b"A", b"B"):
        story.connects().client(of(name))
    story.upstream_gets(b"GET /a", field=(field, b"user=A"), at=0).upstream(start + A_S, at=0)
    story.client_gets(200, b"A", at=0).client_gets(200, b"A", at=2)
    story.client_gets_nothing(at=1).client_gets_nothing(at=3)
    story.upstream_gets(b"GET /a", field=(field, b"user=B")).upstream(start + B_S)
    story.client_gets(200, b"B", at=1).client_gets(200, b"B", at=3)
    story.client(of(b"A"), at=0).client(of(b"B"), at=1)  # what chooses is known from now on
    story.upstream_gets(b"GET /a", field=(field, b"user=A"), at=0)
    story.upstream_gets(b"GET /a", field=(field, b"user=B"), at=1)
    story.upstream(start + B_S, at=1).client_gets(200, b"B", at=1)
    story.upstream(start + A_S, at=0).client_gets(200, b"A", at=0)


def test_a_304_to_one_says_nothing_of_another(cached: Make) -> None:
    story = cached().client(of(b"A")).upstream_gets(b"GET /a").upstream(ASKED_EACH_TIME[0] + A_S)
    story.client_gets(200, b"A")
    story.client(of(b"A")).connects().client(of(b"B"))
    story.upstream_gets(b"GET /a", field=(b"cookie", b"user=A"), at=0)
    story.upstream_gets(b"GET /a", field=(b"cookie", b"user=B"), at=1)
    story.upstream(b'HTTP/1.1 304 Not Modified\r\netag: "1"\r\n\r\n', at=0)
    story.client_gets(200, b"A", at=0).client_gets_nothing(at=1)
    story.upstream(ASKED_EACH_TIME[0].replace(b'"1"', b'"2"') + B_S, at=1)
    story.client_gets(200, b"B", at=1)


def test_a_304_that_makes_it_anothers_is_for_that_one(cached: Make) -> None:
    story = cached().client(of(b"A")).upstream_gets(b"GET /a").upstream(ASKED_EACH_TIME[0] + A_S)
    story.client_gets(200, b"A").client(of(b"B")).upstream_gets(b"GET /a")
    story.upstream(b'HTTP/1.1 304 Not Modified\r\netag: "1"\r\ncache-control: private\r\n\r\n')
    story.client_gets(200, b"A")


def got(story: Cached, at: int = -1, status: int = 200) -> bytes:
    """All that has come to a client, an answer."""
    arrived = bytes(story.clients[at].transport.arrived)
    story.client_gets(status, at=at)
    return arrived


MINE = [b'private="set-cookie, x-user"', b'no-cache="set-cookie, x-user"']


@pytest.mark.parametrize("said", MINE)
def test_what_is_said_to_be_for_one_reaches_the_one_whose_request_it_was(
    cached: Make, said: bytes
) -> None:
    story = cached()
    for name in (b"A", b"B"):
        story.connects().client(of(name))
    start = b"HTTP/1.1 200 OK\r\ncache-control: max-age=60, %b\r\n" % said
    story.upstream_gets(b"GET /a", field=(b"cookie", b"user=A"))
    mine = b"set-cookie: s=A\r\nset-cookie: t=A\r\nx-user: A\r\nage: 3\r\n"
    story.upstream(start + mine + HI)
    seen = got(story, 0)
    assert seen.count(b"set-cookie: s=A\r\nset-cookie: t=A\r\nx-user: A\r\n") == 1
    assert seen.count(b"\r\nage: 3\r\n") == seen.count(b"\r\nage: ") == 1
    assert b"=A" not in got(story, 1)
    story.client(of(b"C"))
    assert b"=A" not in got(story)
    story.upstream_gets_nothing()


def test_where_the_site_wants_no_cookies_kept_nobody_has_them(cached: Make) -> None:
    story = cached(policy=Policy(ignore=frozenset((b"set-cookie",)))).client(GET)
    start = b'HTTP/1.1 200 OK\r\ncache-control: max-age=60, private="x-user"\r\nx-user: A\r\n'
    story.upstream_gets(b"GET /a").upstream(start + b"set-cookie: s=A\r\n" + HI)
    seen = got(story)
    assert b"x-user: A\r\n" in seen
    assert b"set-cookie:" not in seen


def test_a_part_that_completes_another_has_the_cookies_it_came_with(cached: Make) -> None:
    story = cached()
    asked = GET.replace(b"\r\n\r\n", b"\r\nrange: bytes=0-1\r\n\r\n")
    part = (
        b'HTTP/1.1 206 Partial Content\r\ncache-control: max-age=60, private="set-cookie"\r\n'
        b'etag: "1"\r\nset-cookie: s=A\r\ncontent-length: 2\r\ncontent-range: bytes %b/4\r\n\r\nhi'
    )
    story.client(asked).upstream_gets(b"GET /a").upstream(part % b"0-1")
    assert got(story, status=206).count(b"set-cookie: s=A\r\n") == 1
    story.client(GET).upstream_gets(b"GET /a", field=(b"range", b"bytes=2-"))
    story.upstream(part % b"2-3")
    seen = got(story)
    assert seen.startswith(b"HTTP/1.1 200 ")
    assert seen.count(b"set-cookie: s=A\r\n") == 1
    story.client(GET)
    assert b"set-cookie:" not in got(story)


CHANGED = b"Tue, 14 Nov 2023 22:00:00 GMT"
DATED = b"HTTP/1.1 200 OK\r\ncache-control: no-cache\r\nlast-modified: %b\r\n" % CHANGED


def test_by_a_date_nobody_is_asked_about_anothers_answer(cached: Make) -> None:
    """B's page may be older than A's: to be asked whether it has changed since says nothing."""
    story = cached().client(of(b"A")).upstream_gets(b"GET /a").upstream(DATED + A_S)
    story.client_gets(200, b"A").client(of(b"B"))
    story.upstream_gets(b"GET /a", without=b"if-modified-since").upstream(DATED + B_S)
    story.client_gets(200, b"B").client(of(b"B"))
    date = (b"if-modified-since", CHANGED)
    story.upstream_gets(b"GET /a", field=date)
    story.upstream(b"HTTP/1.1 304 Not Modified\r\n\r\n").client_gets(200, b"B")


def test_nor_by_one_beside_a_tag(cached: Make) -> None:
    start = DATED + b'etag: "1"\r\n'
    story = cached().client(of(b"A")).upstream_gets(b"GET /a").upstream(start + A_S)
    story.client_gets(200, b"A").client(of(b"B"))
    story.upstream_gets(
        b"GET /a", field=(b"if-none-match", b'"1"'), without=b"if-modified-since"
    ).upstream(start.replace(b'"1"', b'"2"') + B_S)
    story.client_gets(200, b"B")


def test_what_head_says_to_one_makes_nothing_his(cached: Make) -> None:
    story = cached().client(of(b"A")).upstream_gets(b"GET /a").upstream(ASKED_EACH_TIME[0] + A_S)
    story.client_gets(200, b"A").client(of(b"B").replace(b"GET", b"HEAD"))
    story.upstream_gets(b"HEAD /a").upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n")
    story.client_gets(200, bodiless=True)
    stale = of(b"B").replace(b"\r\n\r\n", b"\r\ncache-control: max-stale\r\n\r\n")
    story.client(stale).upstream_gets(b"GET /a").upstream(ASKED_EACH_TIME[0] + B_S)
    story.client_gets(200, b"B")
