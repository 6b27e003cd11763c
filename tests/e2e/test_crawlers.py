"""Crawlers that are known, at a real door, by the names that a real name server has."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.reversename
import pytest

from tests.e2e.conftest import SOURCE, Client, Door
from tests.support.resolving import NameServer

CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 2
trust = ["127.0.0.1"]
log = false
[routes]
"*" = {{ to = "respond:204", challenge = {{ crawlers = ["googlebot"] }}, limit = {limit} }}
"""
ELSEWHERE = '"1000/s per py:elsewhere:key"'
MODULE = """\
import dns.asyncresolver
made = dns.asyncresolver.Resolver(configure=False)
made.nameservers, made.port = ["127.0.0.1"], {port}
dns.asyncresolver.default_resolver = made

def key(exchange):
    return None
"""
"""Has the workers ask our name server in place of the machine's."""
BOT = b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


@pytest.fixture
def names() -> Iterator[NameServer]:
    with NameServer() as made:
        yield made


def named(names: NameServer, address: str, name: str, leads: str) -> None:
    names.add(dns.reversename.from_address(address).to_text(), "PTR", name)
    names.add(name, "AAAA" if ":" in leads else "A", leads)


@pytest.fixture
def running(door: Callable[..., Door], names: NameServer, tmp_path: Path) -> Door:
    (tmp_path / "elsewhere.py").write_text(MODULE.format(port=names.port), encoding="utf-8")
    environ = {"PYTHONPATH": f"{SOURCE}:{tmp_path}"}
    return door(CONFIG.format(limit=ELSEWHERE), environ=environ)


def ask(running: Door, client: str, agent: bytes = BOT) -> int:
    head = f"GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: {client}\r\n".encode()
    opened = Client(running)
    try:
        return opened.send(head + b"User-Agent: %b\r\n\r\n" % agent).read_answer()[0]
    finally:
        opened.close()


def test_a_crawler_is_one_by_its_name_and_by_no_claim(running: Door, names: NameServer) -> None:
    named(names, "192.0.2.1", "crawl-1.googlebot.com.", "192.0.2.1")
    named(names, "2001:db8::1", "crawl-2.googlebot.com.", "2001:db8::1")
    named(names, "192.0.2.2", "crawl-1.googlebot.com.", "192.0.2.1")  # his own server says so
    named(names, "192.0.2.3", "crawl-1.googlebot.com.evil.test.", "192.0.2.3")
    named(names, "192.0.2.4", "evilgooglebot.com.", "192.0.2.4")
    for client in ("192.0.2.1", "2001:db8::1"):
        assert [ask(running, client) for _ in range(4)] == [204] * 4, client
    for client in ("192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"):
        assert [ask(running, client) for _ in range(4)] == [403] * 4, client
    assert ask(running, "192.0.2.1", b"Mozilla/5.0") == 403, "who says to be none is asked nothing"
    looked = [name for name, kind in names.asked if kind == "PTR"]
    assert len(looked) <= 2 * len(set(looked)), "each worker asks once, and remembers"


def test_a_name_server_that_is_silent_lets_nobody_in_and_keeps_nobody_waiting_for_long(
    running: Door, names: NameServer
) -> None:
    names.silence(dns.reversename.from_address("192.0.2.1").to_text())
    begun = time.monotonic()
    assert ask(running, "192.0.2.1") == 403
    assert time.monotonic() - begun < 10
    named(names, "192.0.2.6", "crawl-6.googlebot.com.", "192.0.2.6")
    assert ask(running, "192.0.2.6") == 204
