"""A configuration that ran is loaded again, whatever became of its files."""

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from porch import clock
from porch.config.build import build
from porch.config.check import check
from porch.config.difference import NOTHING, difference
from porch.config.load import load, load_mapping
from porch.config.snapshot import SHOWN, Snapshot
from porch.config.state import State
from tests.support.damage import good
from tests.support.handshake import files

WORDS = {"routes": {"a.test": ":1"}, "grace": "5s"}


def snapshot(folder: Path) -> Snapshot:
    loaded = load(folder / "porch.toml")
    assert loaded.ok, loaded.report()
    return Snapshot.of(loaded)


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def test_it_needs_no_file_any_more(tmp_path: Path) -> None:
    good(tmp_path)
    before = load(tmp_path / "porch.toml")
    kept = Snapshot.of(before)
    empty(tmp_path)
    assert not load(tmp_path / "porch.toml").ok
    again = kept.load()
    assert again.report() == ""
    assert again.files == before.files
    assert [each.where for each in again.routes] == [each.where for each in before.routes]
    assert difference(before, again) == [NOTHING]
    assert not check(again).failed


def test_but_lists_of_networks_are_as_the_disk_has_them_now(tmp_path: Path) -> None:
    """Who is blocked by now does not come in because somebody goes back."""
    file, listed = tmp_path / "porch.toml", tmp_path / "blocked.txt"
    file.write_text('listen = ":80"\ndeny = "file:blocked.txt"\n[routes]\n"*" = "respond:204"\n')
    listed.write_text("192.0.2.1\n")
    loaded = load(file)
    built = build(loaded, State())
    assert built is not None, loaded.report()
    kept = Snapshot.restore(json.loads(json.dumps(Snapshot.of(loaded, lists=built.lists).dump())))
    assert kept.lists == (listed,)
    listed.write_text("192.0.2.2\n")
    file.write_text("junk")
    assert kept.load().contents[listed] == b"192.0.2.2\n"
    listed.unlink()
    again = kept.load()
    assert again.contents[listed] == b"192.0.2.1\n", "the last that is known"
    assert build(again, State()) is not None


def test_what_is_in_the_files_by_now_does_not_matter(tmp_path: Path) -> None:
    text = good(tmp_path)
    kept = snapshot(tmp_path)
    (tmp_path / "porch.toml").write_text(text.replace("30s", "9s"))
    (tmp_path / "sites" / "more.toml").write_text('[routes]\n"more.test" = ":1"\n')
    (tmp_path / "sites" / "blog.toml").write_text("half of")
    assert kept.load().config.grace == 30
    assert {each.key for each in kept.load().routes} >= {"blog.test"}
    assert "more.test" not in {each.key for each in kept.load().routes}


def test_but_who_somebody_is_is_as_the_files_say_now(tmp_path: Path) -> None:
    """A key that was stolen and replaced does not come back, nor an authority taken out."""
    cert, key = files(tmp_path, "a.test")
    old = cert.read_bytes()
    file = tmp_path / "porch.toml"
    file.write_text(
        f'listen = ":80"\n[routes]\n"a.test" = ":1"\n'
        f'[site."a.test"]\ncert = "{cert}"\nkey = "{key}"\n'
    )
    key.chmod(0o600)
    loaded = load(file)
    assert build(loaded, State()) is not None, loaded.report()
    snapshot = Snapshot.of(loaded)
    files(tmp_path, "a.test")
    key.chmod(0o600)
    file.write_text('[routes]\n"other.test" = ":2"\n')
    again = snapshot.load()
    assert build(again, State()) is not None, again.report()
    assert again.read(cert) == cert.read_bytes() != old
    assert [entry.key for entry in again.routes] == ["a.test"]
    cert.unlink()
    key.unlink()
    assert snapshot.load().read(cert) == old


def test_secrets_of_files_are_those_of_then(tmp_path: Path) -> None:
    file = tmp_path / "porch.toml"
    file.write_text('[routes]\n"a.test" = { to = ":1", headers = { X-A = "file:key" } }\n')
    (tmp_path / "key").write_text("hunter1\n")
    kept = snapshot(tmp_path)
    (tmp_path / "key").write_text("hunter2\n")
    headers = kept.load().routes[0].model.headers
    assert headers is not None
    assert headers.response == {"X-A": "hunter1"}
    assert kept.hash != snapshot(tmp_path).hash
    assert "hunter" not in repr(kept)


def test_the_hash_is_that_of_all_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    text = good(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    one, two = snapshot(tmp_path / "one"), snapshot(tmp_path / "two")
    assert one.hash == two.hash  # wherever the folder lies
    assert one.short == one.hash[:12] == one.hash[:SHOWN]
    (tmp_path / "two" / "porch.toml").write_text(f"{text}# a comment\n")
    assert snapshot(tmp_path / "two").hash != one.hash
    (tmp_path / "one" / "sites" / "blog.toml").rename(tmp_path / "one" / "sites" / "b.toml")
    assert snapshot(tmp_path / "one").hash != one.hash
    (tmp_path / "one" / "error.html").write_text("another")
    three = snapshot(tmp_path / "one")
    (tmp_path / "one" / "error.html").write_text("yet another")
    assert snapshot(tmp_path / "one").hash != three.hash


def test_it_knows_when_it_was_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "wall", lambda: 1234.5)
    assert Snapshot.of(load_mapping(WORDS)).at == 1234.5


def test_a_configuration_from_python_is_kept_as_its_words() -> None:
    kept = Snapshot.of(load_mapping(WORDS, "porch"), data=WORDS)
    assert kept.load().config.grace == 5
    assert kept.load().name == "porch"
    assert kept.hash == Snapshot.of(load_mapping(WORDS)).hash
    assert kept.hash != Snapshot.of(load_mapping(WORDS | {"grace": "6s"})).hash
    assert kept.hash != Snapshot.of(load_mapping({**WORDS, "routes": {"a.test": ":2"}})).hash


def test_or_as_the_function_that_loads_it() -> None:
    kept = Snapshot.of(load_mapping(WORDS), again=lambda: load_mapping(WORDS))
    assert kept.load().config.grace == 5
    lost = Snapshot.restore(kept.dump())
    with pytest.raises(LookupError, match=f"{kept.short} came from Python and cannot be loaded"):
        lost.load()


@pytest.mark.parametrize("through", [json, pickle])
def test_it_is_handed_over_as_plain_data(tmp_path: Path, through: Any) -> None:
    good(tmp_path)
    for kept in (snapshot(tmp_path), Snapshot.of(load_mapping(WORDS), data=WORDS)):
        restored = Snapshot.restore(through.loads(through.dumps(kept.dump())))
        assert restored == kept
        assert difference(kept.load(), restored.load()) == [NOTHING]


@pytest.mark.parametrize(
    "change",
    [{"files": None}, {"contents": {"a": "é"}}, {"contents": {"a": "a"}}, {"at": "now"}],
)
def test_what_is_none_is_refused(change: dict[str, Any]) -> None:
    dumped = Snapshot.of(load_mapping(WORDS), data=WORDS).dump()
    with pytest.raises((LookupError, TypeError, ValueError)):
        Snapshot.restore(dumped | change)
    with pytest.raises(LookupError):
        Snapshot.restore({})
