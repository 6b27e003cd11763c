"""A way that cannot be asked."""

from porch.shield.auth_unasked import Unasked
from tests.support.hooks import FakeExchange, seen


def test_it_lets_nobody_in_and_says_why() -> None:
    found = Unasked("py:x:y cannot be loaded").identify(seen(FakeExchange()))
    assert (found.status, found.detail) == (503, "py:x:y cannot be loaded")
