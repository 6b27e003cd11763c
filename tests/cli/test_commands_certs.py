"""The words of `porch certs`, and what each reaches."""

from pathlib import Path
from typing import Any

import pytest

from porch.cli import certs, main

DEFAULT, FILE = Path("porch.toml"), Path("x.toml")


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("certs", ("show_certs", DEFAULT, False)),
        ("certs --json --config x.toml", ("show_certs", FILE, True)),
        ("certs check a.test", ("check_name", DEFAULT, "a.test", False)),
        ("certs --config x.toml --json check a.test", ("check_name", FILE, "a.test", True)),
        ("certs renew a.test --config x.toml", ("renew_name", FILE, "a.test")),
    ],
)
def test_each_word_reaches_its_command(
    monkeypatch: pytest.MonkeyPatch, words: str, call: tuple[Any, ...]
) -> None:
    calls: list[tuple[Any, ...]] = []

    def fake(name: str) -> Any:
        def called(*arguments: Any, **more: Any) -> int:
            calls.append((name, *arguments, *more.values()))
            return 7

        return called

    for name in ("show_certs", "check_name", "renew_name"):
        monkeypatch.setattr(certs, name, fake(name))
    assert main(words.split()) == 7
    assert calls == [call]
