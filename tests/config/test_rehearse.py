"""A request walked through a configuration: what would be decided, without a network."""

from typing import Any

import pytest

from porch.config.build import Built, build
from porch.config.load import load_mapping
from porch.config.rehearse import Rehearsal, client_ip_of, client_of, rehearse, request_of
from porch.config.state import State
from porch.errors import BadRequest, MethodNotAllowed, PorchError
from porch.http.message import RequestHead


def built(routes: dict[str, Any], **words: Any) -> Built:
    loaded = load_mapping({"listen": ":80", "routes": routes} | words)
    found = build(loaded, State())
    assert found is not None, loaded.report()
    return found


def rehearsed(
    routes: dict[str, Any],
    url: str,
    *headers: tuple[str, str],
    method: str = "GET",
    client: bytes = b"192.0.2.1",
    **words: Any,
) -> Rehearsal:
    return rehearse(built(routes, **words), request_of(method, url, list(headers)), client)


# --- the request -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "authority", "target"),
    [
        ("http://a.test", b"a.test", b"/"),
        ("http://a.test/x?y=1", b"a.test", b"/x?y=1"),
        ("http://a.test?y=1", b"a.test", b"/?y=1"),
        ("http://a.test/x#part", b"a.test", b"/x"),
        ("HTTP://a.test:8080/%2e", b"a.test:8080", b"/%2e"),
        ("http://[::1]:80/", b"[::1]:80", b"/"),
    ],
)
def test_a_url_is_what_a_client_sends_for_it(url: str, authority: bytes, target: bytes) -> None:
    request = request_of("GET", url, [])
    assert (request.method, request.authority, request.target) == (b"GET", authority, target)
    assert request.scheme == b"http"


def test_a_host_in_the_fields_stands_for_that_of_the_url() -> None:
    request = request_of("POST", "https://a.test/", [("Host", "b.test"), ("X-Own", "1")])
    assert (request.authority, request.scheme) == (b"b.test", b"https")
    assert (b"x-own", b"1") in request.fields


@pytest.mark.parametrize("url", ["", "a.test", "/x", "ftp://a.test/", "http://", "http:///x"])
def test_what_is_no_url_is_said(url: str) -> None:
    with pytest.raises(ValueError, match=r"is not a URL; write http://example\.com/path"):
        request_of("GET", url, [])


@pytest.mark.parametrize(
    ("method", "url", "error"),
    [
        ("GET", "http://a b/", BadRequest),
        ("GET", "http://a.test/ x", BadRequest),
        ("GET", "http://[x/", BadRequest),
        ("G T", "http://a.test/", BadRequest),
        ("CONNECT", "http://a.test/", PorchError),
        ("TRACE", "http://a.test/", MethodNotAllowed),
    ],
)
def test_what_the_codec_refuses_is_refused(method: str, url: str, error: type[PorchError]) -> None:
    with pytest.raises(error):
        request_of(method, url, [])


# --- the client ------------------------------------------------------------------------------


def test_a_client_is_an_address() -> None:
    assert client_of("192.0.2.1") == b"192.0.2.1"
    assert client_of("2001:DB8::0") == b"2001:db8::"
    assert client_of("unix") == b"unix"
    with pytest.raises(ValueError, match=r"'a\.test' is not the address of a client"):
        client_of("a.test")


def test_trust_decides_who_the_client_is() -> None:
    request = request_of("GET", "http://a.test/", [("X-Forwarded-For", "192.0.2.7")])
    trusting = built({"*": ":1"}, trust=["10.0.0.0/8"])
    assert client_ip_of(trusting, request, b"10.1.1.1") == b"192.0.2.7"
    assert client_ip_of(trusting, request, b"192.0.2.1") == b"192.0.2.1"
    assert client_ip_of(built({"*": ":1"}), request, b"10.1.1.1") == b"10.1.1.1"


def test_conditions_see_the_client_behind_a_trusted_proxy() -> None:
    routes = {"*": ":1", "a.test": {"to": ":2", "when": {"client": "192.0.2.7"}}}
    through = ("X-Forwarded-For", "192.0.2.7")
    for client, key in ((b"10.1.1.1", "a.test"), (b"192.0.2.1", "*")):
        found = rehearsed(routes, "http://a.test/", through, client=client, trust=["10.0.0.0/8"])
        assert found.route is not None
        assert found.route.key == key


# --- what goes out ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("to", "sends"),
    [
        (":3000", ["http://127.0.0.1:3000/x?y=1"]),
        ("http://b.test", ["http://b.test:80/x?y=1"]),
        ("https://b.test", ["https://b.test/x?y=1"]),
        ("https://b.test:8443", ["https://b.test:8443/x?y=1"]),
        ("[::1]:80", ["http://[::1]:80/x?y=1"]),
        ("unix:/run/u.sock", ["unix:/run/u.sock:/x?y=1"]),
        (["10.0.0.1:1", "https://b.test"], ["http://10.0.0.1:1/x?y=1", "https://b.test/x?y=1"]),
        ("api", ["http://10.0.0.7:80/x?y=1", "https://c.test/x?y=1"]),
    ],
)
def test_the_url_of_every_endpoint_is_known(to: Any, sends: list[str]) -> None:
    pool = {"api": {"servers": ["10.0.0.7:80", "https://c.test"]}}
    assert rehearsed({"*": to}, "http://a.test/x?y=1", pool=pool).sends == sends


def test_the_filters_of_the_route_have_done_their_work() -> None:
    route = {"to": ":1", "strip": True, "headers": {"request": {"X-Own": "1", "Cookie": False}}}
    found = rehearsed({"a.test/api/*": route}, "http://a.test/api/x", ("Cookie", "a=b"))
    assert found.sends == ["http://127.0.0.1:1/x"]
    assert found.sent is not None
    fields = dict(found.sent.fields)
    assert fields[b"x-own"] == b"1"
    assert fields[b"x-forwarded-for"] == b"192.0.2.1"
    assert fields[b"x-forwarded-prefix"] == b"/api"
    assert b"cookie" not in fields
    assert (found.status, found.error) == (0, None)


@pytest.mark.parametrize(
    ("url", "listen", "port"),
    [
        ("http://a.test/", [":8080", ":9090"], b"8080"),
        ("http://a.test/", ["127.0.0.1:0"], b"80"),
        ("https://a.test/", [":8080"], b"443"),
    ],
)
def test_the_port_is_one_it_would_have_come_by(url: str, listen: list[str], port: bytes) -> None:
    sent = rehearsed({"*": ":1"}, url, listen=listen).sent
    assert sent is not None
    assert dict(sent.fields)[b"x-forwarded-port"] == port


def test_a_body_is_not_waited_for() -> None:
    found = rehearsed(
        {"*": ":1"},
        "http://a.test/",
        ("Content-Length", "5"),
        ("Expect", "100-continue"),
        method="PUT",
    )
    assert found.sends == ["http://127.0.0.1:1/"]


# --- answers at the door ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "url", "status", "location", "word"),
    [
        ("GET", "http://old.test/x", 308, "https://a.test/x", ""),
        ("GET", "http://gone.test/", 410, "", ""),
        ("GET", "http://z.test/", 404, "", "no-site"),
        ("GET", "http://a.test/y", 404, "", "no-route"),
        ("GET", "http://a.test/x/%2e%2e/", 400, "", "http_request_error"),
    ],
)
def test_an_answer_is_known_with_its_reason(
    method: str, url: str, status: int, location: str, word: str
) -> None:
    routes = {
        "a.test/x/*": ":1",
        "old.test": "redirect:https://a.test{path}",
        "gone.test": "respond:410",
    }
    found = rehearsed(routes, url, method=method)
    assert (found.status, found.location) == (status, location)
    assert (found.error.word if found.error is not None else "") == word
    assert (found.sent, found.sends) == (None, [])


def test_a_request_over_a_limit_is_refused() -> None:
    routes = {"*": {"to": ":1", "limits": {"body": "1KB"}}}
    found = rehearsed(routes, "http://a.test/", ("Content-Length", "9999"), method="PUT")
    assert found.status == 413
    assert found.route is not None


def test_a_rewrite_that_fails_is_an_answer_too() -> None:
    def fail(request: RequestHead) -> bytes:
        raise BadRequest("it climbs")

    made = built({"*": ":1"})
    made.entries[0].route.rewrite = fail
    found = rehearse(made, request_of("GET", "http://a.test/", []), b"192.0.2.1")
    assert (found.status, found.sent) == (400, None)
    assert isinstance(found.error, BadRequest)


def test_a_defect_ends_the_rehearsal() -> None:
    def fail(request: RequestHead) -> bytes:
        raise ZeroDivisionError

    made = built({"*": ":1"})
    made.entries[0].route.rewrite = fail
    with pytest.raises(ZeroDivisionError):
        rehearse(made, request_of("GET", "http://a.test/", []), b"192.0.2.1")
