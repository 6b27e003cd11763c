"""How an authority that needs time is given some."""

from datetime import datetime, timedelta

import pytest

from porch import clock
from porch.certs import moments
from porch.certs.authority import Authority
from porch.certs.failure import IssueError
from porch.certs.pause import Pause


class Slow:
    """A conversation with one who says when to come again."""

    authority = Authority(directory="https://ca.example/dir")

    def __init__(self, seconds: float) -> None:
        self.net = self
        self.seconds = seconds

    @property
    def retry_after(self) -> datetime:
        return moments.now() + timedelta(seconds=self.seconds)


@pytest.mark.parametrize(
    ("said", "waits"), [(0, [0.25, 0.375, 0.5625]), (3, [3, 3, 3]), (900, [10, 10, 10])]
)
def test_an_authority_is_looked_at_as_seldom_as_it_says_within_bounds(
    monkeypatch: pytest.MonkeyPatch, said: float, waits: list[float]
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(clock, "sleep", slept.append)
    pause = Pause(Slow(said), lambda: None, "look")  # type: ignore[arg-type]
    for wait in waits:
        slept.clear()
        pause.wait()
        assert sum(slept) == pytest.approx(wait, abs=0.1)
        assert max(slept) <= 1  # or it would not end when it is told to


def test_an_authority_that_never_decides_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    pause = Pause(Slow(1), lambda: None, "sign the certificate")  # type: ignore[arg-type]
    start = clock.monotonic()
    monkeypatch.setattr(clock, "monotonic", lambda: start + 301)
    with pytest.raises(IssueError, match="took more than 300 s to sign the certificate"):
        pause.wait()
