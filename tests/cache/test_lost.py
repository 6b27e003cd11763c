"""Why what another worker asks for breaks off."""

from pathlib import Path

import pytest

from porch.cache.lost import FillLost, FillNotStored
from porch.errors import PorchError

PAGE = (Path(__file__).parents[2] / "docs" / "observe.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [FillLost, FillNotStored])
def test_the_origin_is_not_blamed_and_the_page_says_what_to_do(kind: type[PorchError]) -> None:
    assert (kind.source, kind.retry) == ("porch", "never")
    assert len(kind.sentence) <= 100
    assert f"| `{kind.word}` | {kind.status} | {kind.source} | {kind.sentence} |" in PAGE
