"""Which answers to HEAD say something of what is stored."""

import pytest

from porch.cache.entry import Entry
from porch.cache.headed import holds_for_all
from porch.cache.key import KeyRules
from porch.cache.policy import Policy
from porch.http.message import Field, RequestHead

RULES = KeyRules(keep=(b"page",), fields=(b"x-tenant",))
ENTRY = Entry(200, [], 2, 0.0, 0.0, 60.0, "max-age", vary=[(b"accept-language", b"de")])


def head(*fields: Field, target: bytes = b"/a?page=1", host: bytes = b"x") -> RequestHead:
    return RequestHead(b"HEAD", target, host, b"https", [*fields], 0)


@pytest.mark.parametrize(
    "field",
    [
        (b"user-agent", b"curl"),
        (b"accept", b"*/*"),
        (b"cache-control", b"no-cache"),
        (b"x-tenant", b"a"),
        (b"accept-language", b"de"),
        (b"sec-fetch-mode", b"navigate"),
    ],
)
def test_what_the_key_describes_or_all_browsers_send_counts(field: Field) -> None:
    assert holds_for_all(head(field), RULES, Policy(), ENTRY)


@pytest.mark.parametrize(
    "field",
    [
        (b"cookie", b"sid=anna"),
        (b"authorization", b"x"),
        (b"x-evil", b"1"),
        (b"x-forwarded-host", b"evil"),
        (b"x-forwarded-for", b"6.6.6.6"),
        (b"rsc", b"1"),
        (b"range", b"bytes=0-1"),
        (b"if-none-match", b'"1"'),
        (b"cache-control", b"no-store"),
    ],
)
def test_what_one_client_says_besides_does_not(field: Field) -> None:
    assert not holds_for_all(head(field), RULES, Policy(), ENTRY)


def test_another_spelling_of_host_or_target_does_not() -> None:
    assert not holds_for_all(head(target=b"/a?page=1&x=1"), RULES, Policy(), ENTRY)
    assert not holds_for_all(head(host=b"X."), RULES, Policy(), ENTRY)


def test_a_body_does_not() -> None:
    request = head()
    request.length = 3
    assert not holds_for_all(request, RULES, Policy(), ENTRY)


def test_nothing_does_where_the_origin_is_told_who_asks() -> None:
    assert not holds_for_all(head(), RULES, Policy(tells_who=True), ENTRY)
