"""What Retry-After says. Which answers are refused: scenario/test_retry_status.py."""

import pytest

from porch.balance.refused_answers import retry_after
from porch.http.message import ResponseHead
from tests.support.network import FakeClock


def after(*values: bytes) -> float:
    return retry_after(ResponseHead(503, [(b"retry-after", each) for each in values]))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [(b"0", 0), (b"3", 3), (b"120", 120), (b"9" * 50, 999_999_999)],
)
def test_seconds(value: bytes, seconds: float) -> None:
    assert after(value) == seconds


@pytest.mark.parametrize(
    "value",
    [b"", b"-1", b"1.5", b"soon", b"3 s", b"\xff", b"Tue, 99 Nov 2023 22:13:25 GMT", b"Mon, "],
)
def test_what_means_nothing_is_no_wait(value: bytes) -> None:
    assert after(value) == 0.0
    assert after() == 0.0


def test_a_date_is_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeClock(monkeypatch)  # the wall clock is 1,700,001,000: 22:30:00
    assert after(b"Tue, 14 Nov 2023 22:30:05 GMT") == 5
    assert after(b"Tue, 14 Nov 2023 22:29:00 GMT") == 0
