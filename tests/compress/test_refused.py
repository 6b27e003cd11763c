"""What is wrong with the content of an origin's answer."""

from pathlib import Path

import pytest

from porch.compress.refused import AnswerBomb, AnswerDamaged

PAGE = (Path(__file__).parents[2] / "docs" / "observe.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [AnswerDamaged, AnswerBomb])
def test_the_origin_is_at_fault_and_the_page_says_what_to_do(kind: type[AnswerDamaged]) -> None:
    assert (kind.source, kind.retry) == ("upstream", "never")
    assert len(kind.sentence) <= 100
    assert f"| `{kind.word}` | {kind.status} | {kind.source} | {kind.sentence} |" in PAGE
