"""An answer from inside: the exchange it is had with, what of it goes on, and what is kept."""

from typing import Any

import pytest

from porch.cache.appraise import appraise
from porch.cache.policy import Policy
from porch.cache.refusal import Refusal
from porch.errors import ClientGone, IncompleteResponse
from porch.filter import SUSPEND, Filter, Kept, Response
from porch.http.message import Field, RequestHead, ResponseHead
from porch.identity import Identity
from porch.route.plan import Plan
from porch.route.route import Route
from porch.shield.inside import Inside, depth_of, merged
from tests.test_exchange import Bench, FakeStream

ORIGINS = [
    (b"content-type", b"application/pdf"),
    (b"content-disposition", b"attachment"),
    (b"cache-control", b"private"),
    (b"set-cookie", b"a=1"),
    (b"set-cookie", b"b=2"),
    (b"vary", b"Cookie"),
    (b"etag", b'"theirs"'),
    (b"content-length", b"9"),
    (b"x-other", b"1"),
]
PRIVATE = (b"cache-control", b"private")
FILE = [(b"last-modified", b"Sun, 06 Nov 1994 08:49:37 GMT"), (b"etag", b'"1"')]


def made(status: int, *fields: Field) -> list[Field]:
    return merged(ORIGINS, ResponseHead(status, list(fields)))


def test_what_says_how_to_read_and_keep_it_is_the_origins() -> None:
    assert made(200, (b"content-type", b"text/plain"), (b"etag", b'"1"'), (b"vary", b"Accept")) == [
        (b"etag", b'"1"'),
        (b"vary", b"Accept"),
        *ORIGINS[:3],
        *ORIGINS[3:6],
    ]


def test_where_the_origin_says_no_type_the_files_own_stands() -> None:
    found = merged([(b"x", b"y")], ResponseHead(200, [(b"content-type", b"text/plain")]))
    assert found == [(b"content-type", b"text/plain"), PRIVATE]


def test_an_error_is_not_what_the_origin_described() -> None:
    assert made(404, (b"content-type", b"text/html")) == [
        (b"content-type", b"text/html"),
        PRIVATE,
        *ORIGINS[3:5],
    ]


@pytest.mark.parametrize(
    "says",
    [
        (b"cache-control", b"max-age=60"),
        (b"cache-control", b"s-maxage=60, must-revalidate"),
        (b"expires", b"Sun, 06 Nov 1994 08:49:37 GMT"),
        (b"cache-control", b"Public, Max-Age=60"),
        (b"cdn-cache-control", b"max-age=60, stale-if-error=5, must-revalidate"),
    ],
)
def test_how_long_is_what_the_origin_itself_says(says: Field) -> None:
    inside = [*FILE, (b"cache-control", b"max-age=9"), (b"porch-cache-control", b"max-age=9")]
    assert merged([says], ResponseHead(200, inside)) == [*FILE, says]


@pytest.mark.parametrize(
    "says",
    [
        (b"x", b"y"),
        (b"cache-control", b"public"),
        (b"cache-control", b'x="a,max-age=60,b"'),
        (b"cdn-cache-control", b"public"),
        (b"cdn-cache-control", b'max-age="60"'),
        (b"cdn-cache-control", b"max-age=60, stale-if-error"),
        (b"pragma", b"x"),
    ],
)
@pytest.mark.parametrize("status", [200, 206, 304, 404, 410])
@pytest.mark.parametrize(
    "inner",
    [(b"cache-control", b"max-age=9"), (b"porch-cache-control", b"max-age=9"), (b"x", b"z")],
)
def test_what_it_says_nothing_of_is_for_one(says: Field, status: int, inner: Field) -> None:
    found = merged([says], ResponseHead(status, [*FILE, inner], 5))
    assert found.count(PRIVATE) == 1
    for policy in (Policy(), Policy(ttl=60.0)):
        request = RequestHead(b"GET", b"/a", b"x", b"https", [])
        head = ResponseHead(status, found, 5)
        kept = appraise(request, head, policy, requested=1e9, received=1e9, stored=1e9)
        assert isinstance(kept, Refusal)


def test_several_parts_and_none_have_no_type_of_the_whole() -> None:
    parts = (b"content-type", b"multipart/byteranges; boundary=x")
    assert parts in made(206, parts)
    assert ORIGINS[0] not in made(206, parts)
    assert ORIGINS[0] not in made(304)
    assert ORIGINS[0] in made(206, (b"content-type", b"text/plain"))


class Answers(Filter):
    """Answers, or does not yet."""

    def __init__(self, response: Response | None) -> None:
        self.response = response
        self.asked: Any = None
        self.ended = 0

    def on_request(self, exchange: Any) -> Response | None:
        self.asked = exchange
        return self.response

    def on_end(self, exchange: Any) -> None:
        self.ended += 1


class Rest:
    """A source whose stream is told what to do."""

    def __init__(self) -> None:
        self.stream = FakeStream()

    def open(self, exchange: Any) -> bool:
        exchange.client.send(exchange.response, b"", False)
        return False

    def begin(self, exchange: Any) -> Any:
        return self.stream


def inside(answers: Answers, **head: Any) -> tuple[Bench, Inside]:
    bench = Bench(FakeStream(), **head)
    bench.exchange.identity = Identity("ann", "basic")
    bench.exchange.request.fields = [
        (b"cookie", b"a=1"),
        (b"range", b"bytes=0-1"),
        (b"content-type", b"x/y"),
        (b"content-length", b"4"),
    ]
    route = Route(key="inside", plan=Plan([answers]))
    return bench, Inside(bench.exchange, ResponseHead(200, ORIGINS), route, b"/inside")


@pytest.mark.parametrize(
    ("came", "goes"), [(b"GET", b"GET"), (b"HEAD", b"HEAD"), (b"POST", b"GET")]
)
def test_it_asks_in_the_clients_name_and_without_its_body(came: bytes, goes: bytes) -> None:
    answers = Answers(Response(200, (), b"hi"))
    bench, asked = inside(answers, method=came)
    kept = asked.start()
    assert isinstance(kept, Kept)
    assert (kept.status, kept.body, kept.source) == (200, b"hi", None)
    request = answers.asked.request
    assert (request.method, request.target, request.length) == (goes, b"/inside", 0)
    assert request.fields == [(b"cookie", b"a=1"), (b"range", b"bytes=0-1")]
    assert answers.asked.identity is bench.exchange.identity
    assert answers.asked.client_ip == bench.exchange.client_ip
    assert answers.ended == 1
    assert bench.pools.running == 0, "it is none of the door's"
    assert answers.asked.keeper.running == 0, "it has taken itself off"


def whole(answers: Answers, source: Rest) -> tuple[Bench, Inside, Any]:
    """An answer that has begun, at its client's."""
    head = ResponseHead(200, [(b"content-length", b"6")], 6)
    answers.response = Kept(head, b"ab", source)  # type: ignore[arg-type]
    bench, asked = inside(answers)
    kept = asked.start()
    assert kept is not None
    bench.exchange.answer(kept)
    return bench, asked, answers.asked


def test_the_rest_comes_as_it_comes_and_waits_for_a_client_that_is_full() -> None:
    bench, _, asked = whole(Answers(None), source := Rest())
    assert bench.exchange.response is not None
    assert bench.exchange.response.get(b"content-disposition") == b"attachment"
    bench.exchange.on_client_full()
    assert source.stream.told == ["pause"]
    bench.exchange.on_client_drained()
    assert source.stream.told == ["pause", "resume"]
    asked.on_made(None, b"cd", False)
    asked.on_made(None, b"ef", True)
    assert [data for _, data, _ in bench.client.sent] == [b"ab", b"cd", b"ef"]
    assert bench.exchange.ended
    assert bench.exchange.bytes_out == 6
    assert bench.pools.running == -1


def test_what_breaks_inside_is_cut_outside() -> None:
    bench, _, asked = whole(Answers(None), Rest())
    asked.fail(IncompleteResponse("it broke"))
    assert bench.client.told == ["abort", "finish early"]
    assert isinstance(bench.exchange.error, IncompleteResponse)
    assert bench.pools.running == -1, "the one that asked took itself off, once"


def test_a_client_that_leaves_ends_what_is_inside() -> None:
    answers = Answers(None)
    bench, _, asked = whole(answers, source := Rest())
    bench.exchange.fail(ClientGone())
    assert source.stream.told == ["abort"]
    assert bench.client.told == ["abort", "finish early"]
    assert bench.pools.running == -1
    assert asked.ended
    assert answers.ended == 1


def test_what_is_answered_late_resumes_who_waits() -> None:
    class Late(Answers):
        def on_request(self, exchange: Any) -> Any:
            self.asked = exchange
            return SUSPEND

    answers = Late(None)
    bench, asked = inside(answers)
    assert asked.start() is None
    answers.asked.resume(Response(200, (), b"late"))
    assert [data for _, data, _ in bench.client.sent] == [b"late"]
    assert bench.exchange.ended


def test_one_that_nobody_waits_for_any_more_ends() -> None:
    class Never(Answers):
        def on_request(self, exchange: Any) -> Any:
            self.asked = exchange
            return SUSPEND

    answers = Never(None)
    _, asked = inside(answers)
    asked.start()
    asked.leave()
    assert answers.asked.ended
    asked.leave()
    assert answers.ended == 1


def test_an_error_inside_has_the_page_of_who_asked_and_its_reason_is_told() -> None:
    bench = Bench(FakeStream())
    pages: list[Any] = []

    def page(exchange: Any, error: Any) -> Response:
        pages.append(exchange)
        return Response(error.status, ((b"x", b"y"),), error.word.encode())

    bench.pools.error_page = page
    asked = Inside(bench.exchange, ResponseHead(200, ORIGINS), Route(key="none"), b"/x")
    made = asked.start()
    assert made is not None
    assert pages == [bench.exchange], "it names the path that was asked for, not the one inside"
    assert (made.status, made.body) == (500, b"proxy_internal_error")
    assert list(made.fields) == [(b"x", b"y"), *ORIGINS[3:5]]
    assert bench.exchange.error is not None


def test_each_stands_one_deeper() -> None:
    answers = Answers(Response(200))
    bench, asked = inside(answers)
    assert (depth_of(bench.exchange), asked.depth) == (0, 1)
    asked.start()
    assert depth_of(answers.asked) == 1
