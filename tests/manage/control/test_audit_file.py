"""The audit on disk."""

import errno
import json
import os
import resource
from pathlib import Path
from typing import Any

import pytest

from porch.manage.control import audit_file as module
from porch.manage.control.audit_file import KEPT, AuditFile, Torn, paired


def numbers(audit: AuditFile) -> list[Any]:
    return [None if isinstance(each, Torn) else each["n"] for each in audit.read()]


def test_lines_are_added_and_read_in_their_order(tmp_path: Path) -> None:
    audit = AuditFile(tmp_path, "a")
    for number in range(3):
        AuditFile(tmp_path, "a").append({"n": number})
    assert numbers(audit) == [0, 1, 2]
    assert audit.file.stat().st_mode & 0o777 == 0o600
    assert [each["n"] for each in audit.latest(1 << 18)] == [0, 1, 2]
    assert [each["n"] for each in audit.latest(18)] == [2]
    with pytest.raises(FileNotFoundError):
        [*AuditFile(tmp_path, "b").read()]


def test_a_line_is_on_the_disk_when_it_is_written_and_so_is_the_name_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda number: kept.append(os.readlink(f"/proc/self/fd/{number}"))
    )
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 1})
    assert kept == [str(audit.file), str(audit.file.parent)]


def test_a_line_has_no_line_in_it(tmp_path: Path) -> None:
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 'a\n{"n": 2}\r\x1b[2J\u2028'})
    assert audit.file.read_bytes().count(b"\n") == 1
    assert len(numbers(audit)) == 1


def test_behind_a_torn_line_the_next_is_whole(tmp_path: Path) -> None:
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 1})
    with audit.file.open("ab") as file:
        file.write(b'{"n": 2, "wh')
    assert numbers(audit) == [1, None]
    audit.append({"n": 3})
    assert numbers(audit) == [1, None, 3]
    assert [each["n"] for each in audit.latest(1 << 18)] == [1, 3]


def test_it_grows_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST", 100)
    audit = AuditFile(tmp_path, "a")
    for number in range(100):
        audit.append({"n": number})
    files = sorted(audit.file.parent.iterdir())
    assert len(files) == KEPT + 1
    assert all(each.stat().st_size <= 120 for each in files)
    found = numbers(audit)
    assert found == [*range(found[0], 100)]


def test_a_file_that_may_not_make_way_grows_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 10)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "rename", refused)
    audit = AuditFile(tmp_path, "a")
    for number in range(5):
        audit.append({"n": number})
    assert numbers(audit) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_what_is_no_file_of_ours_is_refused_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 1})
    audit.file.unlink()
    if kind == "pipe":
        os.mkfifo(audit.file)
    elif kind == "link":
        audit.file.symlink_to(tmp_path / "elsewhere")
    else:
        audit.file.mkdir()
    with pytest.raises(OSError):  # noqa: PT011  each has its own sentence
        audit.append({"n": 2})
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(OSError):  # noqa: PT011  each has its own sentence
        [*audit.read()]


def test_a_crash_between_two_files_hides_none_of_before(tmp_path: Path) -> None:
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 1})
    audit.file.rename(audit.file.with_name("a.jsonl.1"))
    assert numbers(audit) == [1]
    assert [each["n"] for each in audit.latest(1 << 18)] == [1]
    audit.append({"n": 2})
    assert numbers(audit) == [1, 2]


def test_a_full_disk_is_said_and_the_next_line_that_fits_is_whole(tmp_path: Path) -> None:
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 1})
    size = audit.file.stat().st_size
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, before[1]))
    try:
        with pytest.raises(OSError, match=r"No space left|File too large"):
            audit.append({"n": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    audit.append({"n": 3})
    assert numbers(audit) == [1, None, 3]


def test_where_no_other_file_can_be_begun_that_is_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 1)
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 1})
    opened, tries = audit._opened, list[int]()

    def open_once(folder: int) -> int:
        tries.append(folder)
        if len(tries) > 1:
            raise OSError(errno.EMFILE, "Too many open files")
        return opened(folder)

    monkeypatch.setattr(audit, "_opened", open_once)
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="Too many open files"):
        audit.append({"n": 2})
    assert len(os.listdir("/proc/self/fd")) == before


def test_what_is_no_object_is_no_line(tmp_path: Path) -> None:
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 1})
    with audit.file.open("ab") as file:
        file.write(b"[]\n" + b"[" * 100_000 + b"\n\xff\n" + json.dumps({"n": 2}).encode() + b"\n")
    assert numbers(audit) == [1, None, None, None, 2]


def test_the_latest_lines_are_told_behind_a_turn_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 30)
    audit = AuditFile(tmp_path, "a")
    for number in range(6):
        audit.append({"n": number})
    assert len([*audit.file.parent.iterdir()]) > 1
    assert [each["n"] for each in audit.latest(1 << 18)][-3:] == [3, 4, 5]


def line(at: int, outcome: str, **more: object) -> dict[str, Any]:
    return {"at": at, "what": "drain", "who": "ann", "outcome": outcome, **more}


def test_a_change_that_was_begun_and_is_over_is_one() -> None:
    lines = [line(1, "begun"), line(2, "begun"), line(3, "done"), line(1, "refused", why="x")]
    assert paired(lines) == lines[1:]
    assert paired(lines, 2) == lines[2:]
    other = line(1, "done") | {"who": "bob"}
    assert paired([line(1, "begun"), other]) == [line(1, "begun"), other]


def test_of_two_alike_that_were_begun_and_one_that_is_over_one_is_left() -> None:
    lines = [line(1, "begun"), line(1, "begun"), line(1, "done")]
    assert paired(lines) == [line(1, "begun"), line(1, "done")]
    assert paired([*lines, line(1, "done")]) == [line(1, "done")] * 2


def test_no_link_is_read_and_no_pipe_waited_for(tmp_path: Path) -> None:
    audit = AuditFile(tmp_path, "a")
    audit.append({"n": 1})
    older = audit.file.with_name(f"{audit.file.name}.1")
    older.symlink_to(audit.file)
    with pytest.raises(OSError, match=rf"it is a symbolic link.*{older.name}"):
        numbers(audit)
    older.unlink()
    os.mkfifo(older)
    with pytest.raises(OSError, match=r"it is no regular file"):
        numbers(audit)
    older.unlink()
    assert numbers(audit) == [1]
