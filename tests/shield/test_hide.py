"""What answers tell of the origins behind the door."""

from types import SimpleNamespace
from typing import Any

import pytest

from porch.http.message import Field
from porch.shield.hide import TELLING, Hide, HideRules
from tests.support.hooks import FakeExchange, seen


def hidden(
    *fields: Field,
    rules: HideRules | None = None,
    endpoint: str = "10.0.0.1:8000",
    pool: tuple[str, ...] = (),
) -> list[Field]:
    fake = FakeExchange(fields=list(fields), authority=b"a.test")
    fake.outgoing.authority = b"a.test"
    more = {
        "endpoint": SimpleNamespace(name=endpoint),
        "keeper": SimpleNamespace(own_fields=((b"server", b"porch"),)),
        "route": leading_to(*pool),
    }
    for name, value in more.items():
        setattr(fake, name, value)
    Hide(rules or HideRules()).on_upstream_response(seen(fake))
    return fake.response.fields


def leading_to(*names: str) -> Any:
    places = tuple(SimpleNamespace(name=each) for each in names)
    return SimpleNamespace(destination=SimpleNamespace(endpoints=places))


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
        (b"sourcemap", at),
        (b"x-sourcemap", at),
        (b"report-to", b'{"endpoints":[{"url":"' + at + b'"}]}'),
        (b"nel", b'{"report_to":"10.0.0.1:8000"}'),
        (b"reporting-endpoints", b'a="' + at + b'"'),
        (b"set-cookie", b"a=1; Domain=10.0.0.1; Path=/"),
        (b"x-other", at),
    ) == [
        (b"location", b"/x"),
        (b"content-location", b"/x"),
        (b"refresh", b"5; url=/x"),
        (b"link", b"</x>; rel=next"),
        (b"sourcemap", b"/x"),
        (b"x-sourcemap", b"/x"),
        (b"report-to", b'{"endpoints":[{"url":"/x"}]}'),
        (b"nel", b'{"report_to":"a.test"}'),
        (b"reporting-endpoints", b'a="/x"'),
        (b"set-cookie", b"a=1; Path=/"),
        (b"x-other", at),
    ]


@pytest.mark.parametrize("answers", ["10.0.0.1:8000", "10.0.0.2:8000", "10.0.0.9:8000"])
def test_any_endpoint_of_the_pool_is_hidden_and_one_that_was(answers: str) -> None:
    pool = ("10.0.0.1:8000", "http://10.0.0.2:8000", "unix:/run/a.sock")
    for number in (1, 2, 9):
        at = b"http://10.0.0.%d:8000/x" % number
        is_known = number < 3 or answers == "10.0.0.9:8000"
        found = hidden((b"location", at), endpoint=answers, pool=pool)
        assert found == [(b"location", b"/x" if is_known else at)]


def test_a_pool_that_changes_is_looked_at_anew() -> None:
    rule, fake = Hide(HideRules()), FakeExchange(authority=b"a.test")
    fake.outgoing.authority, fake.endpoint = b"a.test", SimpleNamespace(name="10.0.0.1:8000")  # type: ignore[attr-defined]
    for number in (1, 2, 3):
        fake.route = leading_to("10.0.0.1:8000", f"10.0.1.{number}:80")  # type: ignore[attr-defined]
        for other in (1, 2, 3):
            fake.response.fields = [(b"location", b"http://10.0.1.%d/x" % other)]
            rule.on_upstream_response(seen(fake))
            is_hidden = fake.response.fields == [(b"location", b"/x")]
            assert is_hidden is (number == other)


@pytest.mark.parametrize(("peer", "scheme"), [(b"192.0.2.7", b"https"), (b"10.0.0.1", b"http")])
def test_what_a_query_tells_has_the_scheme_of_the_client(peer: bytes, scheme: bytes) -> None:
    fake = FakeExchange(authority=b"a.test", fields=[(b"x-forwarded-proto", b"https")])
    fake.outgoing.authority, fake.route = b"a.test", leading_to()  # type: ignore[attr-defined]
    fake.endpoint = SimpleNamespace(name="10.0.0.1:8000")  # type: ignore[attr-defined]
    fake.response.fields = [(b"location", b"/login?next=http://10.0.0.1:8000/x")]
    Hide(HideRules(), peer.__eq__).on_upstream_response(seen(fake))
    assert fake.response.fields == [(b"location", b"/login?next=%b://a.test/x" % scheme)]


def test_addresses_that_are_said_are_the_origins_too_and_a_host_that_is_sent() -> None:
    rules = HideRules(addresses=frozenset([b"app.internal"]))
    assert hidden((b"location", b"https://app.internal/x"), rules=rules) == [(b"location", b"/x")]
    fake = FakeExchange(fields=[(b"location", b"http://sent.internal/x")], authority=b"a.test")
    fake.outgoing.authority, fake.route = b"sent.internal", leading_to()  # type: ignore[attr-defined]
    fake.endpoint = SimpleNamespace(name="10.0.0.1:8000")  # type: ignore[attr-defined]
    Hide(HideRules()).on_upstream_response(seen(fake))
    assert fake.response.fields == [(b"location", b"/x")]


def test_it_remembers_few_endpoints() -> None:
    filter_ = Hide(HideRules())
    for number in range(2000):
        fake = FakeExchange(authority=b"a.test")
        fake.endpoint = SimpleNamespace(name=f"10.0.0.1:{number}")  # type: ignore[attr-defined]
        fake.route = leading_to()  # type: ignore[attr-defined]
        filter_.on_upstream_response(seen(fake))
    assert len(filter_._known) <= 1024


def test_it_says_what_it_does() -> None:
    assert "x-app" in Hide(HideRules(names=frozenset([*TELLING, "x-app"]))).described()[0]
