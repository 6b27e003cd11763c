"""Where a redirect leads, and that what was asked for can't choose another host."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.filter import Response
from porch.serve.redirect import HttpsRedirect, Redirect, fill, host_of
from tests.support.hooks import FakeExchange, seen


def location(answer: Response | None) -> bytes:
    assert answer is not None
    [(name, value)] = answer.fields
    assert name == b"location"
    return value


def to(
    template: str,
    target: bytes,
    authority: bytes = b"a.test",
    pattern: re.Pattern[bytes] | None = None,
) -> bytes:
    fake = FakeExchange(target=target, authority=authority)
    return location(Redirect(template, 308, pattern).on_request(seen(fake)))


@pytest.mark.parametrize(
    ("template", "target", "made"),
    [
        ("https://b.test", b"/a?b", b"https://b.test"),
        ("https://b.test{path}", b"/a?b", b"https://b.test/a?b"),
        ("https://b.test/{path}", b"/a?b", b"https://b.test/a?b"),
        ("https://b.test/new{path}", b"/a", b"https://b.test/new/a"),
        ("https://b.test/new/{path}", b"/", b"https://b.test/new/"),
        ("https://{host}/login?to={path}", b"/a", b"https://a.test/login?to=/a"),
        ("https://b.test{path}", b"/a//b", b"https://b.test/a//b"),
        (
            "https://b.test{path}",
            b"/a?to=https://c.test//d",
            b"https://b.test/a?to=https://c.test//d",
        ),
        ("//b.test{path}", b"/a?to=https://c.test//d", b"//b.test/a?to=https://c.test//d"),
        ("/new{path}", b"/a?to=http://c.test", b"/new/a?to=http://c.test"),
        ("https://b.test{path}", b"*", b"https://b.test/"),
        ("https://b.test/{nobody}", b"/", b"https://b.test/"),
        (
            "https://b.test/b\N{LATIN SMALL LETTER U WITH DIAERESIS} {path}",
            b"/a",
            b"https://b.test/b%C3%BC%20/a",
        ),
        ("https://b.test/100%25", b"/a", b"https://b.test/100%25"),
    ],
)
def test_path_and_host_stand_where_they_are_wanted(
    template: str, target: bytes, made: bytes
) -> None:
    assert to(template, target) == made


def test_what_a_regex_caught_can_stand_in_it() -> None:
    pattern = re.compile(rb"/(?P<year>\d+)/(\w+)(/x)?")
    template = "https://b.test/{2}/{year}/{1}{3}{4}"
    assert to(template, b"/2024/news?q", pattern=pattern) == b"https://b.test/news/2024/2024"


@pytest.mark.parametrize("template", ["{path}", "/{path}", "/{1}"])
@pytest.mark.parametrize("target", [b"//b.test", b"/\\b.test/", b"///b.test", b"/\\/b.test", b"//"])
def test_a_request_cannot_choose_another_host(template: str, target: bytes) -> None:
    made = to(template, target, pattern=re.compile(b"(.*)"))
    assert re.match(rb"/(?![/\\])", made)


@given(
    st.sampled_from(["{path}", "/{path}", "/new{path}", "https://b.test{path}", "//b.test/{path}"]),
    st.lists(st.sampled_from(b"/\\a.:@?%"), max_size=8).map(lambda rest: b"/" + bytes(rest)),
)
def test_the_host_of_a_redirect_is_the_templates(template: str, target: bytes) -> None:
    made = to(template, target)
    if "b.test" in template:
        assert made.partition(b"//")[2].startswith(b"b.test/")
    else:
        assert re.match(rb"/(?![/\\])", made)


def test_the_status_is_308_unless_told() -> None:
    assert Redirect("/").on_request(seen(FakeExchange())).status == 308
    assert Redirect("/", 302).on_request(seen(FakeExchange())).status == 302


@pytest.mark.parametrize(
    ("authority", "port", "made"),
    [
        (b"a.test", 443, b"https://a.test/a?b"),
        (b"a.test:80", 443, b"https://a.test/a?b"),
        (b"a.test:8080", 8443, b"https://a.test:8443/a?b"),
        (b"[::1]:80", 8443, b"https://[::1]:8443/a?b"),
    ],
)
def test_plain_requests_are_sent_to_https(authority: bytes, port: int, made: bytes) -> None:
    fake = FakeExchange(method=b"POST", target=b"/a?b", authority=authority)
    answer = HttpsRedirect(port).on_request(seen(fake))
    assert location(answer) == made
    assert answer is not None
    assert answer.status == 308


def test_what_came_by_https_goes_on() -> None:
    assert HttpsRedirect(443).on_request(seen(FakeExchange(scheme=b"https"))) is None


PEER = b"192.0.2.7"


def proxied(
    *told: bytes, scheme: bytes = b"http", trusted: bytes = PEER, port: int = 8443
) -> tuple[Response | None, list[tuple[str, str]]]:
    """The answer to who comes from PEER, which tells of its client's scheme, and what is said of
    it to the operator."""
    said: list[tuple[str, str]] = []
    fields = [(b"x-forwarded-proto", each) for each in told]
    fake = FakeExchange(target=b"/a?b", authority=b"a.test:80", scheme=scheme, fields=fields)
    rule = HttpsRedirect(port, None, trusted.__eq__, lambda *each: said.append(each))
    return rule.on_request(seen(fake)), said


@pytest.mark.parametrize("scheme", [b"http", b"https"])
def test_whose_proxy_ends_tls_is_not_sent_round_in_a_loop(scheme: bytes) -> None:
    assert proxied(b"https", scheme=scheme) == (None, [])
    assert proxied(b"wss", scheme=scheme) == (None, [])


@pytest.mark.parametrize("scheme", [b"http", b"https"])
def test_whose_proxy_takes_plain_http_is_sent_to_https_there(scheme: bytes) -> None:
    """The port of this door is behind the proxy, and so is a cache that has not the scheme in its
    key."""
    answer, said = proxied(b"http", scheme=scheme)
    assert answer is not None
    assert answer.fields == [(b"location", b"https://a.test/a?b"), (b"cache-control", b"private")]
    assert said == []


def test_a_trusted_peer_that_says_nothing_of_it_comes_as_its_connection_does() -> None:
    answer, _ = proxied()
    assert answer is not None
    assert answer.fields == [(b"location", b"https://a.test:8443/a?b")]
    assert proxied(scheme=b"https")[0] is None


def test_nobody_else_switches_the_redirect_off_and_the_operator_hears_of_a_loop() -> None:
    answer, said = proxied(b"https", trusted=b"10.0.0.1")
    assert answer is not None
    assert answer.fields == [(b"location", b"https://a.test:8443/a?b")]
    ((text, about),) = said
    assert text == (
        "192.0.2.7 says that its client came by HTTPS (X-Forwarded-Proto) and is redirected to "
        "HTTPS, at a.test: if it is a proxy of yours, name it in `trust`, or browsers go round in "
        "a loop"
    )
    assert about in text
    assert PEER.decode() not in about, "who writes it himself fills no log"
    assert proxied(b"http", trusted=b"10.0.0.1")[1] == []
    assert proxied(b"http", scheme=b"https", trusted=b"10.0.0.1") == (None, [])


def test_a_trusted_peer_that_says_https_twice_is_believed() -> None:
    assert proxied(b"https", b"https") == (None, [])


@pytest.mark.parametrize("told", [(b"https", b"http"), (b"https, http",), (b"on",), (b"",)])
def test_whose_proxy_tells_no_scheme_is_redirected_and_the_operator_hears_of_a_loop(
    told: tuple[bytes, ...],
) -> None:
    answer, said = proxied(*told)
    assert answer is not None
    assert answer.fields == [(b"location", b"https://a.test:8443/a?b")]
    ((text, about),) = said
    assert text == (
        "192.0.2.7, which is in `trust`, does not tell in X-Forwarded-Proto by what its client "
        "came: neither `http` nor `https`, or both. The client is redirected to HTTPS, at "
        "a.test: have the proxy set the field in place of what came, or browsers go round in a loop"
    )
    assert about in text
    assert PEER.decode() not in about
    assert proxied(*told, trusted=b"10.0.0.1")[1] == [], "of nobody else"
    assert proxied(*told, scheme=b"https") == (None, [])


def test_options_about_the_door_are_no_url_to_be_sent_to() -> None:
    fake = FakeExchange(method=b"OPTIONS", target=b"*")
    assert HttpsRedirect(443).on_request(seen(fake)) is None


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        (b"a.test", b"a.test"),
        (b"a.test:80", b"a.test"),
        (b"a.test:", b"a.test"),
        (b"[::1]", b"[::1]"),
        (b"[::1]:80", b"[::1]"),
        (b"", b""),
    ],
)
def test_a_host_is_an_authority_without_its_port(authority: bytes, host: bytes) -> None:
    assert host_of(authority) == host


def test_a_template_without_slots_is_itself() -> None:
    assert fill("https://b.test//a", FakeExchange().request, None) == b"https://b.test//a"
