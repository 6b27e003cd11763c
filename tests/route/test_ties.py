"""Ties and routes that nothing reaches: found all at once, and nothing else is."""

import pytest

from porch.route.entry import Entry
from porch.route.pattern import parse_key
from porch.route.route import Route
from porch.route.ties import ties, unreachable
from porch.route.when import parse_when


def entry(key: str, where: str = "", priority: int = 0, **when: object) -> Entry:
    return Entry(
        pattern=parse_key(key),
        route=Route(key=key, where=where),
        conditions=parse_when(when),
        priority=priority,
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry("a.test"), entry("A.test/*")),
        (entry("a.test/x"), entry("a.test./x")),
        (entry("GET a.test/x"), entry("a.test/x", method=["GET", "PUT"])),
        (entry("GET a.test/x"), entry("a.test/x", header={"x": "1"})),
        (entry("a.test/x", priority=3), entry("a.test/x", priority=3)),
        (entry("a.test/x", header={"x": "1"}), entry("a.test/x", query={"x": "2"})),
        (entry("a.test/x", client="10.0.0.0/8"), entry("a.test/x", client="10.1.0.0/16")),
        (entry("a.test/~/x"), entry("a.test/~.*y")),
        (entry("a.test/~/x/a"), entry("a.test/~/x/[a-z]")),
    ],
)
def test_two_that_can_match_one_request_with_equal_weight_tie(one: Entry, other: Entry) -> None:
    assert [(each.first, each.second) for each in ties([one, other])] == [(one, other)]
    assert [(each.first, each.second) for each in ties([other, one])] == [(other, one)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (entry("a.test"), entry("b.test")),
        (entry("a.test"), entry("*.test")),
        (entry("a.test/x"), entry("a.test/x/*")),
        (entry("a.test/x/*"), entry("a.test/x/y/*")),
        (entry("a.test/x"), entry("GET a.test/x")),
        (entry("GET a.test/x"), entry("POST a.test/x")),
        (entry("a.test/x", priority=1), entry("a.test/x")),
        (entry("a.test/x", header={"x": "1"}), entry("a.test/x", header={"x": "2"})),
        (entry("a.test/x", header={"x": True}), entry("a.test/x", header={"x": False})),
        (entry("a.test/x", client="10.0.0.0/8"), entry("a.test/x", client="192.168.0.0/16")),
        (entry("a.test/~/users/"), entry("a.test/~/posts/")),
        (entry("a.test/~/x"), entry("a.test/x")),
        (entry("a.test/~/x"), entry("b.test/~/x")),
    ],
)
def test_two_that_differ_in_weight_or_exclude_each_other_are_no_tie(
    one: Entry, other: Entry
) -> None:
    assert ties([one, other]) == []


def test_a_tie_names_both_with_their_place_and_the_way_out() -> None:
    (tie,) = ties([entry("a.test/x/*", "porch.toml:3"), entry("A.test/x/*", "sites/b.toml:9")])
    assert str(tie) == (
        '"A.test/x/*" (sites/b.toml:9) and "a.test/x/*" (porch.toml:3) match the same requests '
        "with equal weight; add priority = 1 to one of them, or a condition"
    ) or str(tie) == (
        '"a.test/x/*" (porch.toml:3) and "A.test/x/*" (sites/b.toml:9) match the same requests '
        "with equal weight; add priority = 1 to one of them, or a condition"
    )


def test_regexes_tie_because_they_may_match_one_path() -> None:
    (tie,) = ties([entry("a.test/~/x"), entry("a.test/~/x/y")])
    assert "may match one path" in str(tie)


def test_all_ties_are_reported_each_with_the_first_it_ties_with() -> None:
    entries = [entry("a.test", str(number)) for number in range(3)]
    entries += [entry("b.test/x"), entry("b.test/x"), entry("c.test")]
    found = [(each.first, each.second) for each in ties(entries)]
    assert found == [
        (entries[0], entries[1]),
        (entries[0], entries[2]),
        (entries[3], entries[4]),
    ]


def test_a_regex_below_a_prefix_is_never_taken() -> None:
    prefix, regex = entry("a.test/x/*", "porch.toml:3"), entry("a.test/~/x/y/[0-9]", "porch.toml:4")
    (found,) = unreachable([regex, prefix])
    assert (found.first, found.second) == (prefix, regex)
    assert str(found) == (
        '"a.test/~/x/y/[0-9]" (porch.toml:4) is never taken, since "a.test/x/*" (porch.toml:3) '
        "comes before a regex; make one of them longer or drop it"
    )


@pytest.mark.parametrize(
    ("prefix", "regex"),
    [
        (entry("a.test/x/*"), entry("a.test/~/x")),
        (entry("a.test/x/*"), entry("a.test/~/xy/")),
        (entry("a.test/x/*"), entry("a.test/~/(x)/y")),
        (entry("b.test/x/*"), entry("a.test/~/x/y")),
        (entry("GET a.test/x/*"), entry("a.test/~/x/y")),
        (entry("a.test"), entry("a.test/~/x/y")),
        (entry("a.test/x/y"), entry("a.test/~/x/y")),
    ],
)
def test_a_regex_that_something_can_reach_is_not_reported(prefix: Entry, regex: Entry) -> None:
    assert unreachable([prefix, regex]) == []
