"""What the supervisor keeps of the sources, and what it tells."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from porch.balance.endpoint import Out
from porch.balance.standing import Standings
from porch.config.listing import Listing
from porch.manage.columns import COLUMNS, Columns
from porch.manage.discovery import discovered as module
from porch.manage.discovery.discovered import FILE, Discovered
from porch.shared import SharedTable

SOURCE = "dns:api:80"
POOLS = {SOURCE: ["a.test", "b.test"]}


def made(pools: Any = POOLS) -> Discovered:
    return Discovered(Columns(SharedTable(2, COLUMNS)), Standings(), pools)


def listing(*names: str, source: str = SOURCE, **more: Any) -> Listing:
    return Listing(source=source, found=tuple((each, 1, 0) for each in names), since=5.0, **more)


def test_each_pool_counts_what_is_new_for_itself():
    door = made()
    _, columns = door.note(listing("a:1", "https://b:1"))
    assert [*columns] == [
        ("a.test", "a:1"),
        ("a.test", "b:1"),
        ("b.test", "a:1"),
        ("b.test", "b:1"),
    ]
    assert len(set(columns.values())) == 4
    said, columns = door.note(listing("https://b:1", "c:1"))
    assert said.found == (("https://b:1", 1, 0), ("c:1", 1, 0))
    assert [*columns] == [("a.test", "c:1"), ("b.test", "c:1")]


def test_a_new_worker_is_told_all():
    door = made()
    door.note(listing("a:1"))
    ((said, columns),) = door.news()
    assert said.found == (("a:1", 1, 0),)
    assert [*columns] == [("a.test", "a:1"), ("b.test", "a:1")]


def test_who_is_gone_has_no_reasons_any_more():
    door = made()
    door.note(listing("a:1", "b:1"))
    for name in ("a:1", "b:1"):
        door._standings.note((("a.test", name), "refused", Out("x", 1.0)))
    door.note(listing("b:1"))
    assert [each[0] for each in door._standings.all] == [("a.test", "b:1")]


def test_columns_of_who_is_gone_stay_for_a_while(monkeypatch):
    now = 100.0
    monkeypatch.setattr(module.clock, "monotonic", lambda: now)
    door = made({SOURCE: ["p"]})
    door.note(listing("a:1", "b:1"))
    door.note(listing("b:1"))
    assert door.names == [("p", "b:1"), ("p", "a:1")]
    assert door.shown == [("p", "b:1")]
    now += module.LINGER + 1
    assert door.names == [("p", "b:1")]


def test_a_crowd_of_those_is_noticed(monkeypatch):
    monkeypatch.setattr(module, "CROWD", 3)
    door = made({SOURCE: ["p"]})
    for number in range(5):
        assert not door.is_crowded
        door.note(listing(f"a:{number + 1}"))
    assert door.is_crowded


def test_a_configuration_to_come_is_told_what_its_pools_count():
    door = made({SOURCE: ["p"], "x": ["p"]})
    door.note(listing("a:1"))
    assert door.expect({SOURCE: ["p"]}) == []
    ((said, columns),) = door.expect({SOURCE: ["p", "q"], "dns:new:1": ["q"]})
    assert (said.source, [*columns]) == (SOURCE, [("p", "a:1"), ("q", "a:1")])
    _, columns = door.note(listing("b:1", source="dns:new:1"))
    assert [*columns] == [("q", "b:1")]
    door.settle({"dns:new:1": ["q"]})
    assert door.shown == [("q", "b:1")]
    assert [*door.listings] == ["dns:new:1"]


def test_status_says_what_there_is_and_what_is_wrong():
    door = made({SOURCE: ["p"], "dns:new:1": ["q"]})
    door.note(listing("a:1", trouble="no such name", trouble_since=7.0))
    first, second = door.status()
    assert first == {
        "source": SOURCE,
        "pools": ["p"],
        "endpoints": 1,
        "since": 5.0,
        "trouble": "no such name",
        "trouble_since": 7.0,
    }
    assert (second["endpoints"], second["since"], second["trouble"]) == (0, None, "")


def test_an_upgrade_takes_the_lists_with_it():
    before, after = made(), made()
    before.note(listing("a:1", trouble="x", trouble_since=7.0))
    after.load(json.loads(json.dumps(before.dump())), is_old=False)
    assert after.listings == {SOURCE: listing("a:1")}


def test_a_restart_finds_the_lists_but_those_of_containers(tmp_path):
    pools = POOLS | {"docker:api": ["c"]}
    before, after = made(pools), made(pools | {"dns:new:1": ["d"]})
    assert not before.is_changed
    before.note(listing("a:1"))
    before.note(listing("172.17.0.2:80", source="docker:api"))
    assert before.is_changed
    before.write(tmp_path)
    assert not before.is_changed
    assert os.stat(tmp_path / FILE).st_mode & 0o777 == 0o600
    assert after.read(tmp_path) == ""
    assert after.listings == {SOURCE: listing("a:1", is_old=True)}
    assert after.status()[0]["trouble"] == "nobody has looked yet"
    assert not after.is_changed
    assert [each.name for each in tmp_path.iterdir()] == [FILE]


def test_what_no_configuration_asks_for_is_not_read(tmp_path):
    before, after = made(), made({"dns:other:1": ["p"]})
    before.note(listing("a:1"))
    before.write(tmp_path)
    assert after.read(tmp_path) == ""
    assert after.listings == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}x",
        "[7]",
        '[{"source": "x"}]',
        '{"found": 3}',
        "[" * 9999,
        '[{"source": "dns:api:80", "since": 1, "found": [["no endpoint", 1, 0]]}]',
        '[{"source": "dns:api:80", "since": 1, "found": [["a:1", 1e999, 0]]}]',
    ],
)
def test_a_file_that_is_none_is_said_and_written_anew(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    door = made()
    assert "is not used" in door.read(tmp_path)
    door.note(listing("a:1"))
    door.write(tmp_path)
    assert made().read(tmp_path) == ""


def test_a_start_without_a_file_is_the_first(tmp_path):
    assert made().read(tmp_path) == ""
    assert made({}).read(Path("/nowhere")) == ""


def test_it_is_not_written_at_each_change(monkeypatch, tmp_path):
    now = 100.0
    monkeypatch.setattr(module.clock, "monotonic", lambda: now)
    door = made()
    door.note(listing("a:1"))
    door.write(tmp_path)
    door.note(listing("b:1"))
    assert not door.is_changed
    now += module.PAUSE
    assert door.is_changed


def test_trouble_alone_is_not_written(tmp_path):
    door = made()
    door.note(listing("a:1"))
    door.write(tmp_path)
    door._written_at = -100.0
    door.note(listing("a:1", trouble="x"))
    assert not door.is_changed


def test_a_link_in_its_place_is_not_followed(tmp_path):
    other = tmp_path / "other"
    other.write_text("precious")
    (tmp_path / f".{FILE}.new").symlink_to(other)
    door = made()
    door.note(listing("a:1"))
    door.write(tmp_path)
    assert other.read_text() == "precious"


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / FILE)
    assert "is not used" in made().read(tmp_path)


def test_what_is_spoken_is_told_where_it_is_not_http_1_1():
    door = made()
    door.note(listing("a:1", "https://b:1", "h2c://c:1"))
    assert door.speaks == {
        (pool, address): words
        for pool in ("a.test", "b.test")
        for address, words in (("b:1", "HTTP/2 or 1.1"), ("c:1", "HTTP/2"))
    }
