"""The control socket: real Unix sockets in folders of the test's own."""

import asyncio
import os
import socket
import tempfile
from pathlib import Path

import pytest

from porch.manage.control import client
from porch.manage.control.client import NotRunning, ask, second_path, socket_path
from porch.manage.control.operating import Question
from tests.support.controlled import asked, door_of, leave_behind, run_beside, serving, status

pytestmark = pytest.mark.usefixtures("runtime")


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
    monkeypatch.setattr(client, "SYSTEM", tmp_path / "run")
    monkeypatch.setattr(os, "geteuid", lambda: 0)

    async def then() -> None:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "user-0"))
        assert (await asked(config))["pid"] == 1

    monkeypatch.delenv("XDG_RUNTIME_DIR")
    serving(config, then)


def test_root_finds_the_door_of_a_user_whom_it_names_and_no_folder_of_another(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "LOGINS", tmp_path)
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
    monkeypatch.setattr(client, "PATIENCE", 0.01)
    path = socket_path(config)
    path.parent.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        with pytest.raises(TimeoutError):
            ask(config, "status")
