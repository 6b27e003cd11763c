"""What the words of an order become."""

from pathlib import Path
from typing import Any

import pytest

from porch.cli import orders
from porch.manage.control.client import PATIENCE

FILE = Path("porch.toml")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    calls: list[tuple[Any, ...]] = []

    def ask(config: Path, *words: object) -> int:
        calls.append(words)
        return 0

    monkeypatch.setattr(orders, "ask_door", ask)
    return calls


def test_who_waits_is_answered_before_the_command_gives_up(asked: list[tuple[Any, ...]]) -> None:
    assert orders.drain(FILE, "a:1", "10m", all_pools=False) == 0
    ((command, words, patience),) = asked
    assert (command, words["endpoint"], words["wait"]) == ("drain", "a:1", 600)
    assert patience == 600 + PATIENCE
    orders.drain(FILE, "a:1", None, all_pools=True)
    assert asked[1][1] == {"endpoint": "a:1", "all_pools": True, "wait": 0}


def test_file_is_no_weight(asked: list[tuple[Any, ...]]) -> None:
    for written, weight in (("0", 0), ("7", 7), ("file", None)):
        assert orders.weight(FILE, "a:1", written, all_pools=False) == 0
        assert asked[-1][1]["weight"] == weight
    orders.undrain(FILE, "a:1", all_pools=False)
    assert asked[-1][0] == "undrain"


def test_maintenance_has_its_times_in_seconds_and_its_page_by_its_whole_name(
    asked: list[tuple[Any, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = Path("soon.html")
    assert orders.maintenance(FILE, "a.test", "on", page, ("10m", "30m"), ["10.0.0.0/8"]) == 0
    assert asked[0][1] == {
        "route": "a.test",
        "on": True,
        "page": str(tmp_path / "soon.html"),
        "retry_after": 600,
        "for": 1800,
        "allow": ["10.0.0.0/8"],
    }
    assert orders.maintenance(FILE, "a.test", "off", None, ("", ""), []) == 0
    assert asked[1][1]["on"] is False


def test_a_canary_is_on_or_off(asked: list[tuple[Any, ...]]) -> None:
    assert orders.canary(FILE, "a.test", "off") == 0
    assert asked == [("canary", {"route": "a.test", "on": False})]


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (lambda: orders.drain(FILE, "a:1", "5", all_pools=False), "--within: a duration"),
        (lambda: orders.drain(FILE, "a:1", "2h", all_pools=False), "--within is at most 1h"),
        (lambda: orders.weight(FILE, "a:1", "-1", all_pools=False), "'-1' is no weight"),
        (lambda: orders.weight(FILE, "a:1", "x", all_pools=False), "'x' is no weight"),
        (lambda: orders.maintenance(FILE, "a", "yes", None, ("", ""), []), "neither on nor off"),
        (lambda: orders.maintenance(FILE, "a", "on", None, ("5", ""), []), "a duration is"),
        (lambda: orders.maintenance(FILE, "a", "off", None, ("5m", ""), []), "off takes no"),
        (lambda: orders.canary(FILE, "a", "ON"), "neither on nor off"),
    ],
)
def test_words_that_are_none_are_exit_2(
    asked: list[tuple[Any, ...]], order: Any, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert order() == 2
    assert why in capsys.readouterr().err
    assert asked == []
