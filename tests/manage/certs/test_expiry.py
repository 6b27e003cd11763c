"""What is said before a certificate ends that nothing renews: over months, in no time."""

import heapq
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from porch.certs.kept import PREFIX
from porch.certs.store import FileStore
from porch.config.load import load_mapping
from porch.manage.candidate import Candidate
from porch.manage.certs.expiry import EVERY, Expiry
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from tests.support.certificates import START, make, names
from tests.support.hands import Hands

DAY = 86400


class Time:
    """A loop whose time passes when it is told to."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._now = 0.0
        self._number = itertools.count()
        self._due: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, seconds: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._now + seconds, next(self._number), work))

    def pass_by(self, seconds: float) -> None:
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            at, _, work = heapq.heappop(self._due)
            self._go(at)
            work()
        self._go(end)

    def _go(self, to: float) -> None:
        self._hands.advance(to - self._now)
        self._now = to


class Door:
    """A configuration that runs, and what was said of it. number: makes each write another time."""

    def __init__(self, folder: Path, hands: Hands) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.time = Time(hands)
        self.words: dict[str, Any] = {
            "listen": ["https://127.0.0.1:0"],
            "routes": {},
            "site": {},
            "log": False,
            "store": str(folder / "store"),
        }

    def write(self, host: str, days: int, start: Any = START) -> None:
        """The files of a host."""
        made = make(host, names(host), days=days, start=start)
        for kind, content in (("crt", made.pem), ("key", made.key)):
            file = self.folder / f"{host}.{kind}"
            file.write_bytes(content)
            file.chmod(0o600)

    def give(self, host: str, days: int) -> None:
        self.write(host, days)
        self.words["routes"][host] = ":1"
        stem = self.folder / host
        self.words["site"][host] = {"cert": f"{stem}.crt", "key": f"{stem}.key"}

    def run(self) -> InForce:
        loaded = load_mapping(self.words)
        candidate = Candidate.examine(loaded)
        assert candidate is not None, loaded.report()
        in_force = InForce(candidate, Listening(), {})
        loop: Any = self.time
        Expiry(loop, lambda: in_force.candidate, self.said.append)
        return in_force


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Door:
    return Door(tmp_path, Hands(monkeypatch))


def test_files_that_nobody_renews_are_told_of_some_days_before_their_end(door: Door) -> None:
    door.give("a.test", days=30)
    door.give("b.test", days=365)
    door.run()
    door.time.pass_by(15 * DAY)
    assert door.said == []
    door.time.pass_by(20 * DAY)
    assert [each.partition(", at ")[0] for each in door.said] == [
        "the certificate for a.test ends within 14 days",
        "the certificate for a.test ends within 7 days",
        "the certificate for a.test ends within 3 days",
        "the certificate for a.test ends within 1 day",
        "the certificate for a.test has ended",
    ]
    assert all("put a new one into its files" in each for each in door.said)


def test_who_starts_late_hears_of_it_a_second_later_and_once(door: Door) -> None:
    door.give("a.test", days=2)
    door.run()
    door.time.pass_by(0.9)
    assert door.said == []
    door.time.pass_by(1.0)
    assert len(door.said) == 1
    door.time.pass_by(3 * EVERY)
    assert len(door.said) == 1


def test_files_that_were_replaced_beside_the_door_count(door: Door) -> None:
    door.give("a.test", days=30)
    in_force = door.run()
    door.time.pass_by(DAY)
    door.write("a.test", days=90)
    assert [*in_force.look()] == ["a.test"]
    door.time.pass_by(60 * DAY)
    assert door.said == []


def test_what_is_managed_and_not_there_yet_is_no_news(door: Door) -> None:
    door.words["routes"] = {"a.example": ":1", "b.test": ":1"}
    door.run()
    door.time.pass_by(DAY)
    assert door.said == []


def test_one_that_is_damaged_in_the_store_is_no_end_of_looking(door: Door) -> None:
    store = FileStore(door.folder / "store")
    store.write(f"{PREFIX}b.test", b"hello")
    door.words["routes"]["b.test"] = ":1"
    door.give("a.test", days=5)
    door.run()
    door.time.pass_by(2 * EVERY)
    assert len(door.said) == 1


def test_a_store_that_cannot_be_used_does_not_keep_files_from_being_told_of(door: Door) -> None:
    (door.folder / "store").write_bytes(b"")
    door.words["routes"]["b.test"] = ":1"
    door.give("a.test", days=5)
    door.run()
    door.time.pass_by(10)
    assert [each.partition(", at ")[0] for each in door.said] == [
        "the certificate for a.test ends within 7 days"
    ]


def test_one_certificate_is_read_at_a_time(door: Door) -> None:
    for number in range(3):
        door.give(f"n{number}.test", days=5)
    door.run()
    door.time.pass_by(1.0)
    assert len(door.said) == 0
    door.time.pass_by(1.0)
    assert len(door.said) == 3


def test_a_door_without_certificates_says_nothing(door: Door) -> None:
    door.words |= {"listen": ["127.0.0.1:0"], "routes": {"a.test": ":1"}}
    door.run()
    door.time.pass_by(DAY)
    assert door.said == []


def test_that_of_the_admin_door_is_told_of_and_measured_as_those_of_hosts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = Door(tmp_path, Hands(monkeypatch))
    door.write("door.test", 90)
    stem = tmp_path / "door.test"
    tokens = {"ann": "x" * 32}
    admin = {"listen": "127.0.0.1:0", "tokens": tokens, "cert": f"{stem}.crt", "key": f"{stem}.key"}
    loaded = load_mapping({"routes": {"*": ":1"}, "admin": admin})
    candidate = Candidate.examine(loaded)
    assert candidate is not None, loaded.report()
    loop: Any = door.time
    expiry = Expiry(loop, lambda: candidate, door.said.append)
    door.time.pass_by(10.0)
    assert expiry.ends == {"the admin door": START.timestamp() + 90 * DAY}
    assert door.said == []
    door.time.pass_by(80 * DAY)
    assert "the certificate for the admin door ends within 14 days" in door.said[0]
