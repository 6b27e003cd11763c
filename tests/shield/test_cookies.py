"""Cookies: what is added where it is missing, and that nothing else changes."""

import pytest

from porch.shield.cookies import CookieRules, HardenCookies, hardened
from tests.support.hooks import FakeExchange, seen

ALL = b"; Secure; HttpOnly; SameSite=Lax"


@pytest.mark.parametrize(
    ("value", "added"),
    [
        (b"a=1", ALL),
        (b"a=1; Path=/x; Domain=a.test", ALL),
        (b"a=1; secure", b"; HttpOnly; SameSite=Lax"),
        (b"a=1;SECURE;HTTPONLY;SAMESITE=STRICT", b""),
        (b"a=1; HttpOnly ; Secure ; SameSite = Lax ", b""),
        (b"a=1; SameSite=None", b"; Secure; HttpOnly"),
        (b"a=1; SameSite=None; Secure; HttpOnly", b""),
        (b"a=1; SameSite=odd; Secure; HttpOnly", b"; SameSite=Lax"),
        (b"a=1; SameSite; Secure; HttpOnly", b"; SameSite=Lax"),
        (b"a=secure; x=httponly", ALL),
        (b"secure=1", ALL),
        (b"a=", ALL),
        (b"=1", ALL),
        (b"flag", ALL),
        (b"a=1;", ALL),
        (b"a=1;;", ALL),
        (b'a="x;y"', ALL),
        (b"a=b=c", ALL),
        (b"a=\xff\xfe", ALL),
        (b"a=1; Max-Age=0", ALL),
        (b"a=1; Expires=Wed, 01 Jan 2031 00:00:00 GMT", ALL),
        (b"a=1; Partitioned; Secure", b"; HttpOnly; SameSite=Lax"),
        (b"a=1, b=2", ALL),
        (b"", b""),
        (b" ", b""),
        (b"; Path=/", b""),
        (b"__Host-a=1; Path=/", ALL),
        (b"__Secure-a=1", ALL),
    ],
)
def test_a_trusted_proxy_says_that_the_client_came_by_https() -> None:
    said = [(b"x-forwarded-proto", b"https"), (b"set-cookie", b"a=1")]
    for trusts, added in (
        (b"192.0.2.7".__eq__, ALL),
        (b"10.0.0.1".__eq__, ALL[8:]),
        (None, ALL[8:]),
    ):
        fake = FakeExchange(fields=list(said))
        HardenCookies(CookieRules(), trusts).on_response(seen(fake))
        assert fake.response.get(b"set-cookie") == b"a=1" + added


def test_what_is_missing_is_added_behind_what_is_there(value: bytes, added: bytes) -> None:
    assert hardened(value, CookieRules(), is_secured=True) == value + added
    again = hardened(value + added, CookieRules(), is_secured=True)
    assert again == value + added, "it is settled"


@pytest.mark.parametrize("value", [b"a=1", b"__Host-a=1; Path=/", b"a=1; SameSite=None"])
def test_by_plain_http_no_cookie_becomes_secure(value: bytes) -> None:
    assert b"Secure" not in hardened(value, CookieRules(), is_secured=False).removeprefix(value)


def test_a_prefix_and_a_cookie_for_other_sites_are_secure_whatever_the_rules_say() -> None:
    rules = CookieRules(secure=False, http_only=False, same_site=None)
    for value in (b"__Host-a=1; Path=/", b"__secure-a=1", b"a=1; SameSite=None"):
        assert hardened(value, rules, is_secured=True) == value + b"; Secure"
    assert hardened(b"a=1", rules, is_secured=True) == b"a=1"


def test_a_cookie_for_scripts_stays_readable_and_one_that_is_left_is_left() -> None:
    rules = CookieRules(readable=frozenset([b"csrf"]), leave=frozenset([b"old"]))
    assert hardened(b"csrf=1", rules, is_secured=True) == b"csrf=1; Secure; SameSite=Lax"
    assert hardened(b"CSRF=1", rules, is_secured=True) == b"CSRF=1" + ALL
    assert hardened(b" old =1", rules, is_secured=True) == b" old =1"
    assert hardened(b"old", rules, is_secured=True) == b"old" + ALL, "that one has no name"


def test_each_cookie_of_an_answer_is_looked_at_and_no_other_field() -> None:
    fields = [(b"set-cookie", b"a=1"), (b"x", b"y=1"), (b"set-cookie", b"b=2; Secure")]
    fake = FakeExchange(scheme=b"https", fields=fields)
    HardenCookies(CookieRules(same_site="strict")).on_response(seen(fake))
    assert fake.response.fields == [
        (b"set-cookie", b"a=1; Secure; HttpOnly; SameSite=Strict"),
        (b"x", b"y=1"),
        (b"set-cookie", b"b=2; Secure; HttpOnly; SameSite=Strict"),
    ]


def test_an_answer_without_cookies_is_left() -> None:
    fake = FakeExchange(fields=[(b"x", b"y")])
    before = fake.response.fields
    HardenCookies(CookieRules()).on_response(seen(fake))
    assert fake.response.fields is before


def test_it_says_what_it_does() -> None:
    rules = CookieRules(http_only=False)
    assert HardenCookies(rules).described() == [
        "cookies get Secure, SameSite=Lax where it is missing"
    ]
