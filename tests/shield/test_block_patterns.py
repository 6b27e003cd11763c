"""Sets of patterns: what they find, what they refuse, and that no text makes them slow."""

import time

import pytest

from porch.shield.block_patterns import Patterns, check_pattern


def test_each_pattern_stands_for_its_bits_and_any_text_will_do() -> None:
    found = Patterns([("ab+c", 1), ("^/x$", 2), ("/x", 4)])
    assert found.of([b"zABBCz"]) == 1
    assert found.of([b"/x"]) == 6
    assert found.of([b"/x/"]) == 4
    assert found.of([b"/x", b"abc"]) == 7
    assert found.of([]) == found.of([b""]) == found.of([b"\xff\x00"]) == 0


def test_a_line_end_hides_nothing() -> None:
    assert Patterns([("union.*select", 1)]).of([b"union\nselect"]) == 1


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a", "no pattern: missing \\)"),
        ("(?=a)b", "no pattern"),
        (r"(a)\1", "no pattern"),
        ("a{0,900}b", "too large"),
        ("", "matches everything"),
        ("a*", "matches everything"),
    ],
)
def test_what_is_of_no_use_is_told(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_pattern(pattern)


def test_what_makes_others_go_back_without_end_takes_no_time() -> None:
    found = Patterns([("(a+)+b", 1), ("(x|x?)*y", 2)])
    began = time.thread_time()
    assert found.of([b"a" * 65536 + b"x" * 65536]) == 0
    assert time.thread_time() - began < 0.5


def test_a_set_that_is_too_large_for_its_memory_is_told_and_not_silent() -> None:
    """Such a set would match nothing: everything would pass."""
    with pytest.raises(ValueError, match="too large together"):
        Patterns([(f"(?:[a-z]{{1,40}}x{each}){{1,12}}", 1) for each in range(400)])
