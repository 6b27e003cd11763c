"""What is explained of who comes in while a worker has too much to do."""

from typing import Any

import pytest

from porch.cli.explain_busy import busy_lines
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.state import State
from porch.http.message import RequestHead


def explained(target: bytes = b"/", **words: Any) -> list[str]:
    importance = words.pop("importance", None)
    route = {"to": "respond:204"} | ({"importance": importance} if importance else {})
    loaded = load_mapping({"listen": ":80", "routes": {"a.test": route}, **words})
    built = build(loaded, State())
    assert built is not None, loaded.report()
    request = RequestHead(b"GET", target, b"a.test", b"http", [])
    return [*busy_lines(loaded, built.entries[0].route, request)]


@pytest.mark.parametrize(
    ("importance", "line"),
    [
        ("low", "importance low: refused, first of all, when a turn takes longer than 20ms"),
        (None, "importance normal: refused, behind low, when a turn takes longer than 20ms"),
        ("high", "importance high: refused, behind low and normal, when a turn takes longer than"),
        ("known", "importance normal, high where auth has let somebody in from this address"),
        ("always", "always served, whatever there is to do (importance)"),
    ],
)
def test_an_importance_has_a_line(importance: str | None, line: str) -> None:
    (found,) = explained(busy="20ms", importance=importance)
    assert found.startswith(f"busy      {line}")


def test_the_question_whether_we_live_is_told() -> None:
    (found,) = explained(b"/livez", busy="1s")
    assert "importance high, as /livez asks whether we live: refused, behind low" in found


def test_where_nobody_is_refused_there_is_none() -> None:
    assert explained() == []
    assert [*busy_lines(load_mapping({}), None, None)] == []  # type: ignore[arg-type]
