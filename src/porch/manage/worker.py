"""Worker: one process that serves.

It owns the event loop, the listeners and the door. A reload builds everything anew beside what
runs and swaps the settings in one assignment: no connection notices.
"""

import asyncio
import resource
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from porch import clock
from porch.config.build import Built, build
from porch.config.loaded import Loaded
from porch.config.logs import Logs
from porch.config.state import State
from porch.listen.address import ListenAddress
from porch.listen.door import Door, Session
from porch.listen.listener import Listener, bind
from porch.observe.messages import Messages
from porch.tls import server_context

__all__ = ["LOG_DELAY", "WATCH_DELAY", "Worker"]

LOG_DELAY = 0.02
"""Seconds that an access log line may wait for company. Making the lines stops the loop for about
1.3 us each, so a longer wait is paid by the slowest requests."""

WATCH_DELAY = 1.0
"""Seconds between two looks at the watched files."""

Answer = dict[str, object]
Stamp = tuple[int, int] | None
"""When a file changed last, and its size; None if it cannot be seen."""


@dataclass(slots=True, kw_only=True)
class _Retired:
    """Logs of an earlier configuration. Exchanges of these connections may still end in them."""

    logs: Logs
    sessions: set[Session]


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
        self._listeners: list[Listener] = []
        self._starting: set[asyncio.Task[None]] = set()
        self._stopping: asyncio.Event | None = None
        self._at_once = False
        self._seen = _stamps(built.files)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._retired: list[_Retired] = []
        state.commit()

    @property
    def listening(self) -> list[str]:
        """The addresses, as the configuration has them, with the ports really bound."""
        return [_spelled(listener) for listener in self._listeners]

    def bind(self) -> None:
        """Bind every address. Raises OSError whose text says what to do."""
        self._listeners = _bind(self._built.listen)

    async def serve(self, ready: Callable[[], None] | None = None) -> None:
        """Serve until SIGTERM, SIGINT or `stop`. ready: called when connections are accepted."""
        loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
        for listener in self._listeners:
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
        if self._stopping is not None and self._stopping.is_set():
            return {"error": "the door is stopping; nothing was changed."}
        before = self._seen = _stamps(self._seen)
        loaded = self._load()
        self._seen = _stamps(loaded.files) | before
        logs = self._built.logs
        try:
            if loaded.ok and not logs.is_for(loaded.config):
                logs = Logs.open(loaded.config, loaded.base, self._messages)
            self._state.begin()
            built = build(loaded, self._state, logs)
            if built is None:
                return self._refuse_reload(loaded.report(running=True), logs)
            fresh = self._bind_fresh(built)
        except OSError as error:
            name = f"{error.filename}: " if error.filename else ""
            text = f"{name}{error.strerror or error}\n"
            text += "nothing was changed, the running configuration stays."
            return self._refuse_reload(text, logs)
        self._swap(built, fresh)
        self._seen = {file: before.get(file, now) for file, now in _stamps(built.files).items()}
        logs.reopen()
        report = loaded.report()
        if report:
            self._messages.warn(report)
        self._messages.tell(f"loaded again: {_routes(built)}")
        return {"loaded": _routes(built), "warnings": report.splitlines()}

    def _bind_fresh(self, built: Built) -> list[Listener]:
        """Listeners for the addresses that are new. Raises OSError."""
        present = [each.address for each in self._listeners]
        wanted = _without(built.listen, present)
        try:
            return _bind(wanted)
        except OSError as error:
            ports = {each.port for each in wanted if each.port}
            ours = ", ".join(str(each) for each in present if each.port in ports)
            if not ours:
                raise
            text = (
                f"{error.strerror}\nthis door itself listens on {ours}: restart it to change that"
            )
            raise OSError(error.errno, text) from error

    def _refuse_reload(self, report: str, logs: Logs) -> Answer:
        if logs is not self._built.logs:
            logs.close()
        self._messages.tell(f"reload refused\n{report}", "warning")
        return {"error": report}

    def status(self) -> Answer:
        """What runs, as plain data."""
        return {
            "listening": self.listening,
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
            retired = _Retired(logs=before.logs, sessions=set(self._door.sessions))
            self._retired.append(retired)
        self._door.settings = built.settings
        self._state.commit()
        gone = _without([each.address for each in self._listeners], built.listen)
        for listener in self._listeners[::-1]:
            if listener.address in gone:
                gone.remove(listener.address)
                self._listeners.remove(listener)
                listener.close()
        for listener in fresh:
            self._listeners.append(listener)
            task = asyncio.get_running_loop().create_task(self._start(listener))
            self._starting.add(task)
            task.add_done_callback(self._starting.discard)

    async def _start(self, listener: Listener) -> None:
        tls = None
        if listener.address.tls:
            tls = server_context(lambda: self._built.certificates.by_host)
        await listener.start(self._door, tls)

    async def _drain(self) -> None:
        """Accept nothing more, finish what runs, for `grace` seconds at most."""
        await asyncio.gather(*self._starting)
        for listener in self._listeners:
            listener.close()
        self._listeners = []
        self._door.drain()
        until = clock.monotonic() + self._built.grace
        # Looked at and not waited for: a second signal must be seen as well.
        while self._door.sessions and clock.monotonic() < until and not self._at_once:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        self._door.close_now()
        await asyncio.sleep(0)
        self.close()

    def close(self) -> None:
        """Give everything back. `serve` does so at its end; else who gives up before it."""
        for listener in self._listeners:
            listener.close()
        self._listeners = []
        for timer in self._timers.values():
            timer.cancel()
        self._state.close()
        for logs in (*(each.logs for each in self._retired), self._built.logs):
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
        for each in [*self._retired]:
            each.sessions &= self._door.sessions
            if each.sessions:
                each.logs.flush()
            else:
                each.logs.close()
                self._retired.remove(each)

    def _watch(self) -> None:
        if self._built.watch and _stamps(self._seen) != self._seen:
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


def _stamps(files: Iterable[Path]) -> dict[Path, Stamp]:
    """What tells one state of the files from another."""
    found: dict[Path, Stamp] = {}
    for file in files:
        try:
            status = file.stat()
        except OSError:
            found[file] = None
        else:
            found[file] = (status.st_mtime_ns, status.st_size)
    return found


def _without(
    addresses: Iterable[ListenAddress], others: Iterable[ListenAddress]
) -> list[ListenAddress]:
    """Those of `addresses` that are left when each of `others` takes one like it away."""
    left = list(addresses)
    for each in others:
        if each in left:
            left.remove(each)
    return left


def _spelled(listener: Listener) -> str:
    """ ":8080"; the port that the system chose stands where the configuration has 0."""
    address = listener.address
    if address.path or address.port:
        return str(address)
    return f"{str(address).removesuffix('0')}{listener.port}"


def _routes(built: Built) -> str:
    count = len(built.entries)
    return f"{count} route{'' if count == 1 else 's'}"
