"""How long something took."""

import pytest

from porch.observe.took import took


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0 ms"),
        (0.0121, "12.1 ms"),
        (0.9994, "999.4 ms"),
        (1.0, "1.00 s"),
        (3.2, "3.20 s"),
        (60.0, "1.0 min"),
        (150.0, "2.5 min"),
    ],
)
def test_the_unit_fits(seconds: float, text: str) -> None:
    assert took(seconds) == text
