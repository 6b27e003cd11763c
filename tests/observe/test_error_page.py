"""The answer for an error: in three kinds, and with nothing inside unless debug is on."""

import inspect
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch import errors
from porch.errors import (
    BadRequest,
    ClientGone,
    ConnectionRefused,
    MethodNotAllowed,
    NoEndpoint,
    NoSite,
    PorchError,
)
from porch.observe.error_page import LONGEST_REQUEST, Template, error_response
from porch.shield.auth_errors import Unauthorized
from tests.support.ended import ended

KINDS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, PorchError)
]
HTML = [(b"accept", b"text/html")]
JSON = [(b"accept", b"application/json")]
REFUSED = ConnectionRefused("10.0.0.11:8000 refused the connection")
INSIDE = (b"10.0.0.11", b"example.com/*", b"refused the connection")
"""What only those inside should know."""


def fields_of(response):
    names = [name for name, _ in response.fields]
    assert len(set(names)) == len(names)
    return dict(response.fields)


def test_text_is_two_lines_and_the_id():
    response = error_response(ended(), REFUSED)
    assert response.status == 502
    assert response.body.decode() == (
        "502 Bad Gateway\n"
        "connection_refused: Nothing listens at the endpoint; start it, or correct `to`.\n"
        "request 5f1c2a3e-1b\n"
    )
    assert fields_of(response) == {
        b"content-type": b"text/plain; charset=utf-8",
        b"cache-control": b"no-store",
        b"vary": b"accept",
        b"proxy-status": b"porch; error=connection_refused",
    }


def test_json_is_a_problem():
    response = error_response(ended(fields=JSON), REFUSED)
    assert fields_of(response)[b"content-type"] == b"application/problem+json"
    assert json.loads(response.body) == {
        "type": "about:blank",
        "title": "Bad Gateway",
        "status": 502,
        "reason": "connection_refused",
        "detail": ConnectionRefused.sentence,
        "instance": "urn:request:5f1c2a3e-1b",
    }


def test_html_is_the_standard_page():
    response = error_response(ended(fields=HTML), REFUSED)
    assert fields_of(response)[b"content-type"] == b"text/html; charset=utf-8"
    assert b"<title>502 Bad Gateway</title>" in response.body
    assert b"GET example.com/users<br>5f1c2a3e-1b<pre></pre>" in response.body


def test_html_may_be_a_page_of_ones_own():
    template = Template("<p>{status} {reason} {title} {sentence} {request}{detail}</p>")
    body = error_response(ended(fields=HTML), NoSite(), template=template).body
    assert body.decode() == (
        "<p>404 no-site Not Found No route names this host; add one under [routes], or "
        "&quot;*&quot; for any host. GET example.com/users</p>"
    )


def test_a_template_is_for_html_alone():
    template = Template("mine")
    assert error_response(ended(), REFUSED, template=template).body != b"mine"


def test_several_accept_fields_are_one_list():
    fields = [(b"accept", b"image/png"), (b"accept", b"text/html")]
    assert fields_of(error_response(ended(fields=fields), REFUSED))[b"content-type"].startswith(
        b"text/html"
    )


@pytest.mark.parametrize("fields", [[], HTML, JSON])
def test_nothing_inside_is_told(fields):
    response = error_response(ended(fields=fields), REFUSED)
    told = response.body + b"".join(value for _, value in response.fields)
    assert not [each for each in INSIDE if each in told]


@pytest.mark.parametrize("fields", [[], HTML, JSON])
def test_debug_tells_everything(fields):
    response = error_response(ended(fields=fields), REFUSED, debug=True)
    assert not [each for each in INSIDE if each not in response.body]
    assert b'detail="10.0.0.11:8000 refused' in fields_of(response)[b"proxy-status"]


def test_the_request_is_told_without_its_query_and_escaped():
    exchange = ended(b"/<b>?token=hush", host=b"a&b", fields=HTML)
    body = error_response(exchange, REFUSED).body
    assert b"GET a&amp;b/&lt;b&gt;<br>5f1c2a3e-1b<pre>" in body
    assert b"hush" not in body


def test_a_session_in_the_path_is_not_told():
    body = error_response(ended(b"/a;jsessionid=hush", fields=HTML), REFUSED).body
    assert b"/a;jsessionid=***<" in body


def test_a_long_request_is_cut():
    body = error_response(ended(b"/" + b"x" * 5000, fields=HTML), REFUSED).body.decode()
    assert "GET example.com/" + "x" * (LONGEST_REQUEST - 16) + "…" in body


def test_405_names_what_is_allowed():
    fields = fields_of(error_response(ended(method=b"TRACE"), MethodNotAllowed("TRACE")))
    assert b"GET" in fields[b"allow"]
    assert b"TRACE" not in fields[b"allow"]
    assert b"CONNECT" not in fields[b"allow"]


def test_an_error_may_name_what_is_allowed_itself():
    error = MethodNotAllowed("POST")
    error.allow = b"GET, HEAD"
    assert fields_of(error_response(ended(), error))[b"allow"] == b"GET, HEAD"


def test_retry_after_is_said_where_the_error_knows():
    assert b"retry-after" not in fields_of(error_response(ended(), REFUSED))
    error = NoEndpoint("pool api has no endpoint")
    assert fields_of(error_response(ended(), error))[b"retry-after"] == b"1"
    error.retry_after = 1.2
    assert fields_of(error_response(ended(), error))[b"retry-after"] == b"2"


def test_an_error_may_have_a_status_of_its_own():
    response = error_response(ended(), BadRequest("an expectation", 417))
    assert response.status == 417
    assert response.body.startswith(b"417 Expectation Failed\n")


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (413, b"413 Content Too Large"),
        (414, b"414 URI Too Long"),
        (431, b"431 Request Header Fields Too Large"),
        (505, b"505 HTTP Version Not Supported"),
        (599, b"599 Error"),
    ],
)
def test_titles_are_those_of_the_rfc(status, line):
    assert error_response(ended(), BadRequest("", status)).body.startswith(line + b"\n")


def test_an_error_that_nobody_is_left_to_see_is_still_a_page():
    assert error_response(ended(), ClientGone()).status == 500


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_a_page_of_each_kind(kind, debug):
    for fields in ([], HTML, JSON):
        response = error_response(ended(fields=fields), kind("why"), debug=debug)
        assert kind.word.encode() in response.body
        assert 400 <= response.status <= 599
        assert (b"why" in response.body) == debug


@given(st.binary(), st.binary(), st.binary(), st.text(), st.text())
def test_any_bytes_make_a_page(target, method, host, detail, route):
    for accept in (b"text/html", b"application/json", b"text/plain"):
        exchange = ended(
            target, method=method, host=host, fields=[(b"accept", accept)], route=route
        )
        response = error_response(exchange, BadRequest(detail), debug=True)
        text = response.body.decode("utf-8")
        if accept == b"application/json":
            assert json.loads(text)["status"] == 400
        for name, value in response.fields:
            assert value.isascii(), name
            assert not set(value) & set(range(32)), name


@pytest.mark.parametrize(
    ("content_type", "answered"),
    [
        (b"application/grpc+proto", b"application/grpc"),
        (b"application/grpc-web", b"application/grpc-web"),
        (b"application/grpc-web-text+proto", b"application/grpc-web-text"),
    ],
)
def test_a_call_is_answered_in_fields_alone(content_type, answered):
    asked = [(b"accept", b"text/html"), (b"content-type", content_type)]
    response = error_response(ended(fields=asked), NoEndpoint("10.0.0.11 is out"))
    assert (response.status, response.body) == (200, b"")
    assert fields_of(response) == {
        b"content-type": answered,
        b"grpc-status": b"14",
        b"grpc-message": b"destination_unavailable: No endpoint of the pool can take a request "
        b"now.",
        b"grpc-retry-pushback-ms": b"1000",
        b"proxy-status": b"porch; error=destination_unavailable",
    }


def test_a_call_learns_of_the_inside_with_debug_alone():
    asked = [(b"content-type", b"application/grpc")]
    shown = fields_of(error_response(ended(fields=asked), REFUSED, debug=True))
    for word in INSIDE:
        assert word in shown[b"grpc-message"]
    hidden = error_response(ended(fields=asked), REFUSED)
    assert not any(word in value for _, value in hidden.fields for word in INSIDE)


def test_fields_of_an_error_are_sent() -> None:
    error = Unauthorized("x", [b"Basic", b"Bearer"])
    fields = error_response(ended(), error).fields
    assert [value for name, value in fields if name == b"www-authenticate"] == [b"Basic", b"Bearer"]
