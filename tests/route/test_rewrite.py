"""What goes out for what came in, and what is put back into the answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http.message import RequestHead
from porch.route.paths import climbs
from porch.route.pattern import parse_key
from porch.route.rewrite import (
    put_back,
    put_back_cookie,
    put_back_location,
    returned,
    rewriter,
    stripped,
)


def sent(key: str, target: str, *, strip: bool = False, template: str | None = None) -> str:
    """The target that goes out for `target` on a route with `key`."""
    rewrite = rewriter(parse_key(key), strip=strip, template=template)
    assert rewrite is not None
    return rewrite(RequestHead(b"GET", target.encode(), b"a.test", b"http", [])).decode()


def test_without_strip_and_rewrite_nothing_is_done() -> None:
    assert rewriter(parse_key("a.test/api/*")) is None


@pytest.mark.parametrize(
    ("target", "out"),
    [
        ("/api/users", "/users"),
        ("/api/users/", "/users/"),
        ("/api/users?a=/api", "/users?a=/api"),
        ("/api", "/"),
        ("/api/", "/"),
        ("/api?a=1", "/?a=1"),
        ("/api/?a=1", "/?a=1"),
        ("/api//evil.test/x", "/evil.test/x"),
        ("/api/a%2Fb//c", "/a%2Fb//c"),
    ],
)
def test_strip_takes_the_path_of_the_key_off(target: str, out: str) -> None:
    assert sent("a.test/api/*", target, strip=True) == out


def test_strip_of_an_exact_path_leaves_the_root() -> None:
    assert sent("a.test/metrics", "/metrics?x", strip=True) == "/?x"
    assert sent("a.test/metrics/", "/metrics/", strip=True) == "/"


def test_what_is_stripped_is_told_for_the_prefix_header() -> None:
    assert stripped(parse_key("a.test/api/v1/*")) == b"/api/v1"
    assert stripped(parse_key("a.test/api/")) == b"/api"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("a.test", "there is nothing to strip, since 'a.test' has no path"),
        ("a.test/", "there is nothing to strip"),
        ("a.test/~/x", "strip does not know where a regex ends"),
    ],
)
def test_a_key_without_a_path_has_nothing_to_strip(key: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rewriter(parse_key(key), strip=True)


USER = r"a.test/~/users/(?P<id>[^/]+)(?:/(posts))?"


@pytest.mark.parametrize(
    ("key", "template", "target", "out"),
    [
        ("a.test", "/v1{path}", "/users", "/v1/users"),
        ("a.test", "/v1{path}", "/users?a=1", "/v1/users?a=1"),
        ("a.test", "/v1/{path}", "/users", "/v1/users"),
        ("a.test", "/v1{path}", "/", "/v1/"),
        ("a.test", "{path}", "//evil.test", "/evil.test"),
        ("a.test", "{path}.html", "/a", "/a.html"),
        ("a.test/x", "/health", "/x?a=1", "/health?a=1"),
        ("a.test", "/straße", "/", "/stra%C3%9Fe"),
        ("a.test", "/x?p={path}", "/a&b=c", "/x?p=/a%26b%3Dc"),
        ("a.test", "/x?p=1&{query}", "/a?b=2&c", "/x?p=1&b=2&c"),
        ("a.test", "/x?", "/a?b=2", "/x?"),
        (USER, "/u/{id}/{2}", "/users/7/posts", "/u/7/posts"),
        (USER, "/u/{1}/x{2}", "/users/7?a", "/u/7/x?a"),
        (USER, "/u?id={id}", "/users/7&admin=1?x", "/u?id=7%26admin%3D1"),
        (USER, "/u?id={id}", "/users/a+b;c%20d", "/u?id=a%2Bb%3Bc%20d"),
        (r"a.test/~/old/(.*)", "/{1}", "/old//evil.test", "/evil.test"),
    ],
)
def test_a_rewrite_fills_the_path_and_what_a_regex_caught(
    key: str, template: str, target: str, out: str
) -> None:
    assert sent(key, target, template=template) == out


def test_strip_and_rewrite_together_rewrite_what_is_left() -> None:
    assert sent("a.test/api/*", "/api/users?a", strip=True, template="/v1{path}") == "/v1/users?a"
    assert sent("a.test/api/*", "/api", strip=True, template="/v1{path}") == "/v1/"


@pytest.mark.parametrize(
    ("key", "template", "says"),
    [
        ("a.test", "v1{path}", "has to begin with / or {path}"),
        ("a.test", "https://b.test{path}", "has to begin with /"),
        ("a.test", "", "has to begin with /"),
        ("a.test", "/{id}", "has {id}, but there is only {path}$"),
        ("a.test", "/{query}", "has {query}, but there is only {path}$"),
        ("a.test", "/x?{id}", "there is only {path}, {query}$"),
        (USER, "/{3}", r"there is only {path}, \{1\}, \{2\}, {id}$"),
        ("a.test", "/{path", "a brace that belongs to no {name}"),
        ("a.test", "/{}", "a brace that belongs to no {name}"),
        ("a.test", "/a b", "a space is %20"),
        ("a.test", "/a#b", "has a . or #"),
        ("a.test", "/a/../b{path}", "has a [.][.] or //"),
        ("a.test", "/a//b", "has a [.][.] or //"),
        ("a.test/~/(?P<path>x)", "{path}", "a group named path or query"),
    ],
)
def test_a_rewrite_that_cannot_be_filled_is_refused(key: str, template: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        rewriter(parse_key(key), template=template)


@given(st.text("ab/.%2F?&=", max_size=12), st.sampled_from(["/pub{path}", "{path}", "/p?q={path}"]))
def test_what_goes_out_is_a_path_that_stays_where_it_was_put(rest: str, template: str) -> None:
    target = f"/api/{rest}"
    if climbs(target.partition("?")[0].encode()):
        return  # the router refuses those
    for strip in (False, True):
        out = sent("a.test/api/*", target, strip=strip, template=template)
        assert out.startswith("/")
        assert not out.startswith("//")
        assert not climbs(out.partition("?")[0].encode())
        if template.startswith("/pub"):
            assert out.startswith("/pub/")


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (b"/login", b"/api/login"),
        (b"/login?next=/#top", b"/api/login?next=/#top"),
        (b"/", b"/api/"),
        (b"/?a", b"/api/?a"),
        (b"login", b"login"),
        (b"../login", b"../login"),
        (b"?a", b"?a"),
        (b"", b""),
        (b"http://a.test/login", b"http://a.test/api/login"),
        (b"https://A.test:443/login", b"https://A.test:443/api/login"),
        (b"//a.test/login", b"//a.test/api/login"),
        (b"http://a.test", b"http://a.test/api/"),
        (b"http://a.test?a", b"http://a.test/api/?a"),
        (b"http://b.test/login", b"http://b.test/login"),
        (b"//b.test/login", b"//b.test/login"),
        (b"http://a.test:8080/login", b"http://a.test:8080/login"),
        (b"http://a.test@b.test/", b"http://a.test@b.test/"),
        (b"mailto:x@a.test", b"mailto:x@a.test"),
        (b"/api/login", b"/api/login"),
        (b"/api", b"/api"),
        (b"/api?a", b"/api?a"),
        (b"/apix", b"/api/apix"),
        (b"http://a.test/api/login", b"http://a.test/api/login"),
    ],
)
def test_the_prefix_is_put_back_into_a_location_of_this_host(value: bytes, back: bytes) -> None:
    assert put_back_location(value, b"/api", b"a.test") == back


def test_a_location_on_the_port_that_the_client_asked_for_is_this_host() -> None:
    url = b"http://a.test:8080/login"
    assert put_back_location(url, b"/api", b"a.test:8080") == b"http://a.test:8080/api/login"


@pytest.mark.parametrize(
    ("value", "back"),
    [
        (b"a=b; Path=/", b"a=b; Path=/api"),
        (b"a=b; path=/x; Secure", b"a=b; path=/api/x; Secure"),
        (b"a=b;Path = /x ;Secure", b"a=b;Path = /api/x;Secure"),
        (b"a=b; Path=/api", b"a=b; Path=/api"),
        (b"a=b; Path=/api/x", b"a=b; Path=/api/x"),
        (b"a=b; Path=/apix", b"a=b; Path=/api/apix"),
        (b"a=b", b"a=b"),
        (b"a=b; Path=", b"a=b; Path="),
        (b"a=b; Path=x", b"a=b; Path=x"),
        (b"path=/x", b"path=/x"),
        (b"__Host-a=b; Secure; Path=/", b"__Host-a=b; Secure; Path=/"),
    ],
)
def test_the_prefix_is_put_back_into_the_path_of_a_cookie(value: bytes, back: bytes) -> None:
    assert put_back_cookie(value, b"/api") == back


def test_only_location_and_set_cookie_are_touched() -> None:
    fields = [
        (b"location", b"/x"),
        (b"content-location", b"/x"),
        (b"set-cookie", b"a=b; Path=/"),
        (b"set-cookie", b"c=d"),
        (b"link", b"</x>"),
    ]
    assert put_back(fields, b"/api", b"a.test") == [
        (b"location", b"/api/x"),
        (b"content-location", b"/x"),
        (b"set-cookie", b"a=b; Path=/api"),
        (b"set-cookie", b"c=d"),
        (b"link", b"</x>"),
    ]


@pytest.mark.parametrize(
    ("key", "words", "target", "asked"),
    [
        ("a.test/api/*", {"strip": True}, "/x?y", ["/api/x?y"]),
        ("a.test/api/*", {"strip": True}, "/?y", ["/api/?y", "/api?y"]),
        ("a.test", {"template": "/v2{path}"}, "/v2/x?y=/v2/", ["/x?y=/v2/"]),
        ("a.test", {"template": "/v2{path}"}, "/v2", []),
        ("a.test", {"template": "/v2{path}"}, "/v2x", []),
        ("a.test", {"template": "/v2{path}"}, "/other", []),
        ("a.test", {"template": "{path}.json"}, "/x.json?y", ["/x?y"]),
        ("a.test", {"template": "/v{path}.json"}, "/v.json", []),
        ("a.test/api/*", {"strip": True, "template": "/v2{path}"}, "/v2/x", ["/api/x"]),
        ("a.test/api/*", {"strip": True}, "/api/x", ["/api/x"]),
        ("a.test/api/*", {"strip": True, "template": "/v2{path}"}, "/api/v2/x", ["/api/x"]),
        ("a.test/x", {"template": "/y"}, "/y?z", ["/x?z"]),
        ("a.test/x", {"template": "/y"}, "/y/z", []),
    ],
)
def test_what_an_origin_names_is_known_by_what_clients_ask_for(
    key: str, words: dict[str, Any], target: str, asked: list[str]
) -> None:
    back = returned(parse_key(key), **words)
    assert back is not None
    assert [each.decode() for each in back(target.encode())] == asked
    for each in asked:
        assert sent(key, each, **words) in (target, target.removeprefix("/api"))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("a.test", {}),
        ("a.test", {"template": "/index.php?path={path}"}),
        ("a.test/~/(a|b)/(.*)", {"template": "/{2}"}),
        ("a.test/x/*", {"template": "/y"}),
        ("a.test", {"template": "{path}{path}"}),
    ],
)
def test_what_does_not_tell_leads_nowhere(key: str, words: dict[str, Any]) -> None:
    assert returned(parse_key(key), **words) is None


@given(
    st.text("/abc.", max_size=8), st.booleans(), st.sampled_from(["/v2{path}", "{path}.b", None])
)
def test_whatever_goes_out_comes_back(path: str, strip: bool, template: str | None) -> None:
    pattern = parse_key("a.test/api/*")
    rewrite = rewriter(pattern, strip=strip, template=template)
    back = returned(pattern, strip=strip, template=template)
    asked = f"/api/{path}".encode()
    if rewrite is not None and back is not None and b"//" not in asked:
        went = rewrite(RequestHead(b"GET", asked, b"a.test", b"http", []))
        assert asked in back(went) or went.startswith(b"/api/")
