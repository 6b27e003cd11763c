"""Leases: two that share a folder, each with its own view of it, and a clock turned by hand."""

import json
import os
from pathlib import Path

import pytest

from porch.certs import lease as leases
from porch.certs.files import StoreError, put, sweep
from porch.certs.lease import KEPT, Holder, Lease, Sightings, holder, take
from tests.support.hands import Hands


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


def held(folder: Path, seconds: float = 60) -> Lease:
    lease = take(folder, seconds, {})
    assert lease is not None
    return lease


def test_one_holds_it_and_the_other_does_not(tmp_path: Path, hands: Hands) -> None:
    lease = held(tmp_path)
    assert lease.is_held
    assert take(tmp_path, 60, {}) is None
    lease.release()
    assert not lease.is_held
    assert held(tmp_path).is_held


def test_a_killed_holder_blocks_nobody_for_longer_than_its_lease(
    tmp_path: Path, hands: Hands
) -> None:
    lease = held(tmp_path, 60)
    hands.advance(59.9)
    assert lease.is_held
    assert take(tmp_path, 60, {}) is None
    hands.advance(0.1)
    assert not lease.is_held
    assert held(tmp_path).is_held


def test_one_that_is_renewed_goes_on(tmp_path: Path, hands: Hands) -> None:
    lease = held(tmp_path, 60)
    for _ in range(5):
        hands.advance(40)
        assert lease.renew()
        assert take(tmp_path, 60, {}) is None
    assert lease.is_held


def test_one_that_is_over_cannot_be_renewed_nor_take_it_from_another(
    tmp_path: Path, hands: Hands
) -> None:
    late = held(tmp_path, 60)
    hands.advance(61)
    assert not late.renew()
    other = held(tmp_path, 60)
    assert not late.renew()
    late.release()
    assert other.renew()
    assert take(tmp_path, 60, {}) is None


def test_a_holder_finds_out_at_its_renewal_that_another_clock_has_ended_its_lease(
    tmp_path: Path, hands: Hands
) -> None:
    slow = held(tmp_path, 60)
    hands.set(hands.wall + 100)
    other = held(tmp_path, 60)
    hands.set(hands.wall - 100)
    assert slow.is_held  # by its own clock
    assert not slow.renew()
    assert not slow.is_held
    assert other.renew()


def test_a_holder_that_was_asleep_has_lost_it(tmp_path: Path, hands: Hands) -> None:
    lease = held(tmp_path, 60)
    hands.set(hands.wall + 61)  # monotonic does not count the time that a machine sleeps
    assert not lease.is_held


def test_one_that_ends_while_it_is_renewed_is_lost(
    tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = held(tmp_path, 60)

    def slow(path: Path, content: bytes, *, settled: bool) -> None:
        hands.advance(61)
        put(path, content, settled=settled)

    monkeypatch.setattr(leases, "put", slow)
    assert not lease.renew()
    assert not lease.is_held


def test_one_from_a_clock_that_was_far_ahead_is_over(tmp_path: Path, hands: Hands) -> None:
    right = hands.wall
    hands.set(right + 10 * 365 * 86400)
    held(tmp_path, 60)
    hands.set(right)
    assert held(tmp_path).is_held


def test_one_from_a_clock_that_was_a_little_ahead_is_over_when_it_stayed_the_same_for_its_time(
    tmp_path: Path, hands: Hands
) -> None:
    right = hands.wall
    hands.set(right + 1800)
    held(tmp_path, 60)
    hands.set(right)
    seen: Sightings = {}
    assert take(tmp_path, 60, seen) is None
    hands.advance(59)
    assert take(tmp_path, 60, seen) is None
    hands.advance(2)
    assert take(tmp_path, 60, seen) is not None


def test_one_from_a_clock_a_little_ahead_that_is_renewed_stays(
    tmp_path: Path, hands: Hands
) -> None:
    seen: Sightings = {}
    hands.set(hands.wall + 1800)
    lease = held(tmp_path, 60)
    for _ in range(4):
        hands.advance(40)
        assert lease.renew()
        hands.set(hands.wall - 1800)
        assert take(tmp_path, 60, seen) is None
        hands.set(hands.wall + 1800)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"until": "x"}', b"\xff", b"[" * 100_000])
def test_what_no_holder_wrote_blocks_nobody(tmp_path: Path, hands: Hands, content: bytes) -> None:
    (tmp_path / "1").write_bytes(content)
    assert held(tmp_path).is_held


def test_a_pipe_in_the_place_of_a_lease_is_not_waited_for_and_blocks_nobody(
    tmp_path: Path, hands: Hands
) -> None:
    os.mkfifo(tmp_path / "1")
    assert holder(tmp_path) is None
    assert held(tmp_path).is_held
    assert sorted(os.listdir(tmp_path)) == ["1", "2"]


def test_one_who_is_too_slow_does_not_get_it(
    tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has seen number 1 end; meanwhile others have held 2 to 9, and 2 was swept."""
    held(tmp_path, 1)
    hands.advance(2)

    def meanwhile(folder: Path) -> None:
        monkeypatch.setattr(leases, "sweep", sweep)
        for _ in range(8):
            held(folder, 60).release()
        held(folder, 60)

    monkeypatch.setattr(leases, "sweep", meanwhile)
    assert take(tmp_path, 60, {}) is None
    assert take(tmp_path, 60, {}) is None


def test_old_numbers_go(tmp_path: Path, hands: Hands) -> None:
    for _ in range(20):
        held(tmp_path).release()
    assert sorted(map(int, os.listdir(tmp_path))) == list(range(20 - KEPT, 21))


def test_it_says_who_holds_it(tmp_path: Path, hands: Hands) -> None:
    lease = held(tmp_path)
    words = json.loads((tmp_path / "1").read_bytes())
    assert words["holder"] == f"{os.uname().nodename} {os.getpid()}"
    assert repr(lease) == f"<Lease {tmp_path / '1'} held>"
    lease.release()
    assert repr(lease) == f"<Lease {tmp_path / '1'} over>"


def test_who_holds_it_is_found_by_others_until_it_ends(tmp_path: Path, hands: Hands) -> None:
    assert holder(tmp_path / "none") is None
    lease = held(tmp_path, 60)
    found = holder(tmp_path)
    assert found == Holder(os.uname().nodename, os.getpid(), hands.wall + 60)
    assert not found.has_ended
    hands.advance(60)
    assert holder(tmp_path) is None
    assert held(tmp_path).renew()
    held_by_one = (tmp_path / "2").read_bytes()
    (tmp_path / "2").write_bytes(held_by_one.replace(b'"holder"', b'"nobody"'))
    assert holder(tmp_path) is None
    lease.release()


def test_a_holder_that_was_killed_is_known_on_its_own_machine_alone() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    assert Holder(os.uname().nodename, child, 0.0).has_ended
    assert not Holder("another-machine", child, 0.0).has_ended
    assert not Holder(os.uname().nodename, 1, 0.0).has_ended


def test_a_folder_that_vanishes_is_said_and_never_by_a_release(
    tmp_path: Path, hands: Hands
) -> None:
    lease = held(tmp_path / "a")
    for path in (tmp_path / "a").iterdir():
        path.unlink()
    (tmp_path / "a").rmdir()
    with pytest.raises(StoreError, match="cannot be renewed"):
        lease.renew()
    lease.release()
    (tmp_path / "a").touch()
    with pytest.raises(StoreError, match="cannot be locked"):
        take(tmp_path / "a", 60, {})
