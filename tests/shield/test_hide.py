"""What answers tell of the origins behind the door."""

from types import SimpleNamespace

import pytest

from porch.http.message import Field
from porch.shield.hide import TELLING, Hide, HideRules
from tests.support.hooks import FakeExchange, seen


def hidden(
    *fields: Field, rules: HideRules | None = None, endpoint: str = "10.0.0.1:8000"
) -> list[Field]:
    fake = FakeExchange(fields=list(fields), authority=b"a.test")
    fake.outgoing.authority = b"a.test"
    more = {
        "endpoint": SimpleNamespace(name=endpoint),
        "keeper": SimpleNamespace(own_fields=((b"server", b"porch"),)),
    }
    for name, value in more.items():
        setattr(fake, name, value)
    Hide(rules or HideRules()).on_upstream_response(seen(fake))
    return fake.response.fields


@pytest.mark.parametrize("name", [each for each in TELLING if each != "server"])
def test_what_tells_of_software_and_machines_goes(name: str) -> None:
    said = (name.replace("*", "abc").encode(), b"1")
    kept = (b"content-type", b"text/plain")
    assert hidden(said, kept) == [kept]


PROXIES = (
    *("proxy-status", "x-cache", "x-cache-lookup", "x-backend-host", "x-backend-server"),
    *("x-real-server", "x-forwarded-server", "x-powered-cms", "x-rack-cache", "server-timing"),
)


@pytest.mark.parametrize("name", PROXIES)
def test_so_does_what_a_proxy_behind_the_door_says_of_itself(name: str) -> None:
    assert hidden((name.encode(), b"cache-7.internal; hit")) == []


def test_the_door_says_its_own_name_where_the_origin_said_one() -> None:
    assert hidden((b"server", b"Apache/2.4.1 (Unix)")) == [(b"server", b"porch")]
    assert hidden((b"x", b"y")) == [(b"x", b"y")]
    keeping = HideRules(names=frozenset(["via"]))
    assert hidden((b"server", b"a"), rules=keeping) == [(b"server", b"a")]


def test_the_origins_address_goes_from_where_urls_are() -> None:
    at = b"http://10.0.0.1:8000/x"
    assert hidden(
        (b"location", at),
        (b"content-location", at),
        (b"refresh", b"5; url=" + at),
        (b"link", b"<" + at + b">; rel=next"),
        (b"set-cookie", b"a=1; Domain=10.0.0.1; Path=/"),
        (b"x-other", at),
    ) == [
        (b"location", b"/x"),
        (b"content-location", b"/x"),
        (b"refresh", b"5; url=/x"),
        (b"link", b"</x>; rel=next"),
        (b"set-cookie", b"a=1; Path=/"),
        (b"x-other", at),
    ]


def test_addresses_that_are_said_are_the_origins_too_and_a_host_that_is_sent() -> None:
    rules = HideRules(addresses=frozenset([b"app.internal"]))
    assert hidden((b"location", b"https://app.internal/x"), rules=rules) == [(b"location", b"/x")]
    fake = FakeExchange(fields=[(b"location", b"http://sent.internal/x")], authority=b"a.test")
    fake.outgoing.authority = b"sent.internal"
    fake.endpoint = SimpleNamespace(name="10.0.0.1:8000")  # type: ignore[attr-defined]
    Hide(HideRules()).on_upstream_response(seen(fake))
    assert fake.response.fields == [(b"location", b"/x")]


def test_it_remembers_few_endpoints() -> None:
    filter_ = Hide(HideRules())
    for number in range(2000):
        fake = FakeExchange(authority=b"a.test")
        fake.endpoint = SimpleNamespace(name=f"10.0.0.1:{number}")  # type: ignore[attr-defined]
        filter_.on_upstream_response(seen(fake))
    assert len(filter_._known) <= 1024


def test_it_says_what_it_does() -> None:
    assert "x-app" in Hide(HideRules(names=frozenset([*TELLING, "x-app"]))).described()[0]
