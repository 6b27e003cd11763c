"""Keys: each form that the language has, and a way out for each that it has not."""

import pytest

from porch.route.pattern import Kind, Pattern, parse_key


@pytest.mark.parametrize(
    ("key", "method", "host", "kind", "path"),
    [
        ("a.test", None, b"a.test", Kind.WHOLE, b""),
        ("a.test/*", None, b"a.test", Kind.WHOLE, b""),
        ("a.test/", None, b"a.test", Kind.EXACT, b"/"),
        ("a.test/x", None, b"a.test", Kind.EXACT, b"/x"),
        ("a.test/x/", None, b"a.test", Kind.EXACT, b"/x/"),
        ("a.test/x/*", None, b"a.test", Kind.PREFIX, b"/x"),
        ("a.test/x/y/*", None, b"a.test", Kind.PREFIX, b"/x/y"),
        ("*", None, b"*", Kind.WHOLE, b""),
        ("*/x/*", None, b"*", Kind.PREFIX, b"/x"),
        ("*.a.test/x", None, b"*.a.test", Kind.EXACT, b"/x"),
        ("POST a.test/x", b"POST", b"a.test", Kind.EXACT, b"/x"),
        ("M-SEARCH *", b"M-SEARCH", b"*", Kind.WHOLE, b""),
        ("  GET   A.Test./x ", b"GET", b"a.test", Kind.EXACT, b"/x"),
        ("[::1]/x", None, b"[::1]", Kind.EXACT, b"/x"),
        ("a.test/straße/*", None, b"a.test", Kind.PREFIX, b"/stra%C3%9Fe"),
        ("a.test/stra%c3%9fe", None, b"a.test", Kind.EXACT, b"/stra%C3%9Fe"),
        ("a.test/.well-known/*", None, b"a.test", Kind.PREFIX, b"/.well-known"),
        ("a.test/~/users/(\\d+)$", None, b"a.test", Kind.REGEX, b"/users/(\\d+)$"),
        ("a.test/~^/x", None, b"a.test", Kind.REGEX, b"^/x"),
        ("a.test/~.*\\.php$", None, b"a.test", Kind.REGEX, b".*\\.php$"),
        ("a.test/~/http://x?", None, b"a.test", Kind.REGEX, b"/http://x?"),
    ],
)
def test_a_key_is_a_method_a_host_and_a_path(
    key: str, method: bytes | None, host: bytes, kind: Kind, path: bytes
) -> None:
    pattern = parse_key(key)
    assert pattern.key == key
    assert (pattern.method, pattern.host, pattern.kind, pattern.path) == (method, host, kind, path)
    assert (pattern.regex is not None) == (kind is Kind.REGEX)


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("", "a key is empty"),
        ("  ", "a key is empty"),
        ("/api/*", r"for any host write '\*/api/\*'"),
        ("http://a.test/x", "a key has no scheme; write 'a.test/x'"),
        ("POST https://a.test", "a key has no scheme; write 'a.test'"),
        ("a.test:8080/x", "a key names no port, `listen` does; write 'a.test'"),
        ("post a.test", "methods are written in capitals: 'POST a.test'"),
        ("GET,POST a.test", "several are a condition: when ="),
        ("GET POST a.test", "has a space too many"),
        ("a.test/x y", "has a space too many; one in a path is written %20"),
        ("TRACE a.test", "TRACE is never forwarded"),
        ("CONNECT a.test", "CONNECT is never forwarded"),
        ("a.test/x*", r"all behind the last slash, 'a.test/\*'"),
        ("a.test/x/*/y", r"all behind the last slash, 'a.test/x/\*'; anything else is a regex"),
        ("a.test/x/**", r"all behind the last slash, 'a.test/x/\*'"),
        ("a.test/x?y=1", "a key has no query"),
        ("a.test/x#y", "only a path stands here"),
        ("a.test/%zz", "% itself is %25"),
        ("a.test/%7Euser", "write 'a.test/~user'"),
        ("a.test//x", "write 'a.test/x'"),
        ("a.test//*", r"write 'a.test/\*'"),
        ("a.test/x/../y/*", r"write 'a.test/y/\*'"),
        ("a.test/a%2Fb", "write 'a.test/a/b'"),
        ("a.test/a\\b", "write 'a.test/a/b'"),
        ("a.test/~users", "write 'a.test/~/users'"),
        ("a.test/~^users", "write 'a.test/~/users'"),
        ("a.test/~", "is empty"),
        ("a.test/~/(", "is not a regex"),
        ("a.test/~/straße", "as it is sent"),
    ],
)
def test_what_is_no_key_is_refused_with_the_way_out(key: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_key(key)


@pytest.mark.parametrize(
    ("key", "path", "does"),
    [
        ("a.test", b"/", True),
        ("a.test/*", b"/x/y", True),
        ("a.test/", b"/", True),
        ("a.test/", b"/x", False),
        ("a.test/x", b"/x", True),
        ("a.test/x", b"/x/", False),
        ("a.test/x/*", b"/x", True),
        ("a.test/x/*", b"/x/", True),
        ("a.test/x/*", b"/x/y/z", True),
        ("a.test/x/*", b"/xy", False),
        ("a.test/x/*", b"/", False),
        ("a.test/~/x", b"/xy", True),
        ("a.test/~/x$", b"/xy", False),
        ("a.test/~/x", b"/y/x", False),
    ],
)
def test_a_prefix_ends_at_a_slash_and_a_regex_begins_at_the_first(
    key: str, path: bytes, does: bool
) -> None:
    assert parse_key(key).matches_path(path) is does


@pytest.mark.parametrize(
    ("key", "host", "does"),
    [
        ("*", b"", True),
        ("*", b"a.test", True),
        ("a.test", b"a.test", True),
        ("a.test", b"b.a.test", False),
        ("*.a.test", b"b.a.test", True),
        ("*.a.test", b"c.b.a.test", True),
        ("*.a.test", b"a.test", False),
        ("*.a.test", b"ba.test", False),
        ("*.a.test", b".a.test", False),
        ("*.a.test", b"b..a.test", False),
        ("a.test", b"*", False),
    ],
)
def test_a_wildcard_stands_for_one_or_more_labels(key: str, host: bytes, does: bool) -> None:
    assert parse_key(key).matches_host(host) is does


@pytest.mark.parametrize(
    ("one", "other"),
    [("a.test", "A.test/*"), ("GET a.test/x", "GET  a.test./x"), ("a.test/~/x", "a.test/~/x")],
)
def test_keys_of_one_meaning_are_equal(one: str, other: str) -> None:
    assert parse_key(one) == parse_key(other)


def test_a_pattern_does_not_change() -> None:
    pattern: Pattern = parse_key("a.test")
    with pytest.raises(AttributeError):
        pattern.host = b"b.test"  # type: ignore[misc]
