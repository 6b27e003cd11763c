"""Worker: one process that serves.

It owns the event loop, the listeners and the door. A reload builds everything anew beside what
runs and swaps the settings in one assignment: no connection notices.
"""

import asyncio
import resource
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from porch import clock
from porch.config.build import Built, build
from porch.config.loaded import Loaded
from porch.config.logs import Logs
from porch.config.state import State
from porch.listen.door import Door
from porch.listen.listener import ListenAddress, Listener, bind
from porch.observe.messages import Messages
from porch.tls import server_context

__all__ = ["LOG_DELAY", "WATCH_DELAY", "Worker"]

LOG_DELAY = 0.1
"""Seconds that an access log line may wait to be written."""

WATCH_DELAY = 1.0
"""Seconds between two looks at the watched files."""

Answer = dict[str, object]


class Worker:
    """One serving process.

    load: loads the configuration again, for a reload. messages: to the operator; closed at the
    end.
    """

    def __init__(
        self, built: Built, state: State, load: Callable[[], Loaded], messages: Messages
    ) -> None:
        self._built = built
        self._messages = messages
        self._state = state
        self._load = load
        self._door = Door(built.settings, state.deadlines)
        self._listeners: dict[ListenAddress, Listener] = {}
        self._stopping: asyncio.Event | None = None
        self._at_once = False
        self._seen = _seen(built.files)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._retired: list[Logs] = []
        state.commit()

    @property
    def bound(self) -> list[tuple[ListenAddress, int]]:
        """The addresses and the ports really bound."""
        return [(address, listener.port) for address, listener in self._listeners.items()]

    def bind(self) -> None:
        """Bind every address. Raises OSError whose text says what to do."""
        for listener in _bind(self._built.listen):
            self._listeners[listener.address] = listener

    async def serve(self, ready: Callable[[], None] | None = None) -> None:
        """Serve until SIGTERM, SIGINT or `stop`. ready: called when connections are accepted."""
        loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        for listener in self._listeners.values():
            await self._start(listener)
        self._repeat("tick", clock.TICK, self._tick)
        self._repeat("log", LOG_DELAY, self._flush)
        self._repeat("watch", WATCH_DELAY, self._watch)
        if ready is not None:
            ready()
        await self._stopping.wait()
        await self._drain()

    def stop(self) -> Answer:
        """Finish what runs, then end. A second call ends at once."""
        if self._stopping is not None:
            self._at_once = self._stopping.is_set()
            self._stopping.set()
        return {"stopping": f"within {self._built.grace:g} s"}

    def reload(self) -> Answer:
        """Load the configuration again. Nothing is half applied."""
        loaded = self._load()
        logs = self._built.logs
        try:
            if loaded.ok and not logs.is_for(loaded.config):
                logs = Logs.open(loaded.config, loaded.base, self._messages)
            self._state.begin()
            built = build(loaded, self._state, logs) if loaded.ok else None
            if built is None:
                return self._refuse_reload(loaded.report(running=True), logs)
            fresh = _bind([each for each in built.listen if each not in self._listeners])
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            report = (
                f"{name}{error.strerror}\nnothing was changed, the running configuration stays."
            )
            return self._refuse_reload(report, logs)
        self._swap(built, fresh)
        logs.reopen()
        self._state.say(f"loaded again: {len(built.entries)} routes")
        return {"loaded": f"{len(built.entries)} routes", "warnings": len(loaded.problems)}

    def _refuse_reload(self, report: str, logs: Logs) -> Answer:
        if logs is not self._built.logs:
            logs.close()
        self._messages.warn(f"reload refused\n{report}")
        return {"error": report}

    def status(self) -> Answer:
        """What runs, as plain data."""
        return {
            "listening": [f"{address} ({port})" for address, port in self.bound],
            "connections": len(self._door.sessions),
            "deadlines": len(self._state.deadlines),
            "tasks": len(asyncio.all_tasks()),
            "memory": f"{_resident() // 1024} KiB",
            "routes": [entry.route.key for entry in self._built.entries],
            "stopping": self._stopping is not None and self._stopping.is_set(),
        }

    def _swap(self, built: Built, fresh: Sequence[Listener]) -> None:
        """One assignment for the routes; addresses that are gone accept nothing more."""
        before, self._built = self._built, built
        if before.logs is not built.logs:
            self._retired = [*self._retired, before.logs]
        self._seen = _seen(built.files)
        self._door.settings = built.settings
        self._state.commit()
        for address in [each for each in self._listeners if each not in built.listen]:
            self._listeners.pop(address).close()
        for listener in fresh:
            self._listeners[listener.address] = listener
            self._starting = asyncio.get_running_loop().create_task(self._start(listener))

    async def _start(self, listener: Listener) -> None:
        tls = None
        if listener.address.tls:
            tls = server_context(self._built.certificates.by_host)
        await listener.start(self._door, tls)

    async def _drain(self) -> None:
        """Accept nothing more, finish what runs, for `grace` seconds at most."""
        for listener in self._listeners.values():
            listener.close()
        self._door.drain()
        until = clock.monotonic() + self._built.grace
        while self._door.sessions and clock.monotonic() < until and not self._at_once:
            await asyncio.sleep(0.02)  # noqa: ASYNC110  a second signal must be seen as well
        self._door.close_now()
        await asyncio.sleep(0)
        for timer in self._timers.values():
            timer.cancel()
        self._state.close()
        for logs in (*self._retired, self._built.logs):
            logs.close()
        self._messages.close()

    def _repeat(self, name: str, seconds: float, work: Callable[[], None]) -> None:
        """Do `work` every so many seconds, whatever it does."""

        def again() -> None:
            self._timers[name] = asyncio.get_running_loop().call_later(seconds, again)
            work()

        again()

    def _tick(self) -> None:
        clock.tick()
        self._state.deadlines.check()

    def _flush(self) -> None:
        self._built.logs.flush()
        self._messages.flush()
        for logs in self._retired:  # exchanges that began before the reload still end in them
            logs.flush()

    def _watch(self) -> None:
        if self._built.watch and _seen(self._built.files) != self._seen:
            self._seen = _seen(self._built.files)
            self.reload()


def _bind(addresses: Sequence[ListenAddress]) -> list[Listener]:
    """All or none."""
    listeners: list[Listener] = []
    try:
        for address in addresses:
            listeners.append(Listener(address, bind(address)))
    except OSError:
        for each in listeners:
            each.sock.close()
        raise
    return listeners


def _resident() -> int:
    """Bytes of memory that this process has, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def _seen(files: Sequence[Path]) -> list[tuple[float, int] | None]:
    """What tells one state of the files from another."""
    found: list[tuple[float, int] | None] = []
    for file in files:
        try:
            status = file.stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime, status.st_size))
    return found
