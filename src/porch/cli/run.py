"""`porch run`: load, build, bind, serve. Each step says what is wrong before the next is tried."""

import contextlib
import gc
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from porch.config.build import Built, build
from porch.config.load import load
from porch.config.loaded import Loaded
from porch.config.logs import Logs, stderr_messages
from porch.config.state import State
from porch.observe.messages import Messages

if TYPE_CHECKING:
    import asyncio

    from porch.manage.worker import Worker

__all__ = ["run_file", "run_loaded"]


def run_file(file: Path, *, ready: Callable[[], None] | None = None) -> int:
    """Serve a file until stopped. Returns 0, or 1 with the reason on stderr.

    ready: called in place of the announcement when connections are accepted.
    """
    return run_loaded(lambda: load(file), control=file, ready=ready)


def run_loaded(
    load_again: Callable[[], Loaded],
    *,
    control: Path | None = None,
    ready: Callable[[], None] | None = None,
) -> int:
    """Serve what `load_again` loads, at the start and at each reload.

    control: the file by which commands find this door.
    """
    loaded = load_again()
    messages = stderr_messages()
    from porch.config.pools import pools

    state = State(pools())
    built = _build(loaded, state, messages)
    if loaded.problems:
        print(loaded.report(), file=sys.stderr, flush=True)
    if built is None:
        messages.close()
        return 1
    from porch.manage.worker import Worker

    worker = Worker(built, state, load_again, messages)
    try:
        worker.bind()
    except OSError as error:
        _say(error.strerror or str(error))
        worker.close()
        return 1
    return _serve(worker, control, ready or (lambda: _announce(worker, built)))


def _build(loaded: Loaded, state: State, messages: Messages) -> Built | None:
    """What serves, or None with a problem noted or said."""
    if not loaded.ok:
        return None
    try:
        logs = Logs.open(loaded.config, loaded.base, messages)
    except OSError as error:
        _say(f"the access log cannot be opened: {error.filename}: {error.strerror}")
        return None
    built = build(loaded, state, logs)
    if built is None:
        logs.close()
    return built


def _serve(worker: "Worker", control: Path | None, ready: Callable[[], None]) -> int:
    import asyncio

    from porch.manage.control import AlreadyRuns, Control, socket_path

    def started() -> None:
        # What was made so far lives as long as the process: the collector need not look at it
        # again, and rarely at what exchanges make, which has no cycles (-5 %, bench/run.py).
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        ready()

    async def main() -> int:
        door = None
        if control is not None:
            commands = {"status": worker.status, "reload": worker.reload, "stop": worker.stop}
            door = Control(socket_path(control), commands)
            try:
                await door.start()
            except AlreadyRuns as error:
                _say(str(error))
                worker.close()
                return 1
            except OSError as error:
                _say(f"no control socket, so that no command reaches this door: {_why(error)}")
        try:
            await worker.serve(started)
        finally:
            if door is not None:
                door.close()
        return 0

    _raise_limit()
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(main())


def _raise_limit() -> None:
    """As many descriptors as the system allows: an exchange needs two, an idle client one."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit of its own
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _new_loop() -> "asyncio.AbstractEventLoop":
    """uvloop's loop, or asyncio's own where there is no uvloop."""
    try:
        import uvloop
    except ImportError:
        import asyncio

        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _announce(worker: "Worker", built: Built) -> None:
    for address in worker.listening:
        _say(f"listening on {address}")
    count = len(built.entries)
    plainly = "" if any(each.tls for each in built.listen) else " over plain HTTP"
    _say(f"serving {count} route{'' if count == 1 else 's'}{plainly}; Ctrl-C stops")


def _why(error: OSError) -> str:
    name = f"{error.filename}: " if error.filename else ""
    return f"{name}{error.strerror or error}"


def _say(text: str) -> None:
    print(f"porch: {text}", file=sys.stderr, flush=True)
