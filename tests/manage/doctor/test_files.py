"""Files and folders of a door, with rights and disks that are not as they should be."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from porch.config.check import examine
from porch.config.load import load
from porch.config.state import State
from porch.manage.doctor import files as module
from porch.manage.doctor.files import check_cache, check_files, check_logs, check_store, check_user
from porch.manage.doctor.patient import Found, Patient
from porch.manage.user import Identity

ROUTES = '[routes]\n"*" = ":1"\n'
NOBODY = Identity(name="web", uid=4711, gid=4711, groups=(4711,))


@pytest.fixture
def patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Patient]:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setenv("CACHE_DIRECTORY", str(tmp_path / "cache"))

    def make(words: str, **status: Any) -> Patient:
        file = tmp_path / "porch.toml"
        file.write_text(f'listen = ["127.0.0.1:0"]\n{words}')
        loaded = load(file)
        built = examine(loaded, State())
        assert built is not None, loaded.report()
        return Patient(config=file, loaded=loaded, built=built, status=status or None)

    return make


Make = Callable[..., Patient]


def as_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers become somebody whom this machine need not have."""
    monkeypatch.setattr(module, "_identity", lambda _: (NOBODY, ""))


def disk(monkeypatch: pytest.MonkeyPatch, free: int, size: int, files: float = 0.5) -> None:
    told = SimpleNamespace(
        f_bavail=free, f_frsize=1, f_blocks=size, f_favail=int(1000 * files), f_files=1000
    )
    monkeypatch.setattr(module.os, "statvfs", lambda _: told)


def only(found: Any) -> Found:
    (one,) = found
    assert isinstance(one, Found)
    return one


# --- who workers are -------------------------------------------------------------------------


def test_a_user_that_is_not_there_is_wrong(patient: Make) -> None:
    first, *_ = check_user(patient(f'user = "nobody-of-that-name"\n{ROUTES}'))
    assert (first.said, "useradd" in first.sentence) == ("wrong", True)


def test_root_is_to_be_looked_at(patient: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert only(check_user(patient(ROUTES))).said == "look"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert only(check_user(patient(ROUTES))).said == "ok"


def test_code_that_workers_may_not_read_is_wrong(
    patient: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_web(monkeypatch)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    made = patient(ROUTES)
    code = tmp_path / "code.py"
    code.touch(0o644)
    tmp_path.chmod(0o700)
    monkeypatch.setattr(module, "__file__", str(code))
    _, wrong = check_user(made)
    assert (wrong.said, "may not go into" in wrong.sentence) == ("wrong", True)


# --- what routes lead to ---------------------------------------------------------------------


def test_a_folder_that_workers_may_read_is_fine(patient: Make, tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    assert only(check_files(patient('[routes]\n"*" = "file:www"\n'))).said == "ok"


def test_a_folder_that_is_missing_is_wrong(patient: Make, tmp_path: Path) -> None:
    (tmp_path / "www").mkdir()
    made = patient('[routes]\n"*" = "file:www"\n')
    (tmp_path / "www").rmdir()
    assert "does not exist" in only(check_files(made)).sentence


@pytest.mark.parametrize(("mode", "said"), [(0o755, "ok"), (0o750, "wrong")])
def test_rights_are_those_of_who_workers_become(
    patient: Make, monkeypatch: pytest.MonkeyPatch, mode: int, said: str
) -> None:
    as_web(monkeypatch)
    with tempfile.TemporaryDirectory() as folder:  # all may go there: pytest's own are its user's
        Path(folder).chmod(0o755)
        www = Path(folder) / "www"
        www.mkdir()
        www.chmod(mode)
        found = only(check_files(patient(f'[routes]\n"*" = "file:{www}"\n')))
    assert found.said == said
    assert said == "ok" or "web (uid 4711, gid 4711) may not use" in found.sentence


def test_a_socket_whose_backend_does_not_run_is_wrong(patient: Make, tmp_path: Path) -> None:
    found = only(check_files(patient(f'[routes]\n"*" = "unix:{tmp_path}/app.sock"\n')))
    assert (found.said, "its backend does not run" in found.sentence) == ("wrong", True)


# --- logs ------------------------------------------------------------------------------------


def test_a_log_to_stdout_needs_no_file(patient: Make) -> None:
    assert "no file is written" in only(check_logs(patient(ROUTES))).sentence


@pytest.mark.parametrize(
    ("free", "files", "said", "text"),
    [
        (50, 0.5, "ok", "can be written, and 50.0 GB are free"),
        (3, 0.5, "look", "97% full, 3.0 GB are free"),
        (0.5, 0.5, "wrong", "is full, 500 MB are free"),
        (50, 0.0, "wrong", "no more files can be made"),
    ],
)
def test_the_disk_of_a_log_has_room(
    patient: Make, monkeypatch: pytest.MonkeyPatch, free: float, files: float, said: str, text: str
) -> None:
    made = patient(f'log = "file:access.log"\n{ROUTES}')
    disk(monkeypatch, int(free * 1e9), 100 * 10**9, files)
    found = only(check_logs(made))
    assert (found.said, text in found.sentence) == (said, True), found.sentence


def test_a_log_without_its_folder_is_wrong(patient: Make) -> None:
    found = only(check_logs(patient(f'log = "file:nowhere/access.log"\n{ROUTES}')))
    assert (found.said, "does not exist" in found.sentence) == ("wrong", True)


# --- cache and store -------------------------------------------------------------------------

CACHE = f"cache = true\n{ROUTES}"


def test_without_a_cache_nothing_is_said_of_it(patient: Make) -> None:
    assert [*check_cache(patient(ROUTES))] == []


def test_a_cache_says_where_it_is_and_how_full(patient: Make, tmp_path: Path) -> None:
    found = only(check_cache(patient(CACHE)))
    assert found.said == "ok"
    assert str(tmp_path / "cache") in found.sentence
    assert "0 MB kept" in found.sentence


def test_a_cache_in_memory_needs_no_folder(patient: Make) -> None:
    words = f'cache = true\ncache_store = {{memory = true, size = "64MB"}}\n{ROUTES}'
    assert "memory of each worker" in only(check_cache(patient(words))).sentence


def test_a_cache_with_less_room_than_it_may_take_is_told(
    patient: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = patient(CACHE)
    disk(monkeypatch, 10**6, 10**9)
    found = only(check_cache(made))
    assert (found.said, "lower cache_store.size" in found.sentence) == ("look", True)


def test_a_cache_on_another_machine_is_told(patient: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    made = patient(CACHE)
    monkeypatch.setattr(module, "kinds", lambda _: ["nfs4"])
    found = only(check_cache(made))
    assert (found.said, "nfs4" in found.sentence) == ("look", True)


def test_a_cache_whose_folder_is_anothers_is_wrong(
    patient: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_web(monkeypatch)
    made = patient(f'cache = true\ncache_store = {{path = "kept"}}\n{ROUTES}')
    (tmp_path / "kept").mkdir(mode=0o700)
    found = only(check_cache(made))
    assert (found.said, "nothing is kept" in found.sentence) == ("wrong", True)


LOCAL = 'listen = ["https://127.0.0.1:0"]\n[routes]\n"a.localhost" = ":1"\n'


@pytest.fixture
def secured(patient: Make, tmp_path: Path) -> Patient:
    file = tmp_path / "tls.toml"
    file.write_text(LOCAL)
    loaded = load(file)
    built = examine(loaded, State())
    assert built is not None, loaded.report()
    return Patient(config=file, loaded=loaded, built=built)


def test_a_store_that_is_not_there_yet_is_made(secured: Patient, tmp_path: Path) -> None:
    assert "at the first start" in only(check_store(secured)).sentence
    assert not (tmp_path / "state").exists()


def test_a_store_that_others_may_write_is_wrong(secured: Patient, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    found = only(check_store(secured))
    assert (found.said, "chmod 700" in found.sentence) == ("wrong", True)


def test_a_key_that_others_may_read_is_wrong(secured: Patient, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "key").touch()
    (tmp_path / "state" / "key").chmod(0o644)
    first, second = check_store(secured)
    assert (first.said, "others have rights" in first.sentence) == ("wrong", True)
    assert second.said == "ok"


def test_a_door_says_itself_which_store_it_has(secured: Patient, tmp_path: Path) -> None:
    told = {"configuration": {"store": str(tmp_path / "other")}}
    asked = Patient(config=secured.config, loaded=secured.loaded, built=secured.built, status=told)
    assert str(tmp_path / "other") in only(check_store(asked)).sentence


def test_without_a_configuration_nothing_is_said() -> None:
    none = Patient(config=Path("p"))
    for check in (check_user, check_files, check_logs, check_cache, check_store):
        assert [*check(none)] == []
