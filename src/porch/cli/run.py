"""`porch run`: load, build, bind, serve. Each step says what is wrong before the next is tried."""

import gc
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from porch.config.build import Built, build
from porch.config.load import Loaded, load, load_mapping
from porch.config.logs import Logs, stderr_messages
from porch.config.state import State

__all__ = ["run_file", "run_loaded", "run_mapping"]


def run_file(file: Path, *, quiet: bool = False) -> int:
    """Serve a file until stopped. Returns 0, or 1 with the reason on stderr.

    quiet: say nothing of the start.
    """
    return run_loaded(lambda: load(file), control=file, quiet=quiet)


def run_mapping(mapping: Mapping[str, Any]) -> int:
    """Serve without a file."""
    return run_loaded(lambda: load_mapping(mapping))


def run_loaded(
    load_again: Callable[[], Loaded], *, control: Path | None = None, quiet: bool = False
) -> int:
    """Serve what `load_again` loads, at the start and at each reload."""
    loaded = load_again()
    messages = stderr_messages()
    state = State(messages.say)
    built = None
    if loaded.ok:
        try:
            logs = Logs.open(loaded.config, loaded.base, messages)
        except OSError as error:
            _say(f"the access log cannot be opened: {error.filename}: {error.strerror}")
            return 1
        built = build(loaded, state, logs)
    if loaded.problems:
        print(loaded.report(), file=sys.stderr)
    if built is None:
        return 1
    from porch.manage.worker import Worker

    worker = Worker(built, state, load_again, messages)
    try:
        worker.bind()
    except OSError as error:
        _say(error.strerror or str(error))
        return 1
    return _serve(worker, built, control, quiet)


def _serve(worker: Any, built: Built, control: Path | None, quiet: bool) -> int:
    import asyncio

    from porch.manage.control import Control, socket_path

    def ready() -> None:
        # What was made so far lives as long as the process: the collector need not look at it
        # again, and rarely at what exchanges make, which has no cycles (-5 %, bench/run.py).
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)
        if not quiet:
            _announce(worker, built)

    async def main() -> None:
        door = None
        if control is not None:
            commands = {"status": worker.status, "reload": worker.reload, "stop": worker.stop}
            door = Control(socket_path(control), commands)
            try:
                await door.start()
            except OSError as error:
                _say(f"no control socket: {error}")
                door = None
        try:
            await worker.serve(ready)
        finally:
            if door is not None:
                door.close()

    with asyncio.Runner(loop_factory=_new_loop) as runner:
        runner.run(main())
    return 0


def _new_loop() -> Any:
    """uvloop's loop, or asyncio's own where there is no uvloop."""
    try:
        import uvloop
    except ImportError:
        import asyncio

        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def _announce(worker: Any, built: Built) -> None:
    routes = len(built.entries)
    for address, port in worker.bound:
        shown = str(address).removesuffix(":0") + (f":{port}" if address.port == 0 else "")
        if address.path:
            shown = str(address)
        _say(f"listening on {shown}")
    _say(f"serving {routes} route{'' if routes == 1 else 's'}; Ctrl-C stops")


def _say(text: str) -> None:
    print(f"porch: {text}", file=sys.stderr, flush=True)
