"""Until when what was taken stands against a key."""

from porch.shield.limit_account import NANO, Account
from porch.shield.limit_table import WAY, LimitTable

KEY = 5
SLOT = KEY * WAY


def accounts(workers: int, depth: int = NANO) -> list[Account]:
    table = LimitTable(1 + workers, 1024)
    return [Account(table.row(number), "x", depth) for number in range(1, 1 + workers)]


def take(account: Account, moment: int, by: int) -> int:
    """From when on it was free."""
    free = account._latest(SLOT, KEY, moment)
    account._move(SLOT, KEY, moment, free, by)
    return free


def test_the_latest_of_all_workers_counts() -> None:
    one, other, third = accounts(3)
    assert take(one, 100, 50) == 100
    assert take(other, 120, 50) == 150
    assert [each._latest(SLOT, KEY, 120) for each in (one, other, third)] == [200] * 3
    assert third._latest(SLOT, KEY, 500) == 500


def test_a_worker_that_comes_later_is_looked_at() -> None:
    table = LimitTable(3, 1024)
    one = Account(table.row(1), "x", NANO)
    take(one, 100, 50)
    other = Account(table.row(2), "x", NANO)
    assert take(other, 100, 50) == 150
    assert one._latest(SLOT, KEY, 100) == 200


def test_what_another_took_at_the_same_moment_is_added() -> None:
    one, other = accounts(2)
    take(one, 100, 0)
    free = one._latest(SLOT, KEY, 100)
    take(other, 100, 30)
    one._move(SLOT, KEY, 100, free, 50)
    assert one._latest(SLOT, KEY, 100) == 180


def test_of_those_that_share_a_set_the_least_goes() -> None:
    (one,) = accounts(1)
    for tag in range(KEY, KEY + 9):  # a set has room for eight
        one._move(SLOT, tag, 0, 0, 100 + tag)
    known = [tag for tag in range(KEY, KEY + 9) if one._latest(SLOT, tag, 0)]
    assert known == list(range(KEY + 1, KEY + 9))
