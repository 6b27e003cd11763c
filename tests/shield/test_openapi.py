"""Requests against the document of an API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.buffer.request import BufferRequest
from porch.http.message import RequestHead
from porch.shield.content import LookAtBody, Watch
from porch.shield.content_errors import BadContent, MethodNotOffered
from porch.shield.json_shape import Shape
from porch.shield.openapi import OpenApi
from porch.shield.openapi_document import read_document
from porch.shield.openapi_operations import read_offer
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
JSON = b"content-type: application/json\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n"
API = (Path(__file__).parent.parent / "support" / "api.yaml").read_bytes()


def api(*, unknown: bool = True, watch: Watch | None = None) -> OpenApi:
    offer = read_offer(read_document(API), base=None, read_only=False, shape=Shape())
    return OpenApi(offer, Shape(), 10_000, watch, unknown=unknown, name="api.yaml")


@pytest.fixture
def door(scenario: Make) -> Make:
    def make(*, unknown: bool = True, watch: Watch | None = None) -> Scenario:
        content = api(unknown=unknown, watch=watch)
        buffered = BufferRequest(None, content.wants)
        return scenario(filters=[content, buffered, LookAtBody(content, buffered, None)])

    return make


def ask(method: bytes, target: bytes, fields: bytes = b"", body: bytes | None = None) -> bytes:
    length = b"" if body is None else b"content-length: %d\r\n" % len(body)
    head = b"%b %b HTTP/1.1\r\nhost: x\r\n%b%b\r\n" % (method, target, fields, length)
    return head + (body or b"")


def plays(door: Make, asked: bytes, answer: int, *, unknown: bool = True) -> None:
    """answer: 200 for what the origin has heard; of all else it has heard nothing."""
    story = door(unknown=unknown).client(asked)
    if answer == 200:
        is_bodiless = asked.startswith(b"HEAD")
        story.upstream_gets(b" ".join(asked.split(b" ")[:2]))
        story.upstream(OK[:-2] if is_bodiless else OK).client_gets(200, bodiless=is_bodiless)
    else:
        story.client_gets(answer, bodiless=asked.startswith(b"HEAD")).dialled(0)


HEADS = [
    (b"GET", b"/v1/pets", 200),
    (b"HEAD", b"/v1/pets", 200),
    (b"GET", b"/v1/pets?limit=5&tags=a&tags=b", 200),
    (b"GET", b"/v1/pets?%6cimit=500", 400),
    (b"GET", b"/v1/pets?limit=5&limit=6", 400),
    (b"GET", b"/v1/pets?limit=5;limit=6", 400),
    (b"GET", b"/v1/pets?limit=", 400),
    (b"GET", b"/v1/pets?limit", 400),
    (b"GET", b"/v1/pets?tags=0123456789", 400),
    (b"GET", b"/v1/pets?%ff=1", 400),
    (b"GET", b"/v1/pets/7", 200),
    (b"GET", b"/v1/pets/%37", 200),
    (b"GET", b"/v1/%70ets/7", 200),
    (b"GET", b"/v1/pets/x", 400),
    (b"GET", b"/v1/pets/7/", 404),
    (b"GET", b"/v1/pets/", 404),
    (b"GET", b"/V1/pets", 404),
    (b"GET", b"/pets", 404),
    (b"GET", b"/v1/pets/7%2Fpicture", 400),
    (b"GET", b"/v1/names/%61b%20c", 200),
    (b"GET", b"/v1/names/%252e%252e", 400),
    (b"GET", b"/v1/names/%252e%252e%252fpets", 400),
    (b"GET", b"/v1/names/a%252fb", 400),
    (b"GET", b"/v1/names/%c0%ae%c0%ae", 400),
    (b"GET", b"/v1/x/../pets", 400),
    (b"GET", b"/v1/pets;x=1/7", 400),
    (b"GET", b"//v1/pets", 400),
    (b"PUT", b"/v1/pets/7", 405),
    (b"get", b"/v1/pets", 405),
    (b"OPTIONS", b"/v1/pets", 405),
    (b"TRACE", b"/v1/pets", 405),
    (b"POST", b"/v1/pets", 400),
    (b"POST", b"/v1/notes", 200),
    (b"POST", b"/v1/notes?_method=post", 200),
    (b"POST", b"/v1/notes?_method=DELETE", 400),
    (b"POST", b"/v1/notes?a=b&%5fmethod=DELETE", 400),
]


@pytest.mark.parametrize(("method", "target", "answer"), HEADS)
def test_heads(door: Make, method: bytes, target: bytes, answer: int) -> None:
    plays(door, ask(method, target), answer)


@pytest.mark.parametrize(
    ("fields", "answer"),
    [
        (b"x-trace: 7d444840-9dc0-11d1-b245-5ffdce74fad2\r\n", 200),
        (b"x-trace: 1\r\n", 400),
        (b"x-trace: 1\r\nx-trace: 2\r\n", 400),
        (b"x.trace: 7d444840-9dc0-11d1-b245-5ffdce74fad2\r\n", 400),
        (b"cookie: a=b; session=0123abcd\r\n", 200),
        (b"cookie: a=b\r\ncookie: session=zzz\r\n", 400),
        (b"cookie: session=0123abcd; session=0123abcd\r\n", 400),
        (b"cookie: session =0123abcd\r\n", 400),
        (b"cookie: session=0123abcd; \xc2\xa0session=admin\r\n", 400),
        (b'cookie: session="0123abcd"\r\n', 200),
        (b'cookie: session=""0123abcd""\r\n', 400),
        (b"x-http-method-override: GET\r\n", 200),
        (b"x-http-method-override: DELETE\r\n", 400),
        (b"X.HTTP.Method.Override: DELETE\r\n", 400),
        (b"x!http!method: PUT\r\n", 400),
        (b"x-method-override: GET, DELETE\r\n", 400),
        (b"x-original-url: /v1/secret\r\n", 400),
        (b"x-original-url: GET\r\n", 400),
        (b"X.Original.URL: /v1/secret\r\n", 400),
        (b"x!rewrite!url: /v1/secret\r\n", 400),
    ],
)
def test_fields(door: Make, fields: bytes, answer: int) -> None:
    plays(door, ask(b"GET", b"/v1/pets", fields), answer)


def test_unknown_parameters_of_the_query_may_be_refused(door: Make) -> None:
    asked = ask(b"GET", b"/v1/pets?debug=1")
    plays(door, asked, 200)
    plays(door, asked, 400, unknown=False)
    plays(door, ask(b"GET", b"/v1/pets?limit=1&key=abc"), 200, unknown=False)


@pytest.mark.parametrize(
    "query",
    [
        b"Limit=1000",
        b"limit=1&LIMIT=1000",
        b"limit[]=1000",
        b"limit%5B%5D=1000",
        b"limit[0]=1000",
        b"+limit=1000",
        b"%20limit=1000",
        b"limit%20=1000",
        b"limit%00=1000",
        b"limit%00x=1000",
        b"li%256dit=1000",
        b"debug=1;limit=1000",
        b"limit=7;limit=1000",
        b"tags=a;limit=9",
        b"debug;Limit=1000",
    ],
)
def test_another_spelling_of_a_described_parameter_is_refused(door: Make, query: bytes) -> None:
    """An origin that takes it for `limit` would have it unseen."""
    plays(door, ask(b"GET", b"/v1/pets?" + query), 400)


@pytest.mark.parametrize("query", [b"limit=7&debug=a;b", b"limits=1000", b"a=limit", b"limit=7&;"])
def test_what_is_no_spelling_of_one_passes(door: Make, query: bytes) -> None:
    plays(door, ask(b"GET", b"/v1/pets?" + query), 200)


def test_a_preflight_passes_and_has_no_body(door: Make) -> None:
    fields = b"origin: https://a.test\r\naccess-control-request-method: DELETE\r\n"
    plays(door, ask(b"OPTIONS", b"/v1/pets/7", fields), 200)
    plays(door, ask(b"OPTIONS", b"/v1/nothing", fields), 404)
    plays(door, ask(b"OPTIONS", b"/v1/pets/7", fields + JSON, b"{}"), 415)


BODIES = [
    (b'{"name":"Ada"}', JSON, 200),
    (b'{"name":"Ada","age":null,"kind":"cat"}', JSON, 200),
    (b'{"name":"Ada","age":100}', JSON, 400),
    (b'{"name":"Ada","id":1}', JSON, 400),
    (b'{"name":"Ada","x":1}', JSON, 400),
    (b'{"name":"Ada","name":"Bob"}', JSON, 400),
    (b'{"name":"Ada","parent":{"name":""}}', JSON, 400),
    (b'{"name":"Ada","note":"' + b"a" * 5000 + b'!"}', JSON, 400),
    (b"{}", JSON, 400),
    (b"null", JSON, 400),
    (b"NaN", JSON, 400),
    (b"", JSON, 400),
    (b"\xef\xbb\xbf{}", JSON, 400),
    ('{"name":"Ada"}'.encode("utf-16"), JSON, 400),
    (b"[" * 9000, JSON, 400),
    (b'{"name":"Ada"}', b"content-type: application/json; charset=utf-8\r\n", 200),
    (b'{"name":"Ada"}', b"content-type: application/json; charset=utf-16\r\n", 415),
    (b'{"name":"Ada"}', b"content-type: application/vnd.x+json\r\n", 415),
    (b'{"name":"Ada"}', b"content-type: text/plain\r\n", 415),
    (b'{"name":"Ada"}', b"", 415),
    (b'{"name":"Ada"}', JSON + b"content-encoding: gzip\r\n", 415),
    (b'{"name":"Ada"}', JSON + JSON, 415),
    (b'{"name":"' + b"a" * 10_000 + b'"}', JSON, 413),
]


@pytest.mark.parametrize(("body", "fields", "answer"), BODIES)
def test_bodies(door: Make, body: bytes, fields: bytes, answer: int) -> None:
    plays(door, ask(b"POST", b"/v1/pets", fields, body), answer)
    if body and answer != 413:
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        plays(door, ask(b"POST", b"/v1/pets", fields + CHUNKED) + chunk, answer)


def test_a_body_may_be_of_a_type_with_a_suffix(door: Make) -> None:
    patch = b"content-type: application/merge-patch+json\r\n"
    plays(door, ask(b"POST", b"/v1/notes", patch, b"null"), 200)
    plays(door, ask(b"POST", b"/v1/notes", patch, b"[]"), 400)
    plays(door, ask(b"POST", b"/v1/notes", patch, b""), 200)
    plays(door, ask(b"POST", b"/v1/notes", CHUNKED) + b"0\r\n\r\n", 200)


def test_what_is_no_json_passes_where_it_is_taken(door: Make) -> None:
    picture = b"content-type: image/png\r\n"
    plays(door, ask(b"PUT", b"/v1/pets/7/picture", picture, b"\x89PNG"), 200)
    coded = picture + b"content-encoding: gzip\r\n"
    plays(door, ask(b"PUT", b"/v1/pets/7/picture", coded, b"\x1f\x8b"), 200)
    plays(door, ask(b"PUT", b"/v1/pets/7/picture", JSON, b"{}"), 200)
    plays(door, ask(b"PUT", b"/v1/pets/7/picture", JSON, b"{"), 400)
    plays(door, ask(b"PUT", b"/v1/pets/7/picture", b"content-type: a/b\r\n", b"x"), 415)


def test_where_no_body_is_taken_none_passes(door: Make) -> None:
    plays(door, ask(b"DELETE", b"/v1/pets/7", JSON, b"{}"), 415)
    plays(door, ask(b"DELETE", b"/v1/pets/7", b"", b""), 200)
    plays(door, ask(b"DELETE", b"/v1/pets/7", CHUNKED) + b"0\r\n\r\n", 200)
    plays(door, ask(b"DELETE", b"/v1/pets/7", CHUNKED) + b"1\r\nx\r\n0\r\n\r\n", 415)


@pytest.mark.parametrize("name", [b"x-trace", b"X.Trace"])
def test_a_parameter_behind_the_body_is_refused(door: Make, name: bytes) -> None:
    body = b"2\r\n{}\r\n0\r\n%b: 1\r\n\r\n" % name
    patch = b"content-type: application/merge-patch+json\r\n"
    plays(door, ask(b"POST", b"/v1/notes", patch + CHUNKED) + body, 400)
    plays(door, ask(b"POST", b"/v1/notes", patch + CHUNKED) + body.replace(name, b"x-sum"), 200)


def test_who_only_looks_on_refuses_nobody(door: Make) -> None:
    said: list[str] = []
    watch = Watch("openapi api.yaml", said.append)
    for asked in (
        ask(b"GET", b"/v1/nothing"),
        ask(b"PUT", b"/v1/pets"),
        ask(b"POST", b"/v1/pets", JSON, b"{}"),
    ):
        story = door(watch=watch).client(asked)
        story.upstream_gets(asked[: asked.index(b" HTTP")]).upstream(OK).client_gets(200)
    assert watch.count == 3
    assert said[0].startswith("openapi api.yaml only looks on: it would answer 404")


def test_it_is_described() -> None:
    def described(method: bytes, target: bytes, *fields: tuple[bytes, bytes]) -> str:
        (line,) = made.described(RequestHead(method, target, b"a", b"http", list(fields)))
        return line

    made = api()
    assert repr(made) == "<OpenApi api.yaml, 7 operations>"
    assert described(b"POST", b"/v1/pets") == (
        "POST /pets takes application/json. (api.yaml, 7 operations)"
    )
    assert described(b"GET", b"/v1/pets").startswith("GET /pets takes no body.")
    assert described(b"GET", b"/v1/pets?limit=x").startswith("400: The query parameter 'limit'")
    assert described(b"GET", b"/x").startswith("404: The document")
    preflight = (b"access-control-request-method", b"GET")
    assert "a preflight" in described(b"OPTIONS", b"/v1/pets", preflight)
    made = api(watch=Watch("x", print))
    assert described(b"GET", b"/x").endswith("it only looks on (dry_run)")


def test_the_answer_names_the_methods_that_there_are() -> None:
    made = api()
    with pytest.raises(MethodNotOffered) as caught:
        made.operation(RequestHead(b"PUT", b"/v1/pets/7", b"a", b"http", []))
    assert caught.value.sentence.startswith("There is no PUT for /v1/pets/{id}")
    assert caught.value.allow == b"GET, DELETE, HEAD"


PIECES = st.sampled_from(
    rb"/ v1 pets %70 7 .. %2e %2F picture ; ? limit = & tags %ff %00 + 5 \ // notes %".split(b" ")
)


@given(st.lists(PIECES, max_size=14), st.sampled_from([b"GET", b"POST", b"OPTIONS", b"X"]))
def test_any_target_is_an_operation_or_refused(pieces: list[bytes], method: bytes) -> None:
    request = RequestHead(method, b"/" + b"".join(pieces), b"a", b"http", [])
    try:
        found = ANY.operation(request)
        if found is not None:
            ANY.check_parameters(request, *found)
    except BadContent:
        return
    assert found is not None
    assert found[0].name.split(" ")[0].encode() == method


ANY = api(unknown=False)
