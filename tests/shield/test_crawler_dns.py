"""Whether the name of an address leads back to it, of name servers that a test stands for."""

import asyncio

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
import pytest

from porch.shield.crawler_dns import NotFound, find

ENDS = (".googlebot.com",)


class Pointer:
    def __init__(self, name: str) -> None:
        self.target = dns.name.from_text(name)


class Addresses:
    def __init__(self, *found: str) -> None:
        self._found = found

    def addresses(self) -> tuple[str, ...]:
        return self._found


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Address -> names, name -> addresses; or an error to raise."""
    made: dict[str, object] = {}

    def look(key: str) -> object:
        found = made.get(key, dns.resolver.NXDOMAIN())
        if isinstance(found, Exception):
            raise found
        return found

    async def address(text: str, **more: object) -> object:
        return look(text)

    async def name(text: str, **more: object) -> object:
        return look(text)

    monkeypatch.setattr(dns.asyncresolver, "resolve_address", address)
    monkeypatch.setattr(dns.asyncresolver, "resolve_name", name)
    return made


def found(address: str) -> bool:
    return asyncio.run(find(address, ENDS))


def test_a_name_that_leads_back_is_one(zone: dict[str, object]) -> None:
    zone["192.0.2.1"] = [Pointer("crawl-1.googlebot.com.")]
    zone["crawl-1.googlebot.com"] = Addresses("192.0.2.9", "192.0.2.1")
    assert found("192.0.2.1")
    zone["2001:db8::1"] = [Pointer("X.GoogleBot.com.")]
    zone["x.googlebot.com"] = Addresses("2001:db8:0::1")
    assert found("2001:db8::1")


@pytest.mark.parametrize("name", ["evil.test.", "googlebot.com.evil.test.", "notgooglebot.com."])
def test_a_name_of_somebody_else_is_none(zone: dict[str, object], name: str) -> None:
    zone["192.0.2.1"] = [Pointer(name)]
    zone[name.rstrip(".")] = Addresses("192.0.2.1")
    assert not found("192.0.2.1")


def test_a_name_that_leads_elsewhere_is_none(zone: dict[str, object]) -> None:
    zone["192.0.2.1"] = [Pointer("crawl-1.googlebot.com.")]
    assert not found("192.0.2.1")
    zone["crawl-1.googlebot.com"] = Addresses("192.0.2.2")
    assert not found("192.0.2.1")


def test_what_has_no_name_and_what_is_no_address_is_none(zone: dict[str, object]) -> None:
    assert not found("192.0.2.1")
    assert not found("unix")


def test_where_no_server_tells_that_is_said(zone: dict[str, object]) -> None:
    zone["192.0.2.1"] = dns.exception.Timeout()
    with pytest.raises(NotFound):
        found("192.0.2.1")
    zone["192.0.2.1"] = [Pointer("crawl-1.googlebot.com.")]
    zone["crawl-1.googlebot.com"] = dns.resolver.NoNameservers()
    with pytest.raises(NotFound):
        found("192.0.2.1")
