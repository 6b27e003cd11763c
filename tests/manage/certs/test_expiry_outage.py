"""An authority that is down for 29 of the 30 days that a renewal has: day by day, in no time."""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.certs import issuer
from porch.certs.answers import Answers
from porch.certs.entry import Entry
from porch.certs.keeper import Keeper
from porch.certs.kept import Kept, find_entry, keep_entry
from porch.certs.store import FileStore
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.manage.candidate import Candidate
from porch.manage.certs.expiry import Expiry
from porch.manage.certs.managed import Managed
from tests.manage.certs.test_expiry import Time
from tests.support import validated
from tests.support.certificates import make, names
from tests.support.hands import Hands
from tests.support.pebble import Pebble

HOST = "shop.example"
DAY = 86400.0
HOUR = 3600.0


class Outage:
    """A door's part in one certificate. tried: when an authority was asked for another."""

    def __init__(self, folder: Path, pebble: Pebble, hands: Hands) -> None:
        words = {
            "listen": ["127.0.0.1:0", "https://127.0.0.1:0"],
            "routes": {HOST: "respond:204"},
            "acme": {"directory": pebble.directory, "ca": str(pebble.ca)},
            "store": str(folder / "store"),
            "log": False,
        }
        loaded = load_mapping(words)
        built = build(loaded, State())
        candidate = Candidate.examine(loaded)
        assert candidate is not None
        assert built is not None
        self.store = FileStore(folder / "store")
        self.hands, self.time = hands, Time(hands)
        self.said: list[str] = []
        self.warned: list[str] = []
        self.tried: list[float] = []
        self.kept = Kept(self.store, self.said.append)
        self.keeper = Keeper(self.store, self._look, self.said.append)
        managed = Managed.of(loaded, built)
        self.keeper.want(managed.hosts, managed.authorities, managed.served)
        loop: Any = self.time
        Expiry(loop, lambda: candidate, self.warned.append)
        self._keep_one(pebble)
        self._look([HOST])

    def _look(self, hosts: list[str]) -> None:
        for _ in self.kept.reading(hosts):
            pass

    def _keep_one(self, pebble: Pebble) -> None:
        """Two thirds of its life are over."""
        begins = datetime.fromtimestamp(int(self.hands.wall), UTC) - timedelta(days=60)
        made = make(HOST, names(HOST), start=begins, days=90)
        start = int(begins.timestamp())
        entry = Entry(
            names=(HOST,),
            chain=made.pem,
            key=made.key,
            source="acme",
            issuer="it",
            directory=pebble.directory,
            obtained=start,
            not_before=start,
            not_after=start + int(90 * DAY),
        )
        keep_entry(self.store, entry)

    def pass_by(self, seconds: float) -> None:
        """Time passes, and all is done that is due."""
        end = self.hands.wall + seconds
        while self.hands.wall < end:
            self.time.pass_by(min(max(self.keeper.step_public(), 1.0), end - self.hands.wall))

    def give_time(self, seconds: float) -> None:
        """An authority that is there needs some in truth."""
        time.sleep(min(seconds, 0.02))
        self.hands.advance(seconds)

    @property
    def served(self) -> bytes:
        """The digest of the certificate that clients are shown. It is valid."""
        found = find_entry(self.store, HOST)
        assert found is not None
        assert found.not_before - DAY < self.hands.wall < found.not_after
        shown = self.kept.by_host[HOST]
        shown.context  # noqa: B018  a client could be served with it
        return shown.digest


@contextlib.contextmanager
def standing(pebble: Pebble, answers: Answers) -> Iterator[None]:
    """The authority is back, and finds what it looks for."""
    try:
        pebble.start()
        with (
            validated.http(answers, pebble.http_port),
            validated.tls(answers, pebble.tls_port),
        ):
            yield
    finally:
        pebble.stop()


@pytest.mark.system
def test_an_authority_that_is_down_for_29_days_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    pebble = Pebble(tmp_path)
    pebble.start()
    pebble.stop()
    hands = Hands(monkeypatch, time.time() - 29.5 * DAY)
    one = Outage(tmp_path, pebble, hands)
    opened = issuer.open_account

    def open_account(*words: Any) -> Any:
        one.tried.append(hands.wall)
        return opened(*words)

    monkeypatch.setattr(issuer, "open_account", open_account)
    before = one.served
    for _ in range(29):
        one.pass_by(DAY)
        assert one.served == before
    one.pass_by(2 * HOUR)

    # It was asked ever more seldom, and each day to the end.
    waits = [later - sooner for sooner, later in pairwise(one.tried)]
    assert waits[0] < 70
    assert all(later > 1.5 * sooner for sooner, later in pairwise(waits[:10]))
    assert all(0.79 * DAY < wait < 1.01 * DAY for wait in waits[12:])
    assert 29 < len(one.tried) < 12 + 29 / 0.79

    # It was told once, and before the end at the days that were promised.
    assert one.said == [
        f"no certificate for {HOST}: the CA 127.0.0.1 cannot be reached (Connection refused): let "
        "this machine connect to it, by HTTPS_PROXY if need be"
    ]
    assert [each.partition(", at ")[0] for each in one.warned] == [
        f"the certificate for {HOST} ends within {days}"
        for days in ("14 days", "7 days", "3 days", "1 day")
    ]

    monkeypatch.setattr(clock, "sleep", one.give_time)
    with standing(pebble, Answers(one.store)):
        back = hands.wall
        while one.served == before:
            one.pass_by(HOUR)
            assert hands.wall - back <= DAY + HOUR
    found = find_entry(one.store, HOST)
    assert found is not None
    assert found.not_after > hands.wall + 30 * DAY
    assert one.store.names("backoff/") == []
    assert one.said[1:] == [f"{HOST} has a certificate of 127.0.0.1"]
    one.time.pass_by(DAY)
    assert len(one.warned) == 4
