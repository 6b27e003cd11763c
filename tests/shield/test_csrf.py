"""CSRF: which requests of other sites' pages are refused."""

from collections.abc import Callable

import pytest

from porch.http.message import Field
from porch.shield.csrf import CrossSite, CrossSiteRefused
from porch.shield.origins import Origins
from tests.support.hooks import FakeExchange, seen
from tests.support.origin_tricks import OTHERS, OWN, TRUSTED
from tests.support.scenario import Scenario


def passes(
    *fields: Field,
    method: bytes = b"POST",
    scheme: bytes = b"https",
    authority: bytes = b"a.test",
    upgrade: bytes | None = None,
    trusted: tuple[str, ...] = (),
    websocket: bool = True,
) -> bool:
    fake = FakeExchange(
        method=method, scheme=scheme, authority=authority, fields=list(fields), upgrade=upgrade
    )
    try:
        CrossSite(Origins(trusted), websocket=websocket).on_request(seen(fake))
    except CrossSiteRefused:
        return False
    return True


def site(value: bytes) -> Field:
    return (b"sec-fetch-site", value)


def origin(value: bytes) -> Field:
    return (b"origin", value)


@pytest.mark.parametrize(("peer", "is_refused"), [(b"192.0.2.7", True), (b"10.0.0.1", False)])
def test_a_page_of_plain_http_is_another_where_a_trusted_proxy_ended_tls(
    peer: bytes, is_refused: bool
) -> None:
    said = [(b"x-forwarded-proto", b"https"), origin(b"http://a.test")]
    fake = FakeExchange(method=b"POST", authority=b"a.test", fields=said)
    rule = CrossSite(Origins(()), trusts=peer.__eq__)
    if is_refused:
        with pytest.raises(CrossSiteRefused):
            rule.on_request(seen(fake))
    else:
        rule.on_request(seen(fake))
    fake.request.fields[1] = origin(b"https://a.test")
    rule.on_request(seen(fake))


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
def test_what_changes_nothing_passes(method: bytes) -> None:
    assert passes(site(b"cross-site"), origin(b"https://evil.com"), method=method)


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH", b"DELETE", b"get", b"QUERY", b"X"])
def test_what_may_change_something_is_refused_to_other_sites(method: bytes) -> None:
    assert not passes(site(b"cross-site"), origin(b"https://evil.com"), method=method)


@pytest.mark.parametrize("value", [b"same-origin", b"none"])
def test_a_page_of_this_origin_passes_and_so_does_the_user(value: bytes) -> None:
    assert passes(site(value))
    assert passes(site(value), origin(b"https://a.test"))


@pytest.mark.parametrize(
    "value",
    [
        *(b"cross-site", b"same-site", b"", b"Same-Origin", b"same-origin, none", b'"none"'),
        *(b"same-origin;x", b"none none", b"true", b"same-origin\xa0"),
    ],
)
def test_a_page_of_another_site_or_of_one_that_nobody_knows_does_not(value: bytes) -> None:
    assert not passes(site(value))
    assert not passes(site(value), origin(b"https://a.test"))


def test_where_it_stands_is_said_once() -> None:
    assert not passes(site(b"same-origin"), site(b"cross-site"))
    assert not passes(site(b"none"), site(b"none"))
    assert not passes(origin(b"https://a.test"), origin(b"https://a.test"))
    assert not passes(site(b"none"), origin(b"https://a.test"), origin(b"https://a.test"))


def test_a_browser_that_says_the_origin_alone_is_compared_with_the_host() -> None:
    assert passes(origin(b"https://a.test"))
    assert passes(origin(b"https://a.test"), authority=b"a.test:443")
    assert not passes(origin(b"https://b.test"))
    assert not passes(origin(b"https://a.test:8443"))
    assert not passes(origin(b"http://a.test"))
    assert not passes(origin(b"null"))


def test_who_says_neither_is_no_browser_of_today() -> None:
    assert passes()


@pytest.mark.parametrize("value", TRUSTED)
def test_a_trusted_origin_passes(value: bytes) -> None:
    assert passes(site(b"cross-site"), origin(value), trusted=OWN)
    assert passes(origin(value), trusted=OWN)
    assert not passes(site(b"cross-site"), origin(value))


@pytest.mark.parametrize("value", OTHERS)
def test_no_spelling_passes_for_a_trusted_one(value: bytes) -> None:
    assert not passes(origin(value), trusted=OWN)
    assert not passes(site(b"cross-site"), origin(value), trusted=OWN)


def test_the_handshake_of_a_websocket_is_looked_at_too() -> None:
    def handshake(*fields: Field, websocket: bool = True) -> bool:
        return passes(*fields, method=b"GET", upgrade=b"websocket", websocket=websocket)

    assert handshake(origin(b"https://a.test"))
    assert handshake()
    assert not handshake(origin(b"https://evil.com"))
    assert not handshake(site(b"cross-site"), origin(b"https://evil.com"))
    assert handshake(origin(b"https://evil.com"), websocket=False)


def test_it_says_what_it_does() -> None:
    assert CrossSite(Origins(())).described()


def test_nothing_of_it_reaches_the_origin(scenario: Callable[..., Scenario]) -> None:
    post = b"POST /a HTTP/1.1\r\nhost: x\r\nsec-fetch-site: cross-site\r\ncontent-length: 2\r\n\r\n"
    (
        scenario(filters=[CrossSite(Origins(()))])
        .client(post + b"hi")
        .client_gets(403, b"http_request_denied")
        .upstream_gets_nothing()
        .ended(1, "http_request_denied")
    )
