"""Names into addresses: literals, the hosts file, DNS with its TTL, the system."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.rdatatype
import dns.rrset
import pytest

from porch import clock
from porch.forward import resolve
from porch.forward.resolve import Resolver
from tests.support.network import FakeClock

TCP = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")


class NameServer(asyncio.DatagramProtocol):
    """A real name server on loopback. records: type -> addresses; silent: answers nothing."""

    def __init__(self) -> None:
        self.records: dict[dns.rdatatype.RdataType, list[str]] = {}
        self.ttls = {dns.rdatatype.A: 30, dns.rdatatype.AAAA: 30}
        self.asked = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked += 1
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        kind = query.question[0].rdtype
        if self.records.get(kind):
            name = query.question[0].name
            answer.answer.append(
                dns.rrset.from_text(name, self.ttls[kind], "IN", kind, *self.records[kind])
            )
        self.transport.sendto(answer.to_wire(), addr)


def run(test: Callable[[NameServer], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> None:
    """`test` in a loop of its own, with a name server that all DNS questions go to."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(
            NameServer, local_addr=("127.0.0.1", 0)
        )
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = transport.get_extra_info("sockname")[1]
        monkeypatch.setattr(dns.asyncresolver, "default_resolver", resolver)
        try:
            await test(server)
        finally:
            transport.close()

    asyncio.run(main())


@pytest.fixture(autouse=True)
def _no_hosts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resolve, "HOSTS", str(tmp_path / "hosts"))


def addresses(infos: list[resolve.AddrInfo]) -> list[str]:
    return [info[4][0] for info in infos]


@pytest.mark.parametrize(
    ("host", "info"),
    [
        ("192.0.2.1", (socket.AF_INET, *TCP, ("192.0.2.1", 80))),
        ("2001:db8::1", (socket.AF_INET6, *TCP, ("2001:db8::1", 80, 0, 0))),
    ],
)
def test_an_address_is_itself(host: str, info: resolve.AddrInfo) -> None:
    assert asyncio.run(Resolver().resolve(host, 80)) == [info]


def test_the_hosts_file_comes_first_and_is_read_again_when_it_changes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fake = FakeClock(monkeypatch)
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.1 one.test api # comment\n::1 api\nnonsense x\n\n")

    async def test(server: NameServer) -> None:
        resolver = Resolver()
        assert addresses(await resolver.resolve("api", 80)) == ["192.0.2.1", "::1"]
        assert addresses(await resolver.resolve("ONE.test.", 80)) == ["192.0.2.1"]
        hosts.write_text("192.0.2.2 api\n")
        fake.time += resolve.SYSTEM_TTL + 1
        resolver._hosts_read = 0.0  # the file system's clock may not have moved
        assert addresses(await resolver.resolve("api", 80)) == ["192.0.2.2"]
        assert server.asked == 0

    run(test, monkeypatch)


def test_dns_gives_both_families(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(server: NameServer) -> None:
        server.records = {
            dns.rdatatype.A: ["192.0.2.1", "192.0.2.2"],
            dns.rdatatype.AAAA: ["2001:db8::1"],
        }
        found = addresses(await Resolver().resolve("api.test", 80))
        assert sorted(found) == ["192.0.2.1", "192.0.2.2", "2001:db8::1"]
        assert found[0] == "2001:db8::1"

    run(test, monkeypatch)


@pytest.mark.parametrize(
    ("ttl", "kept"), [(30, 30), (0, resolve.SHORTEST), (86400, resolve.LONGEST)]
)
def test_an_answer_is_kept_for_its_ttl_within_bounds(
    monkeypatch: pytest.MonkeyPatch, ttl: int, kept: float
) -> None:
    fake = FakeClock(monkeypatch)

    async def test(server: NameServer) -> None:
        server.records = {dns.rdatatype.A: ["192.0.2.1"]}
        server.ttls[dns.rdatatype.A] = ttl
        resolver = Resolver()
        await resolver.resolve("api.test", 80)
        asked = server.asked
        server.records = {dns.rdatatype.A: ["192.0.2.2"]}
        fake.time += kept - 0.1
        assert addresses(await resolver.resolve("api.test", 80)) == ["192.0.2.1"]
        assert server.asked == asked
        fake.time += 0.2
        assert addresses(await resolver.resolve("api.test", 80)) == ["192.0.2.2"]

    run(test, monkeypatch)


def test_those_who_ask_at_once_ask_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(server: NameServer) -> None:
        server.records = {dns.rdatatype.A: ["192.0.2.1"]}
        resolver = Resolver()
        found = await asyncio.gather(*(resolver.resolve("api.test", 80) for _ in range(5)))
        assert [addresses(each) for each in found] == [["192.0.2.1"]] * 5
        assert server.asked == 2  # A and AAAA

    run(test, monkeypatch)


async def _fails(host: str) -> list[str]:
    raise socket.gaierror(socket.EAI_NONAME, "nobody knows")


def test_a_name_that_nobody_knows_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "_from_system", _fails)

    async def test(server: NameServer) -> None:
        with pytest.raises(socket.gaierror, match="nobody knows"):
            await Resolver().resolve("api.test", 80)

    run(test, monkeypatch)


def test_a_name_that_stops_resolving_keeps_its_last_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake = FakeClock(monkeypatch)
    monkeypatch.setattr(resolve, "_from_system", _fails)

    async def test(server: NameServer) -> None:
        server.records = {dns.rdatatype.A: ["192.0.2.1"]}
        resolver = Resolver()
        await resolver.resolve("api.test", 80)
        server.records = {}
        fake.time += 31
        assert addresses(await resolver.resolve("api.test", 80)) == ["192.0.2.1"]
        asked = server.asked
        assert addresses(await resolver.resolve("api.test", 80)) == ["192.0.2.1"]
        assert server.asked == asked, "nobody is asked more often than once a second"
        fake.time += 1.1
        await resolver.resolve("api.test", 80)
        assert server.asked > asked

    run(test, monkeypatch)


def test_the_system_is_asked_last(monkeypatch: pytest.MonkeyPatch) -> None:
    async def system(host: str) -> list[str]:
        return ["192.0.2.9"]

    monkeypatch.setattr(resolve, "_from_system", system)

    async def test(server: NameServer) -> None:
        resolver = Resolver()
        assert addresses(await resolver.resolve("api.test", 80)) == ["192.0.2.9"]
        asked = server.asked
        assert addresses(await resolver.resolve("api", 80)) == ["192.0.2.9"]
        assert server.asked == asked, "a name without a dot is not asked of DNS"

    run(test, monkeypatch)


def test_the_system_knows_localhost() -> None:
    found = addresses(asyncio.run(Resolver().resolve("localhost", 80)))
    assert set(found) <= {"127.0.0.1", "::1"}
    assert found


def test_what_cannot_be_a_name_is_an_error_of_the_resolver() -> None:
    with pytest.raises(socket.gaierror):
        asyncio.run(Resolver().resolve("a" * 70, 80))


def test_a_question_whose_asker_left_is_answered_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def test(server: NameServer) -> None:
        server.records = {dns.rdatatype.A: ["192.0.2.1"]}
        resolver = Resolver()
        asker = asyncio.ensure_future(resolver.resolve("api.test", 80))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        (asking,) = resolver._asking.values()
        asker.cancel()
        assert await asking == ["192.0.2.1"]
        await asyncio.sleep(0)
        assert resolver._asking == {}
        assert clock.monotonic() < resolver._known["api.test"][0]

    run(test, monkeypatch)
