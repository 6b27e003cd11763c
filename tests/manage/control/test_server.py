"""The door's end of the control socket: real Unix sockets in folders of the test's own."""

import asyncio
import contextlib
import os
import resource
import select
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.manage.control import server
from porch.manage.control.client import ask, socket_path
from porch.manage.control.operating import Question
from porch.manage.control.server import AlreadyRuns, started_by
from porch.manage.loop import Loop
from tests.support.controlled import asked, door_of, leave_behind, run_beside, serving, status

pytestmark = pytest.mark.usefixtures("runtime")


def test_after_an_upgrade_a_name_that_somebody_removed_is_made_anew(config: Path) -> None:
    first = door_of(socket_path(config), status(pid=1))
    first.open()
    assert first.server is not None
    socket_path(config).unlink()
    door = door_of(socket_path(config), status(pid=2))
    door.adopt(first.server)

    async def then() -> None:
        assert (await asked(config))["pid"] == 2

    run_beside(door, then)
    door.close()


def test_who_is_silent_makes_room_for_who_asks(config: Path) -> None:
    async def then() -> None:
        silent = [await asyncio.open_unix_connection(socket_path(config)) for _ in range(70)]
        assert (await asked(config))["pid"] == 1
        for _, writer in silent:
            writer.close()

    serving(config, then)


# --- who may ask -----------------------------------------------------------------------------


def test_only_the_user_can_reach_it(config: Path) -> None:
    async def then() -> None:
        path = socket_path(config)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    serving(config, then)


def test_another_user_is_not_answered_however_he_came_by_the_socket(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a descriptor that somebody handed to him, or a folder whose mode was changed."""
    ours = os.geteuid()
    users = [ours + 1]
    monkeypatch.setattr(server, "_peer", lambda sock: (7, users.pop() if users else ours))
    monkeypatch.setattr(os, "geteuid", lambda: ours)

    def answer() -> bytes:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(10)
            sock.connect(str(socket_path(config)))
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                sock.sendall(b"GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n")
                return sock.recv(1)
        return b""

    async def then() -> None:
        assert await asyncio.to_thread(answer) == b""
        assert (await asked(config))["pid"] == 1

    serving(config, then)


def test_a_folder_that_was_open_is_closed(runtime: Path, config: Path) -> None:
    (runtime / "porch").mkdir()
    (runtime / "porch").chmod(0o777)

    async def then() -> None:
        assert stat.S_IMODE((runtime / "porch").stat().st_mode) == 0o700

    serving(config, then)


async def never() -> None:
    raise AssertionError("it started")


def test_a_folder_of_another_user_is_refused_on_both_sides(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = socket_path(config)
    path.parent.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(OSError, match="belongs to another user; remove it, or set XDG_RUNTIME_DIR"):
        serving(config, never)
    with pytest.raises(OSError, match="belongs to another user"):
        ask(config, "status")


def test_a_link_in_the_place_of_the_folder_is_refused(
    runtime: Path, config: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = elsewhere.stat().st_mode
    (runtime / "porch").symlink_to(elsewhere)
    with pytest.raises(OSError, match="is no folder; remove it"):
        serving(config, never)
    assert elsewhere.stat().st_mode == before


def test_a_path_that_is_too_long_is_said_with_the_way_out(
    config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("x" * 80)))
    with pytest.raises(OSError, match="too long for a socket; set XDG_RUNTIME_DIR to a shorter"):
        serving(config, never)


# --- one door a file -------------------------------------------------------------------------


def test_a_socket_left_behind_is_replaced(config: Path) -> None:
    leave_behind(socket_path(config))

    async def then() -> None:
        assert (await asked(config))["pid"] == 1

    serving(config, then)


def test_a_second_door_is_refused_and_the_first_stays(config: Path) -> None:
    async def then() -> None:
        second = door_of(socket_path(config), {})
        with pytest.raises(AlreadyRuns, match="a door already runs with this file; porch stop"):
            await asyncio.to_thread(second.open)
        second.close()
        assert (await asked(config))["pid"] == 1

    serving(config, then)


def test_a_door_that_hangs_still_runs(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "SHORT_PATIENCE", 0.01)
    path = socket_path(config)
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(AlreadyRuns):
            serving(config, never)


def test_a_door_that_is_stopping_gives_its_place_to_the_next(config: Path) -> None:
    first = door_of(socket_path(config), status(stopping=True))
    second = door_of(socket_path(config), status(pid=2))

    async def then() -> None:
        await asyncio.to_thread(second.open)

    first.open()
    run_beside(first, then)
    assert second.replaced
    first.close()

    async def ask_again() -> None:
        assert (await asked(config))["pid"] == 2

    run_beside(second, ask_again)
    second.close()
    assert not socket_path(config).exists()


def test_an_answer_of_megabytes_reaches_a_slow_reader(config: Path) -> None:
    door = door_of(socket_path(config), status(all="x" * 3_000_000))
    door.open()

    async def then() -> None:
        assert len(str((await asked(config))["all"])) == 3_000_000

    run_beside(door, then)
    door.close()


def test_an_answer_may_come_later_and_who_left_gets_none(config: Path) -> None:
    questions: list[Question] = []
    door = door_of(socket_path(config), {"status": questions.append})
    door.open()

    async def then() -> None:
        _, writer = await asyncio.open_unix_connection(socket_path(config))
        writer.write(b"GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n")
        while not questions:  # noqa: ASYNC110  it is in another thread
            await asyncio.sleep(0.001)
        writer.close()
        waits = asyncio.create_task(asked(config))
        while len(questions) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert f", process {os.getpid()}" in questions[0].who
        for each in questions:
            each.reply({"pid": 9})
        assert (await waits)["pid"] == 9

    run_beside(door, then)
    door.close()


def test_its_end_removes_the_socket(config: Path) -> None:
    async def then() -> None:
        assert socket_path(config).exists()

    door = serving(config, then)
    assert not socket_path(config).exists()
    door.close()  # a second time does nothing


def test_an_end_without_a_start_does_nothing(config: Path) -> None:
    door_of(socket_path(config), {}).close()


def test_who_finds_no_room_is_told_to_ask_again(config: Path) -> None:
    questions: list[Question] = []
    door = door_of(socket_path(config), {"diff": questions.append} | status(pid=1))
    door.open()

    async def then() -> None:
        waiting = [await asyncio.open_unix_connection(socket_path(config)) for _ in range(64)]
        for _, writer in waiting:
            writer.write(b"GET /v1/diff HTTP/1.1\r\nHost: a\r\n\r\n")
        while len(questions) < 64:  # noqa: ASYNC110  it is in another thread
            await asyncio.sleep(0.001)
        assert "ask again when one of them has it" in str((await asked(config))["error"])
        waiting[0][1].close()
        while "error" in await asked(config):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        for _, writer in waiting:
            writer.close()

    run_beside(door, then)
    door.close()


def test_ten_thousand_who_say_nothing_keep_nobody_out(config: Path) -> None:
    def connect() -> list[socket.socket]:
        silent = [socket.socket(socket.AF_UNIX) for _ in range(1000)]
        for each in silent:
            each.connect(str(socket_path(config)))
        return silent

    async def then() -> None:
        for _ in range(10):
            silent = await asyncio.to_thread(connect)
            assert (await asked(config))["pid"] == 1
            for each in silent:
                each.close()

    serving(config, then)


def test_who_started_a_door_is_said_in_words() -> None:
    assert f", process {os.getpid()}" in started_by()


# --- without descriptors ---------------------------------------------------------------------


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull) as free:
        lowest = free.fileno()
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_asks_while_there_are_no_descriptors_waits_and_the_door_does_not_spin(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "RETRY", 0.05)
    loop, said, tries = Loop(), list[str](), list[None]()
    accept = socket.socket.accept

    def counted(sock: socket.socket) -> tuple[socket.socket, object]:
        tries.append(None)
        return accept(sock)

    monkeypatch.setattr(socket.socket, "accept", counted)
    door = door_of(socket_path(config), status(pid=1))
    door.open()
    door.start(loop, said.append)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(socket_path(config)))
        client.sendall(b"GET /v1/status HTTP/1.1\r\nHost: a\r\n\r\n")
        with no_descriptors():
            loop.turns(0.2)
        assert 2 <= len(tries) <= 5
        assert said == [
            "commands wait: Too many open files; a higher limit of open files"
            " (ulimit -n, LimitNOFILE, fs.file-max) lets them in"
        ]
        for _ in range(100):
            loop.turns(0.01)
            if select.select([client], [], [], 0)[0]:
                break
        assert client.recv(12) == b"HTTP/1.1 200"
    door.close()
    loop.close()


def test_a_door_that_ends_while_there_are_no_descriptors_asks_for_nothing_more(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "RETRY", 0.01)
    loop = Loop()
    door = door_of(socket_path(config), status(pid=1))
    door.open()
    door.start(loop, print)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(socket_path(config)))
        with no_descriptors():
            loop.turns(0.0)
        door.close()
        loop.turns(0.03)
    loop.close()
