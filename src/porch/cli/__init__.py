"""The command line: one file a command. Heavy imports wait until a command needs them."""

import os
import signal
import sys

__all__ = ["main"]


HELD = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM)
"""Signals that wait until a door can act on them: before, they would kill it, and as process 1 a
SIGTERM would be lost."""


def main(arguments: list[str] | None = None) -> int:
    """Run `porch ARGUMENTS`. Returns 0 done, 1 refused or wrong, 2 used wrongly."""
    _fill_streams()
    words = sys.argv[1:] if arguments is None else arguments
    is_short = bool(words) and words[0][0] != "-" and ("=" in words[0] or words[0][0] == ":")
    if arguments is None and (is_short or words[:1] == ["run"]):
        signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    if is_short:
        from porch.cli.short import run_short

        return run_short(words)
    from porch.cli.commands import app

    try:
        code = app(words, standalone_mode=False)
    except Exception as error:
        from porch.cli.commands import usage_error

        return usage_error(error)
    return code if isinstance(code, int) else 0


def _fill_streams() -> None:
    """Who starts us with a standard stream closed would have its number go to the next socket, and
    messages into that."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
            os.set_inheritable(number, True)
