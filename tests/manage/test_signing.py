"""The key that cookies are signed with."""

from pathlib import Path

from porch.manage.signing import signing_key


def test_it_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    key, problem = signing_key(folder)
    assert (len(key), problem) == (32, "")
    assert signing_key(folder) == (key, "")
    (file,) = folder.glob("*.kept")
    assert file.stat().st_mode & 0o777 == 0o600
    assert signing_key(tmp_path / "another")[0] != key


def test_one_that_is_damaged_is_made_anew(tmp_path: Path) -> None:
    signing_key(tmp_path / "store")
    (file,) = (tmp_path / "store").glob("*.kept")
    file.write_bytes(b"hello")
    key, problem = signing_key(tmp_path / "store")
    assert (len(key), problem) == (32, "")
    assert signing_key(tmp_path / "store") == (key, "")


def test_without_a_store_there_is_one_for_as_long_as_this_process_runs(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    folder.write_text("a file")
    key, problem = signing_key(folder)
    assert len(key) == 32
    assert problem.startswith(
        "sticky clients and passes of challenge are not known after a restart: "
    )
    assert str(folder) in problem
    assert signing_key(folder)[0] == key
