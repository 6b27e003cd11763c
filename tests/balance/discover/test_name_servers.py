"""Real questions to a name server on loopback."""

import asyncio

import pytest

from porch.balance.discover import name_servers
from porch.balance.discover.name_servers import NameServers, Service
from tests.support.ports import free_port
from tests.support.resolving import NameServer


def test_addresses_of_both_families_come_in_one_order_with_their_ttl():
    with NameServer() as names:
        names.add("api.test", "A", "10.0.0.2", "10.0.0.1").add("api.test", "AAAA", "fd00::1")
        servers = NameServers("127.0.0.1", names.port)
        found = asyncio.run(servers.addresses("api.test"))
    assert found == (["10.0.0.1", "10.0.0.2", "fd00::1"], 60.0)


def test_an_alias_is_followed():
    with NameServer() as names:
        names.add("api.test", "CNAME", "b.test.").add("b.test", "A", "10.0.0.1")
        found, _ = asyncio.run(NameServers("127.0.0.1", names.port).addresses("api.test"))
    assert found == ["10.0.0.1"]


def test_services_come_by_priority():
    with NameServer() as names:
        names.add("_a._tcp.api.test", "SRV", "2 5 80 b.test.", "1 9 81 a.test.")
        found, ttl = asyncio.run(NameServers("127.0.0.1", names.port).services("_a._tcp.api.test"))
    assert found == [Service(1, "a.test.", 81, 9), Service(2, "b.test.", 80, 5)]
    assert ttl == 60


def test_one_family_that_fails_fails_the_look():
    with NameServer() as names:
        names.add("api.test", "A", "10.0.0.1").fail("api.test")
        with pytest.raises(OSError, match=r"the name servers failed.*SERVFAIL"):
            asyncio.run(NameServers("127.0.0.1", names.port).addresses("api.test"))


@pytest.mark.parametrize(
    ("name", "why"), [("none.test", "no such name"), ("api.test", "no such record")]
)
def test_what_is_not_there_is_said_in_words(name, why):
    with NameServer() as names:
        names.add("api.test", "A", "10.0.0.1")
        with pytest.raises(OSError, match=why):
            asyncio.run(NameServers("127.0.0.1", names.port).services(name))


def test_silence_has_an_end(monkeypatch):
    monkeypatch.setattr(name_servers, "PATIENCE", 0.2)
    with NameServer() as names:
        names.add("api.test", "A", "10.0.0.1").silence("api.test")
        with pytest.raises(OSError, match="no name server answered within"):
            asyncio.run(NameServers("127.0.0.1", names.port).addresses("api.test"))


def test_where_no_server_is_there_that_is_said(monkeypatch):
    monkeypatch.setattr(name_servers, "PATIENCE", 0.3)
    with pytest.raises(OSError, match="name server"):
        asyncio.run(NameServers("127.0.0.1", free_port()).addresses("api.test"))


@pytest.mark.parametrize(("ttl", "bounded"), [(0, 1.0), (60, 60.0), (86400, 300.0)])
def test_a_ttl_has_bounds(ttl, bounded):
    assert name_servers._bounded(ttl) == bounded
