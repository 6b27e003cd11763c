"""The doing of one: fallback, rehearsal, one at a time, and no storm whatever goes wrong."""

from datetime import timedelta
from itertools import pairwise

import pytest

from porch import clock
from porch.certs import backoff, issuer, moments, renewal
from porch.certs.answers import Answers
from porch.certs.backoff import Record
from porch.certs.failure import IssueError
from porch.certs.files import StoreError
from porch.certs.issuer import Issuer, Task
from porch.certs.means import Means
from tests.support.authorities import (
    DAY,
    FIRST,
    NAMES,
    SECOND,
    Certificates,
    FakeOrder,
    World,
    held,
)
from tests.support.store import MemoryStore


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    one = World()
    monkeypatch.setattr(issuer, "open_account", one.open_account)
    monkeypatch.setattr(issuer, "Order", one.order)
    return one


@pytest.fixture
def certificates() -> Certificates:
    return Certificates()


@pytest.fixture
def one(store: MemoryStore, certificates: Certificates) -> Issuer:
    return Issuer(store, [FIRST, SECOND], Means(answers=Answers(store)), certificates)


def turn(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    present = clock.wall()
    monkeypatch.setattr(clock, "wall", lambda: present + by.total_seconds())


def only(tasks: list[Task], what: str = "issue") -> Task:
    (found,) = [task for task in tasks if task.what == what]
    return found


# --- the doing -------------------------------------------------------------------------------


def test_a_certificate_is_got_and_kept(
    one: Issuer, world: World, certificates: Certificates, store: MemoryStore
) -> None:
    outcome = one.issue(NAMES)
    assert outcome.what == "issued"
    assert outcome.sentence == "shop.example has a certificate of first.example; a remark"
    assert certificates.kept == [outcome.issued]
    assert world.forgotten == [FIRST.directory]
    assert store.locked == set()
    assert store.names("backoff/") == []


def test_what_another_has_got_meanwhile_is_not_got_again(
    one: Issuer, world: World, certificates: Certificates
) -> None:
    certificates.held[NAMES] = held()
    assert one.issue(NAMES).what == "held"
    assert world.asked == []
    assert one.issue(NAMES, force=True).what == "issued"


def test_what_another_gets_now_is_left_to_it(one: Issuer, world: World, store: MemoryStore) -> None:
    store.busy.add("issue/shop.example")
    assert one.issue(NAMES).what == "busy"
    assert world.asked == []


def test_what_another_has_failed_at_meanwhile_waits(
    one: Issuer, world: World, store: MemoryStore
) -> None:
    record = backoff.failed(Record(), IssueError("dns", "no address"), {}, moments.now())
    backoff.keep(store, NAMES[0], record)
    outcome = one.issue(NAMES)
    assert (outcome.what, world.asked) == ("waiting", [])
    assert "no address" in outcome.sentence


def test_the_next_authority_is_asked_when_one_cannot(one: Issuer, world: World) -> None:
    world.fails[FIRST.directory] = [IssueError("network", "down")]
    outcome = one.issue(NAMES)
    assert outcome.what == "issued"
    assert outcome.issued is not None
    assert outcome.issued.directory == SECOND.directory


def test_the_next_is_not_asked_when_the_name_is_at_fault(
    one: Issuer, world: World, store: MemoryStore
) -> None:
    world.fails[FIRST.directory] = [IssueError("dns", "no address")]
    outcome = one.issue(NAMES)
    assert (outcome.what, outcome.sentence) == ("failed", "no address")
    assert world.asked == [FIRST.directory]
    record = backoff.kept(store, NAMES[0])
    assert (record.failures, record.kind, record.sentence) == (1, "dns", "no address")


def test_what_all_say_is_told(one: Issuer, world: World) -> None:
    world.fails[FIRST.directory] = [IssueError("network", "down")]
    world.fails[SECOND.directory] = [IssueError("dns", "no address")]
    outcome = one.issue(NAMES)
    assert outcome.sentence == "first.example: down; second.example: no address"
    assert outcome.error is not None
    assert outcome.error.kind == "dns"


def test_what_one_limits_is_not_asked_of_it_before(
    one: Issuer, world: World, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = moments.now() + 2 * DAY
    limit = IssueError("rate_limited", "too many", retry_after=until)
    world.fails[FIRST.directory] = [limit]
    world.fails[SECOND.directory] = [IssueError("dns", "no address")]
    assert one.issue(NAMES).what == "failed"
    turn(monkeypatch, DAY)
    assert one.issue(NAMES).what == "issued"
    assert world.asked == [FIRST.directory, SECOND.directory, SECOND.directory]


def test_a_new_name_that_failed_is_rehearsed_first(
    one: Issuer, world: World, monkeypatch: pytest.MonkeyPatch, certificates: Certificates
) -> None:
    world.fails[FIRST.directory] = [IssueError("dns", "no address")]
    assert one.issue(NAMES).what == "failed"
    turn(monkeypatch, DAY)
    assert one.issue(NAMES).what == "issued"
    assert world.asked == [FIRST.directory, FIRST.staging, FIRST.directory]
    assert [issued.directory for issued in certificates.kept] == [FIRST.directory]
    assert world.forgotten == [FIRST.staging, FIRST.directory]


def test_a_rehearsal_that_fails_spares_the_real_one(
    one: Issuer, world: World, monkeypatch: pytest.MonkeyPatch, store: MemoryStore
) -> None:
    world.fails[FIRST.directory] = [IssueError("dns", "no address")]
    world.fails[FIRST.staging] = [IssueError("dns", "still none"), IssueError("network", "down")]
    one.issue(NAMES)
    turn(monkeypatch, DAY)
    assert one.issue(NAMES).sentence == "still none"
    assert world.asked == [FIRST.directory, FIRST.staging]
    assert backoff.kept(store, NAMES[0]).failures == 2
    turn(monkeypatch, DAY)
    assert one.issue(NAMES).what == "issued"  # its own trouble says nothing of the name


def test_a_renewal_is_not_rehearsed_and_says_what_it_replaces(
    one: Issuer, world: World, certificates: Certificates, store: MemoryStore
) -> None:
    certificates.held[NAMES] = old = held(age=80 * DAY)
    record = backoff.failed(Record(), IssueError("dns", "x"), {}, moments.now() - DAY)
    backoff.keep(store, NAMES[0], record)
    world.fails[FIRST.directory] = [IssueError("network", "down")]
    assert one.issue(NAMES).what == "issued"
    assert world.asked == [FIRST.directory, SECOND.directory]
    assert world.replaced == [renewal.certificate_id(old.chain), ""]


def test_the_one_that_is_there_is_not_taken_for_a_new_one(
    one: Issuer, world: World, certificates: Certificates
) -> None:
    certificates.held[NAMES] = old = held(age=80 * DAY)
    fresh, world.made = world.made, old.chain

    def forget(_: FakeOrder) -> None:
        world.made = fresh

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FakeOrder, "forget", forget)
        outcome = one.issue(NAMES)
    assert outcome.issued is not None
    assert outcome.issued.chain == fresh


def test_an_account_that_is_unknown_by_now_is_made_again_once(one: Issuer, world: World) -> None:
    gone = IssueError("account", "unknown", code="accountDoesNotExist")
    world.fails[FIRST.directory] = [gone]
    assert one.issue(NAMES).what == "issued"
    assert world.asked == [FIRST.directory, FIRST.directory]
    world.fails[FIRST.directory] = [gone, gone]
    world.fails[SECOND.directory] = [gone, gone]
    assert one.issue(("other.example",)).what == "failed"


def test_a_lock_that_is_lost_is_another_ones_work(
    one: Issuer, world: World, store: MemoryStore, certificates: Certificates
) -> None:
    store.lost = True
    assert one.issue(NAMES).what == "busy"
    assert certificates.kept == []
    assert store.names("backoff/") == []


@pytest.mark.parametrize("failures", [0, 3])
def test_a_door_that_ends_ends_it_too_and_that_was_no_try(
    store: MemoryStore, world: World, certificates: Certificates, failures: int
) -> None:
    before = moments.now().replace(microsecond=0) - DAY
    record = Record()
    for _ in range(failures):
        record = backoff.failed(record, IssueError("dns", "x"), {}, before)
    if failures:
        backoff.keep(store, NAMES[0], record)
    means = Means(answers=Answers(store))
    ending = Issuer(store, [FIRST], means, certificates, lambda: True)
    assert ending.issue(NAMES).what == "stopped"
    assert (store.locked, backoff.kept(store, NAMES[0])) == (set(), record)
    assert len(store.names("backoff/")) == bool(failures)


class Killed(BaseException):
    """Nothing is done any more, as after a SIGKILL."""


def test_a_loop_of_kills_is_braked_though_none_of_them_can_be_noted_after(
    one: Issuer,
    world: World,
    store: MemoryStore,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(_: FakeOrder) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(FakeOrder, "obtain", killed)
        for _ in range(2):  # the first may have been a loss of power: it is gone on with at once
            with pytest.raises(Killed):
                one.issue(NAMES)
        outcome = one.issue(NAMES)
        assert (outcome.what, len(world.asked)) == ("waiting", 2)
        assert "the last 2 tries came to no end: see what kills Porch" in outcome.sentence
        assert only(one.due({NAMES: None}, moments.now())).at > moments.now()
        waits = []
        for _ in range(4):
            present = clock.wall()
            turn(monkeypatch, only(one.due({NAMES: None}, moments.now())).at - moments.now())
            waits.append(clock.wall() - present)
            with pytest.raises(Killed):
                one.issue(NAMES)
    assert all(later > 1.5 * sooner for sooner, later in pairwise(waits))
    turn(monkeypatch, DAY)
    assert one.issue(NAMES).what == "issued"
    assert store.names("backoff/") == []


def test_a_store_that_takes_no_note_costs_no_authority_a_question(
    one: Issuer, world: World, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(name: str, data: bytes) -> None:
        raise StoreError("the disk is full; make room")

    monkeypatch.setattr(store, "write", full)
    assert one.issue(NAMES).sentence == "the disk is full; make room"
    assert world.asked == []


def test_a_store_that_is_full_is_told(
    one: Issuer, world: World, certificates: Certificates, store: MemoryStore
) -> None:
    certificates.fails = OSError(28, "No space left on device", "/srv/certs/x")
    outcome = one.issue(NAMES)
    assert outcome.what == "failed"
    assert "(No space left on device) /srv/certs/x" in outcome.sentence
    assert backoff.kept(store, NAMES[0]).kind == "store"
    assert store.locked == set()


def test_a_defect_is_raised_and_waits_like_a_failure(
    one: Issuer, world: World, certificates: Certificates, store: MemoryStore
) -> None:
    certificates.fails = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        one.issue(NAMES)
    assert one.issue(NAMES).what == "waiting"
    assert backoff.kept(store, NAMES[0]).kind == "fault"
    assert store.locked == set()


def test_what_a_store_says_itself_is_told(
    one: Issuer, world: World, certificates: Certificates
) -> None:
    certificates.fails = StoreError("the disk is full; make room")
    assert one.issue(NAMES).sentence == "the disk is full; make room"


def test_without_authorities_there_is_nobody_to_ask(
    store: MemoryStore, certificates: Certificates
) -> None:
    nobody = Issuer(store, [], Means(answers=Answers(store)), certificates)
    assert nobody.issue(NAMES).what == "waiting"


def test_a_new_one_that_is_as_good_as_over_causes_no_storm(
    one: Issuer, world: World, store: MemoryStore, certificates: Certificates
) -> None:
    old = held(age=89.9 * DAY)
    world.made = old.chain
    assert one.issue(NAMES).what == "issued"
    assert len(certificates.kept) == 1
    assert one.issue(NAMES).what == "waiting"
    record = backoff.kept(store, NAMES[0])
    assert (record.failures, record.kind) == (1, "clock")
    assert "set the clock (NTP)" in record.sentence
    assert only(one.due({NAMES: old}, moments.now())).at > moments.now()


def test_a_store_that_does_not_keep_what_it_is_given_causes_no_storm(
    one: Issuer, world: World, store: MemoryStore, certificates: Certificates
) -> None:
    certificates.forgets = True
    assert one.issue(NAMES).what == "issued"
    assert one.issue(NAMES).what == "waiting"
    record = backoff.kept(store, NAMES[0])
    assert record.sentence == (
        "shop.example got a certificate, and yet there is no certificate yet: see that the store "
        "keeps it"
    )


@pytest.mark.parametrize("years", [-20, -1, 1, 20])
def test_a_clock_that_jumps_makes_every_name_due_once_at_most(
    one: Issuer,
    world: World,
    store: MemoryStore,
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    years: int,
) -> None:
    certificates.held[NAMES] = held()
    backoff.keep(
        store, NAMES[0], backoff.failed(Record(), IssueError("dns", "x"), {}, moments.now())
    )
    turn(monkeypatch, years * 365 * DAY)
    outcomes = [one.issue(NAMES).what for _ in range(10)]
    assert outcomes.count("issued") <= 1
    for _ in range(3):
        tasks = one.due({NAMES: certificates.held[NAMES]}, moments.now())
        assert only(tasks).at > moments.now()
