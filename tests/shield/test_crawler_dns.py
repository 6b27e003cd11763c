"""Whether the name of an address leads back to it, as a name server on loopback has it."""

import asyncio
from collections.abc import Iterator

import dns.asyncresolver
import dns.reversename
import pytest

from porch.shield import crawler_dns
from porch.shield.crawler_dns import NotFound, find
from tests.support.resolving import NameServer

NAME = "crawl-1.googlebot.com."


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    monkeypatch.setattr(crawler_dns, "PATIENCE", 0.5)
    with NameServer() as made:
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], made.port
        monkeypatch.setattr(dns.asyncresolver, "default_resolver", resolver)
        yield made


def names(server: NameServer, address: str, *texts: str) -> None:
    server.add(dns.reversename.from_address(address).to_text(), "PTR", *texts)


def found(address: str) -> bool:
    return asyncio.run(find(address, (".googlebot.com",)))


def test_a_name_that_leads_back_is_one(server: NameServer) -> None:
    names(server, "192.0.2.1", NAME)
    server.add(NAME, "A", "192.0.2.9", "192.0.2.1")
    assert found("192.0.2.1")
    names(server, "2001:db8::1", "other.test.", "X.GoogleBot.com.")
    server.add("x.googlebot.com.", "AAAA", "2001:db8:0::1")
    assert found("2001:db8::1")


@pytest.mark.parametrize("name", ["evil.test.", "googlebot.com.evil.test.", "notgooglebot.com."])
def test_a_name_of_somebody_else_is_none(server: NameServer, name: str) -> None:
    names(server, "192.0.2.1", name)
    server.add(name, "A", "192.0.2.1")
    assert not found("192.0.2.1")
    assert len(server.asked) == 1, "nobody is asked where it leads"


def test_a_name_that_leads_elsewhere_is_none(server: NameServer) -> None:
    names(server, "192.0.2.1", NAME)
    assert not found("192.0.2.1")
    server.add(NAME, "A", "192.0.2.2")
    assert not found("192.0.2.1")


def test_what_has_no_name_and_what_is_no_address_is_none(server: NameServer) -> None:
    assert not found("192.0.2.1")
    assert not found("unix")


def test_one_with_many_names_is_asked_about_some_of_them(server: NameServer) -> None:
    names(server, "192.0.2.1", *(f"c{each}.googlebot.com." for each in range(50)))
    assert not found("192.0.2.1")
    assert len(server.asked) <= 1 + 2 * 4


def test_where_no_server_tells_that_is_said(server: NameServer) -> None:
    reverse = dns.reversename.from_address("192.0.2.1").to_text()
    server.fail(reverse)
    with pytest.raises(NotFound):
        found("192.0.2.1")
    names(server, "192.0.2.2", NAME)
    server.silence(NAME)
    with pytest.raises(NotFound):
        found("192.0.2.2")
