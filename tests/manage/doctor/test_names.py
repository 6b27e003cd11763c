"""Names asked of a name server of the test's own, and of nobody else."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import dns.resolver
import pytest

from porch.config.check import examine
from porch.config.load import load_mapping
from porch.config.state import State
from porch.manage.doctor import names
from porch.manage.doctor.names import check_endpoint_names, check_public_names
from porch.manage.doctor.patient import Patient
from tests.support.resolving import NameServer


def patient(server: NameServer | None = None, **words: Any) -> Patient:
    secured = [] if "*" in words["routes"] else ["https://127.0.0.1:0"]
    loaded = load_mapping({"listen": ["127.0.0.1:0", *secured], **words})
    built = examine(loaded, State())
    assert built is not None, loaded.report()
    if server is None:
        return Patient(config=Path("p"), loaded=loaded, built=built)
    return Patient(config=Path("p"), loaded=loaded, built=built, resolver=server.resolver)


@pytest.fixture
def server() -> Iterator[NameServer]:
    with NameServer() as made:
        yield made


def resolve(monkeypatch: pytest.MonkeyPatch, **known: str) -> None:
    """The system's resolver, by name: "" resolves, else why not."""

    def found(host: str, *_: Any, **__: Any) -> list[Any]:
        if known[host.partition(".")[0]]:
            raise socket.gaierror(-2, known[host.partition(".")[0]])
        return []

    monkeypatch.setattr(socket, "getaddrinfo", found)


# --- endpoints -------------------------------------------------------------------------------


def test_addresses_need_nobody() -> None:
    (found,) = check_endpoint_names(patient(routes={"*": ["127.0.0.1:1", "[::1]:1"]}))
    assert (found.said, "all are addresses" in found.sentence) == ("ok", True)


def test_names_of_routes_and_pools_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, one="", two="")
    pools = {"api": {"servers": ["two.test:1", {"to": "https://one.test"}]}}
    (found,) = check_endpoint_names(patient(routes={"*": "api", "a/*": "one.test:1"}, pool=pools))
    assert (found.said, found.sentence.startswith("2 names; the slowest took")) == ("ok", True)


def test_a_name_that_does_not_resolve_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, one="", two="Name or service not known")
    (found,) = check_endpoint_names(patient(routes={"*": ["one.test:1", "two.test:1"]}))
    assert found.said == "wrong"
    assert found.sentence.startswith("two.test does not resolve: Name or service not known")


def test_a_name_that_takes_long_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, one="")
    monkeypatch.setattr(names, "SLOW", -1.0)
    (found,) = check_endpoint_names(patient(routes={"*": "one.test:1"}))
    assert (found.said, "one.test took" in found.sentence) == ("look", True)


def test_a_name_that_hangs_keeps_nobody_from_leaving() -> None:
    program = (
        "import socket, threading; socket.getaddrinfo = lambda *_, **__: threading.Event().wait(50)"
        "; from porch.manage.doctor import names as d; d.PATIENCE = 0.05"
        "; print(d._resolve(['one.test']))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=40)
    assert (done.returncode, done.stdout) == (0, b"{}\n")


def test_more_names_than_threads_are_all_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = [f"h{number}" for number in range(40)]
    resolve(monkeypatch, **dict.fromkeys(hosts, ""))
    (found,) = check_endpoint_names(patient(routes={"*": [f"{each}.test:1" for each in hosts]}))
    assert found.sentence.startswith("40 names;")


def test_a_name_that_hangs_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: let_go.wait(20))
    monkeypatch.setattr(names, "PATIENCE", 0.05)
    (found,) = check_endpoint_names(patient(routes={"*": "one.test:1"}))
    let_go.set()
    assert (found.said, "not resolved within" in found.sentence) == ("wrong", True)


# --- sites -----------------------------------------------------------------------------------

SITES = {"shop.dev/*": ":1", "blog.dev/*": ":1", "a.localhost/*": ":1"}
OWN = (ip_address("93.184.216.34"),)


def said(found: Any) -> dict[str, str]:
    return {each.sentence.split()[0]: each.said for each in found}


def test_names_lead_to_this_machine(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "own_addresses", lambda: OWN)
    server.add("shop.dev.", "A", str(OWN[0])).add("blog.dev.", "A", str(OWN[0]))
    (found,) = check_public_names(patient(server, routes=SITES))
    assert (found.said, found.sentence) == ("ok", "2 names lead to this machine")


def test_a_name_that_leads_elsewhere_or_nowhere_is_told(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "own_addresses", lambda: OWN)
    server.add("shop.dev.", "A", "93.184.216.99")
    first, second = check_public_names(patient(server, routes=SITES))
    assert said([first, second]) == {"shop.dev": "look", "blog.dev": "wrong"}
    assert "leads to 93.184.216.99, which is no address of this machine" in first.sentence
    assert "add an A record" in second.sentence


def test_behind_a_router_it_cannot_be_told(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "own_addresses", lambda: (ip_address("10.0.0.5"),))
    server.add("shop.dev.", "A", "93.184.216.99")
    (found,) = check_public_names(patient(server, routes={"shop.dev/*": ":1"}))
    assert (found.said, "porch certs check shop.dev" in found.sentence) == ("look", True)


def test_without_public_names_nobody_is_asked(server: NameServer) -> None:
    assert [*check_public_names(patient(server, routes={"a.localhost/*": ":1"}))] == []
    assert server.asked == []


def test_a_machine_without_a_name_server_is_wrong() -> None:
    made = patient(routes=SITES)

    def none() -> dns.resolver.Resolver:
        raise dns.resolver.NoResolverConfiguration

    (found,) = check_public_names(
        Patient(config=made.config, loaded=made.loaded, built=made.built, resolver=none)
    )
    assert (found.said, "resolv.conf" in found.sentence) == ("wrong", True)
