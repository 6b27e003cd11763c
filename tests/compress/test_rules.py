"""The defaults."""

from porch.compress.rules import CODINGS, Rules
from porch.compress.types import Types
from porch.compress.workshop import Workshop


def test_every_coding_of_the_default_can_be_made() -> None:
    assert set(CODINGS) == set(Workshop().coders)
    assert Rules(types=Types()).codings == CODINGS
