"""What is to be done next, and what the authority is asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from porch.certs import backoff, issuer, moments, renewal
from porch.certs.answers import Answers
from porch.certs.authority import Authority
from porch.certs.backoff import Record
from porch.certs.failure import IssueError
from porch.certs.issuer import Issuer, Task
from porch.certs.means import Means
from porch.certs.renewal import Suggestion
from tests.support.authorities import DAY, FIRST, NAMES, SECOND, Certificates, held
from tests.support.store import MemoryStore


@pytest.fixture
def certificates() -> Certificates:
    return Certificates()


@pytest.fixture
def one(store: MemoryStore, certificates: Certificates) -> Issuer:
    return Issuer(store, [FIRST, SECOND], Means(answers=Answers(store)), certificates)


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


def test_a_suggestion_is_found_though_the_names_stand_in_another_order(
    one: Issuer, store: MemoryStore
) -> None:
    now, certificate = moments.now(), held(age=10 * DAY)
    said = Suggestion(
        renewal.certificate_id(certificate.chain), now - 2 * DAY, now - DAY, now, now + DAY
    )
    renewal.keep(store, "www.shop.example", said)
    assert only(one.due({NAMES[::-1]: certificate}, now)).why == "the CA suggests it"


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


def test_names_are_the_same_however_they_are_written(one: Issuer) -> None:
    written = ("Shop.Example.", "WWW.shop.example")
    assert only(one.due({written: held()}, moments.now())).at > moments.now()


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
