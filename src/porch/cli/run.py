"""`porch run`: hand a configuration to a supervisor."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path

from porch.config.load import load
from porch.config.loaded import Loaded

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
    from porch.manage.start import try_out
    from porch.manage.supervisor import Supervisor
    from porch.manage.upgrade import Handover, tried

    try:
        held = tried()
    except ValueError as error:
        _say(str(error))
        return 1
    door = Supervisor(load_again, say=_say, control=control, ready=ready)  # on trial too
    return door.run(Handover.take()) if held is None else try_out(load_again, held, _say)


def _say(text: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # nobody hears it any more
        print(text, file=sys.stderr, flush=True)
