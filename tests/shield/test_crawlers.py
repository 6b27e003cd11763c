"""Crawlers: who is let past, how long that holds, and that it is bounded."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from porch.http.message import RequestHead
from porch.shield.crawler_dns import NotFound
from porch.shield.crawlers import FAILED_FOR, FALSE_FOR, KNOWN, MOST, TRUE_FOR, Crawlers
from tests.support.hands import Hands


class Servers:
    """Name servers that know some addresses, and what was asked of them."""

    def __init__(self, known: Sequence[str] = (), *, fail: bool = False) -> None:
        self.known = known
        self.fail = fail
        self.asked: list[str] = []
        self.works: list[Coroutine[Any, Any, None]] = []

    async def find(self, address: str, ends: Sequence[str]) -> bool:
        self.asked.append(address)
        if self.fail:
            raise NotFound("no server")
        return address in self.known

    def run(self) -> None:
        while self.works:
            asyncio.run(self.works.pop(0))


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


def crawlers(servers: Servers) -> Crawlers:
    return Crawlers(["googlebot", "bingbot"], servers.works.append, servers.find)


def agent(text: bytes) -> RequestHead:
    return RequestHead(b"GET", b"/", b"a", b"http", [(b"user-agent", text)])


def test_who_says_to_be_one_is_found_out_to_be_it() -> None:
    found = crawlers(Servers())
    assert found.claimed(agent(b"Mozilla/5.0 (compatible; Googlebot/2.1)")) == "googlebot"
    assert found.claimed(agent(b"bingbot")) == "bingbot"
    assert found.claimed(agent(b"yandexbot")) == found.claimed(agent(b"")) == ""
    assert found.claimed(RequestHead(b"GET", b"/", b"a", b"http", [])) == ""


@pytest.mark.parametrize(
    ("servers", "verdict", "holds"),
    [
        (Servers(["192.0.2.1"]), True, TRUE_FOR),
        (Servers(), False, FALSE_FOR),
        (Servers(fail=True), False, FAILED_FOR),
    ],
)
def test_a_verdict_is_told_and_remembered(
    servers: Servers, verdict: bool, holds: float, hands: Hands
) -> None:
    found, told = crawlers(servers), []
    assert found.known("googlebot", b"192.0.2.1") is None
    assert found.ask("googlebot", b"192.0.2.1", told.append)
    assert found.ask("googlebot", b"192.0.2.1", told.append)
    assert told == []
    servers.run()
    assert told == [verdict, verdict]
    assert servers.asked == ["192.0.2.1"], "once for both"
    hands.advance(holds - 1)
    assert found.known("googlebot", b"192.0.2.1") is verdict
    assert found.known("bingbot", b"192.0.2.1") is None
    hands.advance(2)
    assert found.known("googlebot", b"192.0.2.1") is None


def test_what_is_asked_at_a_time_is_bounded() -> None:
    servers = Servers()
    found = crawlers(servers)
    for number in range(MOST):
        assert found.ask("bingbot", b"192.0.2.%d" % number, lambda _: None)
    assert not found.ask("bingbot", b"198.51.100.1", lambda _: None)
    while found.ask("bingbot", b"192.0.2.1", lambda _: None):
        assert len(found._waiting["bingbot", b"192.0.2.1"]) <= 64
    servers.run()
    assert not found._waiting


def test_what_is_remembered_is_bounded_and_the_oldest_goes() -> None:
    servers = Servers(["192.0.2.1"])
    found = crawlers(servers)
    for number in range(4100):
        found.ask("bingbot", b"%d" % number, lambda _: None)
        if len(servers.works) == MOST:
            servers.run()
    servers.run()
    assert len(found._known) == 4096
    assert found.known("bingbot", b"0") is None
    assert found.known("bingbot", b"4099") is False


def test_where_nobody_serves_nobody_is_asked() -> None:
    assert not Crawlers(["bingbot"], None).ask("bingbot", b"192.0.2.1", lambda _: None)


def test_no_machine_that_anybody_can_hire_is_one() -> None:
    hired = (
        *("1.2.0.192.bc.googleusercontent.com", "ec2-192-0-2-1.compute-1.amazonaws.com"),
        *("host.cloudapp.azure.com", "example.baidu.com", "googlebot.com", "xgooglebot.com"),
    )
    for ends in KNOWN.values():
        assert all(end.startswith(".") for end in ends)
        assert not [name for name in hired if name.endswith(ends)]
