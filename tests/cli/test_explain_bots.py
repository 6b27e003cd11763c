"""What is explained of the words against bots."""

from typing import Any

import pytest

from porch.cli.explain_bots import bot_lines
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.http.message import RequestHead


def lines(target: bytes, **words: Any) -> list[str]:
    loaded = load_mapping({"listen": ":80", "routes": {"a": {"to": "b:1", **words}}})
    built = build(loaded, State())
    assert built is not None, loaded.report()
    request = RequestHead(b"GET", target, b"a", b"http", [])
    return list(bot_lines(built.entries[0].route, request))


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (b"/a", "none of 2 rules refuses it; 1 of them reads the body"),
        (b"/%2eenv", "refused: scanners"),
        (b"/%25252525252e", "The target is encoded more than 3 times over"),
    ],
)
def test_the_rule_that_refuses_is_named(target: bytes, line: str) -> None:
    (found,) = lines(target, block=["scanners", {"body": "x"}])
    assert found.startswith(f"block     {line}")


def test_without_rules_nothing_is_said() -> None:
    assert lines(b"/.env") == []
    assert list(bot_lines(None, RequestHead(b"GET", b"/", b"a", b"http", []))) == []


def test_a_challenge_is_described() -> None:
    (found,) = lines(b"/", challenge=True)
    assert found == "challenge browsers do a calculation of 17 bits"
