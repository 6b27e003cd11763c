"""A door's end of a control socket, in a loop of its own, beside what asks in a thread."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from porch.manage.control.auditing import Auditing
from porch.manage.control.client import ask, socket_path
from porch.manage.control.operating import Command, Operating
from porch.manage.control.server import Control
from porch.manage.loop import Loop

__all__ = ["asked", "door_of", "leave_behind", "run_beside", "serving", "status"]


def status(**facts: object) -> dict[str, Command]:
    return {"status": lambda question: question.reply({"stopping": False} | facts)}


def door_of(path: Path, commands: dict[str, Command], second: Path | None = None) -> Control:
    operating = Operating(commands)
    in_force: Any = SimpleNamespace(changes=0, ordered=0)
    loop: Any = SimpleNamespace(after=lambda *_: None)
    operating.begin(loop, in_force, Auditing(None, dict, print))
    return Control(path, operating.operate, second)


def serving(config: Path, then: Callable[[], Awaitable[None]]) -> Control:
    """Run a door's end in a loop of its own while `then` runs in a thread."""
    door = door_of(socket_path(config), status(pid=1))
    door.open()
    run_beside(door, then)
    door.close()
    return door


def run_beside(door: Control, then: Callable[[], Awaitable[None]]) -> None:
    loop = Loop()
    door.start(loop, print)
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


def leave_behind(path: Path) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
