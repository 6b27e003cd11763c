"""The control socket: real Unix sockets in folders of the test's own."""

import asyncio
import os
import socket
import stat
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from porch.manage import control
from porch.manage.control import (
    AlreadyRuns,
    Control,
    NotRunning,
    ask,
    second_path,
    socket_path,
)
from porch.manage.loop import Loop
from porch.manage.operating import Command, Operating, Question


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """$XDG_RUNTIME_DIR; short, for the path of a socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="porch") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Path(folder)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "porch.toml"
    file.touch()
    return file


def status(**facts: object) -> dict[str, Command]:
    return {"status": lambda question: question.reply({"stopping": False} | facts)}


def door_of(path: Path, commands: dict[str, Command], second: Path | None = None) -> Control:
    return Control(path, Operating(commands).operate, second)


def serving(config: Path, then: Callable[[], Awaitable[None]]) -> Control:
    """Run a door's end in a loop of its own while `then` runs in a thread."""
    door = door_of(socket_path(config), status(pid=1))
    door.open()
    run_beside(door, then)
    door.close()
    return door


def run_beside(door: Control, then: Callable[[], Awaitable[None]]) -> None:
    loop = Loop()
    door.start(loop)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            asyncio.run(then())  # type: ignore[arg-type]
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work)

    def look() -> None:
        if thread.is_alive():
            loop.after(0.002, look)
        else:
            loop.stop()

    thread.start()
    look()
    loop.run()
    loop.close()
    if raised:
        raise raised[0]


async def asked(config: Path, word: str = "status") -> dict[str, object]:
    return await asyncio.to_thread(ask, config, word)


# --- where it lies ---------------------------------------------------------------------------


def test_it_lies_in_the_runtime_folder(runtime: Path, config: Path) -> None:
    assert socket_path(config).parent == runtime / "porch"


def test_without_one_it_is_roots_folder_or_one_of_the_users_own(
    monkeypatch: pytest.MonkeyPatch, config: Path
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert socket_path(config).parent == Path("/run/porch")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert socket_path(config).parent == Path(tempfile.gettempdir()) / "porch-1000"


def test_its_name_follows_from_the_files_real_path(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link.toml"
    link.symlink_to(config)
    assert socket_path(link) == socket_path(config)
    assert socket_path(tmp_path / "other.toml") != socket_path(config)
    monkeypatch.chdir(tmp_path)
    assert socket_path(Path("porch.toml")) == socket_path(config)


def test_a_file_that_links_to_itself_has_a_name_too(tmp_path: Path) -> None:
    link = tmp_path / "loop.toml"
    link.symlink_to(link)
    assert socket_path(link).suffix == ".sock"
    with pytest.raises(NotRunning):
        ask(link, "status")


def test_root_finds_the_systems_door_from_a_login_of_its_own(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "SYSTEM", tmp_path / "run")
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    async def then() -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "user-0"))
        assert (await asked(config))["pid"] == 1

    monkeypatch.delenv("XDG_RUNTIME_DIR")
    serving(config, then)


def test_root_finds_the_door_of_a_user_whom_it_names_and_no_folder_of_another(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "LOGINS", tmp_path)
    ours, uid = tmp_path / str(os.getuid()), os.getuid()
    other = tmp_path / str(uid + 1)
    other.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(ours))

    async def then() -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        found = await asyncio.to_thread(ask, config, "status", users=[uid + 1, uid])
        assert found["pid"] == 1
        (ours / "porch").rename(other / "porch")  # it is ours, and not that user's
        for users in ([], [uid + 1]):
            with pytest.raises(NotRunning):
                await asyncio.to_thread(ask, config, "status", users=users)
        (other / "porch").rename(ours / "porch")

    serving(config, then)


def test_a_link_that_was_set_to_another_file_still_leads_to_its_door(
    tmp_path: Path,
) -> None:
    for name in ("r1", "r2"):
        (tmp_path / f"{name}.toml").touch()
    link = tmp_path / "porch.toml"
    link.symlink_to("r1.toml")
    door = door_of(socket_path(link), status(pid=1), second_path(link))
    door.open()

    async def then() -> None:
        link.unlink()
        link.symlink_to("r2.toml")
        assert (await asked(link))["pid"] == 1

    run_beside(door, then)
    door.close()
    assert [*door.path.parent.iterdir()] == []


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


# --- asking ----------------------------------------------------------------------------------


def test_a_question_is_answered(config: Path) -> None:
    async def then() -> None:
        assert await asked(config) == {"stopping": False, "pid": 1}
        assert await asked(config) == {"stopping": False, "pid": 1}

    serving(config, then)


def test_no_door_is_said_with_how_to_start_one(config: Path) -> None:
    with pytest.raises(NotRunning, match=f"no door runs with {config}; porch run {config} starts"):
        ask(config, "status")


def test_a_door_that_was_killed_does_not_run(config: Path) -> None:
    leave_behind(socket_path(config))
    with pytest.raises(NotRunning):
        ask(config, "status")


@pytest.mark.parametrize(
    "answer", [b"", b"{}", b"HTTP/1.1 200 OK\r\n\r\n{", b"HTTP/1.1 200 OK\r\n\r\n3\n"]
)
def test_a_door_that_ends_before_it_answers_is_said(config: Path, answer: bytes) -> None:
    path = socket_path(config)
    path.parent.mkdir(mode=0o700)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answer)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_unix_server(serve, path)
        with pytest.raises(OSError, match="the door ended before it answered"):
            await asked(config)
        server.close()

    asyncio.run(main())


def test_words_beside_the_command_reach_it(config: Path) -> None:
    async def then() -> None:
        answer = await asyncio.to_thread(ask, config, "drain", {"endpoint": "a:1", "wait": 3})
        assert answer == {"heard": {"endpoint": "a:1", "wait": 3}}
        marks = {"1": 5}
        answer = await asyncio.to_thread(ask, config, "recent", {"marks": marks})
        assert answer == {"heard": {"marks": marks}}
        assert await asyncio.to_thread(ask, config, "recent", {"marks": None}) == {"heard": {}}
        answer = await asyncio.to_thread(ask, config, "trace", {"id": "ä&b=7"})
        assert answer == {"heard": {"id": "ä&b=7"}}

    def tell(question: Question) -> None:
        question.reply({"heard": question.words})

    door = door_of(socket_path(config), dict.fromkeys(("drain", "recent", "trace"), tell))
    door.open()
    run_beside(door, then)
    door.close()


def test_a_door_that_is_silent_is_waited_for_within_bounds(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "PATIENCE", 0.01)
    path = socket_path(config)
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(TimeoutError):
            ask(config, "status")


# --- who may ask -----------------------------------------------------------------------------


def test_only_the_user_can_reach_it(config: Path) -> None:
    async def then() -> None:
        path = socket_path(config)
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

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


def leave_behind(path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))


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
    monkeypatch.setattr(control, "SHORT_PATIENCE", 0.01)
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
        assert questions[0].who.endswith(f", process {os.getpid()}")
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
