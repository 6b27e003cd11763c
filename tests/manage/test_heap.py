"""Memory that comes and goes with each turn stays with the process."""

import ctypes
import subprocess
import sys

import pytest

from porch.manage.heap import LARGEST, keep_heap

TURNS = """
import resource
from porch.manage.heap import keep_heap
{first}
def turn():
    for _ in range(20):
        pieces = [bytes(250_000) for _ in range(6)]
        del pieces
turn()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
turn()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(first: str, turns: str = TURNS) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", turns.format(first=first)], capture_output=True, check=True
    )
    return int(ran.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="no glibc")
def test_what_comes_and_goes_costs_no_page_faults() -> None:
    assert faults("assert keep_heap()") < 20
    assert faults("") > 500


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="no glibc")
def test_blocks_as_large_as_is_said_cost_none_either() -> None:
    large = TURNS.replace("bytes(250_000)", "b'x' * 5_000_000")
    keep = f"assert keep_heap(kept={2 * LARGEST}, large={LARGEST})"
    assert faults(keep, large) < 20
    assert faults("assert keep_heap()", large) > 500


def test_other_allocators_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not keep_heap()
