"""Who is asked, when, and how many at once. Origins are made up; time is the loop's own."""

import asyncio
import itertools
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from porch.balance.check import Check
from porch.balance.endpoint import CHECKED_AT, Endpoint
from porch.balance.roster import Roster
from porch.client import Answer
from porch.errors import ConnectionRefused, NoDescriptors
from porch.forward.address import TWO, Address
from porch.manage import checks
from porch.manage.checks import MOST, Checks
from porch.route.route import Connections
from tests.support.debugging import listening

QUICK = Check(every=0.02, timeout=1.0, fall=2)


class Far:
    """Origins that are asked. status: what each answers; None refuses; an event is waited for."""

    def __init__(self) -> None:
        self.made: list[tuple[Address, bytes]] = []
        self.asked: list[str] = []
        self.words: list[Any] = []
        self.status: dict[int, Any] = {}
        self.under_way = self.most = 0

    def client(self, address: Address, authority: bytes) -> Any:
        self.made.append((address, authority))
        return One(self, address)


class One:
    """One of them."""

    def __init__(self, far: Far, address: Address) -> None:
        self._far = far
        self._port = address.port

    async def request(self, method: bytes, target: bytes, *words: Any, **more: Any) -> Answer:
        self._far.words.append((words, more))
        await self._reach(f"{method.decode()} {self._port}{target.decode()}")
        return Answer(self._far.status.get(self._port, 200), [], b"")

    async def connect(self, **words: Any) -> None:
        await self._reach(f"touch {self._port}")

    async def _reach(self, how: str) -> None:
        far = self._far
        far.asked.append(how)
        far.under_way += 1
        far.most = max(far.most, far.under_way)
        try:
            status = far.status.get(self._port, 200)
            if status is None:
                raise ConnectionRefused(f"{self._port} refused")
            if isinstance(status, Exception):
                raise status
            if isinstance(status, asyncio.Event):
                await status.wait()
                far.status[self._port] = 200
        finally:
            far.under_way -= 1
        await asyncio.sleep(0)


class Bench:
    def __init__(self, ports: range = range(1, 3), pool: str = "pool") -> None:
        self.far = Far()
        self.warned: list[str] = []
        self.roster = Roster(pool)
        self.endpoints = [
            Endpoint(f"a:{n}", cast("Connections", None), 1, None, self.roster) for n in ports
        ]
        self.checks = Checks(self.far.client, self.warned.append)
        self.addresses = {
            each: Address(host="a", port=port)
            for each, port in zip(self.endpoints, ports, strict=True)
        }

    def take(self, check: Check | None = QUICK, base: Path = Path(), count: int = 10_000) -> None:
        wanted = [(each, self.addresses[each]) for each in self.endpoints[:count]]
        self.checks.take(self.roster.name, wanted, check, base)

    async def until(self, true: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not true():  # noqa: ASYNC110
                await asyncio.sleep(0.002)

    def run(self, story: Callable[[], Awaitable[None]]) -> None:
        async def main() -> None:
            self.checks.start()
            try:
                await story()
            finally:
                self.checks.close()

        asyncio.run(main())


def test_each_endpoint_is_asked_again_and_again_and_is_out_when_it_has_failed() -> None:
    bench = Bench()
    bench.far.status[1] = None
    one, two = bench.endpoints

    async def story() -> None:
        bench.take()
        await bench.until(lambda: one.out)
        assert one.out["unhealthy"].text == "connection refused, 2 of 2"
        bench.far.status[1] = 200
        await bench.until(lambda: not one.out)
        assert two.out == {}

    bench.run(story)
    assert {*bench.far.asked} == {"GET 1/", "GET 2/"}


def test_when_the_next_check_is_stands_in_the_cells_until_nobody_checks() -> None:
    bench = Bench()
    one = bench.endpoints[0]

    async def story() -> None:
        bench.take(Check(every=50, timeout=1))
        assert 0 < one.counts[CHECKED_AT] - int(checks.clock.monotonic() * 1000) <= 50_000

    bench.run(story)
    assert one.counts[CHECKED_AT] == 0


def test_the_first_checks_are_spread_over_the_interval_and_the_others_stray_by_a_tenth() -> None:
    bench = Bench(range(1, 101))
    bench.take(Check(every=100.0))
    first = sorted(each.counts[CHECKED_AT] / 1000 for each in bench.endpoints)
    assert 60 < first[-1] - first[0] < 100
    assert max(b - a for a, b in itertools.pairwise(first)) < 20

    drawn = [0.0]
    one = Bench(range(1, 2))
    one.checks = Checks(one.far.client, print, lambda: drawn[0])

    async def story() -> None:
        now = checks.clock.monotonic()
        one.take(Check(every=100.0))
        drawn[0] = 0.999999
        await one.until(lambda: one.far.asked)
        await one.until(lambda: one.endpoints[0].counts[CHECKED_AT] > (now + 50) * 1000)
        assert one.endpoints[0].counts[CHECKED_AT] / 1000 - now == pytest.approx(110, abs=1)

    one.run(story)


def test_a_check_that_takes_longer_than_the_interval_is_not_made_up_for() -> None:
    bench = Bench(range(1, 2))
    event = asyncio.Event()
    bench.far.status[1] = event

    async def story() -> None:
        bench.take(Check(every=0.01, timeout=5))
        await bench.until(lambda: bench.far.asked)
        await asyncio.sleep(0.1)
        assert len(bench.far.asked) == 1, "it is asked once at a time"
        event.set()
        await bench.until(lambda: len(bench.far.asked) > 2)

    bench.run(story)


def test_silence_is_a_failure_after_the_timeout() -> None:
    bench = Bench(range(1, 2))
    bench.far.status[1] = asyncio.Event()

    async def story() -> None:
        bench.take(Check(every=0.01, timeout=0.03, fall=1))
        await bench.until(lambda: bench.endpoints[0].out)
        assert bench.endpoints[0].out["unhealthy"].text == "no answer within 0.03 s, 1 of 1"

    bench.run(story)


def test_no_more_are_asked_at_once_than_may_be() -> None:
    bench = Bench(range(1, 2 * MOST))
    event = asyncio.Event()
    bench.far.status = dict.fromkeys(range(1, 2 * MOST), event)

    async def story() -> None:
        bench.take(Check(every=0.01, timeout=30))
        await bench.until(lambda: bench.far.under_way == MOST)
        await asyncio.sleep(0.05)
        assert bench.far.most == MOST
        event.set()
        await bench.until(lambda: len({*bench.far.asked}) >= 2 * MOST - 1)

    bench.run(story)


def test_what_the_door_itself_lacks_is_no_endpoints_fault() -> None:
    bench = Bench(range(1, 2))
    bench.far.status[1] = NoDescriptors("Too many open files")

    async def story() -> None:
        bench.take(Check(every=0.01, fall=1))
        await bench.until(lambda: len(bench.far.asked) > 3)
        assert bench.endpoints[0].out == {}

    bench.run(story)


# --- what is asked -------------------------------------------------------------------------------


def test_another_port_and_host_are_asked_as_the_check_says() -> None:
    bench = Bench(range(1, 2))
    bench.take(Check(port=9000, host=b"health.test", every=50))
    assert bench.far.made == [(Address(host="a", port=9000), b"health.test")]


def test_a_unix_socket_has_no_other_port() -> None:
    bench = Bench(range(1, 2))
    bench.addresses[bench.endpoints[0]] = Address(path="/run/a.sock")
    bench.take(Check(port=9000, every=50))
    assert bench.far.made == [(Address(path="/run/a.sock"), b"")]


def test_tcp_is_a_connection_and_no_tls() -> None:
    bench = Bench(range(1, 2))
    tls: Any = object()
    bench.addresses[bench.endpoints[0]] = Address(host="a", port=1, tls=tls)

    async def story() -> None:
        bench.take(Check(kind="tcp", every=0.01))
        await bench.until(lambda: bench.far.asked)

    bench.run(story)
    assert bench.far.made == [(Address(host="a", port=1), b"")]
    assert {*bench.far.asked} == {"touch 1"}


def test_gRPC_is_a_call_over_http_2() -> None:
    bench = Bench(range(1, 2))
    one = bench.endpoints[0]

    async def story() -> None:
        bench.take(Check(kind="grpc", service="a.B", host=b"a.test", port=9, every=0.01, timeout=2))
        await bench.until(lambda: one.out)

    bench.run(story)
    assert bench.far.made == [(Address(host="a", port=9, protocols=TWO), b"a.test")]
    assert {*bench.far.asked} == {"POST 9/grpc.health.v1.Health/Check"}
    (fields, body), more = bench.far.words[0]
    assert dict(fields) == {b"content-type": b"application/grpc", b"grpc-timeout": b"2000000u"}
    assert body == b"\0\0\0\0\5\x0a\3a.B"
    assert more == {"timeout": 2, "most_bytes": 4096}
    assert one.out["unhealthy"].text == "no grpc-status in the answer, 2 of 2"


MODULE = """
import asyncio
asked = []
async def cancels(endpoint):
    asked.append(endpoint)
    raise asyncio.CancelledError
async def exits(endpoint):
    asked.append(endpoint)
    raise SystemExit("enough")
async def check(endpoint):
    asked.append(endpoint)
    if endpoint == "a:1":
        return "the queue is full"
    if endpoint == "a:2":
        raise LookupError("no such tenant")
def plain(endpoint):
    return None
"""


@pytest.fixture
def module(tmp_path: Path) -> str:
    (tmp_path / "health_of_mine.py").write_text(MODULE, encoding="utf-8")
    yield "health_of_mine"  # type: ignore[misc]
    sys.modules.pop("health_of_mine", None)
    sys.path[:] = [each for each in sys.path if each != str(tmp_path)]


def test_a_function_of_the_operators_own_says_why_or_raises_or_nothing(
    tmp_path: Path, module: str
) -> None:
    bench = Bench(range(1, 4))
    one, two, three = bench.endpoints

    async def story() -> None:
        bench.take(Check(kind=f"py:{module}:check", every=0.01, fall=1), tmp_path)
        await bench.until(lambda: one.out and two.out and "a:3" in sys.modules[module].asked)
        assert one.out["unhealthy"].text == "the queue is full, 1 of 1"
        assert two.out["unhealthy"].text == "LookupError: no such tenant, 1 of 1"
        assert three.out == {}

    bench.run(story)


@pytest.mark.parametrize(
    ("name", "text"),
    [("cancels", "CancelledError, 2 of 2"), ("exits", "SystemExit: enough, 2 of 2")],
)
def test_a_function_that_ends_by_what_is_no_error_is_asked_again(
    tmp_path: Path, module: str, name: str, text: str
) -> None:
    """Something that it awaited was cancelled; it called sys.exit()."""
    bench = Bench(range(1, 2))

    async def story() -> None:
        bench.take(Check(kind=f"py:{module}:{name}", every=0.01, fall=2), tmp_path)
        await bench.until(lambda: bool(bench.endpoints[0].out))
        assert bench.endpoints[0].out["unhealthy"].text == text
        seen = len(sys.modules[module].asked)
        await bench.until(lambda: len(sys.modules[module].asked) > seen + 1)

    bench.run(story)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gone", "cannot be loaded: AttributeError"),
        ("plain", "is no `async def`; nobody is checked by it"),
    ],
)
def test_a_function_that_cannot_be_asked_is_told_and_takes_nobody_out(
    tmp_path: Path, module: str, name: str, text: str
) -> None:
    bench = Bench()
    bench.take(Check(kind=f"py:{module}:{name}"), tmp_path)
    assert len(bench.warned) == 1
    assert text in bench.warned[0]
    assert bench.far.made == []


# --- a reload ------------------------------------------------------------------------------------


def test_the_same_check_goes_on_where_it_was() -> None:
    bench = Bench()
    bench.take(Check(every=50))
    before = [each.counts[CHECKED_AT] for each in bench.endpoints]
    bench.take(Check(every=50))
    assert [each.counts[CHECKED_AT] for each in bench.endpoints] == before
    assert len(bench.far.made) == 2


def test_another_check_begins_anew_and_leaves_each_where_it_was() -> None:
    bench = Bench()
    one, two = bench.endpoints
    bench.take(Check(every=50))
    one.take_out("unhealthy", "status 500, 2 of 2")
    bench.far.status[2] = None

    async def story() -> None:
        bench.take(Check(every=0.02, rise=1, fall=4))
        assert (list(one.out), list(two.out)) == (["unhealthy"], [])
        await bench.until(lambda: two.out and not one.out)

    bench.run(story)


def test_who_is_no_more_checked_is_not_unhealthy_and_not_asked() -> None:
    bench = Bench()
    bench.take(Check(every=50))
    for each in bench.endpoints:
        each.take_out("unhealthy", "status 500, 2 of 2")
    bench.take(Check(every=50), count=1)
    assert [list(each.out) for each in bench.endpoints] == [["unhealthy"], []]
    assert bench.endpoints[1].counts[CHECKED_AT] == 0
    bench.take(None)
    assert bench.endpoints[0].out == {}


def test_who_is_gone_while_it_is_asked_is_left_alone() -> None:
    bench = Bench(range(1, 2))
    event = asyncio.Event()
    bench.far.status[1] = event

    async def story() -> None:
        bench.take(Check(every=0.01, timeout=0.05, fall=1))
        await bench.until(lambda: bench.far.under_way)
        bench.take(None)
        await bench.until(lambda: not bench.far.under_way)
        assert bench.endpoints[0].out == {}

    bench.run(story)


def test_who_leaves_keeps_what_is_known_for_its_successor() -> None:
    bench = Bench()
    bench.far.status[1] = None

    async def story() -> None:
        bench.take()
        await bench.until(lambda: bench.endpoints[0].out)
        bench.checks.close()
        asked = len(bench.far.asked)
        await asyncio.sleep(0.06)
        assert len(bench.far.asked) == asked
        assert list(bench.endpoints[0].out) == ["unhealthy"]

    bench.run(story)


def test_it_prints_how_many_there_are() -> None:
    bench = Bench()
    bench.take(Check(every=50))
    assert repr(bench.checks) == "<Checks of 2 endpoints, 0 run>"


def test_what_a_check_has_found_is_said_to_who_debugs() -> None:
    bench = Bench()
    bench.far.status[1] = None

    async def story() -> None:
        with listening() as said:
            bench.take()
            await bench.until(lambda: len({*said}) > 1)
        assert {"check pool/a:1: connection refused", "check pool/a:2: well"} <= {*said}

    bench.run(story)
