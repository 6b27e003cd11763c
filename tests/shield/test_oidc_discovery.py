"""What a provider says of itself, and what of it is believed."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any

import pytest

from porch import clock
from porch.shield.fetched import FRESH
from porch.shield.oidc_discovery import Discovery, read_metadata, target_of
from tests.support.openid import Provider
from tests.support.tokens import EC, key_set

ISSUER = "https://id.test"


def told(**more: Any) -> bytes:
    provider = Provider()
    provider.said = more
    return json.dumps(
        {name: value for name, value in provider.metadata().items() if value is not None}
    ).encode()


def test_what_is_needed_is_read() -> None:
    found = read_metadata(told(), ISSUER)
    assert found.token == "https://id.test/token"
    assert found.end_session == "https://id.test/end"
    assert found.tells_issuer
    assert found.takes_basic
    found = read_metadata(
        told(
            end_session_endpoint=None,
            userinfo_endpoint=None,
            authorization_response_iss_parameter_supported=None,
            token_endpoint_auth_methods_supported=["client_secret_post"],
        ),
        ISSUER,
    )
    assert (found.end_session, found.userinfo, found.tells_issuer, found.takes_basic) == (
        *("", "", False, False),
    )


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"[" * 10_000,
        told(issuer="https://id.test/"),
        told(issuer="https://evil.test"),
        told(issuer=None),
        told(token_endpoint=None),
        told(token_endpoint=7),
        told(token_endpoint="http://id.test/token"),
        told(authorization_endpoint="javascript:alert(1)"),
        told(authorization_endpoint="https://id.test/a\r\nset-cookie: x"),
        told(authorization_endpoint="https://user@id.test/"),
        told(authorization_endpoint="https://id.test/#x"),
        told(jwks_uri="file:///etc/passwd"),
        told(jwks_uri="https://id.test:0/"),
        told(end_session_endpoint="//id.test/"),
    ],
)
def test_what_could_lead_elsewhere_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it"):
        read_metadata(body, ISSUER)


def test_plain_http_is_for_issuers_of_plain_http() -> None:
    provider = Provider("http://127.0.0.1:9000")
    body = json.dumps(provider.metadata()).encode()
    assert read_metadata(body, provider.issuer).token == "http://127.0.0.1:9000/token"


def test_its_keys_are_fetched_with_it_and_follow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", 5000.0)
    provider = Provider()
    waits: list[Coroutine[Any, Any, None]] = []
    hosts: list[str] = []

    def client(url: str) -> Provider:
        hosts.append(url)
        return provider

    found = Discovery(ISSUER, client, waits.append, lambda _: None)

    def tick(seconds: float) -> None:
        monkeypatch.setattr(clock, "now", clock.now + seconds)
        found.tick()
        while waits:
            asyncio.run(waits.pop(0))

    assert found.metadata is None
    tick(0)
    assert found.metadata is not None
    assert found.keys is not None
    assert found.keys.has("RS256", "rsa")
    provider.keys = key_set(EC)
    tick(FRESH)
    assert not found.keys.has("RS256", "rsa")
    assert found.keys.has("ES256", "ec")
    provider.said = {"jwks_uri": "https://keys.test/jwks"}
    tick(FRESH)
    assert found.keys.url == "https://keys.test/jwks"
    assert found.client("https://id.test/token") is provider
    assert found.client("https://id.test/userinfo") is provider
    assert hosts.count("https://id.test/token") == 1
    assert "https://id.test/userinfo" not in hosts, "one client a host"
    provider.said = {"issuer": "https://evil.test"}
    tick(FRESH)
    assert found.metadata is not None, "what is known holds"
    assert "another issuer" in found.why
    found.forget()
    assert (found.metadata, found.keys) == (None, None)
    assert repr(found) == "<Discovery https://id.test not known>"


@pytest.mark.parametrize(
    ("url", "target"),
    [("https://a.test", b"/"), ("https://a.test/x?y=1", b"/x?y=1"), ("http://a.test?x", b"/?x")],
)
def test_path_and_query_are_asked_for(url: str, target: bytes) -> None:
    assert target_of(url) == target
