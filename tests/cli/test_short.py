"""The short command line, as the configuration that it stands for."""

from typing import Any

import pytest

from porch.cli import main, run
from porch.cli.short import parse_short, run_short
from porch.config.load import load_mapping


@pytest.mark.parametrize(
    ("words", "listen", "routes"),
    [
        ([":8080=localhost:3000"], [":8080"], {"*": {"to": ["localhost:3000"]}}),
        ([":8080=:3000"], [":8080"], {"*": {"to": [":3000"]}}),
        ([":8080/=:3000"], [":8080"], {"*": {"to": [":3000"]}}),
        ([":8080/api/=:3000"], [":8080"], {"*/api/*": {"to": [":3000"]}}),
        ([":8080/api=:3000"], [":8080"], {"*/api": {"to": [":3000"]}}),
        ([":8080/api/*=:3000"], [":8080"], {"*/api/*": {"to": [":3000"]}}),
        ([":8080=:1,:2"], [":8080"], {"*": {"to": [":1", ":2"]}}),
        (["a.test=:3000"], None, {"a.test": {"to": [":3000"]}}),
        (["*.a.test=:3000"], None, {"*.a.test": {"to": [":3000"]}}),
        (["POST a.test/x=:3000"], None, {"POST a.test/x": {"to": [":3000"]}}),
        (["a.test:8080=:3000"], [":8080"], {"a.test": {"to": [":3000"]}}),
        (["127.0.0.1:8080=:3000"], ["127.0.0.1:8080"], {"*": {"to": [":3000"]}}),
        (["127.0.0.1:80/x=:3000"], ["127.0.0.1:80"], {"*/x": {"to": [":3000"]}}),
        (["[::1]:8080=:3000"], ["[::1]:8080"], {"*": {"to": [":3000"]}}),
        (["[::1]=:3000"], None, {"[::1]": {"to": [":3000"]}}),
        (["localhost:8080=:3000"], ["localhost:8080"], {"*": {"to": [":3000"]}}),
        (["=:3000"], None, {"*": {"to": [":3000"]}}),
        (
            ["a.test:80=:1", "b.test:80=:2", "c.test:81=:3"],
            [":80", ":81"],
            {"a.test": {"to": [":1"]}, "b.test": {"to": [":2"]}, "c.test": {"to": [":3"]}},
        ),
        (
            [":80=:3000,strip=false,retry=0,balance=round-robin"],
            [":80"],
            {"*": {"to": [":3000"], "strip": False, "retry": 0, "balance": "round-robin"}},
        ),
        (
            [":80=redirect:https://b.test/?a=b"],
            [":80"],
            {"*": {"to": ["redirect:https://b.test/?a=b"]}},
        ),
    ],
)
def test_words_stand_for_a_configuration(
    words: list[str], listen: list[str] | None, routes: dict[str, Any]
) -> None:
    parsed = parse_short(words)
    assert parsed.get("listen") == listen
    assert parsed["routes"] == routes
    loaded = load_mapping(parsed)
    assert loaded.ok, loaded.report()


@pytest.mark.parametrize("word", [":8080", ":8080=", "a.test", "http://a=:1", ":x=:1", "--debug=1"])
def test_what_is_no_pair_is_said_with_an_example(word: str) -> None:
    with pytest.raises(ValueError, match="WHERE=TARGET, such as :8080=localhost:3000"):
        parse_short([":80=:1", word])


def test_one_route_twice_is_said_with_the_way_out() -> None:
    with pytest.raises(ValueError, match="a port tells no routes apart"):
        parse_short([":8080=:1", ":9090=:2"])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([":8080"], "':8080' is not WHERE=TARGET"),
        ([":8080=nonsense"], "there is no [pool.nonsense]"),
        ([":99999=:1"], "port 99999 does not exist"),
        ([":8080=:1,strp=true"], "did you mean 'strip'?"),
        ([":8080=:1", ":8080=:2"], "a port tells no routes apart"),
    ],
)
def test_wrong_words_exit_with_2_and_start_nothing(
    words: list[str], text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(run, "run_loaded")
    assert main(words) == 2
    said = capsys.readouterr()
    assert text in said.err
    assert said.out == ""
    assert "Traceback" not in said.err


def test_right_words_run_and_can_be_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []

    def run_loaded(load_again: Any) -> int:
        keys.extend(entry.key for _ in range(2) for entry in load_again().routes)
        return 7

    monkeypatch.setattr(run, "run_loaded", run_loaded)
    assert run_short([":8080=:3000"]) == 7
    assert keys == ["*", "*"]
