"""What is to be done next, and the doing: fallback, rehearsal, one at a time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
import trustme
from cryptography import x509

from porch import clock
from porch.certs import backoff, issuer, moments, renewal
from porch.certs.answers import Answers
from porch.certs.authority import Authority
from porch.certs.backoff import Record
from porch.certs.failure import IssueError, StoreError
from porch.certs.issuer import Issuer, Names, Task
from porch.certs.means import Means
from porch.certs.needs import Held
from porch.certs.order import Issued
from porch.certs.renewal import Suggestion
from tests.support.store import MemoryStore

DAY = timedelta(days=1)
FIRST = Authority(directory="https://first.example/dir", staging="https://test.example/dir")
SECOND = Authority(directory="https://second.example/dir")
NAMES = ("shop.example", "www.shop.example")
ROOT = trustme.CA()


def chain(begins: datetime, ends: datetime) -> bytes:
    # The library sets the start by itself.
    made = ROOT.issue_cert(*NAMES, not_before=begins, not_after=ends)
    return made.cert_chain_pems[0].bytes()


@dataclass(frozen=True)
class Certificate:
    """One that is held."""

    names: Names
    chain: bytes
    directory: str
    not_before: int
    not_after: int


def held(age: timedelta = timedelta(), lifetime: timedelta = 90 * DAY) -> Certificate:
    begins = moments.now().replace(microsecond=0) - age
    ends = begins + lifetime
    return Certificate(
        NAMES,
        chain(begins, ends),
        FIRST.directory,
        int(begins.timestamp()),
        int(ends.timestamp()),
    )


class Certificates:
    """In memory."""

    def __init__(self) -> None:
        self.held: dict[Names, Held] = {}
        self.kept: list[Issued] = []
        self.fails: Exception | None = None
        self.forgets = False

    def find(self, names: Names) -> Held | None:
        return self.held.get(names)

    def keep(self, issued: Issued) -> None:
        if self.fails:
            raise self.fails
        self.kept.append(issued)
        if self.forgets:
            return
        made = x509.load_pem_x509_certificate(issued.chain)
        self.held[issued.names] = Certificate(
            issued.names,
            issued.chain,
            issued.directory,
            int(made.not_valid_before_utc.timestamp()),
            int(made.not_valid_after_utc.timestamp()),
        )


class World:
    """Authorities that answer as they are told.

    fails: by directory, what it raises, each once. asked: directories of the orders so far, and
    what they replace.
    """

    def __init__(self) -> None:
        self.fails: dict[str, list[IssueError]] = {}
        self.asked: list[str] = []
        self.replaced: list[str] = []
        self.forgotten: list[str] = []
        self.made = held().chain

    def open_account(self, authority: Authority, store: object) -> Authority:
        return authority

    def order(
        self, authority: Authority, names: Names, *_: object, replaces: str, **__: object
    ) -> "FakeOrder":
        self.asked.append(authority.directory)
        self.replaced.append(replaces)
        return FakeOrder(self, authority.directory, names)


class FakeOrder:
    def __init__(self, world: World, directory: str, names: Names) -> None:
        self._world = world
        self._directory = directory
        self._names = names

    def obtain(self) -> Issued:
        failing = self._world.fails.get(self._directory)
        if failing:
            raise failing.pop(0)
        return Issued(self._names, self._world.made, b"key", self._directory, ("a remark",))

    def forget(self) -> None:
        self._world.forgotten.append(self._directory)


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


# --- what is next ----------------------------------------------------------------------------


def only(tasks: list[Task], what: str = "issue") -> Task:
    (found,) = [task for task in tasks if task.what == what]
    return found


def test_what_has_no_certificate_is_due_now(one: Issuer) -> None:
    now = moments.now()
    task = only(one.due({NAMES: None}, now))
    assert (task.at, task.why) == (now, "there is no certificate yet")


def test_what_has_one_is_due_when_little_is_left(one: Issuer) -> None:
    certificate = held()
    task = only(one.due({NAMES: certificate}, moments.now()))
    usual = renewal.renew_at(NAMES[0], *renewal.span(certificate))
    assert (task.at, task.why) == (usual, "the certificate has little time left")


def test_what_lacks_a_name_is_due_now(one: Issuer) -> None:
    now = moments.now()
    task = only(one.due({(*NAMES, "new.example"): held()}, now))
    assert (task.at, task.why) == (now, "the certificate does not have all names")


def test_the_authoritys_suggestion_comes_first(one: Issuer, store: MemoryStore) -> None:
    now, certificate = moments.now(), held(age=10 * DAY)
    said = Suggestion(
        renewal.certificate_id(certificate.chain), now + DAY, now + 2 * DAY, now, now + DAY / 2
    )
    renewal.keep(store, NAMES[0], said)
    tasks = one.due({NAMES: certificate}, now)
    assert now + DAY - timedelta(seconds=1) <= only(tasks).at <= now + 2 * DAY
    assert only(tasks).why == "the CA suggests it"
    assert [task.what for task in tasks] == ["ask", "issue"]
    assert only(tasks, "ask").at == now.replace(microsecond=0) + DAY / 2


def test_a_suggestion_for_the_one_before_is_left(one: Issuer, store: MemoryStore) -> None:
    now = moments.now()
    renewal.keep(store, NAMES[0], Suggestion("a.b", now - DAY, now, now, now + DAY))
    tasks = one.due({NAMES: held()}, now)
    assert only(tasks).why == "the certificate has little time left"
    assert only(tasks, "ask").at == now


def test_who_made_it_is_asked_and_nobody_else(one: Issuer) -> None:
    foreign = replace(held(), directory="https://third.example/dir")
    assert [task.what for task in one.due({NAMES: foreign}, moments.now())] == ["issue"]


def test_what_failed_waits_and_the_others_do_not(one: Issuer, store: MemoryStore) -> None:
    now = moments.now()
    record = backoff.failed(Record(failures=4), IssueError("dns", "no address"), {}, now)
    backoff.keep(store, NAMES[0], record)
    first, second = one.due({NAMES: None, ("other.example",): None}, now)
    assert (first.names, first.at) == (("other.example",), now)
    assert second.at > now + timedelta(minutes=12)
    assert second.why == "it failed 5 times, lately: no address"


def test_what_every_authority_limits_waits_for_the_first_of_them(
    one: Issuer, store: MemoryStore
) -> None:
    now = moments.now().replace(microsecond=0)
    limits = {FIRST.directory: now + 2 * DAY, SECOND.directory: now + DAY}
    backoff.keep(store, NAMES[0], backoff.failed(Record(), IssueError("caa", "x"), limits, now))
    assert only(one.due({NAMES: None}, now)).at == now + DAY
    del limits[SECOND.directory]
    backoff.keep(store, NAMES[0], backoff.failed(Record(), IssueError("caa", "x"), limits, now))
    assert only(one.due({NAMES: None}, now)).at < now + timedelta(minutes=1)


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


def test_a_door_that_ends_ends_it_too(
    store: MemoryStore, world: World, certificates: Certificates
) -> None:
    means = Means(answers=Answers(store))
    ending = Issuer(store, [FIRST], means, certificates, lambda: True)
    assert ending.issue(NAMES).what == "stopped"
    assert (store.locked, store.names("backoff/")) == (set(), [])


def test_a_store_that_is_full_is_told(
    one: Issuer, world: World, certificates: Certificates, store: MemoryStore
) -> None:
    certificates.fails = OSError(28, "No space left on device", "/srv/certs/x")
    outcome = one.issue(NAMES)
    assert outcome.what == "failed"
    assert "(No space left on device) /srv/certs/x" in outcome.sentence
    assert backoff.kept(store, NAMES[0]).kind == "store"
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


def test_names_are_the_same_however_they_are_written(one: Issuer) -> None:
    written = ("Shop.Example.", "WWW.shop.example")
    assert only(one.due({written: held()}, moments.now())).at > moments.now()


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


# --- asking ----------------------------------------------------------------------------------


def test_who_made_it_is_asked_and_the_answer_kept(
    one: Issuer, store: MemoryStore, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates.held[NAMES] = certificate = held()
    now = moments.now().replace(microsecond=0)
    said = Suggestion(renewal.certificate_id(certificate.chain), now, now + DAY, now, now + DAY)
    monkeypatch.setattr(issuer, "Conversation", lambda authority: authority)
    monkeypatch.setattr(renewal, "ask", lambda *_: said)
    assert one.ask(NAMES).what == "asked"
    assert renewal.kept(store, NAMES[0]) == said


def test_who_cannot_be_asked_is_asked_later(
    one: Issuer, store: MemoryStore, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(_: Authority) -> None:
        raise IssueError("network", "down")

    monkeypatch.setattr(issuer, "Conversation", down)
    certificates.held[NAMES] = held()
    outcome = one.ask(NAMES)
    assert outcome.sentence == "the CA does not say when to renew: down"
    (task,) = [each for each in one.due({NAMES: held()}, moments.now()) if each.what == "issue"]
    assert task.at > moments.now()
    kept = renewal.kept(store, NAMES[0])
    assert kept is not None
    assert kept.again > moments.now() + DAY / 5


def test_nobody_is_asked_about_what_is_not_there(one: Issuer) -> None:
    assert one.ask(NAMES).what == "held"
