"""What is told of words against bots."""

from pathlib import Path
from typing import Any

import pytest

from porch.config.load import load, load_mapping


def problems(**words: Any) -> str:
    found = load_mapping({"listen": ":80", "routes": {"a": {"to": "b:1", **words}}})
    return "\n".join(each.text for each in found.problems)


def test_what_can_be_meant_is_fine() -> None:
    rules = ["scanners", {"path": "re:^/a$", "body": r"re:\$\{jndi"}, {"header": {"x": "re:^a$"}}]
    assert problems(block=rules, tarpit=True) == ""


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"path": "re:(a"}, "'(a' is no pattern"),
        ({"query": "re:(?<=a)b"}, "without look-around"),
        ({"header": {"x": "re:.*"}}, "matches everything"),
        ({"body": "re:a$"}, "'$' is the end of a body"),
        ({"body": r"re:a\z"}, "is the end of a body"),
        ({"path": "re:.{0,999}x"}, "too large"),
    ],
)
def test_a_pattern_of_no_use_is_told(rule: dict[str, Any], why: str) -> None:
    assert why in problems(block=[rule])


def test_too_many_patterns_are_told_before_they_run() -> None:
    rules = [{"path": f"re:(?:[a-z]{{1,30}}x{each}){{1,8}}"} for each in range(400)]
    assert "too large together" in problems(block=rules)


def test_a_tarpit_without_rules_is_told() -> None:
    assert "nothing to do" in problems(block=False, tarpit=True)


def test_a_short_secret_is_told_without_it() -> None:
    found = problems(challenge={"secret": "hunter2"})
    assert "fewer than 16 characters" in found
    assert "hunter2" not in found
    assert problems(challenge={"secret": "0123456789abcdef"}) == ""


def test_a_secret_in_plain_text_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, kept = tmp_path / "porch.toml", tmp_path / "secret"
    kept.write_text("0123456789abcdefXX")
    text = '[routes]\na = {{ to = "b:1", challenge = {{ secret = "{}" }} }}\n'
    file.write_text(text.format("0123456789abcdefXX"))
    found = load(file)
    assert "not written here itself" in found.report()
    assert not found.ok
    assert "0123456789" not in found.report()
    file.write_text(text.format(f"file:{kept}"))
    assert load(file).report() == ""
    file.write_text(text.format("${SECRET}"))
    monkeypatch.setenv("SECRET", "0123456789abcdefXX")
    assert load(file).report() == ""
