"""`porch tail`: which exchanges it shows, and how."""

import json
from typing import Any

import pytest

from porch.cli import tail as module
from porch.cli.tail import Wanted, line, tail, wanted
from porch.errors import ConnectionRefused
from porch.observe.json_lines import json_lines
from tests.support.ended import ended


def record(*args: Any, **words: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json_lines([ended(*args, **words)]))
    return found


@pytest.mark.parametrize(
    ("words", "takes"),
    [
        ({}, True),
        ({"route": "example.com/*"}, True),
        ({"route": "api*"}, False),
        ({"host": "*.com"}, True),
        ({"host": "other.com"}, False),
        ({"path": "/users"}, True),
        ({"path": "/users?*"}, False),
        ({"endpoint": "10.0.0.11:*"}, True),
        ({"endpoint": "10.0.0.12:*"}, False),
        ({"method": "get"}, True),
        ({"method": "POST"}, False),
        ({"user": "ann"}, False),
        ({"status": "200"}, True),
        ({"status": "2xx"}, True),
        ({"status": "5xx"}, False),
        ({"status": "error"}, False),
        ({"slower": 0.012}, True),
        ({"slower": 0.5}, False),
        ({"client": "192.0.2.0/24"}, True),
        ({"client": "192.0.2.7"}, True),
        ({"client": "10.0.0.0/8"}, False),
    ],
)
def test_an_exchange_is_shown_if_all_that_was_said_fits(words: Any, takes: bool) -> None:
    assert Wanted(**words).takes(record(b"/users?page=2")) is takes


def test_errors_are_what_failed_what_is_5xx_and_what_had_no_answer() -> None:
    errors = Wanted(status="error")
    assert errors.takes(record(error=ConnectionRefused("x"), status=502))
    assert errors.takes(record(status=500))
    assert errors.takes(record(status=0, error=ConnectionRefused("x")))
    assert not errors.takes(record(status=404))


def test_a_peer_by_a_unix_socket_is_in_no_network() -> None:
    assert not Wanted(client="10.0.0.0/8").takes(record(client=b"unix"))


@pytest.mark.parametrize(
    ("slower", "status", "client", "says"),
    [
        ("", "6xx", "", "404, 5xx or error"),
        ("", "9", "", "404, 5xx or error"),
        ("", "²xx", "", "404, 5xx or error"),
        ("", "", "nobody", "no address and no network"),
        ("soon", "", "", "a duration is a number"),
    ],
)
def test_words_that_mean_nothing_are_refused_with_what_to_write(
    slower: str, status: str, client: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        wanted(slower, status, client=client)


def test_a_line_moves_no_cursor() -> None:
    text = line(record(b"/\x1b[2J", host=b"a\r\n"))
    assert text.isprintable()
    assert " 200     12.1 ms GET a" in text


def test_it_asks_for_what_is_new_until_there_are_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    asked: list[Any] = []
    answers = [
        {"marks": {}, "records": [], "left_out": 0},
        {"marks": {"1": 2}, "records": [record(b"/a"), record(b"/b", status=404)], "left_out": 3},
        {"marks": {"1": 3}, "records": [record(b"/c")], "left_out": 0},
    ]

    def answer(config: Any, command: str, words: Any = None) -> Any:
        asked.append(words)
        return answers[len(asked) - 1]

    monkeypatch.setattr(module, "answer_of", answer)
    slept: list[float] = []
    code = tail(tmp_path, wanted("", "2xx"), as_json=True, most=2, sleep=slept.append)
    said = capsys.readouterr()
    assert code == 0
    assert [json.loads(each)["target"] for each in said.out.splitlines()] == ["/a", "/c"]
    assert said.err == "porch: 3 more ended meanwhile\n"
    assert asked == [None, {"marks": {}}, {"marks": {"1": 2}}]
    assert slept == [module.EVERY, module.EVERY]


def test_a_door_that_is_not_there_is_a_reason_and_1(tmp_path: Any, capsys: Any) -> None:
    assert tail(tmp_path / "porch.toml", Wanted(), as_json=False) == 1
    assert "does not exist" in capsys.readouterr().err


def test_an_expression_narrows_what_the_others_choose() -> None:
    which = wanted("", "", 'status >= 200 and path ~ "^/us"', method="GET")
    assert which.takes(record(b"/users?page=2"))
    assert not which.takes(record(b"/x"))
    with pytest.raises(ValueError, match="--where: 'stat' is no field"):
        wanted("", "", "stat > 5")
