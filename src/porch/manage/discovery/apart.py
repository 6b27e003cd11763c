"""Apart: a provider of the operator's own, in a thread and an event loop of its own.

It may block for as long as it likes: nobody who is served waits for it.
"""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import cast

from porch.balance.discover.found import Found, Provider
from porch.manage.named_object import object_named

__all__ = ["apart", "load_provider"]

Said = list[Found] | BaseException


def load_provider(name: str, base: Path) -> Provider:
    """What "module:function" names, run apart. It is loaded there as well."""
    return lambda: apart(lambda: _called(name, base))


def _called(name: str, base: Path) -> AsyncIterator[list[Found]]:
    """Raises ValueError with a sentence."""
    found = object_named(name, base)
    lists = found() if callable(found) else None
    if not hasattr(lists, "__anext__"):
        raise ValueError(
            f"{name} is no async generator; write: async def endpoints(): yield [Found(...)]"
        )
    return cast("AsyncIterator[list[Found]]", lists)


async def apart(provider: Provider) -> AsyncIterator[list[Found]]:
    """The lists of a provider. It is asked for the next one when the last was taken. A thread that
    blocks when nobody asks any more is left behind."""
    loop = asyncio.get_running_loop()
    thread = _Thread(provider, loop)
    threading.Thread(target=thread.run, name="porch discovery", daemon=True).start()
    try:
        while True:
            said = await thread.said.get()
            if isinstance(said, BaseException):
                raise said
            yield said
            thread.go_on()
    finally:
        thread.stop()


class _Thread:
    """said: what has come, in the loop that listens: lists, and at the end an error."""

    def __init__(self, provider: Provider, listens: asyncio.AbstractEventLoop) -> None:
        self.said: asyncio.Queue[Said] = asyncio.Queue()
        self._provider = provider
        self._listens = listens
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._taken: asyncio.Event | None = None
        self._is_over = False

    def run(self) -> None:
        """All of the thread."""
        try:
            asyncio.run(self._main())
        except BaseException as error:  # it is the operator's code
            self._say(error if isinstance(error, Exception) else OSError(f"it ended: {error!r}"))
        else:
            self._say(OSError("it ended; it should go on"))

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._taken = asyncio.Event()
        if self._is_over:
            return
        lists = self._provider()
        async with aclosing(lists) if hasattr(lists, "aclose") else contextlib.nullcontext():  # type: ignore[type-var]
            async for each in lists:
                self._say(each)
                await self._taken.wait()
                self._taken.clear()

    def _say(self, what: Said) -> None:
        with contextlib.suppress(RuntimeError):  # the worker has ended
            self._listens.call_soon_threadsafe(self.said.put_nowait, what)

    def go_on(self) -> None:
        """What it said was taken."""
        assert self._taken is not None
        self._call(self._taken.set)

    def stop(self) -> None:
        """Nobody listens any more."""
        self._is_over = True
        if self._task is not None:
            self._call(self._task.cancel)

    def _call(self, what: object) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(what)  # type: ignore[arg-type]
