"""What an operator reads of retries."""

from pathlib import Path

import pytest

from porch.cli.explain import explain_request
from porch.exchange import HELD

FILE = """\
listen = ":80"
[routes]
"a.test" = { to = [":1", ":2"], retry = { on = [503], each = "2s" } }
"one.test" = ":1"
"never.test" = { to = ":1", retry = false }
"gone.test" = "respond:410"
"""
BOUND = "repetitions are at most 20 % more than came to the pool, and 10 a second"
ONCE = "sent once; another endpoint only where there was no connection: "


@pytest.fixture
def file(tmp_path: Path) -> Path:
    found = tmp_path / "porch.toml"
    found.write_text(FILE)
    return found


def said(
    capsys: pytest.CaptureFixture[str], file: Path, method: str, host: str, *headers: str
) -> list[str]:
    assert explain_request(file, method, f"http://{host}/", list(headers), "192.0.2.1") == 0
    lines = capsys.readouterr().out.splitlines()
    return [line.partition("retry     ")[2] for line in lines if line.startswith("retry ")]


def test_a_route_says_what_is_tried_again(capsys: pytest.CaptureFixture[str], file: Path) -> None:
    words = "up to 2 further endpoints, on 503 too, each 2s"
    assert said(capsys, file, "GET", "a.test") == [words, BOUND]
    assert said(capsys, file, "GET", "one.test")[2:] == [
        "there is one endpoint: only a kept connection that had closed is replaced"
    ]
    assert said(capsys, file, "GET", "never.test") == ["none: one attempt is all"]
    assert said(capsys, file, "GET", "gone.test") == []


@pytest.mark.parametrize(
    ("method", "headers", "line"),
    [
        ("POST", (), ONCE + "POST without an Idempotency-Key"),
        ("POST", ("Idempotency-Key: 7",), None),
        ("PUT", (f"Content-Length: {HELD}",), None),
        (
            "PUT",
            (f"Content-Length: {HELD + 1}",),
            ONCE + "a body of 65537 bytes is not held, 64KB are at most",
        ),
        (
            "PUT",
            ("Transfer-Encoding: chunked",),
            "a body of unknown length is sent again up to 64KB of it",
        ),
    ],
)
def test_a_request_that_differs_is_told_why(
    capsys: pytest.CaptureFixture[str],
    file: Path,
    method: str,
    headers: tuple[str, ...],
    line: str | None,
) -> None:
    found = said(capsys, file, method, "a.test", *headers)[2:]
    assert found == ([line] if line is not None else [])
