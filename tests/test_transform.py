"""Answers that are changed on their way."""

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from porch.errors import BodyTooLarge
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Trailers
from porch.transform import SMALL, Transformed, transform
from tests.support.scenario import Scenario

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
WHOLE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


class Upper:
    """Says it louder."""

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        return trailers, data.upper() + (b"!" if end else b"")


class Hold(Upper):
    """Lets nothing out before the end."""

    def __init__(self) -> None:
        self.held = b""

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        self.held += data
        return trailers, self.held if end else b""


class Quote(Upper):
    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        return trailers, b"<" + data + b">"


class IntoBody(Upper):
    """Trailers become a part of the body."""

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        if trailers is not None:
            data += b"".join(b"%b=%b;" % field for field in trailers.fields)
        return None, data


class Out(Upper):
    """What was in the body goes behind it."""

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        return (Trailers([(b"last", data or b"nothing")]) if end else trailers), data


class Raises(Upper):
    def __init__(self, error: Exception) -> None:
        self.error = error

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        raise self.error


class Changing(Filter):
    """Asks for transforms, made for each answer."""

    def __init__(self, *kinds: Callable[[], Any]) -> None:
        self.kinds = kinds

    def on_response(self, exchange: Exchange) -> None:
        response = exchange.response
        assert response is not None
        for kind in self.kinds:
            transform(exchange, kind())


class Breaking(Filter):
    """Raises at the first answer."""

    def __init__(self) -> None:
        self.errors: Iterator[Exception] = iter([ValueError("once")])

    def on_response(self, exchange: Exchange) -> None:
        for error in self.errors:
            raise error


Make = Callable[..., Scenario]


@pytest.fixture
def scenario(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Scenario] = []

    def make(*filters: Filter) -> Scenario:
        made.append(Scenario(monkeypatch, filters=filters))
        return made[-1]

    yield make
    for each in made:
        each.finish()


def test_each_piece_is_changed(scenario: Make) -> None:
    story = scenario(Changing(Upper)).client(GET).upstream_gets(b"GET /a")
    story.upstream(CHUNKED + b"2\r\nab\r\n").client_gets(200, b"AB", end=False)
    story.upstream(b"1\r\nc\r\n0\r\nx: y\r\n\r\n").client_gets(body=b"C!", trailers=[(b"x", b"y")])
    assert story.latest.bytes_out == 4


def test_an_answer_in_one_piece_is_changed(scenario: Make) -> None:
    story = scenario(Changing(Upper)).client(GET).upstream_gets(b"GET /a").upstream(WHOLE)
    story.client_gets(200, b"HI!", field=(b"content-length", b"3")).ended(1, "")


def test_a_small_answer_waits_for_its_end_and_says_its_length(scenario: Make) -> None:
    story = scenario(Changing(Quote)).client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\na").client_gets_nothing()
    story.upstream(b"bc").client_gets_nothing().upstream(b"d")
    story.client_gets(200, b"<abcd>", field=(b"content-length", b"6")).ended(1, "")
    assert story.latest.bytes_out == 6


def test_a_large_answer_waits_for_nothing(scenario: Make) -> None:
    story = scenario(Changing(Upper)).client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\nab" % (SMALL + 1))
    story.client_gets(200, b"AB", without=b"content-length", end=False)
    story.client_leaves().ended(1, "client_gone")


@pytest.mark.parametrize("kind", [b"text/event-stream", b"Text/Event-Stream; charset=utf-8"])
def test_events_are_never_held_whatever_length_they_say(scenario: Make, kind: bytes) -> None:
    story = scenario(Changing(Upper)).client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: 4\r\n\r\n" % kind)
    story.upstream(b"ab").client_gets(200, b"AB", without=b"content-length", end=False)
    story.upstream(b"cd").client_gets(body=b"CD!").ended(1, "")


def test_an_answer_that_is_cut_before_its_head_has_left_is_none(scenario: Make) -> None:
    story = scenario(Changing(Upper)).client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab").upstream_eof()
    story.client_gets_nothing().client_sees("reset").ended(1)
    assert (story.latest.bytes_out, story.latest.status) == (0, 0)


def test_what_has_no_content_says_no_length(scenario: Make) -> None:
    story = scenario(Changing(Upper)).client(GET.replace(b"GET", b"HEAD"))
    story.upstream_gets(b"HEAD /a").upstream(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
    story.client_gets(200, without=b"content-length", bodiless=True)
    story.client(GET).upstream_gets(b"GET /a").upstream(b"HTTP/1.1 304 Not Modified\r\n\r\n")
    story.client_gets(304, without=b"content-length", bodiless=True)


def test_the_first_that_asks_is_the_first_to_change(scenario: Make) -> None:
    story = scenario(Changing(Quote, Upper)).client(GET).upstream_gets(b"GET /a").upstream(WHOLE)
    story.client_gets(200, b"<HI>!")


def test_what_is_held_back_sends_nothing(scenario: Make) -> None:
    story = scenario(Changing(Hold)).client(GET).upstream_gets(b"GET /a")
    story.upstream(CHUNKED + b"2\r\nab\r\n").client_gets(200, b"", end=False)
    story.upstream(b"2\r\ncd\r\n").client_gets_nothing()
    story.upstream(b"0\r\n\r\n").client_gets(body=b"abcd")


def test_trailers_may_become_a_part_of_the_body(scenario: Make) -> None:
    story = scenario(Changing(IntoBody)).client(GET).upstream_gets(b"GET /a")
    story.upstream(CHUNKED + b"2\r\nab\r\n0\r\nx: y\r\n\r\n")
    story.client_gets(200, b"abx=y;").ended(1, "")


def test_trailers_may_come_of_it(scenario: Make) -> None:
    story = scenario(Changing(Out)).client(GET).upstream_gets(b"GET /a").upstream(WHOLE)
    story.client_gets(200, b"hi", trailers=[(b"last", b"hi")])
    story.client(GET).upstream_gets(b"GET /a").upstream(CHUNKED + b"1\r\na\r\n")
    story.upstream(b"0\r\n\r\n").client_gets(200, b"a", trailers=[(b"last", b"nothing")]).ended(
        2, ""
    )


def test_answers_of_the_door_are_changed_too(scenario: Make) -> None:
    story = scenario(Changing(Upper)).endpoint("refuses").client(GET)
    story.client_gets(502, b"CONNECTION_REFUSED!")


def test_interim_answers_are_not(scenario: Make) -> None:
    story = scenario(Changing(Upper)).client(GET).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n").client_gets(103, b"", end=None)
    story.upstream(WHOLE).client_gets(200, b"HI!")


def test_a_page_in_place_of_an_answer_has_the_transforms_of_its_own_alone(scenario: Make) -> None:
    story = scenario(Changing(Quote), Breaking()).client(GET).upstream_gets(b"GET /a")
    story.upstream(WHOLE).reported(ValueError).client_gets(500, b"<proxy_internal_error>")


def test_a_page_that_asks_for_none_has_none(scenario: Make) -> None:
    class Once(Changing):
        def on_response(self, exchange: Exchange) -> None:
            if exchange.response is not None and exchange.response.status == 200:
                super().on_response(exchange)

    story = scenario(Once(Quote), Breaking()).client(GET).upstream_gets(b"GET /a")
    story.upstream(WHOLE).reported(ValueError).client_gets(500, b"proxy_internal_error")


@pytest.mark.parametrize("answer", [WHOLE, CHUNKED + b"2\r\nab\r\n"], ids=["whole", "begun"])
def test_a_transform_that_raises_cuts_the_answer(scenario: Make, answer: bytes) -> None:
    story = scenario(Changing(lambda: Raises(ValueError("x")))).client(GET).upstream_gets(b"GET /a")
    story.upstream(answer).advance(seconds=0.01, tick=0.01).reported(ValueError)
    story.ended(1, "proxy_internal_error").client_gets_nothing().client_sees("reset")
    assert (story.latest.bytes_out, story.latest.status) == (0, 0)


class RaisesLater(Raises):
    """At what begins with an x."""

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        if data.startswith(b"x"):
            raise self.error
        return trailers, data


@pytest.mark.parametrize("rest", [b"1\r\nx\r\n", b"1\r\nx\r\n3\r\nabc\r\n0\r\n\r\n"])
def test_what_has_left_before_a_transform_raises_is_what_is_counted(
    scenario: Make, rest: bytes
) -> None:
    story = scenario(Changing(lambda: RaisesLater(BodyTooLarge())))
    story.client(GET).upstream_gets(b"GET /a").upstream(CHUNKED + b"2\r\nab\r\n")
    story.client_gets(200, b"ab", end=False).upstream(rest).advance(seconds=0.01, tick=0.01)
    story.ended(1, "http_request_body_size").client_gets_nothing()
    assert (story.latest.bytes_out, story.latest.status) == (2, 200)


def test_what_a_transform_raises_on_purpose_is_no_defect(scenario: Make) -> None:
    story = scenario(Changing(lambda: Raises(BodyTooLarge()))).client(GET).upstream_gets(b"GET /a")
    story.upstream(CHUNKED + b"2\r\nab\r\n").upstream(b"2\r\nab\r\n")
    story.advance(seconds=0.01, tick=0.01).ended(1, "http_request_body_size").client_sees("reset")


def test_backpressure_goes_through(scenario: Make) -> None:
    story = scenario(Changing(Upper)).client(GET).upstream_gets(b"GET /a").client_full()
    story.upstream(CHUNKED + b"30000\r\n" + b"a" * 0x30000 + b"\r\n").upstream_is_read(False)
    story.client_drained().upstream_is_read()
    story.client_gets(200, b"A" * 0x30000, end=False)
    story.client_leaves().ended(1, "client_gone")


def test_it_stands_for_the_client() -> None:
    told: list[str] = []

    class Client:
        peer, port, interim, security = b"p", b"80", True, None

        def __getattr__(self, name: str) -> Any:
            return lambda *given: told.append(name)

    client: Any = Client()
    exchange: Any = SimpleNamespace(status=200)
    made = Transformed(exchange, client)
    assert (made.peer, made.port, made.interim, made.security) == (b"p", b"80", True, None)
    made.pause_reading()
    made.resume_reading()
    made.unsent()
    made.finish(True)
    made.abort(BodyTooLarge())
    assert told == ["pause_reading", "resume_reading", "unsent", "finish", "abort"]
    assert exchange.status == 0, "no head has left"
    assert "0 transforms" in repr(made)
