"""What a supervisor holds of the cache."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from porch import clock
from porch.cache.disk_store import DiskStore
from porch.cache.memory_store import MemoryStore
from porch.cache.notices import Notices
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.manage import cache_keeping as module
from porch.manage.cache_keeping import CacheKeeping, KeptCache, caches, shelf_of
from porch.manage.columns import COLUMNS
from porch.shared import SharedTable
from tests.support.storing import keep, key

SAID: list[str] = []


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    SAID.clear()


def say(text: str, level: str = "warning") -> None:
    SAID.append(text)


def loaded(store: Any = None, *, cache: Any = True, **words: Any) -> Loaded:
    more = {} if store is None else {"cache_store": store}
    return load_mapping({"routes": {"a.test": {"to": ":1", "cache": cache}}} | more | words)


def at(folder: Path, **more: Any) -> Loaded:
    return loaded({"path": str(folder)} | more)


def begun(wanted: Loaded, handed: Any = None) -> CacheKeeping:
    keeping = CacheKeeping(Notices.make(4))
    keeping.begin(wanted, None, say, handed)  # type: ignore[arg-type]
    return keeping


def table(row: int = 1) -> tuple[SharedTable, int]:
    return SharedTable(4, COLUMNS), row


@pytest.mark.parametrize("layer", ["top", "site", "route", "none"])
def test_any_route_that_may_keep_answers_is_reason_enough(layer: str) -> None:
    words: dict[str, Any] = {"routes": {"a.test": {"to": ":1"}}}
    if layer == "top":
        words["cache"] = True
    elif layer == "site":
        words["site"] = {"a.test": {"cache": True}}
    elif layer == "route":
        words["routes"]["a.test"]["cache"] = "1h"
    assert caches(load_mapping(words)) == (layer != "none")


def test_without_a_cache_nothing_is_claimed(tmp_path: Path) -> None:
    keeping = begun(loaded({"path": str(tmp_path)}, cache=False))
    assert keeping.kept is None
    assert keeping.hand_over() == []
    assert shelf_of(keeping.kept, table(), say) is None
    assert list(tmp_path.iterdir()) == []
    keeping.close()


def test_workers_open_what_was_claimed(tmp_path: Path) -> None:
    keeping = begun(at(tmp_path))
    shelf = shelf_of(keeping.kept, table(), say)
    assert shelf is not None
    assert isinstance(shelf.store, DiskStore)
    assert shelf.forms is not None
    shelf.forms.make(b"r1", b"br", lambda: b"coded")
    (form,) = (shelf.store.folder / "forms").glob("*/*")
    assert form.name == "7231.br"
    shelf.store.close()
    keeping.close()
    assert SAID == []
    assert keeping.kept is None


def test_a_folder_that_another_has_is_said_and_does_not_stand_in_the_way(tmp_path: Path) -> None:
    one = begun(at(tmp_path))
    other = begun(at(tmp_path))
    assert other.kept is None
    assert SAID[0].startswith("nothing is kept by the cache: ")
    assert other.obstacle(at(tmp_path)) == "", "what else a reload changes can be in force"
    one.close()
    again = begun(at(tmp_path))
    assert again.kept is not None
    again.close()


def test_a_killed_door_has_a_moment_to_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE", 2.0)
    one = begun(at(tmp_path))
    monkeypatch.setattr(clock, "sleep", lambda _: one.close())
    two = begun(at(tmp_path))
    assert two.kept is not None
    two.close()


def test_where_it_is_kept_is_changed_by_no_reload(tmp_path: Path) -> None:
    keeping = begun(at(tmp_path / "a"))
    assert keeping.obstacle(at(tmp_path / "a")) == ""
    assert keeping.obstacle(loaded(cache=False)) == ""
    for other in (at(tmp_path / "b"), at(tmp_path / "a", size="2MB"), loaded({"memory": True})):
        assert "porch upgrade puts this file in force" in keeping.obstacle(other)
    keeping.close()
    first = begun(loaded(cache=False))
    assert first.obstacle(at(tmp_path / "c")) == ""
    assert first.begin(at(tmp_path / "c"), None, say) is not None, "a reload may begin with one"
    first.close()


def test_a_worker_that_runs_is_told_all_of_it(tmp_path: Path) -> None:
    for wanted in (at(tmp_path), loaded({"memory": True})):
        keeping = begun(wanted)
        kept = keeping.kept
        assert kept is not None
        message: Any = SimpleNamespace(data=list(kept.words), descriptors=kept.descriptors)
        assert KeptCache.told(message) == kept
        keeping.close()


def test_in_memory_each_worker_has_its_own_and_waits_for_no_other() -> None:
    keeping = begun(loaded({"memory": True}))
    one, other = (shelf_of(keeping.kept, table(row), say) for row in (1, 2))
    assert one is not None
    assert other is not None
    assert isinstance(one.store, MemoryStore)
    assert one.forms is None, "what no other worker has stored has no name there"
    assert one.locks._descriptor != other.locks._descriptor  # type: ignore[attr-defined]
    ident = keep(other.store)
    assert one.store.variants(key("a")) == []
    one.store.purge("all")
    assert other.store.load(ident) is None
    assert keeping.hand_over() == []
    keeping.close()


@pytest.mark.parametrize("then", ["memory", "nothing", "elsewhere"])
def test_what_a_door_does_without_is_forsaken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, then: str
) -> None:
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path))
    first = begun(loaded())
    assert first.kept is not None
    folder = first.kept.place.folder
    assert folder is not None
    assert folder.parent == tmp_path
    first.close()
    assert (folder / "state").exists()
    again = begun(loaded())
    again.close()
    assert (folder / "state").exists(), "it is in use"
    store: dict[str, Any] = {
        "memory": {"memory": True},
        "elsewhere": {"path": str(tmp_path / "other")},
    }
    caching = loaded(store.get(then), cache=then != "nothing")
    begun(caching).close()
    assert not (folder / "state").exists()


def inherited(keeping: CacheKeeping) -> list[Any]:
    """As another process finds it: with descriptors of its own."""
    locks, lock, board, *more = keeping.hand_over()
    return [os.dup(locks), os.dup(lock), os.dup(board), *more]


def test_over_an_upgrade_what_is_stored_stays(tmp_path: Path) -> None:
    before = begun(at(tmp_path))
    handed = inherited(before)
    after = begun(at(tmp_path, size="3MB"), handed)
    assert SAID == []
    assert after.kept is not None
    assert after.kept.claimed is not None
    assert [after.kept.shared, *after.kept.claimed] == handed[:4]
    assert after.kept.place.size == 3 << 20, "a new size is in force with an upgrade"
    assert not os.get_inheritable(handed[0])
    assert after.hand_over() == handed
    after.close()
    before.close()


@pytest.mark.parametrize("wanted", ["elsewhere", "memory", "nothing"])
def test_an_upgrade_keeps_answers_where_the_file_says_now(tmp_path: Path, wanted: str) -> None:
    before = begun(at(tmp_path / "a"))
    handed = inherited(before)
    new = {
        "elsewhere": at(tmp_path / "b"),
        "memory": loaded({"memory": True}),
        "nothing": loaded(cache=False),
    }[wanted]
    after = begun(new, handed)
    assert SAID == []
    if wanted == "elsewhere":
        assert after.kept is not None
        assert after.kept.place.folder == tmp_path / "b"
        assert (tmp_path / "b/lock").exists()
    for number in handed[:3]:
        assert os.path.exists(f"/proc/self/fd/{number}") is False or number in _own(after)
    after.close()
    before.close()


def _own(keeping: CacheKeeping) -> list[int]:
    """Descriptors of what was claimed anew: a number may be given again."""
    kept = keeping.kept
    if kept is None:
        return []
    claimed = kept.claimed
    return [kept.shared, *(() if claimed is None else (claimed.lock, claimed.board))]
