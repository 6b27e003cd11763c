"""Labels as they stand between the braces."""

from porch.observe.label_texts import Prefixes, labels, labels_of


def test_values_are_escaped_as_the_format_says() -> None:
    assert labels(route='a"b\\c\nd', endpoint="é%") == r'route="a\"b\\c\nd",endpoint="é%"'
    assert labels_of(("a", "b"), ("1", "2")) == 'a="1",b="2"'
    assert labels() == ""


def test_lines_of_several_families_and_pages_have_the_same_labels() -> None:
    prefixes = Prefixes(['a="1"', 'a="2"'])
    assert prefixes.lines("up", [1, 0]) == 'up{a="1"} 1\nup{a="2"} 0\n'
    assert prefixes.lines("ticks", [7, 8]) == 'ticks{a="1"} 7\nticks{a="2"} 8\n'
    assert prefixes.lines("up", [0, 10]) == 'up{a="1"} 0\nup{a="2"} 10\n'
    assert repr(prefixes) == "<Prefixes of 2 samples, 2 families>"


def test_of_no_samples_there_are_no_lines() -> None:
    assert Prefixes().lines("up", []) == ""
