"""Renewal as an authority suggests it (RFC 9773), from the question to the next order."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from porch.certs import moments, renewal
from porch.certs.answers import Answers
from porch.certs.authority import Authority
from porch.certs.issuer import Issuer
from porch.certs.means import Means
from tests.support import validated
from tests.support.front import Front
from tests.support.issuing import Certificates
from tests.support.pebble import Pebble
from tests.support.store import MemoryStore

pytestmark = pytest.mark.system

NAMES = ("shop.example",)
DAY = timedelta(days=1)


@pytest.fixture
def issuer(at_front: Authority, store: MemoryStore, pebble: Pebble) -> Iterator[Issuer]:
    answers = Answers(store)
    with validated.http(answers, pebble.http_port):
        yield Issuer(
            store, [at_front], Means(answers=answers, served=("http-01",)), Certificates(store)
        )


def test_it_is_asked_then_due_then_renewed_with_what_it_replaces(
    issuer: Issuer, fronted: Front, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert issuer.issue(NAMES).what == "issued"
    held = Certificates(store).find(NAMES)
    assert held is not None
    name = renewal.certificate_id(held.chain)

    now = moments.now()
    tasks = issuer.due({NAMES: held}, now)
    assert [(task.what, task.at <= now) for task in tasks] == [("ask", True), ("issue", False)]

    fronted.suggest(moments.text(now - 2 * DAY), moments.text(now - DAY))
    assert issuer.ask(NAMES).what == "asked"
    assert fronted.asked == [name]

    # It is too young to be renewed at once, whatever is said; six hours later it is not.
    later = moments.now() + timedelta(hours=6, minutes=1)
    assert issuer.issue(NAMES).what == "held"
    tasks = [task for task in issuer.due({NAMES: held}, later) if task.what == "issue"]
    assert [(task.at <= later, task.why) for task in tasks] == [(True, "the CA suggests it")]

    monkeypatch.setattr("porch.clock.wall", later.timestamp)
    assert issuer.issue(NAMES).what == "issued"
    assert [order.get("replaces") for order in fronted.orders()] == [None, name]
    assert issuer.issue(NAMES).what == "held"
