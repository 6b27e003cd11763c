"""How results of the public suite are counted; `make conformance` runs it, with a checkout."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.cache_conformance import judge, merge, report

ROOT = Path(__file__).parents[2]


def case(name: str, *needs: str, kind: str = "required", browser: bool = False) -> dict[str, Any]:
    return {"id": name, "group": "g", "kind": kind, "needs": needs, "browser": browser}


def test_a_case_counts_if_all_that_it_depends_on_pass_too() -> None:
    tests = [case("a"), case("b", "a"), case("c", "b"), case("d"), case("e", "none")]
    raw = {"a": ["Assertion", "no"], "b": True, "c": True, "d": True, "e": True}
    assert judge(tests, raw) == {
        "a": "fail",
        "b": "dependency",
        "c": "dependency",
        "d": "pass",
        "e": "dependency",
    }


@pytest.mark.parametrize(
    ("got", "outcome"),
    [
        (True, "pass"),
        (["Assertion", "x"], "fail"),
        (["Setup", "x"], "setup"),
        (["Setup", "retry"], "retry"),
        (["AbortError", "x"], "harness"),
        (["TypeError"], "fail"),
    ],
)
def test_what_went_wrong_is_told_apart(got: Any, outcome: str) -> None:
    assert judge([case("a")], {"a": got}) == {"a": outcome}
    assert judge([case("a", browser=True)], {"a": got}) == {}


def test_cases_that_need_each_other_end() -> None:
    assert judge([case("a", "b"), case("b", "a")], {"a": True, "b": True}) == {
        "a": "dependency",
        "b": "dependency",
    }


def test_of_several_runs_most_decide_and_a_tie_is_no_pass() -> None:
    bad = ["Assertion", "no"]
    merged, unstable = merge([{"a": True, "b": bad}, {"a": bad, "b": bad}])
    assert merged == {"a": bad, "b": bad}
    assert unstable == {"a": ["pass", "Assertion no"]}
    merged, _ = merge([{"a": True}, {"a": bad}, {"a": True}])
    assert merged == {"a": True}


def test_passes_are_counted_by_kind() -> None:
    tests = [case("a"), case("b", kind="optimal"), case("c", "b", kind="optimal")]
    text, passes = report(tests, [{"a": True, "b": ["Setup", "x"], "c": True}], groups=True)
    assert passes == {"required": 1, "optimal": 0, "check": 0}
    assert "b (setup): x" in text
    assert "c (dependency): needs b" in text


@pytest.mark.parametrize("words", [[], [""], ["--groups"]])
def test_without_a_checkout_it_is_asked_for_in_words(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/conformance"), *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "where is the suite?" in done.stderr
    assert "make conformance SUITE=/path/to/checkout" in done.stderr
