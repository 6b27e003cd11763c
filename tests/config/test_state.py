"""What a reload keeps, forgets and leaves as it was."""

import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.balance.endpoint import WIDTH, Endpoint, Out
from porch.cache.coded import EVERY, CodedForms
from porch.cache.memory_store import MemoryStore
from porch.cache.passes import Passes
from porch.cache.shelf import Shelf
from porch.clock import Deadlines
from porch.config.orders import Order
from porch.config.state import Ask, State
from porch.config.steps import complete
from porch.forward.address import Address
from porch.http.h1 import HeadLimits
from porch.shared import Cells, SharedTable
from porch.tls.origin import SYSTEM, Authorities, OriginTls
from tests.support.cached import FakeLocks

A = Address(host="10.0.0.1", port=1)
B = Address(host="10.0.0.2", port=1)


class FakePool:
    """Counts how often it was closed."""

    def __init__(
        self, address: Address, deadlines: Deadlines, limits: HeadLimits, interim: int
    ) -> None:
        self.made_of = (address, deadlines, limits, interim)
        self.idle_timeout = 0.0
        self.closed = 0

    def acquire(self, exchange: object) -> None: ...

    def cancel(self, exchange: object) -> None: ...

    def close(self) -> None:
        self.closed += 1


class Reloads:
    """A state and what a configuration asks of it."""

    def __init__(self) -> None:
        self.state = State(FakePool)

    def build(self, *addresses: Address, **words: Any) -> list[Endpoint]:
        self.state.begin()
        return [self.endpoint(each, **words) for each in addresses]

    def endpoint(
        self,
        address: Address,
        pool: str = "a.test",
        weight: int = 1,
        limits: HeadLimits | None = None,
        interim: int = 10,
        idle: float = 4.0,
        priority: int = 0,
    ) -> Endpoint:
        ask = Ask(
            address=address,
            pool=pool,
            weight=weight,
            limits=limits or HeadLimits(),
            most_interim=interim,
            idle=idle,
            priority=priority,
        )
        return self.state.endpoint(ask)


@pytest.fixture
def reloads() -> Reloads:
    return Reloads()


def pool(endpoint: Endpoint) -> FakePool:
    found: Any = endpoint.connections
    assert isinstance(found, FakePool)
    return found


def test_an_endpoint_has_its_address_and_connections(reloads: Reloads) -> None:
    (made,) = reloads.build(A, weight=3)
    assert (made.name, made.weight) == ("10.0.0.1:1", 3)
    assert pool(made).made_of == (A, reloads.state.deadlines, HeadLimits(), 10)


def test_an_endpoint_asked_for_again_is_the_one_there_is(reloads: Reloads) -> None:
    before = reloads.build(A, B)
    reloads.state.commit()
    assert reloads.build(A, B) == before
    reloads.state.commit()
    assert [pool(each).closed for each in before] == [0, 0]


def test_what_nobody_asked_for_is_closed_and_forgotten(reloads: Reloads) -> None:
    kept, gone = reloads.build(A, B)
    reloads.state.commit()
    reloads.build(A)
    reloads.state.commit()
    assert (pool(kept).closed, pool(gone).closed) == (0, 1)
    assert reloads.build(B) != [gone]


def test_nothing_is_closed_before_the_commit(reloads: Reloads) -> None:
    (running,) = reloads.build(A)
    reloads.state.commit()
    reloads.build(B)
    assert pool(running).closed == 0


def test_a_configuration_that_never_ran_leaves_no_trace(reloads: Reloads) -> None:
    (running,) = reloads.build(A, weight=1, idle=4.0)
    reloads.state.commit()
    (never,) = reloads.build(B)
    reloads.build(A, weight=9, idle=9.0)
    assert (running.weight, pool(running).idle_timeout) == (1, 4.0)
    assert reloads.build(B) != [never]
    reloads.build(A)
    reloads.state.commit()
    assert pool(running).closed == 0


def test_weight_and_idle_timeout_follow_the_commit(reloads: Reloads) -> None:
    (running,) = reloads.build(A, weight=1, idle=4.0)
    reloads.state.commit()
    assert pool(running).idle_timeout == 4.0
    reloads.build(A, weight=5, idle=9.0)
    reloads.state.commit()
    assert (running.weight, pool(running).idle_timeout) == (5, 9.0)


def test_who_has_arranged_endpoints_by_weight_or_priority_learns_of_another(
    reloads: Reloads,
) -> None:
    (running,) = reloads.build(A, weight=2, priority=1)
    reloads.state.commit()
    version = running.roster.version
    assert (running.weight, running.priority) == (2, 1)
    for words in ({"weight": 2, "priority": 1}, {"weight": 2, "priority": 0}, {"weight": 0}):
        reloads.build(A, **words)
        reloads.state.commit()
    assert (running.weight, running.priority) == (0, 0)
    assert running.roster.version == version + 2


def test_who_only_checks_runs_no_code_and_serves_nobody() -> None:
    state = State()
    assert not state.serves
    assert State(FakePool).serves
    exchange: Any = None
    assert state.load_key("py:gone:gone", Path())(exchange) is None


@pytest.mark.parametrize(
    "words", [{"pool": "b.test"}, {"limits": HeadLimits(head=1000)}, {"interim": 3}]
)
def test_another_pool_or_other_bounds_are_another_endpoint(
    reloads: Reloads, words: dict[str, Any]
) -> None:
    made = [*reloads.build(A), reloads.endpoint(A, **words)]
    assert made[0] is not made[1]
    reloads.state.commit()
    assert reloads.build(A, **words) == made[1:]


def test_an_address_that_a_pool_names_twice_is_one_endpoint(reloads: Reloads) -> None:
    one, two = reloads.build(A, A)
    assert one is two


def test_the_end_closes_every_connection(reloads: Reloads) -> None:
    made = reloads.build(A, B)
    reloads.state.commit()
    reloads.state.close()
    assert [pool(each).closed for each in made] == [1, 1]


def test_without_pools_an_endpoint_can_be_asked_about_but_not_dialled() -> None:
    state = State()
    limits = HeadLimits()
    made = state.endpoint(
        Ask(address=A, pool="a.test", weight=1, limits=limits, most_interim=10, idle=4.0)
    )
    state.commit()
    exchange: Any = None
    with pytest.raises(AssertionError, match="nobody serves with this configuration"):
        made.connections.acquire(exchange)
    made.connections.cancel(exchange)
    state.close()


# --- TLS towards origins ---------------------------------------------------------------------


def context(
    reloads: Reloads, verify: bool = True, authorities: Authorities = SYSTEM
) -> ssl.SSLContext:
    return complete(reloads.state.context(OriginTls(verify=verify, authorities=authorities)))


def authority(name: str) -> Authorities:
    return Authorities(trustme.CA(organization_name=name).cert_pem.bytes())


def test_one_context_serves_all_that_want_the_same(reloads: Reloads) -> None:
    first = context(reloads)
    assert context(reloads) is first
    unverified = context(reloads, verify=False)
    assert (first.verify_mode, unverified.verify_mode) == (ssl.CERT_REQUIRED, ssl.CERT_NONE)


def test_a_context_outlives_a_reload_that_asks_for_it(reloads: Reloads) -> None:
    first = context(reloads)
    reloads.state.commit()
    assert context(reloads) is first
    reloads.state.commit()
    reloads.state.commit()
    assert context(reloads) is not first


def test_an_authority_with_other_content_makes_a_new_context(reloads: Reloads) -> None:
    one = authority("one")
    first = context(reloads, authorities=one)
    reloads.state.commit()
    assert one.pem is not None
    assert context(reloads, authorities=Authorities(bytes(bytearray(one.pem)))) is first
    assert context(reloads, authorities=authority("another")) is not first


def test_an_authority_that_cannot_be_used_is_an_error(reloads: Reloads) -> None:
    with pytest.raises(ssl.SSLError):
        context(reloads, authorities=Authorities(b"hello"))


# --- what operators have said ------------------------------------------------------------------


def test_a_weight_that_was_ordered_goes_before_that_of_the_file(reloads: Reloads) -> None:
    state = reloads.state
    (made,) = reloads.build(A, weight=3)
    state.commit()
    version = made.roster.version
    name = ("a.test", made.name)
    state.orders.note(Order("weight", name, 0))
    state.weigh(name)
    assert (made.weight, made.roster.version) == (0, version + 1)
    reloads.build(A, B, weight=5)
    state.commit()
    assert made.weight == 0
    state.orders.note(Order("weight", name, None))
    state.weigh(name)
    assert made.weight == 5


def test_one_that_is_new_has_it_at_once(reloads: Reloads) -> None:
    reloads.state.orders.note(Order("weight", ("a.test", "10.0.0.1:1"), 7))
    (made,) = reloads.build(A)
    assert made.weight == 7


def test_a_drained_endpoint_that_comes_again_is_drained(reloads: Reloads) -> None:
    state = reloads.state
    (made,) = reloads.build(A)
    state.commit()
    state.on_told((("a.test", made.name), "drained", Out("x", 1.0)))
    state.on_told((("a.test", made.name), "unhealthy", Out("x", 1.0)))
    reloads.build()
    state.commit()
    (again,) = reloads.build(A)
    assert again is not made
    assert [*again.out] == ["drained"]


def test_a_counter_of_a_pool_is_kept_and_given_up_as_endpoints_are(reloads: Reloads) -> None:
    table = SharedTable(2, WIDTH)
    state = reloads.state
    state.make_cells = lambda name: Cells(WIDTH, table, 1, 0)
    for _ in range(2):
        reloads.build()
        cells = state.counter(("a.test mirror", "x"))
        cells.own[1] += 1
        state.commit()
    table.use(1)
    assert table.total(1) == 2
    reloads.build()
    state.commit()
    assert table.total(1) == 0
    cells.own[1] += 1
    assert table.total(1) == 0


def test_coded_forms_are_beside_the_store_and_swept_with_it(tmp_path: Path) -> None:
    state, shelf = State(), Shelf(MemoryStore(1 << 20), FakeLocks(), Passes(-1))
    state.keep_on(shelf)
    assert state.workshop.forms.shelf is None
    shelf.forms = forms = CodedForms(lambda: tmp_path, 64 << 20)
    state.keep_on(shelf)
    assert state.workshop.forms.shelf is forms
    forms.make(b"never stored", b"gzip", lambda: b"form")
    for _ in range(EVERY):
        state.tick()
    assert forms.get(b"never stored", b"gzip") is None
    state.keep_on(None)
    assert state.workshop.forms.shelf is None
