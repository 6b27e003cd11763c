"""Whether names lead where they should: those of endpoints, and public ones to this machine.

Only the name service is asked; nobody is dialled.
"""

import contextlib
import socket
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from ipaddress import ip_address
from queue import Empty, SimpleQueue
from threading import Thread

import dns.exception

from porch import clock
from porch.certs.addresses import is_public, own_addresses
from porch.certs.lookup import Lookup, look_up
from porch.config.target import parse_target
from porch.manage.doctor.patient import Found, Patient, look, ok, wrong

__all__ = ["check_endpoint_names", "check_public_names"]

MOST = 50
"""Names that are asked for."""
AT_ONCE = 16
PATIENCE = 1.5
"""Seconds for all."""
SLOW = 0.2
"""Seconds that a name may take: a new connection waits for it."""


def check_endpoint_names(patient: Patient) -> Iterator[Found]:
    """Those of `to` and of pools, by what the door itself asks: the system."""
    name = "DNS of endpoints"
    hosts = _hosts(patient)
    if not hosts:
        yield ok(name, "no endpoint is named, all are addresses")
        return
    asked = hosts[:MOST]
    answers = _resolve(asked)
    slowest = 0.0
    is_fine = True
    for host in asked:
        if host not in answers:
            is_fine = False
            yield wrong(
                name,
                f"{host} was not resolved within {PATIENCE:g} s, and requests wait as"
                " long; see the name servers in /etc/resolv.conf, or write its address",
            )
            continue
        took, trouble = answers[host]
        slowest = max(slowest, took)
        if trouble:
            is_fine = False
            yield wrong(
                name,
                f"{host} does not resolve: {trouble}; correct it in `to`, or the name"
                " server; requests end with dns_error",
            )
        elif took > SLOW:
            is_fine = False
            yield look(
                name,
                f"{host} took {took * 1000:.0f} ms, which a new connection waits for;"
                " a name server nearer to this machine is faster",
            )
    if is_fine:
        yield ok(
            name, f"{_count(len(asked), len(hosts))}; the slowest took {slowest * 1000:.0f} ms"
        )


def _hosts(patient: Patient) -> list[str]:
    """Names without repeats; addresses, and localhost, need nobody."""
    if patient.loaded is None:
        return []
    found = [
        target.host
        for entry in patient.loaded.routes
        for target in entry.targets
        if target.kind in ("http", "https", "h2", "h2c")
    ]
    for pool in patient.loaded.pools.values():
        for server in pool.servers:
            text = server if isinstance(server, str) else server.to
            with contextlib.suppress(ValueError):
                found.append(parse_target(text).host)
    return [each for each in dict.fromkeys(found) if each and not _is_address(each)]


def _is_address(host: str) -> bool:
    with contextlib.suppress(ValueError):
        ip_address(host)
        return True
    return False


def _resolve(hosts: Sequence[str]) -> dict[str, tuple[float, str]]:
    """How long each took, and why it does not resolve; without those that are not done in time.

    The system's resolver cannot be interrupted, so that it is asked by threads that end with the
    process: those of an executor would be waited for.
    """
    waiting: SimpleQueue[str] = SimpleQueue()
    answers: dict[str, tuple[float, str]] = {}

    def work() -> None:
        with contextlib.suppress(Empty):
            while True:
                host = waiting.get_nowait()
                answers[host] = _resolved(host)

    for host in hosts:
        waiting.put(host)
    threads = [Thread(target=work, daemon=True) for _ in range(min(len(hosts), AT_ONCE))]
    for each in threads:
        each.start()
    until = clock.monotonic() + PATIENCE
    for each in threads:
        each.join(max(until - clock.monotonic(), 0.0))
    return dict(answers)


def _resolved(host: str) -> tuple[float, str]:
    began = clock.monotonic()
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        return clock.monotonic() - began, getattr(error, "strerror", None) or str(error)
    return clock.monotonic() - began, ""


def check_public_names(patient: Patient) -> Iterator[Found]:
    """Those that an authority certifies: where the world goes for them."""
    name = "DNS of sites"
    if patient.built is None:
        return
    managed = patient.built.certificates.managed
    public = [host for host, source in managed.items() if source == "acme" and host[0] != "*"]
    if not public:
        return
    own = own_addresses()
    try:
        resolver = patient.resolver()
    except dns.exception.DNSException:
        yield wrong(name, "this machine has no name server; see /etc/resolv.conf")
        return
    asking, pool = ThreadPoolExecutor(AT_ONCE), ThreadPoolExecutor(2 * AT_ONCE)
    asked: dict[str, Future[Lookup]] = {
        host: asking.submit(look_up, host, resolver, PATIENCE, pool) for host in public[:MOST]
    }
    wait(asked.values(), PATIENCE + 0.2)
    for each in (asking, pool):
        each.shutdown(wait=False, cancel_futures=True)
    here = []
    for host, future in asked.items():
        if not future.done() or future.cancelled():
            yield look(name, f"no answer for {host} within {PATIENCE:g} s; see its name servers")
            continue
        found = future.result()
        if not found.addresses:
            yield wrong(
                name,
                f"{host} has no address ({found.error or 'none is set'}), so that"
                " nobody comes here and no certificate is given; add an A record with this"
                " machine's public address",
            )
        elif any(each in own for each in found.addresses):
            here.append(host)
        else:
            yield _elsewhere(name, host, found, is_hidden=not any(map(is_public, own)))
    if here:
        yield ok(name, f"{_count(len(here), len(public))} lead to this machine")


def _elsewhere(name: str, host: str, found: Lookup, *, is_hidden: bool) -> Found:
    where = ", ".join(map(str, found.addresses[:3]))
    if is_hidden:
        return look(
            name,
            f"{host} leads to {where}; whether that is the router before this machine"
            f" cannot be told from here: porch certs check {host} visits it",
        )
    return look(
        name,
        f"{host} leads to {where}, which is no address of this machine; right behind"
        f" a CDN or a balancer, else correct its records: porch certs check {host}",
    )


def _count(some: int, of: int) -> str:
    return f"{some} name{'s' * (some != 1)}" if some == of else f"{some} of {of} names"
