"""Nothing reaches a terminal that it would act on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.observe.visible import visible


@given(st.one_of(st.text(), st.binary()))
def test_what_is_shown_is_printable(text):
    assert visible(text).isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("bücher →", "bücher →"),
        (b"b\xc3\xbccher", "bücher"),
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("two\nlines\r", r"two\nlines\r"),
        ("\u202ereversed", r"\u202ereversed"),
        (b"\xff\x00", r"\xff\x00"),
        ("\x7f\x9b", r"\x7f\x9b"),
    ],
)
def test_what_is_escaped_can_still_be_read(text, shown):
    assert visible(text) == shown
