"""CORS: preflights, what answers say, and what is said of them to caches."""

from collections.abc import Callable
from typing import Any

import pytest

from porch.filter import Response
from porch.http.message import Field
from porch.shield.cors import SAID, Cors, CorsRules, OriginRefused, varied
from porch.shield.origins import Origins
from tests.support.hooks import FakeExchange, seen
from tests.support.origin_tricks import OTHERS, OWN, TRUSTED
from tests.support.scenario import Scenario

APP = b"https://app.example.com"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n%b\r\nhi"


def cors(*origins: str, **words: Any) -> Cors:
    return Cors(CorsRules(origins=Origins(origins or OWN), **words))


def preflight(origin: bytes = APP, method: bytes = b"PUT", *more: Field) -> FakeExchange:
    fields = [(b"origin", origin), (b"access-control-request-method", method), *more]
    return FakeExchange(method=b"OPTIONS", fields=fields)


def permitted(filter_: Cors, fake: FakeExchange) -> dict[bytes, bytes]:
    """What a preflight is answered."""
    made = filter_.on_request(seen(fake))
    assert isinstance(made, Response)
    assert (made.status, made.body) == (204, b"")
    fake.response.fields = list(made.fields)
    filter_.on_response(seen(fake))
    assert len(fake.response.fields) == len(dict(fake.response.fields))
    return dict(fake.response.fields)


def said(filter_: Cors, origin: bytes | None, *came: Field) -> list[Field]:
    """What is made of an answer with the fields `came`."""
    fake = FakeExchange(fields=[(b"origin", origin)] if origin is not None else [])
    assert filter_.on_request(seen(fake)) is None
    fake.response.fields = list(came)
    filter_.on_response(seen(fake))
    return fake.response.fields


def test_a_preflight_is_answered_at_the_door() -> None:
    assert permitted(cors(), preflight()) == {
        b"vary": b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        b"access-control-allow-origin": APP,
        b"access-control-allow-methods": b"GET, HEAD, POST, PUT, PATCH, DELETE",
        b"access-control-max-age": b"600",
    }


def test_a_preflight_is_permitted_the_fields_it_asks_for_or_those_that_are_named() -> None:
    asks = (b"access-control-request-headers", b"authorization,x-a")
    name = b"access-control-allow-headers"
    assert permitted(cors(), preflight(APP, b"PUT", asks))[name] == b"authorization,x-a"
    assert permitted(cors(headers=("X-B",)), preflight(APP, b"PUT", asks))[name] == b"X-B"
    assert name not in permitted(cors(headers=()), preflight(APP, b"PUT", asks))
    for odd in (b"a b", b"a;b", b",", b"x" * 5000, b"a\xff"):
        assert name not in permitted(cors(), preflight(APP, b"PUT", (asks[0], odd)))


def test_a_preflight_is_permitted_any_method_where_that_is_said() -> None:
    name = b"access-control-allow-methods"
    assert permitted(cors(methods=None), preflight(method=b"PURGE"))[name] == b"PURGE"
    assert name not in permitted(cors(methods=None), preflight(method=b"a b"))
    assert permitted(cors(methods=("GET",)), preflight(method=b"PURGE"))[name] == b"GET"


def test_a_private_network_is_reached_only_where_that_is_said() -> None:
    asks = (b"access-control-request-private-network", b"true")
    name = b"access-control-allow-private-network"
    assert name not in permitted(cors(), preflight(APP, b"GET", asks))
    found = permitted(cors(private_network=True), preflight(APP, b"GET", asks))
    assert found[name] == b"true"
    assert name not in permitted(cors(private_network=True), preflight())


@pytest.mark.parametrize("origin", OTHERS)
def test_a_preflight_of_another_origin_is_refused_and_says_no_origin(origin: bytes) -> None:
    fake = preflight(origin)
    with pytest.raises(OriginRefused):
        cors().on_request(seen(fake))
    cors().on_response(seen(fake))  # of the error's page
    assert b"access-control-allow-origin" not in dict(fake.response.fields)


@pytest.mark.parametrize("origin", OTHERS)
def test_no_answer_says_another_origin(origin: bytes) -> None:
    assert said(cors(credentials=True), origin) == [(b"vary", b"Origin")]


@pytest.mark.parametrize("origin", TRUSTED)
def test_an_answer_says_the_origin_that_asked(origin: bytes) -> None:
    assert said(cors(credentials=True, expose=("x-total",)), origin) == [
        (b"vary", b"Origin"),
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", b"x-total"),
    ]


def test_an_answer_to_who_says_no_origin_differs_for_those_who_do() -> None:
    assert said(cors(), None) == [(b"vary", b"Origin")]


def test_where_everybody_may_read_answers_are_the_same_for_all() -> None:
    for origin in (None, APP, b"null"):
        assert said(cors("*"), origin) == [(b"access-control-allow-origin", b"*")]


def test_what_the_origin_says_of_it_is_replaced() -> None:
    came = [(name, b"x") for name in sorted(SAID)]
    kept = (b"x-other", b"1")
    assert said(cors(), APP, *came, kept) == [
        kept,
        (b"vary", b"Origin"),
        (b"access-control-allow-origin", APP),
    ]
    assert said(cors(), b"https://evil.com", *came, kept) == [kept, (b"vary", b"Origin")]


@pytest.mark.parametrize(
    ("came", "made"),
    [
        ([], [(b"vary", b"Origin")]),
        ([(b"vary", b"Accept")], [(b"vary", b"Accept, Origin")]),
        ([(b"vary", b"accept, ORIGIN")], [(b"vary", b"accept, ORIGIN")]),
        ([(b"vary", b"*")], [(b"vary", b"*")]),
        ([(b"vary", b"")], [(b"vary", b""), (b"vary", b"Origin")]),
        (
            [(b"vary", b"a"), (b"vary", b"origin")],
            [(b"vary", b"a"), (b"vary", b"origin")],
        ),
    ],
)
def test_vary_names_the_origin_once(came: list[Field], made: list[Field]) -> None:
    assert varied(came, b"Origin") == made


def test_options_that_are_no_preflight_go_on() -> None:
    for fields in ([], [(b"origin", APP)], [(b"access-control-request-method", b"PUT")]):
        fake = FakeExchange(method=b"OPTIONS", fields=fields)
        assert cors().on_request(seen(fake)) is None


def test_an_origin_that_is_said_twice_is_none_of_them() -> None:
    fake = preflight(APP, b"PUT", (b"origin", APP))
    with pytest.raises(OriginRefused):
        cors().on_request(seen(fake))
    fake.response.fields = []
    cors().on_response(seen(fake))
    assert b"access-control-allow-origin" not in dict(fake.response.fields)


@pytest.mark.parametrize("origin", [b"https://evil.com", b"null"])
def test_a_websocket_of_another_origin_is_refused_where_that_is_said(origin: bytes) -> None:
    fake = FakeExchange(fields=[(b"origin", origin)], upgrade=b"websocket")
    assert cors().on_request(seen(fake)) is None
    with pytest.raises(OriginRefused):
        cors(websocket=True).on_request(seen(fake))


@pytest.mark.parametrize("origin", [APP, b"http://a.test"])
def test_a_websocket_of_one_of_them_or_of_the_host_itself_is_not(origin: bytes) -> None:
    fake = FakeExchange(fields=[(b"origin", origin)], upgrade=b"websocket")
    assert cors(websocket=True).on_request(seen(fake)) is None
    no_page = FakeExchange(upgrade=b"websocket")
    assert cors(websocket=True).on_request(seen(no_page)) is None


def test_it_says_what_it_does() -> None:
    (text,) = cors(credentials=True, methods=("GET",), headers=()).described()
    assert text == "preflights are answered here: GET; no field; with cookies"


PREFLIGHT = (
    b"OPTIONS /a HTTP/1.1\r\nhost: x\r\norigin: %b\r\naccess-control-request-method: PUT\r\n\r\n"
)


def test_a_preflight_never_reaches_the_origin(scenario: Callable[..., Scenario]) -> None:
    (
        scenario(filters=[cors()])
        .client(PREFLIGHT % APP)
        .client_gets(204, b"", field=(b"access-control-allow-origin", APP))
        .client(PREFLIGHT % b"https://evil.com")
        .client_gets(403, b"http_request_denied", without=b"access-control-allow-origin")
        .upstream_gets_nothing()
    )


def test_an_answer_and_an_error_page_alike_can_be_read(scenario: Callable[..., Scenario]) -> None:
    get = b"GET /a HTTP/1.1\r\nhost: x\r\norigin: " + APP + b"\r\n\r\n"
    theirs = b"access-control-allow-origin: *\r\n"
    (
        scenario(filters=[cors()])
        .client(get)
        .upstream_gets(b"GET /a", end=None)
        .upstream(OK % theirs)
        .client_gets(200, b"hi", field=(b"access-control-allow-origin", APP))
    )
    (
        scenario(filters=[cors()], no_upstream=True)
        .client(get)
        .client_gets(500, field=(b"access-control-allow-origin", APP))
    )
