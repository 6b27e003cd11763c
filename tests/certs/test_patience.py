"""Another's code, and how long it is waited for."""

import sys
import threading

import pytest

from porch.certs.patience import within


def test_what_it_returns_and_what_it_raises_is_passed_on() -> None:
    assert within(5, lambda: "made") == "made"
    with pytest.raises(KeyError, match="x"):
        within(5, lambda: {}["x"])


def test_what_would_end_the_program_is_an_error_with_its_words() -> None:
    with pytest.raises(RuntimeError, match="SystemExit: no credentials"):
        within(5, lambda: sys.exit("no credentials"))


def test_what_hangs_is_left() -> None:
    is_over = threading.Event()
    try:
        with pytest.raises(TimeoutError, match="has not come back within 0 s"):
            within(0.01, lambda: is_over.wait(20))
    finally:
        is_over.set()
