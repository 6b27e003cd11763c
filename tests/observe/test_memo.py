"""Memo: made once, bounded."""

from porch.observe.memo import LONGEST, MOST, Memo


class Counting:
    def __init__(self) -> None:
        self.made: list[bytes] = []

    def __call__(self, text: bytes) -> bytes:
        self.made.append(text)
        return text.upper()


def test_a_value_is_made_once():
    make = Counting()
    memo = Memo(make)
    assert [memo[b"a"], memo[b"b"], memo[b"a"]] == [b"A", b"B", b"A"]
    assert make.made == [b"a", b"b"]


def test_a_long_key_is_made_each_time():
    make = Counting()
    memo = Memo(make)
    long = b"x" * (LONGEST + 1)
    assert memo[long] == memo[long] == long.upper()
    assert len(make.made) == 2
    assert len(memo) == 0


def test_it_never_holds_more_than_its_bound():
    make = Counting()
    memo = Memo(make)
    for number in range(3 * MOST):
        memo[b"%d" % number]
        assert len(memo) <= MOST
    assert memo[b"a"] == b"A"
