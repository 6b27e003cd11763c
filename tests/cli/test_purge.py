"""What the words of `porch purge` become."""

from pathlib import Path
from typing import Any

import pytest

from porch.cli import purge as module
from porch.cli.purge import purge_named

FILE = Path("porch.toml")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def ask(config: Path, *words: object) -> int:
        calls.append(words)
        return 0

    monkeypatch.setattr(module, "ask_door", ask)
    return calls


def test_the_door_is_asked_once_for_all_that_is_named(asked: list[tuple[Any, ...]]) -> None:
    urls, tags = ["https://a.test/x", "a.test/blog/*"], ["post-1"]
    assert purge_named(FILE, urls, ["b.test"], tags, everything=False, soft=True) == 0
    ((command, words),) = asked
    assert command == "purge"
    assert words == {"urls": urls, "hosts": ["b.test"], "tags": tags, "all": False, "soft": True}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (([], [], []), "nothing is named; say a URL, --host, --tag or --all"),
        ((["/x"], [], []), "'/x' is not a URL"),
        (([], ["*.a.test"], []), "without a *"),
        (([], [], ["a b"]), "'a b' is no tag"),
    ],
)
def test_words_that_are_none_are_exit_2(
    asked: list[tuple[Any, ...]], words: Any, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert purge_named(FILE, *words, everything=False, soft=False) == 2
    assert why in capsys.readouterr().err
    assert asked == []
