"""Which of two routes comes first, and the words for it."""

import itertools

import pytest

from porch.route.entry import Entry, rank, why
from porch.route.pattern import parse_key
from porch.route.route import Route
from porch.route.when import parse_when


def entry(key: str, priority: int = 0, **when: object) -> Entry:
    return Entry(
        pattern=parse_key(key),
        route=Route(key=key),
        conditions=parse_when(when),
        priority=priority,
    )


ORDER = [
    (entry("a.test/x", priority=1, method="GET"), None),
    (entry("POST a.test/x"), "higher priority, 1 to 0"),
    (entry("a.test/x", priority=9), "more conditions, 1 to 0"),
    (entry("a.test/x"), "higher priority, 9 to 0"),
    (entry("POST a.test/x/*", header={"a": "1"}), "exact path"),
    (entry("a.test/x/*"), "more conditions, 2 to 0"),
    (entry("a.test/*", method="GET"), "longer prefix"),
    (entry("*.b.a.test/x"), "exact host"),
    (entry("*.a.test/x/*"), "longer wildcard"),
    (entry("*.a.test/~/x"), "prefix before regex"),
    (entry("*.a.test"), "regex before whole host"),
    (entry("*/x/y/*"), "wildcard before *"),
    (entry("*/x/*"), "longer prefix"),
    (entry("*/~/x", priority=1), "prefix before regex"),
    (entry("*/~/x"), "higher priority, 1 to 0"),
    (entry("*"), "regex before whole host"),
]


def test_the_order_is_host_path_number_of_conditions_priority() -> None:
    entries = [each for each, _ in ORDER]
    assert sorted(reversed(entries), key=rank) == entries
    assert len({rank(each) for each in entries}) == len(entries)


@pytest.mark.parametrize(
    ("winner", "loser", "words"),
    [(one, two, words) for (one, _), (two, words) in itertools.pairwise(ORDER)],
)
def test_the_words_say_what_decided(winner: Entry, loser: Entry, words: str) -> None:
    assert why(winner, loser) == words


def test_a_longer_prefix_beats_a_whole_host_and_an_exact_path_beats_all() -> None:
    assert why(entry("a.test/x/*"), entry("a.test")) == "longer prefix"
    assert why(entry("a.test/x"), entry("a.test")) == "exact path"


def test_a_method_in_the_key_is_a_condition() -> None:
    assert str(entry("POST a.test").conditions) == "method POST"
    assert str(entry("POST a.test", method="POST").conditions) == "method POST"
    assert len(entry("POST a.test", header={"x": "1"}).conditions) == 2


@pytest.mark.parametrize("method", ["GET", ["GET", "POST"]])
def test_a_method_in_the_key_and_another_in_when_are_refused(method: object) -> None:
    with pytest.raises(ValueError, match="the key says POST already; take method out of when"):
        entry("POST a.test", method=method)
