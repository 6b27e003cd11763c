"""Patience: another's code is waited for so long and no longer, whatever it does."""

import threading
from collections.abc import Callable
from typing import TypeVar

__all__ = ["within"]

Result = TypeVar("Result")


def within(seconds: float, work: Callable[[], Result]) -> Result:
    """What `work` returns. Raises what it raises, and TimeoutError; it then goes on for itself.

    What would end the program, as sys.exit() does, is a RuntimeError.
    """
    found: list[Result] = []
    raised: list[BaseException] = []

    def do() -> None:
        try:
            found.append(work())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=do, name="porch provider", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"it has not come back within {seconds:.0f} s")
    for error in raised:
        if isinstance(error, Exception):
            raise error
        raise RuntimeError(f"{type(error).__name__}: {error}") from error
    return found[0]
