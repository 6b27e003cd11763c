"""Who comes in while a worker has too much to do, on a clock that is turned by hand."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from porch import clock
from porch.http.message import RequestHead
from porch.route.route import ALWAYS, HIGH, KNOWN, LOW, NORMAL, Route
from porch.shield import busy
from porch.shield.busy import CHECKS, LOOK, PATIENCE, SHARE, Busy, Terms
from tests.support.network import FakeClock, FakeLoop

LAG = 0.02
STEP = 0.005
ROUTES = {LOW: Route(key="low", importance=LOW), NORMAL: Route(key="normal", importance=NORMAL)}
ROUTES |= {HIGH: Route(key="high", importance=HIGH), ALWAYS: Route(key="a", importance=ALWAYS)}
ROUTES |= {KNOWN: Route(key="known", importance=KNOWN)}
REFUSED = Route(key="refused")


class Refusal:
    """held: those who wait. counts: of refusals."""

    def __init__(self) -> None:
        self.held = 0
        self.counts = [0, 0, 0]
        self.released: list[float] = []

    def route(self, route: Route, importance: int) -> Route:
        self.counts[importance] += 1
        return REFUSED

    def release(self, now: float) -> None:
        self.released.append(now)


class Machine:
    """A loop whose turns take as long as they are told, for a worker that works in them.

    core: what part of the time it has a core; asleep: whether it sleeps instead.
    """

    def __init__(self, loop: FakeLoop, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = loop
        self.worked = self.waited = 0.0
        self.core = 1.0
        self.asleep = False
        monkeypatch.setattr(clock, "cpu", lambda: self.worked)
        monkeypatch.setattr(clock, "waited", lambda: self.waited)
        self.refusal = Refusal()
        self.known: set[bytes] = set()
        knows = self.known.__contains__
        self.busy = Busy(self.find, Terms(lag=LAG), self.refusal, knows)  # type: ignore[arg-type]

    @staticmethod
    def find(request: RequestHead, client_ip: bytes, security: Any) -> Route:
        return ROUTES[int(request.authority)]

    def ask(self, importance: int, client: int = 0, target: bytes = b"/") -> bool:
        """Whether such a request is let in."""
        request = RequestHead(b"GET", target, b"%d" % importance, b"http", [])
        found = self.busy.find(request, b"10.0.%d.%d" % divmod(client, 256), None)
        return found is ROUTES[importance]

    def work(self, seconds: float) -> None:
        """Time passes within the turn."""
        self.loop.fake.advance(seconds)
        if not self.asleep:
            self.worked += seconds * self.core
            self.waited += seconds * (1 - self.core)

    def turn(self, rest: float = 0.0) -> None:
        """The turn is over, after `rest` more."""
        self.work(rest)
        self.loop.settle()

    def load(self, seconds: float, ask: Callable[[], object], rate: float = 3000.0) -> None:
        """So many requests a second come in all of the time, whatever becomes of them: those that
        came in one turn are read in the next. One that is let in takes a millisecond."""
        began = read = clock.monotonic()
        while clock.monotonic() < began + seconds:
            count = int((clock.monotonic() - read) * rate)
            read += count / rate
            for _ in range(count):
                before = sum(self.refusal.counts)
                ask()
                self.work(0.001 if sum(self.refusal.counts) == before else 0.00003)
            if not count:
                self.loop.fake.advance(0.001)
            self.turn()


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    loop = FakeLoop(FakeClock(monkeypatch))
    monkeypatch.setattr("asyncio.get_running_loop", lambda: loop)  # a turn ends when it is told to
    made = Machine(loop, monkeypatch)
    made.ask(NORMAL)
    yield made
    loop.close()


def test_at_rest_nobody_is_judged_and_everybody_comes_in(machine: Machine) -> None:
    for client in range(1000):
        assert machine.ask(LOW, client)
        machine.turn(0.002)
    assert machine.refusal.counts == [0, 0, 0]
    assert machine.busy.level.at == 0.0


def test_a_pause_and_the_turns_that_make_up_for_it_refuse_nobody(machine: Machine) -> None:
    for took in (0.5, 0.06, 0.03, 0.005, 0.005):
        machine.work(took)
        assert machine.ask(LOW)
        machine.turn()
    assert machine.refusal.counts == [0, 0, 0]


def test_where_every_turn_is_too_long_the_rest_of_a_turn_is_refused(machine: Machine) -> None:
    until = clock.monotonic() + LAG * 4 + PATIENCE
    while clock.monotonic() < until:
        assert machine.ask(NORMAL)
        machine.turn(LAG * 2)
    assert machine.ask(NORMAL)  # what comes early in a turn is served
    machine.work(LAG * 1.5)
    assert not machine.ask(LOW)
    assert machine.ask(ALWAYS)
    assert machine.refusal.counts == [1, 0, 0]


def test_the_least_important_are_refused_first_and_the_most_important_all_served(
    machine: Machine,
) -> None:
    asked = {LOW: 0, NORMAL: 0, HIGH: 0}
    served = dict(asked)

    def ask() -> None:
        kind = (LOW, LOW, LOW, NORMAL, NORMAL, HIGH)[sum(asked.values()) % 6]
        asked[kind] += 1
        served[kind] += machine.ask(kind, asked[kind] * 7 % 400)

    machine.load(4.0, ask)
    asked.update({LOW: 0, NORMAL: 0, HIGH: 0})
    served.update(asked)
    machine.load(4.0, ask)
    assert served[HIGH] == asked[HIGH] > 500
    assert served[LOW] < asked[LOW] / 20
    assert 0.2 < served[NORMAL] / asked[NORMAL] < 0.9


def test_a_turn_stays_near_the_lag_and_the_worker_has_always_work(machine: Machine) -> None:
    clients = iter(range(10**9))
    turns: list[float] = []

    def ask() -> None:
        machine.ask(NORMAL, next(clients) % 500)
        turns.append(machine.busy.lag)

    machine.load(2.0, ask)
    begun, before = clock.monotonic(), sum(machine.refusal.counts)
    turns.clear()
    machine.load(3.0, ask)
    passed = clock.monotonic() - begun
    served = len(turns) - (sum(machine.refusal.counts) - before)
    assert sorted(turns)[int(len(turns) * 0.99)] < 1.5 * LAG
    assert served > 0.88 * 1000 * passed  # of those that it could serve without refusing any


def test_some_clients_are_served_whole_and_others_not_at_all(machine: Machine) -> None:
    machine.busy.level.at = 1.5

    machine.busy._judges = True
    found = [sum(machine.ask(NORMAL, client) for _ in range(40)) for client in range(300)]
    whole = sum(each in (0, 40) for each in found)
    assert whole > 210
    assert 80 < sum(each == 40 for each in found) < 160
    assert 0.4 < sum(found) / (300 * 40) < 0.6


def test_one_client_that_is_alone_is_served_in_part(machine: Machine) -> None:
    clients = iter([5] * 10**6)
    let: list[int] = []

    def ask() -> None:
        let.append(machine.ask(NORMAL, next(clients)))

    machine.load(6.0, ask)
    assert 0.24 < sum(let[6000:]) / len(let[6000:]) < 0.36  # of 3,000 a second, 900 and more


def test_others_are_refused_after_a_while(machine: Machine) -> None:
    machine.busy.level.at = 1.5

    def served() -> set[int]:
        machine.busy._judges = True
        return {each for each in range(300) if all(machine.ask(NORMAL, each) for _ in range(9))}

    before = served()
    assert len(before & served()) > 0.9 * len(before)
    machine.loop.fake.advance(busy._TURNS)
    assert len(before & served()) < 0.9 * len(before)


def test_all_come_in_again_soon_after_it_is_over(machine: Machine) -> None:
    clients = iter(range(10**9))

    def ask() -> None:
        machine.ask(NORMAL, next(clients) % 500)

    machine.load(2.0, ask)
    assert machine.busy.level.at > 1.2
    machine.load(4.0, ask, rate=500.0)
    assert machine.busy.level.at <= 1.0
    assert all(machine.ask(NORMAL, client) for client in range(100))


def test_a_machine_that_gives_it_no_core_refuses_nobody(machine: Machine) -> None:
    machine.core = 0.1

    for client in range(300):
        assert machine.ask(LOW, client)
        machine.turn(0.05)
    assert machine.refusal.counts == [0, 0, 0]


def test_a_worker_that_sleeps_in_a_call_lets_in_less(machine: Machine) -> None:
    machine.asleep = True

    for client in range(300):
        machine.ask(LOW, client)
        machine.turn(0.05)
    assert machine.refusal.counts[LOW] > 100


@pytest.mark.parametrize("target", sorted(busy.HEALTH))
def test_who_asks_whether_we_live_is_as_important_as_the_most(
    machine: Machine, target: bytes
) -> None:
    machine.busy.level.at = 2.0
    machine.busy._judges = True
    assert not machine.ask(NORMAL)
    assert machine.ask(NORMAL, target=target)
    assert not machine.ask(NORMAL, target=target + b"x")
    assert not machine.ask(LOW, target=target), "nor where that is not even important"


def test_a_flood_of_such_questions_takes_nobodys_place(machine: Machine) -> None:
    machine.busy.level.at = 2.0
    machine.busy._judges = True
    found = [machine.ask(NORMAL, target=b"/livez") for _ in range(200)]
    assert sum(found) == SHARE, "of one client"
    assert machine.ask(NORMAL, 1, target=b"/livez"), "another has its own"
    found = [machine.ask(NORMAL, 2 + each % 40, target=b"/livez") for each in range(400)]
    assert sum(found) == CHECKS - SHARE - 1, "of all together"
    assert len(machine.busy._checked) <= CHECKS
    machine.loop.fake.advance(1.0)
    assert machine.ask(NORMAL, target=b"/livez"), "there is room again"
    assert len(machine.busy._checked) == 1


def test_a_client_with_many_addresses_of_one_network_has_one_share(machine: Machine) -> None:
    machine.busy.level.at = 2.0
    machine.busy._judges = True
    request = RequestHead(b"GET", b"/livez", b"%d" % NORMAL, b"http", [])
    found = [machine.busy.find(request, b"2001:db8::%x" % each) for each in range(1, 100)]
    assert sum(each is not REFUSED for each in found) == SHARE


def test_from_where_somebody_was_let_in_it_is_as_important_as_the_most(machine: Machine) -> None:
    machine.busy.level.at = 2.0
    machine.busy._judges = True
    machine.known.add(b"10.0.0.7")
    assert machine.ask(KNOWN, 7)
    assert not machine.ask(NORMAL, 7)
    assert not machine.ask(KNOWN, 8)
    assert machine.ask(KNOWN, 8, target=b"/livez")
    assert machine.refusal.counts == [0, 2, 0]


def test_the_timer_runs_only_while_requests_come(machine: Machine) -> None:
    for _ in range(100):
        machine.turn(STEP)
    assert machine.refusal.released
    count = len(machine.refusal.released)
    for _ in range(100):
        machine.turn(STEP)
    assert len(machine.refusal.released) == count


def test_it_runs_on_while_refusals_wait(machine: Machine) -> None:
    machine.refusal.held = 1

    for _ in range(int(LOOK / STEP) * 5):
        machine.turn(STEP)
    count = len(machine.refusal.released)
    machine.turn(STEP)
    assert len(machine.refusal.released) > count


def test_what_the_router_raises_is_raised(machine: Machine) -> None:
    with pytest.raises(KeyError):
        machine.ask(9)


def test_while_all_wait_for_their_refusals_the_level_stays(machine: Machine) -> None:
    machine.busy.level.at = 1.7
    machine.refusal.held = 9
    for _ in range(int(1.0 / STEP)):
        machine.loop.fake.advance(STEP)
        machine.turn()
    assert machine.busy.level.at == 1.7


def test_a_burst_behind_idle_time_is_served(machine: Machine) -> None:
    """As when one read brings fifty streams: turns are long now and then, and idle in between."""
    for _ in range(100):
        for client in range(50):
            assert machine.ask(LOW, client)
            machine.work(0.001)
        for _ in range(12):
            machine.turn()
            machine.loop.fake.advance(STEP)
    assert machine.refusal.counts == [0, 0, 0]
